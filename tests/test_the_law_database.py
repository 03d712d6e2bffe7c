"""China's national law database: asked law by law, read by title, and refused where it fails with status 200."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.house import House
from assets.payloads import receive
from sources import catalogue, formats
from sources.errors import FormatError
from sources.publishers import requests_for
from tests.law import moved, recorded, written
from tests.loopback import Loopback, reply, serve

LAW = "中华人民共和国出境入境管理法"
TITLES = [LAW, "中华人民共和国护照法"]


def law(title: str = LAW, **change: object) -> dict[str, object]:
    found = {"bbbs": "ff80", "title": title, "gbrq": "2012-06-30", "sxrq": "2013-07-01", "sxx": 3}
    return {**found, "zdjgName": "全国人民代表大会常务委员会", "flxz": "法律", **change}


def listed(*laws: dict[str, object], total: int | None = None) -> str:
    return json.dumps({"code": 200, "total": len(laws) if total is None else total, "rows": laws}, ensure_ascii=False)


def test_a_law_is_made_public_and_comes_into_force_under_its_title_without_the_marks_of_the_search(
    tmp_path: Path,
) -> None:
    marked = law("中华人民共和国<em class='highlight'>出境入境管理</em>法")
    other = law("中华人民共和国<em class='highlight'>出境入境管理</em>法实施细则", score=14.93)
    read = recorded(written(tmp_path, listed(marked, other)), "flk/versions")
    assert sorted(read.observations.select("instrument", "event", "date").iter_rows()) == [
        ("CHN-EXIT-ENTRY-2012", "enter_into_force", date(2013, 7, 1)),
        ("CHN-EXIT-ENTRY-2012", "promulgate", date(2012, 6, 30)),
    ]
    assert read.unmatched.is_empty()


def test_a_repealed_law_is_repealed_on_a_day_that_the_list_does_not_give(tmp_path: Path) -> None:
    rows = recorded(written(tmp_path, listed(law(sxx=1, sxrq=None))), "flk/versions").observations
    assert rows.filter(pl.col("event") == "repeal").select("date", "date_precision").row(0) == (None, "unknown")
    assert rows.filter(pl.col("event") == "enter_into_force").is_empty()


def test_a_detail_is_read_like_a_row_of_the_list(tmp_path: Path) -> None:
    detail = {"msg": "操作成功", "code": 200, "data": {**law(), "content": {"title": LAW, "children": []}}}
    rows = recorded(written(tmp_path, json.dumps(detail, ensure_ascii=False)), "flk/versions").observations
    assert set(rows["event"]) == {"promulgate", "enter_into_force"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (listed(), "the search found nothing"),
        (json.dumps({"code": 500, "msg": "orderByParam", "rows": [], "total": 0}), "answered 500: orderByParam"),
        (listed({"bbbs": "1", "title": LAW, "gbrq": "2012-06-30"}), r"law 1 lacks \['sxrq', 'sxx'\]"),
        (listed(law(gbrq="2012年6月30日")), "is '2012年6月30日', and no date"),
    ],
)
def test_what_goes_wrong_with_status_200_is_refused(tmp_path: Path, answer: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        formats.read(written(tmp_path, answer))


def test_every_cell_is_found_again(tmp_path: Path) -> None:
    path = written(tmp_path, listed(law(), law(sxx=1)))
    frame = formats.read(path).frame.collect()
    found = formats.recognise(path).finder(path)
    assert [found(at) for at in frame["locator"]] == [raw or "1" for raw in frame["raw"]]


def test_the_question_is_posted_law_by_law_with_an_order_that_is_an_object() -> None:
    requests = requests_for(catalogue.publishers()["flk"], "versions")
    assert len(requests) == 12
    asked = json.loads(requests[0].body)
    assert asked["searchContent"] == LAW
    assert asked["orderByParam"] == {"order": "-1", "sort": ""}
    titles = catalogue.publishers()["flk"].codes["title"]
    assert {json.loads(request.body)["searchContent"] for request in requests} == set(titles)


@dataclass
class Database:
    """The database as it behaves: a list for what is asked, or with status 200 something ``instead``."""

    instead: str | None = None
    server: Loopback = field(default_factory=lambda: Loopback(""))

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        body = self.instead or listed(law(self.asked()[-1]), law(f"{self.asked()[-1]}实施细则"))
        reply(body.encode(), Content_Type="text/html" if body.startswith("<") else "application/json")(handler)

    def asked(self) -> list[str]:
        return [str(json.loads(received.body or b"{}")["searchContent"]) for received in self.server.received]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    double = Database()
    with serve(double) as server:
        double.server = server
        entry = moved(catalogue.publishers()["flk"], server.url, versions={"filters": {"title": TITLES}})
        monkeypatch.setattr(catalogue, "publishers", lambda: {"flk": entry})
        yield double


@pytest.mark.parametrize(
    ("instead", "when", "why"),
    [
        ("<html><head><title>WZWS</title></head></html>", "received", "HTML came where JSON was asked for"),
        (
            json.dumps({"code": 500, "msg": "orderByParam", "rows": [], "total": 0}),
            "read",
            "answered 500: orderByParam",
        ),
        (listed(), "read", "the search found nothing"),
    ],
)
def test_a_live_build_asks_for_each_law_and_what_fails_with_status_200_leaves_what_was_known(
    database: Database, tmp_path: Path, instead: str, when: str, why: str
) -> None:
    house, flk = House(tmp_path / "data", "live"), catalogue.publishers()["flk"]
    assert receive(house, flk, "versions").failures == ()
    assert database.asked() == TITLES
    for request in database.server.received:
        assert request.path == "/law-search/search/list"
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body or b"")["orderByParam"] == {"order": "-1", "sort": ""}
    good = stages.observations(house, "flk/versions").frame.collect()
    assert good.height == 4
    database.instead = instead
    received = receive(house, flk, "versions").failures
    made = stages.observations(house, "flk/versions")
    assert made.frame.collect().equals(good)
    said = received if when == "received" else made.failures
    assert len(said) == 2
    assert all(why in line for line in said)


@pytest.mark.corpus
def test_a_true_list_and_a_true_detail_are_read(corpus: Path) -> None:
    wire = corpus / "china/wire_samples_transcribed"
    detail = formats.read(wire / "flk_detail_response.json").frame.collect()
    assert detail.select("title", "act", "time").rows() == [
        ("中华人民共和国个人所得税法", "gbrq", "2018-08-31"),
        ("中华人民共和国个人所得税法", "sxrq", "2019-01-01"),
    ]
    titles = formats.read(wire / "flk_list_response.json").frame.collect()["title"]
    assert titles.unique().sort().to_list() == ["中华人民共和国民事诉讼法", "中华人民共和国行政处罚法"]
    asked = json.loads((wire / "flk_list_request.json").read_text(encoding="utf-8"))
    ours = json.loads(requests_for(catalogue.publishers()["flk"], "versions")[0].body)
    assert ours | {"searchContent": asked["searchContent"]} == asked
