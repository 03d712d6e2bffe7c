"""Acts of the Union: every query has a probe, every date a meaning, every position a source."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import Reception, receive
from assets.law.bindings import stated_positions
from sources import catalogue, reading
from sources.errors import CatalogueError, FormatError
from sources.protocols import sparql
from sources.protocols.requests import requests_for
from tests.conftest import Built
from tests.support.law_payloads import publisher_at, read_law_rows, write_payload
from tests.support.loopback import reply, serve
from warehouse import codes

ACTS = ("celex", "property", "date", "meaning", "other", "probe")
MEASURES = ("celex", "measure", "country", "title", "type", "date", "notified", "probe")
KNOWN = {"probe": "2001-07-20"}
CELEX = "http://publications.europa.eu/resource/celex/"


def result(names: Sequence[str], *rows: Mapping[str, str]) -> str:
    """The JSON result of a query. A value that looks like an address is an IRI; a blank value is unbound."""
    bindings = [
        {
            name: {"type": "uri" if value.startswith("http") else "literal", "value": value}
            for name, value in row.items()
        }
        for row in rows
    ]
    return json.dumps({"head": {"link": [], "vars": list(names)}, "results": {"bindings": bindings}})


def dates(**days: str) -> list[dict[str, str]]:
    names = {"effect": "date_entry-into-force", "deadline": "date_transposition", "end": "date_end-of-validity"}
    return [
        {"celex": f"{CELEX}32013L0032", "property": names.get(name.rstrip("_0123"), name), "date": day}
        for name, day in days.items()
    ]


def test_the_annotation_of_a_date_decides_its_event(tmp_path: Path) -> None:
    effect = {"celex": f"{CELEX}32024R1351", "property": "date_entry-into-force"}
    text = result(
        ACTS,
        {**effect, "date": "2024-06-11", "meaning": "EV"},
        {**effect, "date": "2026-07-01", "meaning": "MA"},
        {**effect, "date": "2026-06-12", "meaning": "MA/PART"},
        {**effect, "property": "date_document", "date": "2024-05-14"},
        {**effect, "property": "date_end-of-validity", "date": "2030-01-01", "other": "32029R0001"},
        KNOWN,
    )
    read = read_law_rows(write_payload(tmp_path, text), "cellar/acts")
    rows = read.observations
    assert read.unmatched.is_empty()
    assert dict(rows.filter(pl.col("event") == "apply").select("date", "provision").iter_rows()) == {
        date(2026, 6, 12): "part",
        date(2026, 7, 1): None,
    }
    assert sorted(rows.select("event", "date").iter_rows()) == [
        ("adopt", date(2024, 5, 14)),
        ("apply", date(2026, 6, 12)),
        ("apply", date(2026, 7, 1)),
        ("enter_into_force", date(2024, 6, 11)),
        ("repeal", date(2030, 1, 1)),
    ]
    assert set(rows["jurisdiction"]) == {"EU"}
    assert rows.filter(pl.col("event") == "repeal")["related"].item() == "32029R0001"


def test_an_act_may_have_several_deadlines(tmp_path: Path) -> None:
    text = result(ACTS, *dates(deadline="2015-07-20", deadline_2="2018-07-20"), KNOWN)
    rows = read_law_rows(write_payload(tmp_path, text), "cellar/acts").observations
    assert rows["date"].to_list() == [date(2015, 7, 20), date(2018, 7, 20)]
    assert set(rows["event"]) == {"transposition_deadline"}


def test_an_unknown_meaning_is_unmatched(tmp_path: Path) -> None:
    row = {"celex": f"{CELEX}32013L0032", "property": "date_of_something", "date": "2015-07-20"}
    read = read_law_rows(write_payload(tmp_path, result(ACTS, row, KNOWN)), "cellar/acts")
    assert read.observations.is_empty()
    assert read.unmatched.height == 1


@pytest.mark.parametrize("names", [ACTS, MEASURES])
def test_a_result_without_the_probe_is_refused_despite_status_200(tmp_path: Path, names: Sequence[str]) -> None:
    with pytest.raises(FormatError, match="no row for the probe"):
        reading.read(write_payload(tmp_path, result(names)))


def test_an_empty_result_with_the_probe_is_accepted(tmp_path: Path) -> None:
    read = read_law_rows(write_payload(tmp_path, result(MEASURES, {"probe": f"{CELEX}x"})), "cellar/measures")
    assert read.observations.is_empty()
    assert read.unmatched.is_empty()


def test_a_corrigendum_is_refused(tmp_path: Path) -> None:
    row = {"celex": f"{CELEX}32011L0036R(01)", "property": "date_document", "date": "2011-04-05"}
    with pytest.raises(FormatError, match=r"32011L0036R\(01\) is the number of a corrigendum"):
        reading.read(write_payload(tmp_path, result(ACTS, row, KNOWN)))
    with pytest.raises(CatalogueError, match="is a corrigendum, not an act"):
        sparql.query("acts", {"celex": ["32011L0036R(01)"]})
    with pytest.raises(CatalogueError, match="is a consolidated text"):
        sparql.query("acts", {"celex": ["02016R0399-20240710"]})
    with pytest.raises(CatalogueError, match="is a national measure"):
        sparql.query("acts", {"celex": ["72016L0680ITA_259163"]})


NOTICE = """<?xml version="1.0" encoding="UTF-8"?><NOTICE decoding="eng" type="object"><WORK>
<SAMEAS><URI><IDENTIFIER>reg:2013:604:oj</IDENTIFIER><TYPE>eli</TYPE></URI></SAMEAS>
<SAMEAS><URI><IDENTIFIER>32013L0032</IDENTIFIER><TYPE>celex</TYPE></URI></SAMEAS>
<WORK_DATE_DOCUMENT type="date"><VALUE>2013-06-26</VALUE><YEAR>2013</YEAR></WORK_DATE_DOCUMENT>
<RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE type="date"><VALUE>2013-07-19</VALUE>
<TYPE_OF_DATE type="annotation">{EV|http://publications.europa.eu/resource/authority/fd_335/EV}</TYPE_OF_DATE>
<COMMENT_ON_DATE>{DATPUB|http://publications.europa.eu/resource/authority/fd_335/DATPUB} +20</COMMENT_ON_DATE>
</RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE>
<RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE type="date"><VALUE>2015-07-21</VALUE>
<TYPE_OF_DATE type="annotation">{MA|http://publications.europa.eu/resource/authority/fd_335/MA}</TYPE_OF_DATE>
</RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE>
<RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE type="date"><VALUE>2018-07-21</VALUE>
<TYPE_OF_DATE type="annotation">{MA/PART|http://publications.europa.eu/resource/authority/fd_335/MA%2FPART}</TYPE_OF_DATE>
</RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE>
<DIRECTIVE_DATE_TRANSPOSITION type="date"><VALUE>2015-07-20</VALUE></DIRECTIVE_DATE_TRANSPOSITION>
<RESOURCE_LEGAL_DATE_END-OF-VALIDITY type="date"><VALUE>9999-12-31</VALUE></RESOURCE_LEGAL_DATE_END-OF-VALIDITY>
<RESOURCE_LEGAL_DATE_END-OF-VALIDITY type="date"><VALUE>2020-01-01</VALUE>
<COMMENT_ON_DATE>{FIN/VAL/PART|http://publications.europa.eu/resource/authority/fd_330/FIN%2FVAL%2FPART}</COMMENT_ON_DATE>
</RESOURCE_LEGAL_DATE_END-OF-VALIDITY>
</WORK></NOTICE>"""


def test_a_notice_gives_the_same_rows_as_the_query(tmp_path: Path) -> None:
    path = write_payload(tmp_path, NOTICE)
    rows = read_law_rows(path, "cellar/notices").observations
    assert sorted(rows.select("event", "date").iter_rows()) == [
        ("adopt", date(2013, 6, 26)),
        ("apply", date(2015, 7, 21)),
        ("apply", date(2018, 7, 21)),
        ("enter_into_force", date(2013, 7, 19)),
        ("transposition_deadline", date(2015, 7, 20)),
    ]
    assert set(rows["instrument"]) == {"32013L0032"}
    found = reading.recognise(path).finder(path)
    assert [found(at) for at in rows["locator"]] == [day.isoformat() for day in rows["date"]]


@pytest.mark.parametrize("number", ["52018PC0340", "02016R0399-20240710", "32011L0036R(01)"])
def test_a_notice_of_another_document_than_an_act_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(FormatError, match="not about an act"):
        reading.read(write_payload(tmp_path, NOTICE.replace("32013L0032", number)))


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("op_52018PC0340_branch_new.xml", "52018PC0340, not about an act"),
        ("op_EN-CELEX-02009R1223-20191218.xml", "02009R1223-20191218, not about an act"),
        ("op_celex_tree_62012FJ0157.xml", "not about an act"),
        ("op_celex_32018R0196_object_expression.xml", "no numbered work"),
    ],
)
def test_true_notices_of_other_documents_than_acts_are_refused(corpus: Path, name: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        reading.read(corpus / "legal/cellar" / name)


@pytest.mark.corpus
def test_a_real_notice_dates_the_entry_into_force(corpus: Path) -> None:
    cells = reading.read(corpus / "legal/cellar/op_celex_32018R0196_object_work.xml").frame.collect()
    assert cells.select("celex", "property", "meaning", "time").rows() == [
        ("32018R0196", "date_entry-into-force", "EV", "2018-03-08")
    ]


def measure(number: str, state: str = "DEU", directive: str = "32008L0115") -> dict[str, str]:
    return {
        "celex": f"{CELEX}{directive}",
        "measure": number,
        "country": f"http://publications.europa.eu/resource/authority/country/{state}",
        "title": "Gesetz",
        "notified": "2011-11-30",
    }


def test_measures_refer_to_their_directive(tmp_path: Path) -> None:
    text = result(MEASURES, measure("72008L0115DEU_184231"), measure("72008L0115GBR_1", "GBR"), {"probe": "x"})
    rows = read_law_rows(write_payload(tmp_path, text), "cellar/measures").observations
    assert rows.select("instrument", "jurisdiction", "measure_number", "notified").rows() == [
        ("32008L0115", "DEU", "72008L0115DEU_184231", date(2011, 11, 30))
    ]


@pytest.mark.parametrize("number", ["72016L0680DEU_1", "72008L01155DEU_1", "72008L0115_1"])
def test_a_measure_of_another_directive_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(FormatError, match="a measure of another directive"):
        reading.read(write_payload(tmp_path, result(MEASURES, measure(number), {"probe": "x"})))


def test_every_locator_of_a_result_finds_its_cell(tmp_path: Path) -> None:
    path = write_payload(tmp_path, result(ACTS, *dates(date_document="2013-06-26", deadline="2015-07-20"), KNOWN))
    found = reading.recognise(path).finder(path)
    frame = reading.read(path).frame.collect()
    assert [found(at) for at in frame["locator"]] == frame["raw"].to_list() == ["2013-06-26", "2015-07-20"]


def test_the_queries_use_the_predicates_that_exist_and_are_paged_and_probed() -> None:
    cellar = catalogue.publishers()["cellar"]
    asked = {name: dict(requests_for(cellar, name)[0].params)["query"] for name in ("acts", "measures")}
    for query in asked.values():
        assert re.search(r"LIMIT \d+ OFFSET 0\b", query)
        assert "?probe" in query
        assert "resource_legal_date_transposition" not in query
        assert "cdm:resource_legal_implements_resource_legal" not in query
        assert "#" not in re.sub(r"<[^>]*>", "", query)
    assert "cdm:directive_date_transposition" in asked["acts"]
    assert "annot:type_of_date" in asked["acts"]
    assert 'CONCAT("^7", ?body, "[A-Z]{3}_")' in asked["measures"]
    assert "OFFSET 5000" in sparql.with_offset(asked["measures"], 5000)
    numbers = {
        number
        for request in requests_for(cellar, "acts")
        for number in re.findall(r"celex:(3\w+)", str(request.params))
    }
    declared = codes.instruments().filter(pl.col("scheme") == "celex")
    assert numbers == set(declared["instrument"])


class Endpoint:
    """A double of the SPARQL endpoint: it pages by OFFSET and returns an empty result with status 200."""

    def __init__(self, names: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
        self.names, self.rows = names, list(rows)
        self.silent = self.closed = False
        self.asked: list[tuple[str, int]] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        asked = parse_qs(urlsplit(handler.path).query)
        offset, limit = (int(re.findall(rf"{word} (\d+)", asked["query"][0])[0]) for word in ("OFFSET", "LIMIT"))
        self.asked.append((asked["format"][0], offset))
        rows = [] if self.silent else [*self.rows[offset : offset + limit], KNOWN]
        if self.closed:
            reply(b"<html><title>Maintenance</title></html>", Content_Type="text/html")(handler)
        else:
            reply(result(self.names, *rows).encode(), Content_Type="application/sparql-results+json")(handler)


def deadlines() -> list[dict[str, str]]:
    days = [f"20{year:02}-0{month}-01" for year in range(10, 20) for month in range(1, 6)]
    return [{"celex": f"{CELEX}32013L0032", "property": "date_transposition", "date": day} for day in days]


def notified() -> list[dict[str, str]]:
    return [measure(f"72013L0032DEU_{number}", directive="32013L0032") for number in range(50)]


@pytest.fixture(params=["acts", "measures"])
def endpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Endpoint]]:
    """The name of a dataset and an endpoint that has fifty rows of it and returns twenty in one page."""
    name = str(request.param)
    double = Endpoint(ACTS, deadlines()) if name == "acts" else Endpoint(MEASURES, notified())
    with serve(double) as server:
        real = catalogue.publishers()["cellar"]
        cellar = publisher_at(real, server.url, **{name: {"filters": {"celex": ["32013L0032"]}, "split": {}}})
        paging = cellar.endpoints[name].paging
        assert paging is not None
        small = cellar.endpoints[name].model_copy(update={"paging": paging.model_copy(update={"step": 20})})
        entries = {"cellar": cellar.model_copy(update={"endpoints": {name: small}})}
        text = re.sub(r"LIMIT \d{4}", "LIMIT 20", sparql.query(name, {"celex": ["32013L0032"]}))
        monkeypatch.setattr(catalogue, "publishers", lambda: entries)
        monkeypatch.setattr(sparql, "query", lambda *_: text)
        yield name, double


def ask(workspace: Workspace, name: str) -> Reception:
    return receive(workspace, catalogue.publishers()["cellar"], name)


def test_a_live_query_is_sent_page_by_page_until_a_page_is_not_full(
    endpoint: tuple[str, Endpoint], tmp_path: Path
) -> None:
    name, double = endpoint
    workspace = Workspace(tmp_path / "data", "live")
    assert ask(workspace, name).failures == ()
    assert double.asked == [("application/sparql-results+json", offset) for offset in (0, 20, 40)]
    assert stages.observations(workspace, f"cellar/{name}").frame.collect().height == 50


def test_an_empty_response_without_the_probe_keeps_the_known_rows(
    endpoint: tuple[str, Endpoint], tmp_path: Path
) -> None:
    name, double = endpoint
    workspace = Workspace(tmp_path / "data", "live")
    ask(workspace, name)
    double.silent = True
    ask(workspace, name)
    stored = stages.observations(workspace, f"cellar/{name}")
    assert stored.frame.collect().height == 50
    assert "no row for the probe" in stored.failures[0]


def test_a_maintenance_page_is_reported_and_keeps_the_known_rows(
    endpoint: tuple[str, Endpoint], tmp_path: Path
) -> None:
    name, double = endpoint
    workspace = Workspace(tmp_path / "data", "live")
    ask(workspace, name)
    double.closed = True
    (failure,) = ask(workspace, name).failures
    assert "the response is HTML instead of JSON" in failure
    assert "Maintenance" in failure
    assert stages.observations(workspace, f"cellar/{name}").frame.collect().height == 50


@pytest.mark.corpus
class TestTheActsAreThoseOfTheCorpus:
    """The acts of a release compared with the harvest and the facts of the corpus, which are read independently."""

    def test_every_directive_of_the_harvest_has_its_day_of_adoption(self, built: Built, corpus: Path) -> None:
        text = (corpus / "legal/cellar/estleg_eurlex_directives_peep.json").read_text(encoding="utf-8")
        adopted = built.table("legal_event").filter(pl.col("dataset") == "cellar/acts").collect()
        assert adopted.height >= 23
        for number, day in adopted.select("instrument", "date").iter_rows():
            at = text.index(f'"estleg:celexNumber": "{number}"')
            found = re.search(r'"estleg:documentDate": \{\s*"@value": "([\d-]+)"', text[at : at + 3000])
            assert found
            assert found[1] == day.isoformat(), number

    def test_no_row_has_general_knowledge_as_its_source(self, built: Built, corpus: Path) -> None:
        facts = (corpus / "legal/facts.tsv").read_text(encoding="utf-8")
        assert facts.count("general legal knowledge") > 100
        sources = built.table("legal_event").select("source").unique().collect()["source"]
        assert not sources.str.contains("(?i)general (?:legal )?knowledge|memory").any()

    def test_every_act_of_the_list_has_each_aspect_or_is_listed_as_a_gap(self, built: Built) -> None:
        numbers = built.table("legal_instrument").filter(pl.col("scheme") == "celex").collect()
        rows = built.table("legal_event").collect()
        gaps = set(built.table("legal_gap").select("instrument", "jurisdiction", "aspect").collect().iter_rows())
        for number, kind in numbers.select("instrument", "instrument_type").iter_rows():
            of_act = rows.filter(pl.col("instrument") == number)
            wanted = {"adopt": "adoption", "enter_into_force": "entry_into_force"}
            by_kind = {"directive": ("transposition_deadline",) * 2, "regulation": ("apply", "application")}
            wanted |= dict([by_kind[kind]] if kind in by_kind else [])
            for event, aspect in wanted.items():
                known = of_act.filter(pl.col("event") == event, pl.col("jurisdiction") == "EU").height > 0
                assert known != ((number, "EU", aspect) in gaps), (number, aspect)
            for state in ("DNK", "IRL"):
                position = stated_positions(of_act).filter(pl.col("jurisdiction") == state)
                assert (position.height > 0) != ((number, state, "position") in gaps), (number, state)

    def test_positions_with_a_source_in_the_corpus_are_present(self, built: Built) -> None:
        rows = built.table("legal_event").filter(pl.col("event").is_in(["opt_in", "opt_out"])).collect()
        positions = {
            (r[0], r[1], r[2], r[3]) for r in rows.select("instrument", "jurisdiction", "event", "basis").iter_rows()
        }
        for number in ("32024R1347", "32024R1348", "32024R1350", "32024R1351", "32024R1358", "32024R1359"):
            assert (number, "IRL", "opt_in", "protocol_21") in positions
        for number in ("32024R1349", "32024R1356"):
            assert (number, "IRL", "opt_out", "schengen") in positions
            assert (number, "DNK", "opt_in", "schengen") in positions
        assert ("32013L0033", "IRL", "opt_in", "protocol_21") in positions
        assert ("32024R1358", "DNK", "opt_in", "parallel_agreement") in positions
        assert ("32008L0115", "DNK", "opt_in", "schengen") in positions


def test_a_dataset_is_either_statistics_or_law() -> None:
    text = Path(catalogue.__file__).with_name("citations.yaml").read_text(encoding="utf-8")
    both = text.replace(
        "    record:\n", "    observe: {indicator: a, jurisdiction: a, unit: a, definition: a}\n    record:\n", 1
    )
    with pytest.raises(CatalogueError, match="exactly one of observe and record"):
        catalogue.load(both, "citations.yaml")
    neither = re.sub(r"    record:\n      fields:\n(?:        .*\n)*", "", text, count=1)
    with pytest.raises(CatalogueError, match="exactly one of observe and record"):
        catalogue.load(neither, "citations.yaml")
