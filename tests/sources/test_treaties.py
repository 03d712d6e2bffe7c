"""Treaties are read from the lists of their depositaries; the title of a column gives the meaning of its dates."""

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from assets.normalise.dates import parse_date
from sources import catalogue, reading
from sources.catalogue import publishers
from sources.cells import pack
from sources.errors import FormatError, StructureError
from sources.formats.markup import untc_tables
from sources.protocols.requests import requests_for
from sources.snapshot import FOLDER
from tests.conftest import Built
from tests.support.law_payloads import events_csv, publisher_at, read_law_rows, untc_page, write_payload
from tests.support.loopback import Loopback, reply, serve
from tests.support.paths import ROOT
from warehouse import codes
from warehouse.codes.legal import CONSENT

TITLES = ("Participant", "Signature", "Ratification, Acceptance(A), Accession(a), Succession(d)")
CAPITALS = ("PARTICIPANT", "SIGNATURE", "RATIFICATION, ACCEPTANCE(A), ACCESSION(a), SUCCESSION(d)")


def acts(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    return sorted(rows.select("jurisdiction", "event", "date").iter_rows())


def test_a_date_that_is_also_a_suffix_is_a_date_and_a_kind_of_consent(tmp_path: Path) -> None:
    page = untc_page(
        TITLES,
        ("China", "29 Aug 1990", "2 Mar 1992"),
        ("Germany <sup>3, 4</sup>", "26 Jan 1990", "6 Mar 1992 A"),
        ("Czech Republic 5", "", "22 Feb 1993 d"),
        ("Estonia", "", "1991-10-21 a"),
        ("Brazil", "26 Jan 1990", "24 Sep 1990"),
    )
    rows = read_law_rows(write_payload(tmp_path, page), "untc/status").observations
    assert acts(rows) == [
        ("CHN", "ratify", date(1992, 3, 2)),
        ("CHN", "sign", date(1990, 8, 29)),
        ("CZE", "succeed", date(1993, 2, 22)),
        ("DEU", "accept", date(1992, 3, 6)),
        ("DEU", "sign", date(1990, 1, 26)),
        ("EST", "accede", date(1991, 10, 21)),
    ]
    assert set(rows["instrument"]) == {"IV-11"}
    assert set(rows["date_precision"]) == {"day"}
    assert set(rows["known_from"]) == {datetime(2024, 4, 20, tzinfo=UTC)}


def test_columns_in_another_order_are_read_by_their_titles(tmp_path: Path) -> None:
    page = untc_page(
        ("Participant", "Accession(a), Succession(d), Ratification", "Signature"),
        ("China", "2 Mar 1992", "29 Aug 1990"),
    )
    rows = read_law_rows(write_payload(tmp_path, page), "untc/status").observations
    assert acts(rows) == [("CHN", "ratify", date(1992, 3, 2)), ("CHN", "sign", date(1990, 8, 29))]


@pytest.mark.parametrize(
    ("titles", "row"),
    [
        ((*TITLES, "Notes"), ("China", "29 Aug 1990", "2 Mar 1992", "see note 4")),
        (("Participant 1, 2", *TITLES[1:]), ("China", "29 Aug 1990", "2 Mar 1992")),
        (CAPITALS, ("China", "29 Aug 1990", "2 Mar 1992")),
        (TITLES, ("China1,2", "29 Aug 1990<sup>3</sup>", "2 Mar 1992 [4]")),
        (TITLES, ("China&nbsp;[2]", "２９ Aug １９９０", "2&nbsp;March&nbsp;1992")),
    ],
    ids=["a column of notes", "notes on a title", "titles in capitals", "notes that are glued", "full-width digits"],
)
def test_a_table_with_notes_capitals_or_other_digits_is_the_same_table(
    tmp_path: Path, titles: tuple[str, ...], row: tuple[str, ...]
) -> None:
    read = read_law_rows(write_payload(tmp_path, untc_page(titles, row)), "untc/status")
    assert read.unmatched.is_empty()
    assert acts(read.observations) == [("CHN", "ratify", date(1992, 3, 2)), ("CHN", "sign", date(1990, 8, 29))]


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("Germany 1,2", "DEU"),
        ("Netherlands (Kingdom of the)", "NLD"),
        ("Kingdom of the Netherlands", "NLD"),
        ("Czechia", "CZE"),
        ("Czech Republic", "CZE"),
        ("Slovak Republic", "SVK"),
    ],
)
def test_a_member_is_recognised_by_every_name_that_lists_have_used(tmp_path: Path, name: str, area: str) -> None:
    read = read_law_rows(write_payload(tmp_path, untc_page(TITLES, (name, "", "2 Mar 1992"))), "untc/status")
    assert acts(read.observations) == [(area, "ratify", date(1992, 3, 2))]


def test_a_line_of_text_ends_no_table_and_a_row_that_is_short_is_refused(tmp_path: Path) -> None:
    whole = untc_page(TITLES, ("China", "", "2 Mar 1992"), ("France", "", "7 Aug 1990"))
    with_line = whole.replace("<tr><td>France", '<tr><td colspan="3">Status continued</td></tr><tr><td>France')
    assert len(acts(read_law_rows(write_payload(tmp_path, with_line), "untc/status").observations)) == 2
    short = whole.replace("<tr><td>France</td><td></td>", "<tr><td>France</td>")
    with pytest.raises(FormatError, match="row 3 has 2 cells, its table has 3 titles"):
        reading.read(write_payload(tmp_path, short))


def test_a_table_that_does_not_begin_with_the_participant_is_refused(tmp_path: Path) -> None:
    page = untc_page(("Signature", "Participant", "Ratification"), ("29 Aug 1990", "China", "2 Mar 1992"))
    with pytest.raises(FormatError, match="Participant was expected first"):
        reading.read(write_payload(tmp_path, page))


def test_letters_that_the_title_does_not_explain_are_refused(tmp_path: Path) -> None:
    page = untc_page(TITLES, ("China", "", "2 Mar 1992 AA"))
    with pytest.raises(
        FormatError, match=r"row 2 \(China\), column 3: the title has no act for the letters of '2 Mar 1992 AA'"
    ):
        reading.read(write_payload(tmp_path, page))


def test_letters_separated_from_their_date_are_refused(tmp_path: Path) -> None:
    page = untc_page(TITLES, ("China", "", "2 Mar 1992 4 a"))
    with pytest.raises(
        FormatError, match=r"row 2 \(China\), column 3: '2 Mar 1992 4 a' has 'a' in addition to its dates"
    ):
        reading.read(write_payload(tmp_path, page))


def test_letters_in_brackets_are_the_same_letters(tmp_path: Path) -> None:
    page = untc_page(TITLES, ("China", "", "2 Mar 1992 (a)"))
    assert acts(read_law_rows(write_payload(tmp_path, page), "untc/status").observations) == [
        ("CHN", "accede", date(1992, 3, 2))
    ]


def test_a_column_of_an_unknown_act_is_unmatched_and_not_guessed(tmp_path: Path) -> None:
    page = untc_page(("Participant", "Provisional application"), ("China", "2 Mar 1992"))
    read = read_law_rows(write_payload(tmp_path, page), "untc/status")
    assert read.observations.is_empty()
    assert read.unmatched.row(0, named=True)["source_code"] == "Provisional application"


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>treaties.un.org is undergoing urgent maintenance and is currently unavailable.</body></html>",
        untc_page(TITLES, more="<p>The database is under maintenance.</p>"),
    ],
)
def test_a_maintenance_page_with_status_200_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(FormatError, match="notice of maintenance"):
        reading.read(write_payload(tmp_path, body))


def test_a_list_without_participants_is_refused(tmp_path: Path) -> None:
    closed = untc_page(TITLES, more="<p>We are working on the site and will be back on Monday.</p>")
    with pytest.raises(FormatError, match="the table has no participants"):
        reading.read(write_payload(tmp_path, closed))


def test_a_page_without_the_number_of_its_treaty_is_refused(tmp_path: Path) -> None:
    page = untc_page(TITLES, ("China", "", "2 Mar 1992")).replace("mtdsg_no=IV-11", "")
    with pytest.raises(FormatError, match="number of the treaty is missing"):
        reading.read(write_payload(tmp_path, page))


def test_territories_and_the_entry_into_force_of_the_treaty_are_events(tmp_path: Path) -> None:
    table = (
        "<table><tr><td>Entry into force : 2 September 1990, in accordance with article 49</td></tr></table>"
        "<table><tr><th>Participant</th><th>Date of receipt of the notification</th><th>Territories</th></tr>"
        "<tr><td>China</td><td>20 Jun 1997</td><td>Hong Kong and Macao</td></tr></table>"
    )
    page = untc_page(TITLES, ("China", "", "2 Mar 1992"), more=table)
    rows = read_law_rows(write_payload(tmp_path, page), "untc/status").observations
    extended = rows.filter(pl.col("event") == "extend")
    assert sorted(extended["territorial_scope"]) == ["HKG", "MAC"]
    whole = rows.filter(pl.col("event") == "enter_into_force")
    assert whole.select("jurisdiction", "date").row(0) == ("_T", date(1990, 9, 2))


def test_the_union_is_a_party_of_its_own_and_never_a_state(tmp_path: Path) -> None:
    titles = ("Participant", "Signature", "Ratification, Approval(AA)")
    page = untc_page(titles, ("European Union", "12 Dec 2000", "6 Sep 2006 AA"), treaty="XVIII-12-a")
    rows = read_law_rows(write_payload(tmp_path, page), "untc/status").observations
    assert acts(rows) == [("EU", "approve", date(2006, 9, 6)), ("EU", "sign", date(2000, 12, 12))]


def test_every_cell_is_found_again_by_another_parser(tmp_path: Path) -> None:
    path = write_payload(
        tmp_path, untc_page(TITLES, ("China", "29 Aug 1990", "2 Mar 1992"), ("Ireland", "", "3 Apr 1993 a"))
    )
    found = reading.recognise(path).finder(path)
    frame = reading.read(path).frame.collect()
    assert frame.height == 3
    for cell in frame.iter_rows(named=True):
        assert found(cell["locator"]) == cell["raw"]
    with pytest.raises(FormatError, match="no cell 9"):
        found(pack(1, 9))


def test_titles_list_acts_with_their_letters() -> None:
    title = "Definitive signature or participation in the Convention and the Protocol, Participation(P)"
    assert untc_tables.acts_of_title(title) == {
        "": "Definitive signature or participation in the Convention and the Protocol",
        "P": "Participation",
    }
    assert untc_tables.acts_of_title("Accession(a), Succession(d)") == {"a": "Accession", "d": "Succession"}


XML = """<?xml version="1.0" encoding="iso-8859-1"?>
<Treaty><Header><ExternalData><Titlesect>Convention on Something</Titlesect></ExternalData></Header>
<Participants><Table><TGroup><Thead><Row><Entry>Participant</Entry><Entry>Signature</Entry>
<Entry>Ratification, Accession(a)</Entry></Row></Thead><Tbody><Rows>
<Row><Entry>C\u00f4te d'Ivoire&lt;superscript&gt;2&lt;/superscript&gt;</Entry><Entry/><Entry>5 May\t1993 a</Entry></Row>
<Row><Entry>China</Entry><Entry>29 Aug 1990</Entry><Entry>2 Mar 1992</Entry></Row>
</Rows></Tbody></TGroup></Table></Participants>
<Declarations><Declaration><Participant>China&lt;superscript&gt;3&lt;/superscript&gt;</Participant>
<Text type="para">Declaration:</Text><Text type="para">Article 8 is applied as of 2 March 1992.</Text></Declaration>
</Declarations></Treaty>"""


def test_xml_is_read_in_the_encoding_that_it_declares_without_its_notes(tmp_path: Path) -> None:
    path = write_payload(tmp_path, XML.encode("latin-1"))
    cells = reading.read(path)
    assert cells.format == "untc_xml"
    frame = cells.frame.filter(pl.col("part") == "participants").collect()
    assert frame.select("participant", "act", "flag").rows() == [
        ("C\u00f4te d'Ivoire", "Accession", "a"),
        ("China", "Signature", ""),
        ("China", "Ratification", ""),
    ]
    found = reading.recognise(path).finder(path)
    assert [found(at) for at in frame["locator"]] == frame["raw"].str.replace("\t", " ").to_list()


def test_statements_of_a_party_are_read_from_the_xml_in_its_own_words(tmp_path: Path) -> None:
    xml = XML.replace("Convention on Something", "Convention on the Rights of the Child").encode("latin-1")
    path = write_payload(tmp_path, xml)
    expected = read_law_rows(path, "untc/statement_texts").observations
    words = "Declaration: Article 8 is applied as of 2 March 1992."
    assert expected.select("instrument", "jurisdiction", "statement", "text", "date_precision").rows() == [
        ("IV-11", "CHN", "declaration", words, "unknown")
    ]
    assert reading.recognise(path).finder(path)(expected["locator"].item()) == words
    assert acts(read_law_rows(path, "untc/volumes").observations) == [
        ("CHN", "ratify", date(1992, 3, 2)),
        ("CHN", "sign", date(1990, 8, 29)),
    ]


def test_texts_of_reservations_are_requested_and_not_released() -> None:
    untc = publishers()["untc"]
    requests = requests_for(untc, "statement_texts")
    assert len(requests) == 22
    assert requests[0].url.endswith("/doc/Publication/MTDSG/Volume%20I/Chapter%20IV/IV-2.en.xml")
    assert untc.licence_of("statement_texts").redistribution == "unknown"
    assert requests_for(untc, "volumes") == []


def test_xml_with_entities_is_refused(tmp_path: Path) -> None:
    bomb = XML.replace("<Treaty>", '<!DOCTYPE Treaty [<!ENTITY a "aaaa">]><Treaty>', 1)
    with pytest.raises(FormatError, match="declares a type or entities"):
        reading.read(write_payload(tmp_path, bomb.encode("latin-1")))


STATUS = {"status": {"alternatives": [{"mtdsg_no": ["IV-11"], "chapter": ["4"]}]}}
TEXTS = {"statement_texts": {"alternatives": [{"number": ["IV-11"], "volume": ["I"], "chapter": ["IV"]}]}}
CLOSED = "<html><body>treaties.un.org is undergoing urgent maintenance and is currently unavailable.</body></html>"


@contextmanager
def collection(
    monkeypatch: pytest.MonkeyPatch, data: Path, entry: Mapping[str, Mapping[str, object]], *bodies: str | bytes
) -> Iterator[tuple[Workspace, Loopback]]:
    """A workspace that requested the collection once for each body, which came with status 200."""
    texts = [body if isinstance(body, bytes) else body.encode() for body in bodies]
    with serve(*(reply(text, Content_Type="text/html") for text in texts)) as server:
        entries = {"untc": publisher_at(publishers()["untc"], server.url, **entry)}
        monkeypatch.setattr(catalogue, "publishers", lambda: entries)
        workspace = Workspace(data, "live")
        for _ in bodies:
            for name in entry:
                receive(workspace, entries["untc"], name)
        yield workspace, server


def test_a_live_status_page_is_read_with_columns_in_any_order_and_kept_during_maintenance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = untc_page(("Participant", "Signature", "Ratification"), ("China", "29 Aug 1990", "2 Mar 1992"))
    turned = untc_page(("Participant", "Ratification", "Signature"), ("China", "2 Mar 1992", "28 Aug 1990"))
    wrong = untc_page(("Signature", "Participant", "Ratification"), ("29 Aug 1990", "China", "2 Mar 1992"))
    with collection(monkeypatch, tmp_path / "data", STATUS, good, turned, wrong, CLOSED) as (workspace, server):
        assert [request.path for request in server.received] == [
            "/Pages/ViewDetails.aspx?src=TREATY&clang=_en&mtdsg_no=IV-11&chapter=4"
        ] * 4
        made = stages.observations(workspace, "untc/status")
        assert acts(made.frame.collect()) == [("CHN", "ratify", date(1992, 3, 2)), ("CHN", "sign", date(1990, 8, 28))]
        assert ["notice of maintenance" in line for line in made.failures] == [True, False]
        assert "Participant was expected first" in made.failures[1]


def test_live_texts_of_reservations_come_from_the_volumes_and_are_kept_during_maintenance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    xml = XML.replace("Convention on Something", "Convention on the Rights of the Child").encode("latin-1")
    with collection(monkeypatch, tmp_path / "data", TEXTS, xml, CLOSED) as (workspace, server):
        assert [request.path for request in server.received] == [
            "/doc/Publication/MTDSG/Volume%20I/Chapter%20IV/IV-11.en.xml"
        ] * 2
        made = stages.observations(workspace, "untc/statement_texts")
        assert made.frame.collect()["text"].to_list() == ["Declaration: Article 8 is applied as of 2 March 1992."]
        assert "notice of maintenance" in made.failures[0]


NORMLEX = """<html><head><title>NORMLEXPUB</title></head><body>
<h1>Ratifications of C029 - Forced Labour Convention, 1930 (No. 29)</h1>
<table><tr><td>Date of entry into force: 01 May 1932</td></tr></table>
<table><tr><th>Country</th><th>Date</th><th>Status</th><th>Note</th></tr>
<tr><td><a>China</a></td><td>12 Aug 2022</td><td>Not in force   </td>
<td>The Convention will enter into force for China on 12 Aug 2023.</td></tr>
<tr><td><a>France</a></td><td>24 juin 1937</td><td>En vigueur</td><td></td></tr></table></body></html>"""


def test_normlex_dates_a_registration_and_the_entry_into_force_that_its_note_announces(tmp_path: Path) -> None:
    path = write_payload(tmp_path, NORMLEX)
    rows = read_law_rows(path, "ilo/ratifications").observations
    assert acts(rows) == [
        ("CHN", "enter_into_force", date(2023, 8, 12)),
        ("CHN", "ratify", date(2022, 8, 12)),
        ("FRA", "ratify", date(1937, 6, 24)),
        ("_T", "enter_into_force", date(1932, 5, 1)),
    ]
    found = reading.recognise(path).finder(path)
    assert found(rows.filter(pl.col("jurisdiction") == "FRA")["locator"].item()) == "24 juin 1937"


def test_the_page_of_a_bot_protection_is_refused(tmp_path: Path) -> None:
    guard = "<html><head><title>Just a moment...</title></head><body>normlex.ilo.org needs to review you</body></html>"
    with pytest.raises(FormatError, match="bot protection"):
        reading.read(write_payload(tmp_path, guard))


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("2 Mar 1992", date(1992, 3, 2), "day"),
        ("01 févr. 2013", date(2013, 2, 1), "day"),
        ("3 août 1999", date(1999, 8, 3), "day"),
        ("18/3/1992", date(1992, 3, 18), "day"),
        ("1992-03", date(1992, 3, 1), "month"),
        ("1992", date(1992, 1, 1), "year"),
        ("", None, "unknown"),
    ],
)
def test_dates_have_their_precision(text: str, day: date | None, precision: str) -> None:
    assert parse_date(text) == (day, precision)


@pytest.mark.parametrize("text", ["1992-03-02 a", "31 Feb 1992", "2 Foo 1992", "about 1992"])
def test_a_text_that_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(StructureError):
        parse_date(text)


CITED = {
    "instrument": "V-3",
    "jurisdiction": "MLT",
    "event": "accede",
    "date": "2019-12-11",
    "date_precision": "day",
    "territorial_scope": "_T",
    "basis": "treaty",
    "source": "Statelessness Index",
    "confidence": "high",
}


@pytest.mark.parametrize(
    ("source", "why"),
    [("", "has no source"), ("(general legal knowledge; not seen)", "memory as its source, which is not a source")],
)
def test_a_statement_without_a_source_or_from_memory_is_refused(tmp_path: Path, source: str, why: str) -> None:
    path = write_payload(tmp_path, events_csv(CITED, CITED | {"source": source}))
    with pytest.raises(FormatError, match=why):
        reading.read(path)


def test_a_statement_is_an_event_with_its_source(tmp_path: Path) -> None:
    row = read_law_rows(write_payload(tmp_path, events_csv(CITED)), "citations/events").observations.row(0, named=True)
    assert (row["event"], row["date"], row["source"]) == ("accede", date(2019, 12, 11), "Statelessness Index")
    assert row["provision"] is None


# The hosts of those who publish the list or the gazette: the Union and its agencies, the depositaries, states.
AUTHORITIES = (
    *(
        "europa.eu",
        "coe.int",
        "un.org",
        "ohchr.org",
        "ilo.org",
        "gov.cn",
        "overheid.nl",
        "officielebekendmakingen.nl",
        "eu.dk",
        "ft.dk",
        "legislation.gov.uk",
    ),
    *(
        "boe.es",
        "dgert.gov.pt",
        "gov.hk",
        "gov.mo",
        "china-embassy.org",
        "irishstatutebook.ie",
        "mzv.cz",
        "gv.at",
        "finlandabroad.fi",
        "varuh-rs.si",
        "lamoncloa.gob.es",
    ),
)


@pytest.mark.parametrize("name", ["citations.csv", "reservations.csv", "provisions.csv", "visa_categories.csv"])
def test_statements_of_third_parties_have_no_high_confidence(name: str) -> None:
    with (ROOT / "tools" / "snapshot" / "recorders" / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sure = [row for row in rows if row["confidence"] == "high"]
    hosts = {urlsplit(row["source_url"]).hostname or "" for row in sure}
    assert sure
    assert {host for host in hosts if not f".{host}".endswith(tuple(f".{one}" for one in AUTHORITIES))} == set()


def test_a_reservation_is_a_row_of_its_own_with_its_articles(tmp_path: Path) -> None:
    text = (
        "instrument,jurisdiction,statement,date,date_precision,territorial_scope,provision,text,source,source_url,confidence\n"
        'V-3,MLT,reservation,2019-12-11,day,_T,"Articles 11, 14 and 32",,Statelessness Index,,high\n'
        "IV-4,DEU,declaration,,unknown,_T,,,the list,,high\n"
    )
    rows = read_law_rows(write_payload(tmp_path, text), "citations/statements").observations
    assert rows.select("jurisdiction", "statement", "date", "provision").rows() == [
        ("MLT", "reservation", date(2019, 12, 11), "Articles 11, 14 and 32"),
        ("DEU", "declaration", None, None),
    ]


def test_every_treaty_and_jurisdiction_has_an_event_or_a_listed_gap(built: Built) -> None:
    treaties = codes.instruments().filter(pl.col("scheme").is_in(("mtdsg", "ilo", "cets")))["instrument"]
    states = codes.areas().filter(pl.col("in_scope"), pl.col("kind") == "state")["area"]
    events = built.table("legal_event").filter(pl.col("event").is_in((*CONSENT, "sign", "not_party"))).collect()
    gaps = built.table("legal_gap").filter(pl.col("aspect") == "consent").collect()
    known = set(events.select("instrument", "jurisdiction").iter_rows())
    listed = set(gaps.select("instrument", "jurisdiction").iter_rows())
    assert (len(treaties), len(states)) == (29 + 18 + 2, 28)
    assert known.isdisjoint(listed)
    assert {(treaty, state) for treaty in treaties for state in states} - known == listed


@pytest.mark.corpus
class TestEventsOfLists:
    """The events of a release are those of the corpus, which is read with independent code."""

    def test_every_signature_and_consent_of_the_28_and_the_union(self, built: Built, corpus: Path) -> None:
        ours = built.table("legal_event").filter(pl.col("dataset") == "untc/status").collect()
        mine = set(ours.select("instrument", "jurisdiction", "date").iter_rows())
        with (corpus / "legal/derived/un_treaty_status_EU27_CHN_asof2015.tsv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        theirs = {
            (row["mtdsg_no"], row["jurisdiction"], date.fromisoformat(row[column]))
            for row in rows
            for column in ("signature_date", "consent_date")
            if row[column]
        }
        assert len(theirs) > 600
        treaties = {row["mtdsg_no"] for row in rows}
        assert {item for item in mine if item[0] in treaties} == theirs

    def test_the_kind_of_each_consent_is_its_letter(self, built: Built, corpus: Path) -> None:
        kinds = {"": "ratify", "a": "accede", "d": "succeed", "A": "accept", "AA": "approve"}
        ours = built.table("legal_event").filter(pl.col("instrument") == "XVIII-12").collect()
        consents = ours.filter(pl.col("event") != "sign").select("jurisdiction", "date", "event")
        mine = {(area, day): event for area, day, event in consents.iter_rows()}
        text = (corpus / "legal/untreaty_2015/zmjones_18-12.csv").read_text(encoding="utf-8")
        checked = 0
        names = {"China": "CHN", "Greece": "GRC", "Finland": "FIN", "Netherlands": "NLD", "European Union": "EU"}
        for name, area in names.items():
            found = re.search(rf"^{name},[^,]*,(\d+ \w+ \d+) ?(\w*)$", text, re.MULTILINE)
            assert found, name
            day = datetime.strptime(found[1], "%d %b %Y").replace(tzinfo=UTC).date()
            assert mine[area, day] == kinds[found[2]], name
            checked += 1
        assert checked == 5

    def test_at_most_one_year_in_two_hundred_differs_from_the_file_of_2022(self, built: Built, corpus: Path) -> None:
        """The corpus lacks the file itself; a table derived from it states where it agrees."""
        with (corpus / "legal/derived/un_treaty_status_EU27_CHN_updated.tsv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file, delimiter="\t") if row["check_2022_file"]]
        events = built.table("legal_event").filter(pl.col("event") != "sign").collect()
        days = {
            (row[0], row[1], row[2].year)
            for row in events.select("instrument", "jurisdiction", "date").iter_rows()
            if row[2]
        }
        agree = [row for row in rows if row["consent_date"]]
        missing = [
            row for row in agree if (row["mtdsg_no"], row["jurisdiction"], int(row["consent_date"][:4])) not in days
        ]
        assert len(agree) > 150
        assert missing == []
        assert sum(row["check_2022_file"].startswith("DIFF") for row in rows) <= len(rows) // 200 + 1

    def test_at_most_one_act_in_two_hundred_differs_from_another_copy_of_2012(self, built: Built, corpus: Path) -> None:
        """The titles of amendments and of other protocols begin with the same words, so that each is named in full."""
        every = built.table("legal_event").collect()
        status = every.filter(pl.col("dataset") == "untc/status")
        # The acts of the optional protocols are in another dataset.
        cited = (pl.col("dataset") == "citations/events") & ~pl.col("instrument").is_in(status["instrument"].implode())
        events = pl.concat([status, every.filter(cited)])
        ours: dict[tuple[str, str, bool], set[date]] = {}
        for row in events.filter(pl.col("date") < date(2012, 1, 1)).iter_rows(named=True):
            key = (row["instrument"], row["jurisdiction"], row["event"] == "sign")
            ours.setdefault(key, set()).add(row["date"])
        titles = {title.casefold(): number for title, number in publishers()["untc"].codes["titles"].items()}
        areas = codes.areas().filter(pl.col("in_scope"), pl.col("kind") == "state")
        names = dict(areas.select("name_en", "area").iter_rows()) | {"Czech Republic": "CZE", "European Union": "EU"}
        checked, wrong = 0, []
        with (corpus / "legal/untreaty_2012/diriwa_un_treaties.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                title = re.split(r"\.[ \u00a0]+(?:New York|Geneva)", row["Treaty"])[0].casefold()
                instrument, area = titles.get(title), names.get(re.sub(r"[\d ,]+$", "", row["Country"]))
                # The copy has definitive signatures in the column of signatures; our tables have them as consent.
                if instrument is None or area is None or instrument in ("XVIII-1", "XVIII-2", "XVIII-3"):
                    continue
                for column, signed in (("Signature", True), ("Ratification", False)):
                    expected = re.findall(r"\d{1,2} \w{3} \d{4}", row[column])
                    days = {day for text in expected if (day := parse_date(text)[0]) and day < date(2012, 1, 1)}
                    checked += len(days)
                    if days != ours.get((instrument, area, signed), set()):
                        wrong.append((instrument, area, column, row[column]))
        assert checked > 700
        assert wrong == [("IV-11", "AUT", "Signature", "26 Aug 1990")]
        assert len(wrong) <= checked // 200

    def test_the_acts_of_china_equal_those_of_the_corpus(self, built: Built) -> None:
        events = built.table("legal_event").filter(pl.col("jurisdiction") == "CHN").collect()
        expected = {(row[0], row[1]): row[2] for row in events.select("instrument", "event", "date").iter_rows()}
        for instrument, event, day in (
            ("V-2", "accede", date(1982, 9, 24)),
            ("V-5", "accede", date(1982, 9, 24)),
            ("IV-3", "ratify", date(2001, 3, 27)),
            ("IV-4", "sign", date(1998, 10, 5)),
            ("XVIII-12-a", "accede", date(2010, 2, 8)),
            ("XVIII-12-a", "enter_into_force", date(2010, 3, 10)),
            ("C029", "enter_into_force", date(2023, 8, 12)),
        ):
            assert expected[instrument, event] == day, instrument
        acts = {instrument for instrument, event in expected if event != "not_party"}
        assert not acts & {"IV-13", "V-3", "V-4", "XVIII-12-b", "XVIII-4"}

    def test_the_chart_of_the_council_of_europe(self, built: Built, corpus: Path) -> None:
        ours = built.table("legal_event").filter(pl.col("dataset") == "coe/chart").collect()
        mine = set(ours.select("instrument", "jurisdiction", "event", "date").iter_rows())
        with (corpus / "legal/derived/coe_treaty_status_EU27_asof2012.tsv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file, delimiter="\t") if row["jurisdiction"] != "CHN"]
        columns = {"sign": "signature_date", "ratify": "ratification_date", "enter_into_force": "entry_into_force"}
        theirs = {
            (instrument, row["jurisdiction"], event, date.fromisoformat(row[column]))
            for row in rows
            for event, column in columns.items()
            for instrument in ({"CETS197": "CETS197", "ETS093": "ETS093", "ETS93": "ETS093"}.get(row["treaty"], ""),)
            if row[column] and instrument
        }
        assert theirs == mine

    def test_the_fabricated_index_is_recognised_and_refused(self, corpus: Path) -> None:
        with pytest.raises(FormatError, match="a model made up its values"):
            reading.read(corpus / "legal/mipex/REJECT_evidora_mipex_llm_approximation.json")

    def test_who_made_a_statement_to_which_treaty(self, built: Built, corpus: Path) -> None:
        ours = built.table("reservation").filter(pl.col("dataset") == "untc/statements").collect()
        text = (corpus / "legal/untreaty_2015/zmjones_decl_4-3.txt").read_text(encoding="utf-8")
        names = {"CHN": "China", "DNK": "Denmark", "FRA": "France", "IRL": "Ireland", "POL": "Poland", "FIN": "Finland"}
        mine = set(ours.filter(pl.col("instrument") == "IV-3")["jurisdiction"])
        for area, name in names.items():
            assert (re.search(rf"^#{name}$", text, re.MULTILINE) is not None) == (area in mine), name

    def test_recording_twice_gives_the_same_bytes(self, corpus: Path, tmp_path: Path) -> None:
        from sources.snapshot import payloads
        from tools.snapshot.record import write_snapshot

        ours = ["untc", "coe", "cellar", "ilo", "citations"]
        again = write_snapshot(corpus, tmp_path, ours)
        assert {payload.file for payload in again} == {p.file for p in payloads() if p.publisher in ours}
        for payload in again:
            assert (tmp_path / payload.file).read_bytes() == (FOLDER / payload.file).read_bytes(), payload.file
