"""The two interfaces of China's statistics bureau: their responses, and the ways in which these are misleading."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from assets.normalise.codes import Origin
from assets.normalise.statistics import observations_of
from sources import reading
from sources.catalogue import publishers
from sources.catalogue.model import Publisher
from sources.cells import Cells, pack
from sources.errors import FetchError, FormatError, StructureError, UnknownFormatError
from sources.formats.json import nbs_easyquery, nbs_json
from sources.http.client import Client
from sources.request import Limits
from tests.support.loopback import reply, serve
from tools.find_nbs_ids import areas, find

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
ORIGIN = Origin("a" * 64, datetime(2026, 4, 12, tzinfo=UTC))
WORKSPACE = (("h1", "年末总人口", "万人"), ("h2", "城镇人口", "万人"))


def envelope(data: object, **changes: object) -> str:
    return json.dumps({"data": data, "success": True, "state": 20000, "message": "成功", **changes}, ensure_ascii=False)


def written(folder: Path, text: str) -> Path:
    path = folder / "payload"
    path.write_text(text, encoding="utf-8")
    return path


def value(text: object, indicator: tuple[str, str, str] = WORKSPACE[0], /, **more: object) -> dict[str, object]:
    key, name, unit = indicator
    return {"_id": key, "i_showname": f"{name} ({unit}) ", "du_name": unit, "value": text, **more}


def year(code: int, *values: object) -> dict[str, object]:
    return {"code": f"{code}YY", "name": f"{code}年", "values": list(values)}


def point(dt: str, text: str, name: str = "人口出生率", unit: str = "‰", area: str = "110000000000") -> dict[str, str]:
    """Return a value of one indicator in one area; a blank one has neither name nor unit."""
    expected = (name, unit, "ek1", "du1") if text else ("", "", "", "")
    return {
        "dt": dt, "du": expected[3], "unit": expected[1], "code": area, "dt_name": dt, "v": text, "i": expected[2],
        "i_name": expected[0], "du_name": expected[1],
    }  # fmt: skip


def read(folder: Path, data: object, **changes: object) -> Cells:
    path = written(folder, envelope(data, **changes))
    assert reading.recognise(path).NAME == "nbs_json"
    return reading.read(path)


def rows(cells: Cells) -> list[tuple[object, ...]]:
    return cells.frame.select(*cells.dimensions, "time", "value", "raw").collect().rows()


def test_values_by_period_are_named_without_the_unit_behind_the_name(tmp_path: Path) -> None:
    cells = read(tmp_path, [year(2024, value("140828"), value("94350", WORKSPACE[1])), year(2023, value("140967"))])
    assert cells.dimensions == ("indicator", "name", "unit")
    assert rows(cells) == [
        ("h1", "年末总人口", "万人", "2024", 140828.0, None),
        ("h2", "城镇人口", "万人", "2024", 94350.0, None),
        ("h1", "年末总人口", "万人", "2023", 140967.0, None),
    ]
    assert cells.frame.select("locator").collect().to_series().to_list() == [pack(1, 1), pack(1, 2), pack(2, 1)]
    assert cells.labels == {"indicator": {"h1": "年末总人口", "h2": "城镇人口"}}


@pytest.mark.parametrize(
    ("shown", "unit", "name"),
    [
        ("年末总人口 (万人) ", "万人", "年末总人口"),
        ("全国城镇调查失业率(%)", "%", "全国城镇调查失业率"),
        ("年末总人口 (人) ", "万人", "年末总人口 (人)"),
        ("居民消费价格指数(上年同月=100)", "", "居民消费价格指数(上年同月=100)"),
    ],
)
def test_only_the_unit_of_the_response_is_removed_from_a_name(tmp_path: Path, shown: str, unit: str, name: str) -> None:
    item = {"_id": "h1", "i_showname": shown, "du_name": unit, "value": "1"}
    (row,) = rows(read(tmp_path, [year(2024, item)]))
    assert row[1:3] == (name, unit or None)


def test_a_blank_value_is_missing_and_never_zero(tmp_path: Path) -> None:
    cells = read(tmp_path, [year(2024, value("0")), year(2023, value("")), year(2022, value("无"))])
    assert [row[-3:] for row in rows(cells)] == [("2024", 0.0, None), ("2023", None, None), ("2022", None, "无")]


def test_a_period_that_is_not_yet_published_is_no_cell(tmp_path: Path) -> None:
    cells = read(
        tmp_path, [year(2027, value("")), year(2026, value("")), year(2025, value("5")), year(2024, value(""))]
    )
    assert [row[-3:-1] for row in rows(cells)] == [("2025", 5.0), ("2024", None)]


@pytest.mark.parametrize("key", ["da", "areaCode", "area", "da_name"])
def test_values_of_several_areas_have_their_area(tmp_path: Path, key: str) -> None:
    group = year(2024, value("2183", **{key: "110000000000"}), value("1364", **{key: "120000000000"}))
    cells = read(tmp_path, [group])
    assert [row[3:] for row in rows(cells)] == [
        ("110000000000", "2024", 2183.0, None),
        ("120000000000", "2024", 1364.0, None),
    ]


def test_values_may_be_grouped_by_area(tmp_path: Path) -> None:
    group = {"code": "110000000000", "name": "北京市", "values": [value("2183", dt="2024YY"), value("", dt="2023YY")]}
    assert [row[3:6] for row in rows(read(tmp_path, [group]))] == [
        ("110000000000", "2024", 2183.0),
        ("110000000000", "2023", None),
    ]


def test_a_blank_value_of_one_indicator_has_the_name_of_the_others(tmp_path: Path) -> None:
    cells = read(tmp_path, [point("2024YY", "6.09"), point("2023YY", ""), point("2022YY", "5.67")])
    assert [row[1:6] for row in rows(cells)] == [
        ("人口出生率", "‰", "110000000000", "2024", 6.09),
        ("人口出生率", "‰", "110000000000", "2023", None),
        ("人口出生率", "‰", "110000000000", "2022", 5.67),
    ]


def test_an_area_that_does_not_exist_has_no_cells(tmp_path: Path) -> None:
    assert rows(read(tmp_path, [point("2024YY", "", area="000000"), point("2023YY", "", area="000000")])) == []


@pytest.mark.parametrize(
    ("code", "time"), [("2024YY", "2024"), ("202602SS", "2026-Q2"), ("202512MM", "2025-12"), ("202501MM", "2025-01")]
)
def test_periods_are_years_quarters_and_months(tmp_path: Path, code: str, time: str) -> None:
    assert rows(read(tmp_path, [point(code, "1")]))[0][4] == time


@pytest.mark.parametrize("data", [[], [year(2024)]])
def test_a_response_without_values_has_no_cells_and_is_no_error(tmp_path: Path, data: object) -> None:
    assert read(tmp_path, data).frame.collect().height == 0


NODE = {"_id": "c1", "name": "总人口", "isLeaf": True, "sdate": "1949", "edate": None, "treeinfo_globalid": "r.y.c1"}
INDICATOR = {"_id": "h1", "i_showname": "年末总人口 (万人) ", "du_name": "万人", "i_mark": "人口数"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (envelope([], state=50000, message="失败"), "state 50000, not 20000: '失败'"),
        (envelope(None, success=False), "answered with state 20000"),
        ('{"success":false,"message":"参数错误"}', "not a response of the data service"),
        (envelope([NODE]), "a list of catalogues, which holds no values"),
        (envelope({"total": 1, "list": [INDICATOR]}), "a list of indicators, which holds no values"),
        (envelope([{"name_value": "110000000000", "show_name": "北京市"}]), "a list of areas, which holds no values"),
        (envelope("i_name"), "not a list of values"),
        (envelope([{"i_showname": "x"}]), "of an unknown kind"),
        (envelope([year(2024, value("1")), NODE]), "of an unknown kind"),
        (envelope([year(2024, value(5))]), "the value of value 1 of item 1 is not a text"),
        (envelope([{**year(2024, value("5")), "code": "2024AA"}]), "is unknown: '2024AA'"),
        (envelope([point("2024YY", "1"), point("202513MM", "1")]), "'202513MM'"),
        (envelope([year(2024, {"_id": "h1", "value": "1"})]), "has no i_showname"),
        (envelope([year(2024, value("1", da="110000000000"), value("2"))]), "and others do not"),
        (envelope([point("2024YY", "1"), point("2023YY", "2", name="人口死亡率")]), "several names or units"),
        (envelope([point("2024YY", "1"), point("2023YY", "2", unit="%")]), "several names or units"),
        (envelope([{**point("2024YY", "1"), "unit": "%"}]), "item 1 has two units: '%' and '‰'"),
        (envelope([{"code": "2024YY", "values": "i_name"}]), "has no list of values"),
        (envelope([year(2024, value("1"))])[:-20], "not complete JSON"),
    ],
)
def test_a_response_without_data_is_refused_in_one_sentence(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        reading.read(written(tmp_path, text))


def test_an_html_page_in_place_of_a_response_is_not_recognised(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match="HTML or XML: '<html>"):
        reading.read(written(tmp_path, "<html><body>服务异常</body></html>"))


@KEEP
@given(
    st.dictionaries(
        st.integers(1949, 2030),
        st.decimals(-(10**9), 10**9, places=2).map(str) | st.just("") | st.just("无"),
        min_size=1,
    )
)
def test_cells_have_the_values_of_the_response_and_the_finder_finds_them(
    tmp_path: Path, expected: dict[int, str]
) -> None:
    answers = (
        envelope([year(when, value(text)) for when, text in expected.items()]),
        envelope([point(f"{when}YY", text) for when, text in expected.items()]),
    )
    last = max((when for when, text in expected.items() if text), default=0)
    kept = {str(when): text for when, text in expected.items() if when <= last}
    for answer in answers:
        path = written(tmp_path, answer)
        find_text = nbs_json.finder(path)
        frame = nbs_json.read(path).frame.collect()
        assert {row["time"]: find_text(row["locator"]) for row in frame.iter_rows(named=True)} == kept
        for row in frame.iter_rows(named=True):
            text = kept[row["time"]]
            assert row["value"] == (float(text) if text not in ("", "无") else None)
            assert row["raw"] == ("无" if text == "无" else None)


def test_a_locator_without_a_value_is_refused(tmp_path: Path) -> None:
    find_text = nbs_json.finder(written(tmp_path, envelope([year(2024, value("5"))])))
    for locator in (0, pack(0, 1), pack(1, 0), pack(1, 2), pack(2, 1)):
        with pytest.raises(FormatError, match="there is no value"):
            find_text(locator)


# Checks of a response against the catalogue


def observed(folder: Path, dataset: str, text: str) -> pl.DataFrame:
    cells = reading.read(written(folder, text))
    return observations_of(cells, publishers()["nbs"], dataset, ORIGIN).observations


def test_the_name_in_the_response_decides_the_indicator(tmp_path: Path) -> None:
    frame = observed(tmp_path, "population", envelope([year(2024, value("94350", ("another id", "城镇人口", "万人")))]))
    row = frame.row(0, named=True)
    assert (row["indicator"], row["jurisdiction"], row["period"]) == ("urban_population", "CHN", date(2024, 1, 1))
    assert (row["value"], row["unit"]) == (943_500_000.0, "persons")
    assert (row["value_min"], row["value_max"]) == (943_495_000.0, 943_505_000.0)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (value("140828", ("h1", "年末总人口", "亿人")), "unit is '亿人'"),
        (value("140828", ("h1", "年末人口数", "万人")), "name is '年末人口数'"),
        ({**value("140828"), "i_showname": "年末总人口 (人) "}, r"name is '年末总人口 \(人\)'"),
    ],
)
def test_a_name_or_unit_other_than_requested_is_an_error(tmp_path: Path, item: dict[str, object], why: str) -> None:
    with pytest.raises(StructureError, match=why):
        observed(tmp_path, "population", envelope([year(2024, item)]))


def test_a_province_is_known_by_its_code_and_by_its_name(tmp_path: Path) -> None:
    who = ("p1", "年末常住人口", "万人")
    group = year(2024, value("2183", who, da="110000000000"), value("1364", who, area="天津市"))
    frame = observed(tmp_path, "population_province", envelope([group])).sort("jurisdiction")
    assert frame.select("jurisdiction", "value", "definition").rows() == [
        ("CHN-110000", 21_830_000.0, "usual_residence_half_year"),
        ("CHN-120000", 13_640_000.0, "usual_residence_half_year"),
    ]


def test_both_interfaces_give_the_same_observation(tmp_path: Path) -> None:
    new = observed(tmp_path, "vital_rates", envelope([year(2023, value("6.39", ("r1", "人口出生率", "‰")))]))
    old = observed(tmp_path, "vital_rates", old_answer(("A030201", "人口出生率", "‰"), {"2023": (6.39, True)}))
    keys = ["indicator", "jurisdiction", "period", "value", "value_min", "value_max", "unit", "definition"]
    assert new.select(keys).equals(old.select(keys))


CHALLENGE = b"<html><head><title>WZWS</title></head><script>challenge()</script></html>"


def test_a_live_response_is_requested_stored_and_read_and_an_html_page_changes_nothing(tmp_path: Path) -> None:
    good = envelope([year(2024, value("140828", WORKSPACE[0])), year(2023, value("140967", WORKSPACE[0]))]).encode()
    wrong = envelope([year(2024, value("94350", ("h9", "城镇化率", "%")))]).encode()
    workspace = Workspace(tmp_path, "live")
    with serve(reply(good), reply(CHALLENGE), reply(wrong)) as server:
        publisher = standing_at(server.url)
        assert receive(workspace, publisher, "population").received == 1
        assert json.loads(server.received[0].body or b"")["dts"] == ["1949YY-2030YY"]
        assert server.received[0].headers["referer"].startswith("https://data.stats.gov.cn/")
        (failure,) = receive(workspace, publisher, "population").failures
        assert "the response is HTML instead of JSON" in failure
        receive(workspace, publisher, "population")
    made = stages.observations(workspace, "nbs/population")
    assert any("name is '城镇化率'" in why for why in made.failures)
    assert made.frame.collect()["value"].sort().to_list() == [1_408_280_000.0, 1_409_670_000.0]


def standing_at(url: str) -> Publisher:
    """Return the bureau's catalogue entry with its service at another address."""
    real = publishers()["nbs"]
    limits = Limits(per_second=500, retries=0)
    endpoint = real.endpoints["nation"].model_copy(update={"url": f"{url}/external/stream/esData"})
    changes = {"endpoints": {**real.endpoints, "nation": endpoint}, "hosts": ["127.0.0.1"], "limits": limits}
    return real.model_copy(update=changes)


# The ids of the present interface


def tree(*nodes: tuple[str, str, bool]) -> bytes:
    return envelope([{**NODE, "_id": key, "name": name, "isLeaf": leaf} for key, name, leaf in nodes]).encode()


def listing(*names: str, total: int | None = None) -> bytes:
    items = [{**INDICATOR, "_id": f"i{number}", "i_showname": f"{name} (万人) "} for number, name in enumerate(names)]
    return envelope({"total": len(items) if total is None else total, "list": items}).encode()


def asked(
    *answers: bytes, use: Callable[[Client, Publisher], pl.DataFrame] | None = None, names: str = "人口 总人口"
) -> pl.DataFrame:
    with (
        serve(*map(reply, answers)) as server,
        Client(frozenset({"127.0.0.1"}), Limits(per_second=500, retries=0)) as client,
    ):
        double = standing_at(server.url)
        found = use(client, double) if use else find(client, double, names.split())
        assert {received.path.split("?")[0].split("/external/")[0] for received in server.received} == {""}
        return found


def test_a_series_that_is_cut_by_years_is_found_in_all_its_catalogues() -> None:
    found = asked(
        tree(("y", "年度数据", False)),
        tree(("f", "人口", False), ("g", "旅游业", False)),
        tree(("c1", "总人口(1949-2020)", True), ("c2", "总人口（2021-）", True), ("c3", "人口普查", True)),
        listing("年末总人口"),
        listing("年末总人口", "城镇人口"),
    )
    assert found.select("cid", "id", "name", "unit").rows() == [
        ("c1", "i0", "年末总人口", "万人"),
        ("c2", "i0", "年末总人口", "万人"),
        ("c2", "i1", "城镇人口", "万人"),
    ]


def test_a_name_that_is_not_in_the_tree_is_reported_with_the_existing_names() -> None:
    with pytest.raises(FetchError, match="has no 人口 among 综合, 旅游业"):
        asked(tree(("y", "年度数据", False)), tree(("f", "综合", False), ("g", "旅游业", False)))
    with pytest.raises(FetchError, match="人口 > 抽样 is a folder"):
        asked(tree(("y", "年度数据", False)), tree(("f", "人口", False)), tree(("d", "抽样", False)), names="人口 抽样")


def test_a_list_of_indicators_that_is_not_whole_is_refused() -> None:
    with pytest.raises(FormatError, match="not a complete list of indicators"):
        asked(
            tree(("y", "年度数据", False)),
            tree(("f", "人口", False)),
            tree(("c", "总人口", True)),
            listing("a", total=2),
        )


def test_the_areas_of_a_group_are_found() -> None:
    answer = envelope([{"name_value": "110000000000", "name_text": "北京", "show_name": "北京市"}]).encode()
    found = asked(answer, use=areas)
    assert found.rows() == [("110000000000", "北京市")]


# The earlier interface


def old_answer(series: tuple[str, str, str], values: dict[str, tuple[float, bool]], reg: str | None = None) -> str:
    code, name, unit = series
    where = [{"wdcode": "zb", "valuecode": code}] + ([{"wdcode": "reg", "valuecode": reg}] if reg else [])
    nodes = [
        {
            "code": f"zb.{code}_sj.{time}",
            "data": {"data": number, "dotcount": 2, "hasdata": has, "strdata": str(number) if has else ""},
            "wds": [*where, {"wdcode": "sj", "valuecode": time}],
        }
        for time, (number, has) in values.items()
    ]
    names = [{"nodes": [{"cname": name, "code": code, "unit": unit}], "wdcode": "zb"}]
    return json.dumps({"returncode": 200, "returndata": {"datanodes": nodes, "wdnodes": names}}, ensure_ascii=False)


def recording(*bodies: str) -> str:
    uri = "https://data.stats.gov.cn/easyquery.htm"
    exchanges = [{"request": {"uri": uri, "method": "POST"}, "response": {"body": {"string": body}}} for body in bodies]
    return yaml.safe_dump({"interactions": exchanges, "version": 1})


POPULATION = ("A030101", "年末总人口", "万人")
TREE = '[{"dbcode":"hgnd","id":"A01","isParent":true,"name":"综合","pid":"","wdcode":"zb"}]'
ERROR = '{"returncode":501,"returndata":"对不起，未能找到符合查询条件的信息。"}'


def test_a_node_without_data_is_missing_although_its_number_is_zero(tmp_path: Path) -> None:
    path = written(
        tmp_path, old_answer(POPULATION, {"2024": (140828.0, True), "2025": (0.0, False), "1900": (0.0, True)})
    )
    assert reading.recognise(path).NAME == "nbs_easyquery"
    cells = reading.read(path)
    assert rows(cells) == [
        ("A030101", "年末总人口", "万人", "2024", 140828.0, None),
        ("A030101", "年末总人口", "万人", "2025", None, None),
        ("A030101", "年末总人口", "万人", "1900", 0.0, None),
    ]
    find_text = nbs_easyquery.finder(path)
    assert [find_text(pack(node, 1)) for node in (1, 2, 3)] == ["140828.0", "", "0.0"]
    for locator in (pack(0, 1), pack(4, 1), pack(1, 2)):
        with pytest.raises(FormatError, match="there is no node"):
            find_text(locator)


@pytest.mark.parametrize(
    ("code", "time"), [("2024", "2024"), ("202601", "2026-01"), ("2025A", "2025-Q1"), ("2025D", "2025-Q4")]
)
def test_periods_of_the_earlier_interface(tmp_path: Path, code: str, time: str) -> None:
    assert rows(reading.read(written(tmp_path, old_answer(POPULATION, {code: (1.0, True)}))))[0][3] == time


def test_a_recording_is_read_through_all_its_exchanges(tmp_path: Path) -> None:
    first = old_answer(POPULATION, {"2024": (140828.0, True)})
    second = old_answer(("A030101", "年末常住人口", "万人"), {"2024": (2183.0, True)}, reg="110000")
    path = written(tmp_path, recording(TREE, first, second))
    assert reading.recognise(path).NAME == "nbs_easyquery"
    assert [row[3:6] for row in rows(reading.read(path))] == [(None, "2024", 140828.0), ("110000", "2024", 2183.0)]
    assert nbs_easyquery.finder(path)(pack(2, 1)) == "2183.0"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ERROR, "response 1 is an error, not data: 501 '对不起"),
        (recording(old_answer(POPULATION, {"2024": (1.0, True)}), ERROR), "response 2 is an error, not data: 501"),
        (TREE, "only trees or lists of codes"),
        (recording(TREE), "only trees or lists of codes"),
        (recording("<html>403</html>"), "not a recording of exchanges"),
        ("interactions: [{uri: easyquery.htm}]", "not a recording of exchanges"),
        (old_answer(POPULATION, {"2024X": (1.0, True)}), "'2024X' is not a period"),
        (old_answer(POPULATION, {"2024": (1.0, True)}).replace("true", '"yes"'), "is neither true nor false"),
        (old_answer(POPULATION, {"2024": (1.0, True)}).replace("wdnodes", "wd"), "not have the interface's structure"),
    ],
)
def test_recordings_of_errors_and_trees_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        reading.read(written(tmp_path, text))


# Recorded responses


@pytest.mark.corpus
class TestRecordedResponses:
    """Every recorded response, read a second time with only a JSON or YAML parser."""

    def test_responses_about_one_indicator(self, corpus: Path, tmp_path: Path) -> None:
        files = sorted((corpus / "china/nbs_new/getEsDataByIndicatorIdAndDa").glob("*.json"))
        assert len(files) == 7
        for file in files:
            response = json.loads(file.read_text(encoding="utf-8"))["response"]
            theirs = [(item["i_name"], item["du_name"], float(item["v"])) for item in response["data"] if item["v"]]
            path = written(tmp_path, json.dumps(response, ensure_ascii=False))
            frame = reading.read(path).frame.collect()
            assert frame.select("name", "unit", "value").rows() == theirs
            find_text = reading.recognise(path).finder(path)
            found = [find_text(locator) for locator in frame["locator"]]
            assert found == [item["v"] for item in response["data"] if item["v"]]

    def test_a_response_by_area(self, corpus: Path) -> None:
        (path,) = (corpus / "china/nbs_new/esData").glob("*.json")
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        theirs = {(a["code"], v["dt"][:4]): v["value"] for a in data for v in a["values"]}
        frame = reading.read(path).frame.collect()
        find_text = nbs_json.finder(path)
        assert {(row["area"], row["time"]): find_text(row["locator"]) for row in frame.iter_rows(named=True)} == theirs
        values = {(row["area"], row["time"]): row["value"] for row in frame.iter_rows(named=True)}
        assert values == {key: float(text) if text else None for key, text in theirs.items()}
        assert sum(value is not None for value in values.values()) == 5

    def test_a_transcribed_response_by_period(self, corpus: Path) -> None:
        frame = reading.read(corpus / "china/wire_samples_transcribed/nbs_new_esData_response.json").frame.collect()
        assert frame.select("time", "value", "unit").rows() == [("2025-04", 6.1, "%"), ("2025-03", 7.7, "%")]

    def test_trees_and_indicators(self, corpus: Path, tmp_path: Path) -> None:
        for file in sorted((corpus / "china/nbs_new/queryIndexTreeAsync").glob("*.json")):
            response = json.loads(file.read_text(encoding="utf-8"))["response"]
            found = nbs_json.catalogues(written(tmp_path, json.dumps(response)))
            theirs = [(node["_id"], node["name"], node["isLeaf"], node["sdate"]) for node in response["data"]]
            assert found.select("id", "name", "leaf", "first").rows() == theirs
        (file,) = (corpus / "china/nbs_new/queryIndicatorsByCid").glob("*.json")
        response = json.loads(file.read_text(encoding="utf-8"))["response"]
        found = nbs_json.indicators(written(tmp_path, json.dumps(response)))
        assert found.height == 14
        shown = [item["i_showname"].strip() for item in response["data"]["list"]]
        assert [f"{name} ({unit})" for name, unit in found.select("name", "unit").iter_rows()] == shown

    def test_recordings_of_the_earlier_interface(self, corpus: Path) -> None:
        nodes = published = 0
        for file in sorted((corpus / "china/nbs_easyquery_cassettes").glob("*.yaml")):
            exchanges = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["interactions"]
            answers = [json.loads(exchange["response"]["body"]["string"]) for exchange in exchanges]
            held = [a["returndata"] for a in answers if isinstance(a, dict) and isinstance(a["returndata"], dict)]
            theirs = [
                (node["wds"][0]["valuecode"], node["data"]["data"] if node["data"]["hasdata"] else None)
                for data in held
                for node in data["datanodes"]
            ]
            if not theirs:
                with pytest.raises(FormatError):
                    reading.read(file)
                continue
            frame = reading.read(file).frame.collect()
            assert frame.select("indicator", "value").rows() == theirs
            nodes, published = nodes + len(theirs), published + sum(number is not None for _, number in theirs)
        assert nodes > 800
        assert 0 < published < nodes / 10
