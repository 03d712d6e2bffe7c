"""CSV of figures of prose, one line a figure, in the statements that the catalogue declares.

So the snapshot holds what communiqués say: which document said it, when and where, which statement, of which period,
and the figure as it is written there (``6.97亿``, ``5.8万余``). Fields that a statement reads from words stand in
columns of their own, in shared codes.
"""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.delimited import text
from sources.prose.quantities import figure
from sources.prose.reader import CHINA
from sources.prose.rows import BOUNDS, GROWTH, StatedFigure, row
from sources.prose.rows import DIMENSIONS as PROSE
from sources.prose.statements import Statement, statements
from sources.prose.time_expressions import last_day

NAME = "figures_csv"
CODED = ("reporter", "partner", "sex", "education_level")
COLUMNS = ("publisher", "title", "published", "place", "statement", *CODED, "period", "figure", "counted", "flag")
DIMENSIONS = (*PROSE, "title", "published", "place")

_FIGURE = COLUMNS.index("figure") + 1


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text has the header of such a table."""
    return tuple(text.first_fields(head)) == COLUMNS


def read(path: Path) -> Cells:
    """The figures as cells, with the dimensions of prose and ``title``, ``published`` and ``place``.

    ``FormatError`` names the line of a statement that is not declared, and of a figure that is none.
    """
    text.header(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [_row(number, entry) for number, entry in enumerate(csv.DictReader(file), 2)]
    schema = dict.fromkeys(DIMENSIONS, pl.String()) | CORE | BOUNDS | {"said": pl.Datetime("us", "UTC")}
    return Cells(format=NAME, frame=pl.LazyFrame(rows, schema=schema), dimensions=DIMENSIONS)


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the number, the statement with the figure in brackets 【】, its English, and the document."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        entries = list(csv.DictReader(file))

    def find(locator: int) -> str:
        number = line(locator)[0]
        if not 2 <= number <= len(entries) + 1:
            raise FormatError(f"there is no line {number}")
        entry = entries[number - 2]
        declared, growth = _declared(number, entry)
        said = declared.zh.replace("{}", f"【{entry['figure']}{entry['counted']}】")
        read_as = f"{declared.reads}{', change on the year before' if growth else ''}"
        value = figure(entry["figure"]).value
        return f"{value:.10g} {said} ({read_as}), {entry['title']}, {entry['published']}, {entry['place']}"

    return find


def _row(number: int, entry: dict[str, str]) -> dict[str, object]:
    declared, growth = _declared(number, entry)
    try:
        stated = figure(entry["figure"])
    except ValueError as error:
        raise FormatError(f"line {number}: {error}") from error
    phrase = declared.zh.replace("{}", f"{entry['figure']}{entry['counted']}")
    written = row(declared, StatedFigure(entry["period"], stated, entry["counted"], phrase, pack(number, _FIGURE)))
    coded = {name: entry[name] for name in CODED if entry[name]}
    changed = {"indicator": str(declared.growth), **GROWTH} if growth else {}
    flag = "".join(sorted({*str(written["flag"] or ""), *entry["flag"]}))
    document = {name: entry[name] for name in ("statement", "title", "published", "place")}
    return written | coded | changed | document | {"flag": flag or None, "said": _said(number, entry["published"])}


def _said(number: int, published: str) -> datetime:
    """When a document was published: on its day in China, or at the end of the month or year where no day is known."""
    try:
        day = date.fromisoformat(last_day(published))
    except ValueError as error:
        raise FormatError(f"line {number}: {published!r} is no day, month or year") from error
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def _declared(number: int, entry: dict[str, str]) -> tuple[Statement, bool]:
    """The statement of a line, and whether it is the change on the year before that the line gives."""
    known = statements().get(entry["publisher"])
    name = entry["statement"]
    if known is not None and name in known.statements:
        return known.statements[name], False
    base = name.removesuffix(".growth")
    if known is not None and base != name and base in known.statements and known.statements[base].growth:
        return known.statements[base], True
    raise FormatError(f"line {number}: {entry['publisher']} has no statement {name}")
