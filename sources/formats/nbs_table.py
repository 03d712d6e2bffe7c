"""The tables that people download from China's National Bureau of Statistics, as text or workbook.

Above the header are the name of the database and what the whole table has in common (``数据库：分省年度数据``,
``指标：年末常住人口(万人)``). The header is ``指标`` or ``地区`` and a period in each further column; the last
line states the source. An indicator has its unit in brackets. A blank field was not published.
"""

import re
from collections.abc import Iterator, Sequence

import polars as pl

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats import values

DATABASE, INDICATOR, AREA = "数据库", "指标", "地区"
_SOURCE, _NOTE = "数据来源", "注"
_PERIOD = re.compile(r"(\d{4})年(?:(1[0-2]|0?[1-9])月|第?([一二三四1-4])季度)?")
_NAMED = re.compile(r"(.+?)\s*[(（]([^()（）]*)[)）]")
_STATED = re.compile(r"(\w+)\s*[：:]\s*(.*)")
_QUARTERS = "一二三四"


def begins(text: str) -> bool:
    """Whether the first field of a payload names its database."""
    return re.match(rf"{DATABASE}\s*[：:]", text.strip("\ufeff \t")) is not None


def cells(name: str, rows: Sequence[Sequence[str]], sheet: int = 0) -> Cells:
    """The cells of a table: ``indicator``, ``name`` (equal to it), ``unit``, and ``area`` where the table has areas."""
    header, end = _body(rows)
    stated = {match[1]: match[2] for row in rows[:header] if (match := _STATED.fullmatch(_first(row)))}
    by_area = AREA in (_first(rows[header]), *stated)
    if not by_area and stated.get(DATABASE, "").startswith("分省"):
        raise FormatError("the table is of provinces, and does not state of which")
    found = list(_values(rows, header, end, stated, sheet))
    schema = {"indicator": pl.String, "unit": pl.String, "area": pl.String, "time": pl.String, "text": pl.String}
    frame = pl.LazyFrame(found, schema | {"locator": pl.Int64}, orient="row").with_columns(name="indicator")
    dimensions = ("indicator", "name", "unit", "area") if by_area else ("indicator", "name", "unit")
    core = values.core(pl.col("text"), pl.col("locator"), time=pl.col("time"))
    return Cells(format=name, frame=frame.select(*dimensions, *core), dimensions=dimensions)


def _body(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """The positions of the header and of the first line below the table."""
    header = next((at for at, row in enumerate(rows) if _is_header(row)), None)
    if header is None:
        raise FormatError(f"no row is a header of {INDICATOR} or {AREA} and periods")
    below = (at for at in range(header + 1, len(rows)) if _first(rows[at]).startswith((_SOURCE, _NOTE)))
    end = next(below, len(rows))
    if not any(_first(row).startswith(_SOURCE) for row in rows[end:]):
        raise FormatError(f"the table is cut off: no line below it begins with {_SOURCE}")
    return header, end


def _values(
    rows: Sequence[Sequence[str]], header: int, end: int, stated: dict[str, str], sheet: int
) -> Iterator[tuple[str | int | None, ...]]:
    """Yield indicator, unit, area, period, text and locator of each value."""
    periods = _periods(rows[header])
    for number, row in enumerate(rows[header + 1 : end], header + 2):
        if not any(text.strip() for text in row):
            continue
        if len(row) != len(rows[header]):
            raise FormatError(f"record {number} has {len(row)} fields, the header has {len(rows[header])}")
        given = stated | {_first(rows[header]): _first(row)}
        indicator, unit = _indicator(given.get(INDICATOR, ""))
        for column, period in periods.items():
            yield indicator, unit, given.get(AREA), period, row[column - 1].strip(), pack(number, column, sheet)


def _periods(header: Sequence[str]) -> dict[int, str]:
    """The number of each column that has a period → the period."""
    periods = {column: _period(text.strip()) for column, text in enumerate(header[1:], 2) if text.strip()}
    if len(set(periods.values())) < len(periods):
        raise FormatError("a period is the header of two columns")
    return periods


def _first(row: Sequence[str]) -> str:
    return row[0].strip("\ufeff \t") if row else ""


def _is_header(row: Sequence[str]) -> bool:
    periods = [text.strip() for text in row[1:] if text.strip()]
    return _first(row) in (INDICATOR, AREA) and bool(periods) and all(map(_PERIOD.fullmatch, periods))


def _indicator(text: str) -> tuple[str, str | None]:
    """``年末常住人口`` and ``万人`` of ``年末常住人口(万人)``; ``FormatError`` where nothing names the indicator."""
    if not text:
        raise FormatError(f"nothing above the table names its {INDICATOR}")
    found = _NAMED.fullmatch(text.strip())
    return (found[1], found[2]) if found else (text.strip(), None)


def _period(text: str) -> str:
    """``2024``, ``2025-04`` or ``2025-Q2`` for ``2024年``, ``2025年4月`` or ``2025年第二季度``."""
    found = _PERIOD.fullmatch(text)
    assert found is not None  # the header was recognised by it
    year, month, quarter = found.groups()
    if quarter:
        return f"{year}-Q{_QUARTERS.index(quarter) + 1 if quarter in _QUARTERS else quarter}"
    return f"{year}-{int(month):02}" if month else year
