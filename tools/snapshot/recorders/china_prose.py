"""Recorder of China's publishers of prose: the known figures of their documents, one table for each dataset.

Each figure has the title and date of its document and the address where it was read. The same declared patterns that
read a live page read its statement, period and value from a short wording. A wording whose figure differs from that of
the copy gives no row. ``communiques.csv`` has further figures, read in the same way from pages that contain a document
in full or a news agency's report of it. If several documents state the same figure of one period, the recorder uses the
most precise one.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sources.catalogue import publishers
from sources.catalogue.model import Dataset
from sources.formats.delimited import figures_csv
from sources.formats.delimited.figures_csv import CODED, COLUMNS
from sources.prose import reader
from sources.prose.article import normalised
from sources.prose.language.quantities import figure
from sources.prose.locators import span
from sources.prose.statements import FIELDS, statements
from sources.protocols.requests import closed_editions
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import NewPayload, UnequalFiguresError, only_request

_PUBLISHERS = {
    "nia": ("国家移民管理局 (National Immigration Administration)",),
    "nbs": (
        "国家统计局 (NBS)",
        "国家统计局 (National Bureau of Statistics)",
        "国家统计局《中国统计年鉴》 (NBS China Statistical Yearbook, MPS data)",
    ),
    "moe": ("教育部 (Ministry of Education)",),
    "mofcom": ("商务部 (MOFCOM)", "商务部/中国对外承包工程商会"),
    "mps": ("公安部 (Ministry of Public Security)",),
    "spp": ("最高人民检察院 (SPP)",),
    "mfa": ("外交部领事司 (MFA Consular Department)",),
    "spc": (),
    "nhc": ("国家卫健委 (NHC), citing NBS", "国家卫健委 (National Health Commission)"),
}
# A table whose sums are correct for every year, and reports of years whose releases are in no copy.
_CITED = re.compile(r"表1 农民工规模|citing MOFCOM|中国对外劳务合作发展报告")
_OWN_TABLE = Path(__file__).with_name("communiques.csv")
_SCALES = {"亿": 100_000_000, "万": 10_000, "million": 1_000_000}

Fact = dict[str, str]
Row = dict[str, Any]


def build_payloads(publisher: str, corpus: Path) -> Iterator[NewPayload]:
    """Yield a table of figures for each of the publisher's datasets that has any."""
    facts = [fact for fact in _facts(corpus) if fact["publisher"] in _PUBLISHERS[publisher]]
    rows = [*(row for fact in facts for row in _read(publisher, fact)), *_own_rows(publisher)]
    entry = publishers()[publisher]
    tables = {name: dataset.table for name, dataset in entry.datasets.items() if _has_figures(dataset)}
    first = next(iter(tables), None)
    for name, published in tables.items():
        # Figures of other tables are kept with the first dataset; no published row is made of them.
        best = _most_precise(
            row for row in rows if row["table"] == published or (name == first and row["table"] not in tables.values())
        )
        if best:
            yield NewPayload(
                request=only_request(
                    [request for request in closed_editions(entry, name) if request.slice == "figures"]
                ),
                body=_csv(publisher, best),
                media_type="text/csv",
                edition=_edition(best),
                as_of=_as_of(best),
            )


def _has_figures(dataset: Dataset) -> bool:
    return any(edition.id == "figures" for edition in dataset.editions)


def _facts(corpus: Path) -> list[Fact]:
    """Return the facts of high confidence, and those of medium confidence that a later report cites."""
    text = (corpus / "china/facts.tsv").read_text(encoding="utf-8")
    names, *lines = (line.split("\t") for line in text.splitlines())
    facts = [dict(zip(names, line, strict=True)) for line in lines] + list(_provinces(corpus))
    return [fact for fact in facts if fact["confidence"] == "high" or _CITED.search(fact["title"])]


def _provinces(corpus: Path) -> Iterator[Fact]:
    """Yield as facts the persons separated from their registration in each province, from the yearbook of 2021."""
    for row in read_csv(corpus / "china/census_2020/provinces_hukou_separated_2020_yearbook2021.tsv", delimiter="\t"):
        for side in ("省内", "省外"):
            yield {
                "publisher": "国家统计局 (NBS)",
                "title": "中国统计年鉴2021",
                "date": "2021",
                "url": "http://www.stats.gov.cn/sj/ndsj/2021/indexch.htm",
                "exact_phrase_zh": f"{row['地区']}人户分离人口中,{side}{row[side]}人",
                "period": "2020-11-01",
                "value": row[side],
                "unit": "人",
                "confidence": "high",
            }


def _read(publisher: str, fact: Fact) -> list[Row]:
    """Return the figures in the wording of a fact if the figure of the fact is among them, else nothing."""
    wording = re.sub(r"^\[EN\] ", "", fact["exact_phrase_zh"])
    series = re.fullmatch(r"(\D+?) (?:\d+ )+\d+", wording)
    if series and fact["confidence"] == "medium":
        wording = f"{fact['period']}年{series[1]}{fact['value']}{fact['unit']}"
    for text in (f"{fact['title']}\n{wording}", wording):
        rows = _cells(publisher, text, _day(fact["date"]))
        stated = [row for row in rows if row["time"] == _period(fact) and _equal(row["value"], fact)]
        if stated:
            flag = "U" if fact["confidence"] == "medium" else ""
            near = [row for row in rows if row["time"] == stated[0]["time"]]
            return [row | {"fact": fact, "doubt": flag} for row in (near if not flag else stated)]
    return []


def _own_rows(publisher: str) -> Iterator[Row]:
    """Yield the figures of the publisher in ``communiques.csv``."""
    with _OWN_TABLE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for line, row in zip(lines, figures_csv.read(_OWN_TABLE).frame.collect().to_dicts(), strict=True):
        if line["publisher"] == publisher:
            fact = {"title": line["title"], "date": line["published"], "url": line["place"]}
            yield row | {"fact": fact, "figure": line["figure"], "doubt": line["flag"]}


def _cells(publisher: str, text: str, day: date) -> list[Row]:
    """Return the cells of a text, each with the figure as the text has it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text")
        path.write_text(text, encoding="utf-8")
        rows = reader.read_statements(path, publisher, day).frame.collect().to_dicts()
    whole = normalised(text)
    for row in rows:
        start, end = span(row["locator"])
        declared = statements()[publisher].statements.get(row["statement"])
        sign = "-" if row["value"] < 0 and not whole[start:end].startswith("-") else ""
        row["figure"] = f"{sign}{whole[start:end]}{'万' if declared and declared.power == 4 else ''}"
    return rows


def _equal(value: float, fact: Fact) -> bool:
    expected = Decimal(fact["value"]) * next((by for word, by in _SCALES.items() if fact["unit"].startswith(word)), 1)
    return abs(value - float(expected)) <= 1e-9 * max(1.0, abs(value))


def _period(fact: Fact) -> str:
    return fact["period"].replace("-H", "-S")


def _day(text: str) -> date:
    """Return the day of publication, or the first day of the month or year if no more is known."""
    year, month, day = ([int(part) for part in re.findall(r"\d+", text)] + [1, 1])[:3]
    return date(year, month, day)


def _most_precise(rows: Iterable[Row]) -> list[Row]:
    """Return the most precise row of each key; raises ``UnequalFiguresError`` if two documents differ."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in (*FIELDS, "time") if name != "definition")
        other = found.setdefault(key, row)
        this_figure, other_figure = figure(row["figure"]), figure(other["figure"])
        if not this_figure.repeats(other_figure):
            raise UnequalFiguresError(f"{key}: {row['figure']} in {row['fact']['title']}, {other['figure']} elsewhere")
        if this_figure.width < other_figure.width:
            found[key] = row
    return sorted(
        found.values(), key=lambda row: (row["fact"]["date"], row["fact"]["title"], row["statement"], row["time"])
    )


def _csv(publisher: str, rows: list[Row]) -> bytes:
    """Return the figures in the layout of ``figures_csv``; a code is blank where the statement fixes it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        fixed = statements()[publisher].statements[row["statement"].removesuffix(".growth")].fixed
        fields = [figures_csv.FIELDS.get(name, name) for name in CODED]
        coded = ["" if row[name] == fixed[name] else row[name] for name in fields]
        fact = row["fact"]
        document = [publisher, fact["title"], fact["date"], fact["url"], row["statement"]]
        writer.writerow([*document, *coded, row["time"], row["figure"], row["counted"], row["doubt"]])
    return out.getvalue().encode()


def _edition(rows: list[Row]) -> str:
    documents = {row["fact"]["title"] for row in rows}
    dates = sorted(row["fact"]["date"][:4] for row in rows)
    return (
        f"{len(rows)} figures of {len(documents)} documents published from {dates[0]} to {dates[-1]}, each with title, "
        "date and place of its document"
    )


def _as_of(rows: list[Row]) -> datetime:
    """Return the day of the newest document."""
    newest = max(_day(row["fact"]["date"]) for row in rows)
    return datetime(newest.year, newest.month, newest.day, tzinfo=UTC)
