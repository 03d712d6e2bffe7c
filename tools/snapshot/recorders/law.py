"""Recorders of law: who signed which treaty and consented to it, and the known dates of the acts of the Union.

The corpus contains public copies of the lists of the depositaries, and facts with the source that states each. Facts
without such a text are left out: the table ``legal_gap`` lists what is missing because there is no source.
``citations.csv`` is kept by hand; each row has the publication that states it.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import orjson

from sources.catalogue import publishers
from sources.formats.delimited.law_csv import EVENTS, STATEMENTS
from sources.protocols.requests import closed_editions, requests_for
from tools.snapshot.corpus import read_csv, read_legal_facts
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, find_country, utc

_UNTC = (
    "United Nations Treaty Collection, status of treaties on 14 March 2015, through a public copy of its pages "
    "(github.com/zmjones/untreaties)"
)


def untc(corpus: Path) -> Iterator[NewPayload]:
    """Yield the status page of each treaty with every participant, because a missing participant means no signature."""
    for request in requests_for(publishers()["untc"], "status"):
        number = dict(request.params)["mtdsg_no"]
        chapter, _, rest = number.partition("-")
        copy = corpus / f"legal/untreaty_2015/zmjones_{_CHAPTERS[chapter]}-{rest}.csv"
        if not copy.exists():
            continue
        with copy.open(encoding="utf-8", newline="") as file:
            titles, *rows = csv.reader(file)
        yield NewPayload(
            request=request,
            body=_untc_page(number, titles, rows),
            media_type="text/html; charset=utf-8",
            edition=_UNTC,
            as_of=utc(2015, 3, 14),
        )

    (request,) = closed_editions(publishers()["untc"], "statements")
    yield NewPayload(request, _table(STATEMENTS, _untc_statements(corpus)), "text/csv", _UNTC, utc(2015, 3, 14))


def _untc_statements(corpus: Path) -> list[dict[str, str]]:
    """Return who made a statement to which treaty, with its kind if the text begins with the name of the kind.

    ``summaries.csv`` has the content of statements in our own words, with the articles. A row with a kind in
    ``statement`` is of a treaty whose statements are not in the corpus, but were read in the same copy. A statement to
    a treaty on refugees or stateless persons has no day of its own; it was made no later than the consent of the party,
    because later reservations are not possible (Article 19 of the Vienna Convention on the Law of Treaties).
    """
    with Path(__file__).with_name("summaries.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    summaries = {(row["instrument"], row["jurisdiction"]): row for row in listed}
    rows = [_summarised(row) for row in listed if row["statement"]]
    for request in requests_for(publishers()["untc"], "status"):
        number = dict(request.params)["mtdsg_no"]
        chapter, _, rest = number.partition("-")
        copy = corpus / f"legal/untreaty_2015/zmjones_decl_{_CHAPTERS[chapter]}-{rest}.txt"
        sections = copy.read_text(encoding="utf-8").split("\n#") if copy.exists() else []
        for section in sections:
            name, _, text = section.lstrip("#").partition("\n")
            area = (_MEMBERS | {"China": "CHN", "European Union": "EU"}).get(name.strip())
            if area is None:
                continue
            kind = next((word for word in ("reservation", "declaration") if text.lower().startswith(word)), "statement")
            summary = summaries.get((number, area), {})
            # The Union's statements name articles of its own Treaties.
            articles = "" if area == "EU" else _articles(text)
            rows.append(
                _statement(number, area, kind)
                | _made_by(number, name.strip(), corpus)
                | {
                    "provision": summary.get("provision") or articles,
                    "text": summary.get("text", ""),
                    "source": _UNTC.partition(", through")[0],
                    "source_url": request.full_url,
                }
            )
    return rows


def _summarised(row: dict[str, str]) -> dict[str, str]:
    """Return the statement of which a row of ``summaries.csv`` has everything that is known."""
    number = row["instrument"]
    address = f"https://treaties.un.org/Pages/ViewDetails.aspx?src=TREATY&mtdsg_no={number}&clang=_en"
    content = {"provision": row["provision"], "text": row["text"], "source": _UNTC.partition(", through")[0]}
    return _statement(number, row["jurisdiction"], row["statement"]) | content | {"source_url": address}


def _made_by(number: str, participant: str, corpus: Path) -> dict[str, str]:
    """Return the day of consent of the participant as the latest day of its statement; nothing for other chapters."""
    chapter, _, rest = number.partition("-")
    if chapter != "V":
        return {}
    with (corpus / f"legal/untreaty_2015/zmjones_{_CHAPTERS[chapter]}-{rest}.csv").open(encoding="utf-8") as file:
        cells = [row[-1] for row in csv.reader(file) if row[0] == participant]
    matches = [match for cell in cells for match in re.findall(r"(\d{1,2}) +([A-Z][a-z]{2}) +(\d{4})", cell)]
    days = [f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}" for day, month, year in matches]
    return {"date": days[0], "date_precision": "by"} if days else {}


def _articles(text: str) -> str:
    """Return the articles of the treaty that a statement names, without those of constitutions and other treaties."""
    found = {
        int(number)
        for match in _ARTICLES.finditer(text)
        if not _OTHERS.match(text, match.end(), match.end() + 80)
        for number in re.findall(r"\b\d{1,2}\b", re.sub(r"\([^)]*\)", "", match[1]))
    }
    return f"Article{'s' if len(found) > 1 else ''} {', '.join(map(str, sorted(found)))}" if found else ""


_ARTICLES = re.compile(
    r"\barticles?\s+((?:\d{1,2}(?:\s*\(\w+\))*(?:\s*(?:,|;|and|to|or|-)\s*(?:articles?\s+)?)?)+)", re.IGNORECASE
)
_OTHERS = re.compile(
    r"[^.;]*?\b(?:Constitution|Code|Act|Law|Decree|Charter|European|Vienna|Additional|Ordinance|Rules|Treaty)\b"
)


_CHAPTERS = {"IV": "4", "V": "5", "XVIII": "18"}


def _untc_page(number: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Return a status page with the list of the collection's page and nothing else of it."""
    address = f"./ViewDetails.aspx?src=TREATY&amp;mtdsg_no={number}&amp;clang=_en"
    lines = [_row("th", titles), *(_row("td", row) for row in rows)]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html><head><meta charset="utf-8"><title>UNTC</title></head><body>',
            f'<form method="post" action="{address}">',
            "<div>STATUS AS AT : 14-03-2015 05:00:00 EDT</div>",
            "<table>",
            *lines,
            "</table></form></body></html>",
            "",
        ]
    ).encode()


def _row(tag: str, texts: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"


_CELLAR = (
    "CELLAR, harvest of directives of 3 March 2026, through a public copy (github.com/henrikaavik/"
    "estonian-legal-ontology)"
)


def cellar(corpus: Path) -> Iterator[NewPayload]:
    """Yield the response to the query of acts: the day of adoption of each directive. The copy has no other date."""
    graph = json.loads((corpus / "legal/cellar/estleg_eurlex_directives_peep.json").read_bytes())["@graph"]
    days = {item["estleg:celexNumber"]: item["estleg:documentDate"]["@value"] for item in graph if _dated(item)}
    for request in requests_for(publishers()["cellar"], "acts"):
        requested = [number for number in sorted(days) if f"celex:{number} " in dict(request.params)["query"] + " "]
        rows = [{"celex": number, "property": "date_document", "date": days[number]} for number in requested]
        yield NewPayload(
            request=request,
            body=_bindings([*rows, {"probe": days["32001L0055"]}]),
            media_type="application/sparql-results+json",
            edition=_CELLAR,
            as_of=utc(2026, 3, 3),
        )


def _dated(item: dict[str, object]) -> bool:
    return "estleg:celexNumber" in item and "estleg:documentDate" in item


def _bindings(rows: Sequence[dict[str, str]]) -> bytes:
    """Return rows as the result of a SPARQL query."""
    names = ("celex", "property", "date", "meaning", "other", "probe")
    bound = [{name: {"type": "literal", "value": value} for name, value in row.items()} for row in rows]
    results = {"distinct": False, "ordered": True, "bindings": bound}
    return orjson.dumps({"head": {"link": [], "vars": names}, "results": results})


_COE = (
    "Council of Europe Treaty Office, charts of signatures and ratifications of April 2012, through a public copy "
    "(github.com/smari/DiRiWa)"
)
_CHARTS = {
    "Council of Europe Convention on Action against Trafficking in Human Beings": "CETS197",
    "European Convention on the Legal Status of Migrant Workers": "ETS093",
}


def coe(corpus: Path) -> Iterator[NewPayload]:
    """Yield signatures, ratifications and entries into force of the two conventions for the members of the Union."""
    rows: list[dict[str, str]] = []
    for row in read_csv(corpus / "legal/coe/diriwa_coe_conventions.csv"):
        area = _MEMBERS.get(row["Country"])
        instrument = _CHARTS.get(row["treaty"])
        if area is None or instrument is None:
            continue
        for event, column in (("sign", "Signature"), ("ratify", "Ratification"), ("enter_into_force", "Entry")):
            if row[column].strip():
                rows.append(_treaty_event(instrument, area, event, row[column].strip(), _COE))
    (request,) = closed_editions(publishers()["coe"], "chart")
    yield NewPayload(request, _table(EVENTS, rows), "text/csv", _COE, utc(2012, 4, 30))
    (request,) = closed_editions(publishers()["coe"], "statements")
    yield NewPayload(request, _table(STATEMENTS, _coe_statements(corpus)), "text/csv", _COE, utc(2012, 4, 30))


def _coe_statements(corpus: Path) -> list[dict[str, str]]:
    """Return a statement for each mark for a reservation or declaration in the charts."""
    source = {"source": _COE.partition(", through")[0], "source_url": "https://www.coe.int/en/web/conventions"}
    return [
        _statement(_CHARTS[row["treaty"]], _MEMBERS[row["Country"]], kind) | source
        for row in read_csv(corpus / "legal/coe/diriwa_coe_conventions.csv")
        for kind, column in (("reservation", "Reservations"), ("declaration", "Declarations"))
        if row["treaty"] in _CHARTS and row["Country"] in _MEMBERS and row[column].strip()
    ]


def _statement(instrument: str, area: str, kind: str) -> dict[str, str]:
    """Return a statement of which only the kind is known."""
    return dict.fromkeys(STATEMENTS, "") | {
        "instrument": instrument,
        "jurisdiction": area,
        "statement": kind,
        "date_precision": "unknown",
        "territorial_scope": "_T",
        "confidence": "high",
    }


def _treaty_event(instrument: str, area: str, event: str, day: str, source: str) -> dict[str, str]:
    number, month, year = day.split("/")
    return dict.fromkeys(EVENTS, "") | {
        "instrument": instrument,
        "jurisdiction": area,
        "event": event,
        "date": f"{year}-{int(month):02}-{int(number):02}",
        "date_precision": "day",
        "territorial_scope": "_T",
        "basis": "treaty",
        "source": source.partition(", through")[0],
        "source_url": "https://www.coe.int/en/web/conventions",
        "confidence": "high",
    }


def _table(header: Sequence[str], rows: Sequence[dict[str, str]]) -> bytes:
    """Return the rows as CSV, in order and without duplicates."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(sorted({tuple(row[name] for name in header) for row in rows}))
    return text.getvalue().encode()


_NORMLEX = "ILO, NORMLEX, ratifications of C097 as they were in 2024, through a public copy of the French page"


def ilo(corpus: Path) -> Iterator[NewPayload]:
    """Yield the ratifications of C097 that a copy of NORMLEX has; there are no copies of the other pages."""
    facts = read_legal_facts(corpus)
    rows = [row for row in facts if row["instrument"] == "ILO_C097" and row["source_title"].startswith("NORMLEX")]
    parties = [
        (find_country(row["jurisdiction"]).name, row["date"]) for row in rows if row["attribute"] == "ratification"
    ]
    request = next(r for r in requests_for(publishers()["ilo"], "ratifications") if "312242" in r.slice)
    yield NewPayload(request, _normlex(parties), "text/html; charset=utf-8", _NORMLEX, utc(2024, 1, 1))


def _normlex(parties: Sequence[tuple[str, str]]) -> bytes:
    """Return a page of NORMLEX with the list of the ILO's page and nothing else of it."""
    titles = ("Country", "Date", "Status", "Note")
    lines = [_row("td", (name, _normlex_date(day), "In Force   ", "")) for name, day in sorted(parties)]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html><head><meta charset="utf-8"><title>NORMLEXPUB</title></head><body>',
            "<h1>Ratifications of C097 - Migration for Employment Convention (Revised), 1949 (No. 97)</h1>",
            f"<table>{_row('td', ('Date of entry into force: 22 Jan 1952',))}</table>",
            "<table>",
            _row("th", titles),
            *lines,
            "</table></body></html>",
            "",
        ]
    ).encode()


def _normlex_date(day: str) -> str:
    """Return an ISO date in the form of NORMLEX: ``22 Jan 1952``."""
    year, month, number = day.split("-")
    return f"{number} {_MONTHS[int(month) - 1]} {year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


_KEPT_BY_HAND = (
    ("events", "citations.csv"),
    ("statements", "reservations.csv"),
    ("provisions", "provisions.csv"),
    ("visa_categories", "visa_categories.csv"),
)


def citations(corpus: Path) -> Iterator[NewPayload]:  # noqa: ARG001 - the tables are next to this module
    """Yield the events, statements, limits and categories of visas that single publications state."""
    edition = "Single publications, each named in its row, seen until November 2026"
    for name, file in _KEPT_BY_HAND:
        (request,) = closed_editions(publishers()["citations"], name)
        yield NewPayload(request, Path(__file__).with_name(file).read_bytes(), "text/csv", edition, utc(2026, 11, 24))


_MEMBERS = {find_country(area).name: area for area in JURISDICTIONS} | {"Czech Republic": "CZE"}
