"""CSV of figures from prose, one figure in each record, by the statements that the catalogue declares.

The snapshot keeps the figures of communiqués in this format. A record has the document (title, date and address), the
declared statement, its period, and the figure as it is written there (``6.97亿``, ``5.8万余``). Fields that a statement
reads from words have columns of their own, in shared codes.
"""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.delimited import records
from sources.prose.language.quantities import figure
from sources.prose.language.time_expressions import last_day
from sources.prose.reader import CHINA
from sources.prose.rows import BOUNDS, GROWTH, StatedFigure, row
from sources.prose.rows import DIMENSIONS as PROSE
from sources.prose.statements import Statement, statements

NAME = "figures_csv"
CODED = ("reporter", "partner", "sex", "education_level")
# Column → field of an observation, where the names differ.
FIELDS = {"reporter": "jurisdiction"}
COLUMNS = ("publisher", "title", "published", "place", "statement", *CODED, "period", "figure", "counted", "flag")
DIMENSIONS = (*PROSE, "title", "published", "place")

_POSITIONS = [str(at) for at in range(1, len(COLUMNS) + 1)]
_FIGURE = COLUMNS.index("figure") + 1


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the first line has exactly the columns of this format."""
    return tuple(records.first_fields(head)) == COLUMNS


def read(path: Path) -> Cells:
    """The figures as cells, with the dimensions of prose and ``title``, ``published`` and ``place``.

    An undeclared statement, or a figure that is not one, is a ``FormatError`` that names its record.
    """
    header = records.header_of(path)
    text = records.records(path, header).collect().rename(dict(zip(_POSITIONS, COLUMNS, strict=True)))
    rows = [_row(record["row"], record) for record in text.iter_rows(named=True)]
    schema = dict.fromkeys(DIMENSIONS, pl.String()) | CORE | BOUNDS | {"published_at": pl.Datetime("us", "UTC")}
    return Cells(format=NAME, frame=pl.LazyFrame(rows, schema=schema), dimensions=DIMENSIONS)


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the number, the statement with the figure in brackets 【】, its English, and the document."""
    with path.open(encoding=records.UTF8, newline="") as file:
        all_records = list(csv.DictReader(file))

    def find(locator: int) -> str:
        number = line(locator)[0]
        if not 2 <= number <= len(all_records) + 1:
            raise FormatError(f"there is no record {number}")
        record = all_records[number - 2]
        statement, is_growth = _statement(number, record)
        sentence = statement.zh.replace("{}", f"【{record['figure']}{record['counted']}】")
        english = f"{statement.reads}{', change on the year before' if is_growth else ''}"
        value = figure(record["figure"]).value
        return f"{value:.10g} {sentence} ({english}), {record['title']}, {record['published']}, {record['place']}"

    return find


def _row(number: int, record: dict[str, str]) -> dict[str, object]:
    statement, is_growth = _statement(number, record)
    try:
        stated = figure(record["figure"])
    except ValueError as error:
        raise FormatError(f"record {number}: {error}") from error
    phrase = statement.zh.replace("{}", f"{record['figure']}{record['counted']}")
    prose = row(statement, StatedFigure(record["period"], stated, record["counted"], phrase, pack(number, _FIGURE)))
    coded = {FIELDS.get(name, name): record[name] for name in CODED if record[name]}
    growth = {"indicator": str(statement.growth), **GROWTH} if is_growth else {}
    document = {name: record[name] for name in ("statement", "title", "published", "place")}
    flag = "".join(sorted({*str(prose["flag"] or ""), *record["flag"]}))
    published = {"flag": flag or None, "published_at": _publication_time(number, record["published"])}
    return prose | coded | growth | document | published


def _publication_time(number: int, published: str) -> datetime:
    """The start of the day in China on which a document was published; the last day of a month or year without day."""
    try:
        day = date.fromisoformat(last_day(published))
    except ValueError as error:
        raise FormatError(f"record {number}: {published!r} is not a day, month or year") from error
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def _statement(number: int, record: dict[str, str]) -> tuple[Statement, bool]:
    """The statement of a record, and whether the record gives its change on the year before."""
    publisher = statements().get(record["publisher"])
    name = record["statement"]
    if publisher is not None and name in publisher.statements:
        return publisher.statements[name], False
    base = name.removesuffix(".growth")
    if publisher is not None and base != name and base in publisher.statements and publisher.statements[base].growth:
        return publisher.statements[base], True
    raise FormatError(f"record {number}: {record['publisher']} has no statement {name}")
