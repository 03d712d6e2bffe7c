"""China's publishers of prose: the figures of their documents that are known, one table a dataset.

Each figure comes with the title and date of its document and where that was read. Its statement, period and value are
read from a short wording by the same declared patterns as a live page, and recording stops where they differ from what
the copy says. ``communiques.csv`` has further figures, read in the same way off pages that give a document in full or
a news agency's report of it. Of several documents that say the same of one period the most precise is taken.
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

from sources.catalogue import Dataset, publishers
from sources.formats.delimited import figures_csv
from sources.formats.delimited.figures_csv import CODED, COLUMNS
from sources.prose import reader
from sources.prose.article import normalised
from sources.prose.locators import span
from sources.prose.quantities import figure
from sources.prose.statements import FIELDS, statements
from sources.protocols.requests import closed_editions
from tools.snapshot.sources import Recorded, UnequalFiguresError, only, table

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
# A table whose sums hold for every year, and reports of years whose releases are in no copy.
_CITED = re.compile(r"表1 农民工规模|citing MOFCOM|中国对外劳务合作发展报告")
_OWN = Path(__file__).with_name("communiques.csv")
_SCALES = {"亿": 100_000_000, "万": 10_000, "million": 1_000_000}

Fact = dict[str, str]
Row = dict[str, Any]


def recorded(publisher: str, corpus: Path) -> Iterator[Recorded]:
    """The table of figures of each of the publisher's datasets that has some."""
    facts = [fact for fact in _facts(corpus) if fact["publisher"] in _PUBLISHERS[publisher]]
    rows = [*(row for fact in facts for row in _read(publisher, fact)), *_own(publisher)]
    entry = publishers()[publisher]
    tables = {name: dataset.table for name, dataset in entry.datasets.items() if _of_figures(dataset)}
    first = next(iter(tables), None)
    for name, held in tables.items():
        # What no table has room for is kept with the first, of which no row is made.
        best = _best(
            row for row in rows if row["table"] == held or (name == first and row["table"] not in tables.values())
        )
        if best:
            yield Recorded(
                request=only([request for request in closed_editions(entry, name) if request.slice == "figures"]),
                body=_written(publisher, best),
                media_type="text/csv",
                edition=_edition(best),
                as_of=_as_of(best),
            )


def _of_figures(dataset: Dataset) -> bool:
    return any(edition.id == "figures" for edition in dataset.editions)


def _facts(corpus: Path) -> list[Fact]:
    """The facts of high confidence; of medium, as doubtful, those that a later report cites its publisher for."""
    text = (corpus / "china/facts.tsv").read_text(encoding="utf-8")
    names, *lines = (line.split("\t") for line in text.splitlines())
    facts = [dict(zip(names, line, strict=True)) for line in lines] + list(_provinces(corpus))
    return [fact for fact in facts if fact["confidence"] == "high" or _CITED.search(fact["title"])]


def _provinces(corpus: Path) -> Iterator[Fact]:
    """Those separated from their registration in every province, as the yearbook of 2021 has them, as facts."""
    for row in table(corpus / "china/census_2020/provinces_hukou_separated_2020_yearbook2021.tsv", delimiter="\t"):
        for where in ("省内", "省外"):
            yield {
                "publisher": "国家统计局 (NBS)",
                "title": "中国统计年鉴2021",
                "date": "2021",
                "url": "http://www.stats.gov.cn/sj/ndsj/2021/indexch.htm",
                "exact_phrase_zh": f"{row['地区']}人户分离人口中,{where}{row[where]}人",
                "period": "2020-11-01",
                "value": row[where],
                "unit": "人",
                "confidence": "high",
            }


def _read(publisher: str, fact: Fact) -> list[Row]:
    """The figures in the wording of a fact, if the fact's own is among them."""
    wording = re.sub(r"^\[EN\] ", "", fact["exact_phrase_zh"])
    listed = re.fullmatch(r"(\D+?) (?:\d+ )+\d+", wording)
    if listed and fact["confidence"] == "medium":
        wording = f"{fact['period']}年{listed[1]}{fact['value']}{fact['unit']}"
    for text in (f"{fact['title']}\n{wording}", wording):
        rows = _cells(publisher, text, _day(fact["date"]))
        stated = [row for row in rows if row["time"] == _period(fact) and _equal(row["value"], fact)]
        if stated:
            flag = "U" if fact["confidence"] == "medium" else ""
            near = [row for row in rows if row["time"] == stated[0]["time"]]
            return [row | {"fact": fact, "doubt": flag} for row in (near if not flag else stated)]
    return []


def _own(publisher: str) -> Iterator[Row]:
    """The figures of the publisher in our own table."""
    with _OWN.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for line, row in zip(lines, figures_csv.read(_OWN).frame.collect().to_dicts(), strict=True):
        if line["publisher"] == publisher:
            fact = {"title": line["title"], "date": line["published"], "url": line["place"]}
            yield row | {"fact": fact, "figure": line["figure"], "doubt": line["flag"]}


def _cells(publisher: str, text: str, day: date) -> list[Row]:
    """The cells of a text, with the figure as it is written there."""
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
    wanted = Decimal(fact["value"]) * next((by for word, by in _SCALES.items() if fact["unit"].startswith(word)), 1)
    return abs(value - float(wanted)) <= 1e-9 * max(1.0, abs(value))


def _period(fact: Fact) -> str:
    return fact["period"].replace("-H", "-S")


def _day(text: str) -> date:
    """A day of publication; the first of the month or year where no more is known."""
    year, month, day = ([int(part) for part in re.findall(r"\d+", text)] + [1, 1])[:3]
    return date(year, month, day)


def _best(rows: Iterable[Row]) -> list[Row]:
    """Each key once; ``UnequalFiguresError`` where two documents contradict each other."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in (*FIELDS, "time") if name != "definition")
        other = found.setdefault(key, row)
        ours, theirs = figure(row["figure"]), figure(other["figure"])
        if not ours.repeats(theirs):
            raise UnequalFiguresError(f"{key}: {row['figure']} in {row['fact']['title']}, {other['figure']} elsewhere")
        if ours.width < theirs.width:
            found[key] = row
    return sorted(
        found.values(), key=lambda row: (row["fact"]["date"], row["fact"]["title"], row["statement"], row["time"])
    )


def _written(publisher: str, rows: list[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        fixed = statements()[publisher].statements[row["statement"].removesuffix(".growth")].fixed
        coded = ["" if row[name] == fixed[name] else row[name] for name in CODED]
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
    """The day of the newest document."""
    newest = max(_day(row["fact"]["date"]) for row in rows)
    return datetime(newest.year, newest.month, newest.day, tzinfo=UTC)
