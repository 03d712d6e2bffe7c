"""Imports by hand: what is refused, what is cut, when a payload counts as published, and how one is taken back."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from assets.ingest.imports import Imported, import_file, withdraw
from sources.catalogue import publishers
from sources.errors import SourceError
from sources.protocols.requests import requests_for
from tests.support.publisher_double import displaced
from warehouse.archive import Fetch
from warehouse.errors import CorridorError

IMMIGRATION = "eurostat/tps00176"
REFUGEES = "unhcr/population"
SDMX = "DATAFLOW,LAST UPDATE,freq,citizen,agedef,age,unit,sex,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS"
TSV = "freq,citizen,agedef,age,unit,sex,geo\\TIME_PERIOD"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "files").mkdir()
    return Workspace(tmp_path / "data", "live")


def put(
    workspace: Workspace, dataset: str, content: str, published: str | None = None, name: str = "download.csv"
) -> Imported:
    path = workspace.data.parent / "files" / name
    path.write_bytes(content.encode())
    publisher, _, code = dataset.partition("/")
    day = datetime.fromisoformat(published).replace(tzinfo=UTC) if published else None
    return import_file(workspace, publishers()[publisher], code, path, day)


def sdmx(dataset: str, updated: str, **values: int) -> str:
    rows = [
        f"ESTAT:{dataset}(1.0),{updated},A,TOTAL,COMPLET,TOTAL,NR,T,{geo},2020,{value},,"
        for geo, value in values.items()
    ]
    return "\n".join([SDMX, *rows, ""])


def tsv(**values: int) -> str:
    return "\n".join([f"{TSV}\t2020 ", *(f"A,TOTAL,COMPLET,TOTAL,NR,T,{geo}\t{n} " for geo, n in values.items()), ""])


def figures(workspace: Workspace, dataset: str = IMMIGRATION) -> dict[str, float]:
    frame = stages.observations(workspace, dataset).frame.filter(pl.col("period").dt.year() == 2020).collect()
    return dict(frame.select("jurisdiction", "value").iter_rows())


def test_a_payload_that_states_another_dataset_is_refused(workspace: Workspace) -> None:
    with pytest.raises(AssetError, match=r"states that it is dataset TPS00177, not eurostat/tps00176; import it as"):
        put(workspace, IMMIGRATION, sdmx("TPS00177", "01/10/26 11:00:00", AT=5))
    assert workspace.archive.fetches() == []


def test_a_file_with_the_name_of_another_dataset_is_refused_if_it_states_none(workspace: Workspace) -> None:
    with pytest.raises(AssetError, match="has the name of eurostat/tps00177"):
        put(workspace, IMMIGRATION, tsv(AT=5), name="estat_tps00177.tsv")
    put(workspace, IMMIGRATION, tsv(AT=5), name="estat_tps00176 (1).tsv")
    put(workspace, IMMIGRATION, tsv(AT=6), name="download.tsv")


def test_the_dataset_of_an_sdmx_service_may_be_a_part_of_its_address(workspace: Workspace) -> None:
    header = "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,CITIZENSHIP,FREQ,MEASURE,SEX,BIRTH_PLACE,EDUCATION_LEV"
    header += ",UNIT_MEASURE,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT"
    row = "DATAFLOW,OECD.ELS.IMD:{}(1.0),I,ITA,CHN,A,B11,_T,_Z,_Z,PS,2020,7,A,0"
    with pytest.raises(AssetError, match="states that it is dataset DSD_OTHER@DF_OTHER, not oecd/imd_inflows"):
        put(workspace, "oecd/imd_inflows", f"{header}\n{row.format('DSD_OTHER@DF_OTHER')}\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nothing,that\nany,format\n", "no format recognises"),
        (tsv(AT=5).replace("NR", "PC"), "unit is 'PC'"),
        (tsv(QQ=5), r"no row for eurostat/tps00176: every cell has an unknown code \(for example geo 'QQ'\)"),
        (f"{TSV}\t2020 \n", "no row for eurostat/tps00176: it is empty"),
    ],
)
def test_what_gives_no_row_is_refused(workspace: Workspace, content: str, reason: str) -> None:
    with pytest.raises(CorridorError, match=reason):
        put(workspace, IMMIGRATION, content)
    assert workspace.archive.fetches() == []


def test_a_day_in_the_future_is_refused(workspace: Workspace) -> None:
    with pytest.raises(AssetError, match="2999-01-01 is in the future"):
        put(workspace, IMMIGRATION, tsv(AT=5), "2999-01-01")


def test_a_whole_table_is_cut_to_the_slice_of_the_dataset(workspace: Workspace) -> None:
    head = "freq,agedef,age,unit,sex,geo\\TIME_PERIOD"
    ages = [f"A,COMPLET,{age},NR,T,DE\t{value} " for age, value in (("TOTAL", 99), ("Y1", 5), ("Y_LT5", 20), ("X", 1))]
    done = put(workspace, "eurostat/migr_imm8", "\n".join([f"{head}\t2020 ", *ages, ""]))
    assert done.rows.normalised.unmatched.is_empty()
    assert figures(workspace, "eurostat/migr_imm8") == {"DEU": 99}


def test_an_extract_with_another_indicator_is_cut_to_the_expected_one(workspace: Workspace) -> None:
    head = "REF_AREA,SOURCE,INDICATOR,SEX,CLASSIF1,CLASSIF2,TIME,OBS_VALUE,OBS_STATUS,NOTE_CLASSIF,NOTE_INDICATOR"
    head += ",NOTE_SOURCE"
    dims = "SEX_T,AGE_YTHADULT_YGE15,Citizenship: Total,2020"
    rows = [f"DEU,BA:1,{code},{dims},{value},,,," for code, value in (("MST_XWAP_SEX_AGE_CCT_NB", 7), ("OTHER_NB", 8))]
    name = "ilostat/MST_XWAP_SEX_AGE_CCT_NB_A"
    put(workspace, name, "\n".join([head.lower(), *rows, ""]))
    assert figures(workspace, name) == {"DEU": 7000}


def test_an_undated_payload_adds_figures_and_replaces_none(workspace: Workspace) -> None:
    put(workspace, IMMIGRATION, sdmx("TPS00176", "01/10/26 11:00:00", AT=82_230, BE=140_000))
    done = put(workspace, IMMIGRATION, tsv(AT=82_000, FR=300_000))
    assert not done.rows.stated
    assert figures(workspace) == {"AUT": 82_230, "BEL": 140_000, "FRA": 300_000}
    assert set(stages.observations(workspace, IMMIGRATION).revisions.collect()["change"]) <= {"extended", "appeared"}
    put(workspace, IMMIGRATION, sdmx("TPS00176", "02/10/26 11:00:00", AT=82_231, BE=140_000))
    assert figures(workspace)["AUT"] == 82_231


def test_a_dated_older_payload_is_inserted_before_the_newer_one(workspace: Workspace) -> None:
    put(workspace, IMMIGRATION, sdmx("TPS00176", "01/10/26 11:00:00", AT=82_230))
    put(workspace, IMMIGRATION, tsv(AT=82_000), "2014-03-01")
    assert figures(workspace) == {"AUT": 82_230}
    (revised,) = stages.observations(workspace, IMMIGRATION).revisions.collect().iter_rows(named=True)
    assert (revised["old_value"], revised["new_value"]) == (82_000, 82_230)


def test_importing_a_payload_again_corrects_its_day(workspace: Workspace) -> None:
    put(workspace, IMMIGRATION, tsv(AT=1), "2015-01-01")
    put(workspace, IMMIGRATION, tsv(AT=2), "2016-01-01")
    assert figures(workspace) == {"AUT": 2}
    put(workspace, IMMIGRATION, tsv(AT=1), "2017-01-01")
    assert figures(workspace) == {"AUT": 1}


def test_a_withdrawn_payload_is_not_used_until_it_is_imported_again(workspace: Workspace) -> None:
    put(workspace, IMMIGRATION, tsv(AT=1), "2015-01-01")
    wrong = put(workspace, IMMIGRATION, tsv(AT=666), "2016-01-01").fetch
    assert figures(workspace) == {"AUT": 666}
    (line,) = withdraw(workspace, str(wrong.payload)[:8], "it was another table")
    assert figures(workspace) == {"AUT": 1}
    assert workspace.archive.fetches()[-1].withdrawn == "it was another table"
    assert workspace.archive.payload_path(str(line.payload)).exists()
    put(workspace, IMMIGRATION, tsv(AT=666), "2016-01-01")
    assert figures(workspace) == {"AUT": 666}


def test_a_payload_to_withdraw_must_be_one(workspace: Workspace) -> None:
    put(workspace, IMMIGRATION, tsv(AT=1), "2015-01-01")
    with pytest.raises(AssetError, match="no payload in use begins with 'zz'"):
        withdraw(workspace, "zz", "why")
    with pytest.raises(AssetError, match="no payload in use begins with ''"):
        withdraw(workspace, "", "why")
    with pytest.raises(AssetError, match="a reason is needed"):
        withdraw(workspace, str(workspace.archive.fetches()[0].payload), " ")


def unhcr(workspace: Workspace, slice_: str, at: datetime, items: list[dict[str, object]]) -> None:
    """Record a response of UNHCR's API to the request with this slice."""
    workspace.data.mkdir(exist_ok=True)
    path = workspace.data / "payload"
    path.write_text(json.dumps({"page": 1, "short-url": "", "maxPages": 1, "total": [], "items": items}))
    payload = workspace.archive.store(path)
    request = next(one for one in requests_for(publishers()["unhcr"], "population") if one.slice == slice_)
    size = path.stat().st_size
    workspace.archive.append(
        Fetch(at, "live", "unhcr", "population", slice_, request.full_url, {}, 200, {}, 0.1, size, payload)
    )


def test_a_figure_of_an_older_edition_ends_when_the_publisher_no_longer_has_it(workspace: Workspace) -> None:
    asylum, origin = (request.slice for request in requests_for(publishers()["unhcr"], "population"))
    at = datetime(2024, 3, 1, tzinfo=UTC)
    known = [displaced("CHN", "ROU", 2022, 11), displaced("CHN", "ROU", 2023, 12)]
    unhcr(workspace, asylum, at, known)
    unhcr(workspace, origin, at, [displaced("CHN", "AUT", 2022, 13)])
    old = "Year,Country of origin (ISO),Country of asylum (ISO),Refugees under UNHCR's mandate\n"
    put(workspace, "unhcr/population", old + "2022,UGA,ROU,5\n2022,CHN,ROU,11\n1990,UGA,ROU,9\n", "2023-06-14")
    rows = stages.observations(workspace, "unhcr/population")
    current = rows.frame.filter(pl.col("indicator") == "refugees", pl.col("partner") == "UGA").collect()
    assert current["value"].to_list() == [9]  # 1990 lies before the figures that the publisher still has
    ended = rows.history.filter(pl.col("known_to").is_not_null(), pl.col("partner") == "UGA").collect()
    assert ended["value"].to_list() == [5]


def test_an_unknown_origin_without_iso_code_is_an_origin(workspace: Workspace) -> None:
    text = "Year,Country of origin,Country of origin (ISO),Country of asylum,Country of asylum (ISO),Refugees\n"
    text += '2021,"Unknown ",,Germany,DEU,37703\n2021,China,CHN,Germany,DEU,5\n2021,Tibetan,,Germany,DEU,6\n'
    done = put(workspace, "unhcr/population", text, "2022-06-16")
    rows = done.rows.normalised.observations
    assert dict(rows.select("partner", "value").iter_rows()) == {"_U": 37703, "CHN": 5}
    assert done.rows.normalised.unmatched["cells"].to_list() == [1]


def test_prose_that_names_no_publisher_is_read_as_that_of_its_dataset(workspace: Workspace) -> None:
    put(workspace, "nbs/migrant_workers", "2024年全国农民工总量29973万人，比上年增加220万人。", name="nbs.txt")
    found = stages.observations(workspace, "nbs/migrant_workers").frame.collect()
    assert found["indicator"].to_list() == ["migrant_workers"]


def test_an_unreadable_import_of_an_earlier_version_names_the_command_that_removes_it(workspace: Workspace) -> None:
    path = workspace.data.parent / "files" / "old.csv"
    path.write_text("nothing,that\n")
    payload = workspace.archive.store(path)
    at = datetime(2024, 1, 1, tzinfo=UTC)
    key = f"import {payload[:12]}"
    workspace.archive.append(Fetch(at, "import", "eurostat", "tps00176", key, "old.csv", {}, 200, {}, 0.0, 14, payload))
    (failure,) = stages.observations(workspace, IMMIGRATION).failures
    assert "no format recognises" in failure
    assert failure.endswith("`corridor withdraw` takes an import out of use")
    withdraw(workspace, payload, "nothing reads it")
    assert stages.observations(workspace, IMMIGRATION).failures == []


def test_an_unreadable_file_is_a_source_error(workspace: Workspace) -> None:
    with pytest.raises(SourceError, match="the payload is empty"):
        put(workspace, IMMIGRATION, " ")


def test_a_day_of_publication_before_all_sources_is_refused(workspace: Workspace) -> None:
    with pytest.raises(AssetError, match="0001-01-01 is before 1900"):
        put(workspace, IMMIGRATION, tsv(AT=5), published="0001-01-01")


def test_prose_that_is_not_read_names_the_sentence_and_the_word_that_stopped_it(workspace: Workspace) -> None:
    text = "2024年全国外星农民工总量29973万人。"
    with pytest.raises(AssetError, match=r"1 sentence with figures was not read, for example “2024年全国外星.*外星"):
        put(workspace, "nbs/migrant_workers", text, name="nbs.txt")


def test_the_refusal_of_the_next_build_is_known_at_once_with_the_command_that_accepts(workspace: Workspace) -> None:
    header = "Year,Country of origin (ISO),Country of asylum (ISO),Refugees\n"
    known = put(workspace, REFUGEES, f"{header}2020,CHN,DEU,5\n", "2022-06-16")
    assert stages.refusal(workspace, REFUGEES, str(known.fetch.payload)) is None
    unknown = put(workspace, REFUGEES, f"{header}2020,CHN,DEU,5\n2020,QQX,DEU,7\n", "2023-06-16")
    payload = str(unknown.fetch.payload)
    reason = stages.refusal(workspace, REFUGEES, payload)
    assert reason is not None
    assert f"`corridor accept {REFUGEES} unknown_codes --payload {payload[:12]} --because REASON`" in reason
    stages.accept(workspace, REFUGEES, "unknown_codes", "looked", payload[:12])
    assert stages.refusal(workspace, REFUGEES, payload) is None
