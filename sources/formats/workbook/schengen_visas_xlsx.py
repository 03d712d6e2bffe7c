"""Workbooks of the Commission with the Schengen visas of one year: by consulate, or by border crossing point.

A table is a sheet whose header names the issuing state, the place (consulate, town, border crossing point) and counts
of visas. The header, its wording and the order of its columns differ from year to year; every column is found by its
title. Counts are applied for, issued, issued for multiple entries and not issued, by kind of visa: A (airport transit),
B (transit, until 2010), C (uniform short-stay visas), LTV (limited territorial validity), D, ADS, or several together.
Shares and rates are not read, because they follow from the counts.

A further sheet holds states that issue national visas (``NON SCHENGEN``, ``BG, CY, RO``); in 2009 a column does.
Totals, subtotals, minima and averages are among the rows, and sheets of totals follow. Those by state are read: they
hold the visas of a state in all countries. Totals also check the rows: a column whose rows add up to none of the totals
of the workbook refuses the workbook.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.values import repeated
from sources.formats.wide_table import Header, Layout
from sources.formats.workbook import sheets
from sources.formats.workbook.convert import FIRST_ROWS
from sources.formats.workbook.sheets import Rows

NAME = "schengen_visas_xlsx"

finder = sheets.finder

_DIMENSIONS = ("posts", "scheme", "issuer", "country", "place", "visa", "count")
_FEWEST_COUNTS = 2
_LONGEST_TITLE = 90

_CONSULATE = r"(?:the )?consulates?"
_KEYS = {
    "issuer": r"(?:issuing |schengen |eu )*(?:member )?states?(?: or associated countr(?:y|ies))?|issuing country"
    r"|(?:ue|eu) ?/ ?schengen countr(?:y|ies)|schengen countr(?:y|ies)",
    "country": rf"third countr(?:y|ies)|(?:host )?country (?:where|in which) {_CONSULATE} is located"
    rf"|country of {_CONSULATE}|{_CONSULATE} country|host country",
    "consulate": rf"{_CONSULATE}(?: ?/?(?: city| town| location))?|(?:location|name|city|town) of {_CONSULATE}"
    rf"|(?:city|town|location)(?: (?:where|in which) {_CONSULATE} is located)?",
    "border": r"(?:name of (?:the )?)?(?:external )?(?:bcps?|border crossing points?)(?: name)?",
    "schengen": r"schengen",
}
# Where a table of border crossing points names the state "Country", or does not name it.
_ISSUER_AT_BORDER = r"country|"
_COUNTRY = "country"
_COUNTS = (
    ("not_issued", r"not issued|refused"),
    ("applied", r"applied for|applications?(?: lodged)?|lodged"),
    ("issued", r"issued|granted"),
)
_MULTIPLE = r"^(?:total )?(?:multiple(?:[- ]entry)?|mevs?)\b"
_KINDS = {
    **dict.fromkeys(("a", "atv", "atvs", "airport-transit"), "A"),
    **dict.fromkeys(("b", "transit"), "B"),
    **dict.fromkeys(("c", "uniform", "short-stay"), "C"),
    **dict.fromkeys(("ltv", "ltvs"), "LTV"),
    "d": "D",
    "d+c": "DC",
    "ads": "ADS",
}
# The visas for multiple entries are uniform visas, unless the title names another kind.
_MULTIPLE_KIND = "c"
_FILLERS = ("", "and", "total", "visas", "visa", "of", "the", "number")
_ORDER = ("A", "B", "C", "LTV", "D", "DC", "ADS")
_LABEL = re.compile(
    r"(?:(?:grand )?total|sub ?-?total|minimum|maximum|average|share of|selection|nb|notes?)\b|% of", re.IGNORECASE
)
_TOTAL = re.compile(r"(?:grand |selection )?(?:sub ?-?)?total\b(?!.*\bshare\b)", re.IGNORECASE)
_YEAR_OF_TOTAL = re.compile(r"total\b.*\b(20\d\d)\b", re.IGNORECASE)
_YEAR_OF_TITLE = re.compile(r"\bvisas?\b.*\b(20\d\d)\b", re.IGNORECASE)
_NATIONAL = re.compile(r"(?i:non[ -]?schengen.*|.*\bnational\b.*)|[A-Z]{2}(?:, ?[A-Z]{2})*")
_ROUNDING = 2.0
# The formula of a total may leave out rows at an end of its table: the last 17 in 2009, the first one in 2010.
_LEFT_OUT = 25
_NOT_NAMED = "(not named)"
# The keys of a total of a state; the sheet has "(All)" next to "Country where consulate is located".
_EVERYWHERE = {"country": "(All)", "place": "(All)", "scheme": "schengen"}
_ERROR = 1e-6

# The name of a count → the figure of a row of totals.
Total = Mapping[str, float]


class _Table(NamedTuple):
    """A sheet with its rows, the index of its header, and its layout.

    ``posts`` is the kind of its places, ``consulate`` or ``border``; "" for totals, which have no places.
    """

    sheet: int
    name: str
    rows: Rows
    header: int
    layout: Layout
    posts: str


def recognises(head: bytes, path: Path) -> bool:
    """Whether a sheet of a workbook has a header of visas among its first rows."""
    if not head.startswith(sheets.MAGIC):
        return False
    try:
        book = sheets.workbook(path)
        first = (sheets.rows_of(book, sheet, FIRST_ROWS) for sheet in range(len(book.sheet_names)))
        return any(_header(rows) is not None for rows in first)
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """The cells of all tables: ``scheme`` is ``schengen`` or ``national``, ``visa`` the kinds that a count includes.

    The kinds of national visas have the scheme before them (``national C``), because a state may have both in a year.

    ``issuer``, ``country`` and ``place`` are names as published, in one line. ``place`` is ``(not named)`` where the
    publisher leaves it blank, and the second row of a place has ``(2)`` after its name. ``country`` is null at the
    border; both are ``(All)`` in a total of a state over all consulates.
    """
    book = sheets.workbook(path)
    by_sheet = [_table(sheet, name, sheets.rows_of(book, sheet)) for sheet, name in enumerate(book.sheet_names)]
    tables = [table for table in by_sheet if table and table.posts]
    sheets_of_totals = [table for table in by_sheet if table and not table.posts]
    if not tables:
        raise FormatError(f"no sheet has a header of visas by consulate or border crossing point: {book.sheet_names}")
    if len({table.posts for table in tables}) > 1:
        raise FormatError("the workbook has consulates and border crossing points, whose years may differ")
    totals = [total for table in sheets_of_totals for total in _totals(table)]
    frames = [_cells(table, () if _is_national(table) else totals) for table in tables]
    if tables[0].posts == "consulate":
        frames += _cells_of_states(sheets_of_totals)
    return Cells(
        format=NAME,
        frame=pl.concat(frames).with_columns(
            posts=pl.lit(tables[0].posts),
            time=pl.lit(_year(tables[0]), CORE["time"]),
            visa=pl.when(pl.col("scheme") == "national").then("national " + pl.col("visa")).otherwise("visa"),
        ),
        dimensions=_DIMENSIONS,
        coded=False,
    )


# Headers


def _header(rows: Rows) -> int | None:
    """The index of the first row that has a place and at least two counts of visas."""
    for at, row in enumerate(rows[:FIRST_ROWS]):
        titles = sheets.texts(row)
        places = [title for title in titles if _key(title) in {"consulate", "border"}]
        if places and sum(_known_count(title) is not None for title in titles) >= _FEWEST_COUNTS:
            return at
    return None


def _key(title: str) -> str | None:
    plain = _plain(title)
    return next((name for name, pattern in _KEYS.items() if re.fullmatch(pattern, plain)), None)


def _plain(title: str) -> str:
    """A title in lower case without remarks in brackets, quotation marks, numbers of footnotes and years."""
    text = re.sub(r"\([^)]*\)", " ", title.lower())
    text = re.sub(r"\b\d+\)|[*\"“”'.:¹²³]|\b(?:in )?20\d\d\b|\bincluding\b.*", " ", text)
    return " ".join(text.split()).removeprefix("sum of ")


def _count(title: str) -> Header | None:
    """The kind of visa and the count that a title names; None if it names none.

    ``FormatError`` if it names a count of visas in words that are not known.
    """
    plain = _plain(title)
    if not re.search(r"\b(?:visas?|atvs?|ltvs?|mevs?)\b", plain) or len(plain) > _LONGEST_TITLE:
        return None
    if re.search(r"\brates?\b|\bshare\b|%|\bratio\b", plain):
        return None
    name, pattern = next(((name, each) for name, each in _COUNTS if re.search(rf"\b(?:{each})\b", plain)), ("", ""))
    if not name:
        return None
    rest = re.sub(rf"\b(?:{pattern})\b", " ", plain)
    if re.search(_MULTIPLE, rest):
        name, rest = ("multiple" if name == "issued" else f"multiple_{name}"), re.sub(_MULTIPLE, " ", rest)
        rest = rest if rest.replace("visas", "").strip() else _MULTIPLE_KIND
    return {"visa": _kind(rest, title), "count": name}


def _kind(rest: str, title: str) -> str:
    """The kinds of visas in the rest of a title: ``C``, or with a plus several together: ``A+C``."""
    rest = re.sub(r"airport transit", "airport-transit", rest)
    rest = re.sub(r"short stay", "short-stay", rest)
    words = [word for word in re.split(r"[\s,]+", rest) if word not in _FILLERS]
    kinds = {_KINDS.get(word, "") for word in words}
    if not kinds or "" in kinds:
        raise FormatError(f"the column {title!r} counts visas of an unknown kind")
    if kinds == {"C", "LTV"} and "and" not in rest.split() and "," not in rest:
        return "LTV"  # "C LTV visas" are one kind
    return "+".join(kind for kind in _ORDER if kind in kinds)


def _table(sheet: int, name: str, rows: Rows) -> _Table | None:
    """The table of a sheet; ``posts`` is "" in a sheet of totals. None if the sheet has neither."""
    header = _header(rows)
    if header is not None:
        return _table_of_posts(sheet, name, rows, header)
    totals = _header_of_totals(rows)
    return _Table(sheet, name, rows, *totals, "") if totals else None


def _table_of_posts(sheet: int, name: str, rows: Rows, header: int) -> _Table:
    """The layout of a table. ``FormatError`` if a key is missing or two columns have one role."""
    titles = sheets.texts(rows[header])
    keys: dict[str, int] = {}
    for at, title in enumerate(titles, 1):
        key = _key(title)
        if key is not None and key in keys:
            raise FormatError(f"sheet {name!r}: columns {keys[key]} and {at} both hold the {key}")
        if key is not None:
            keys[key] = at
    posts = "border" if "border" in keys else "consulate"
    place = keys.pop(posts)
    if posts == "consulate" and "country" not in keys and _COUNTRY in map(_plain, titles):
        keys["country"] = [_plain(title) for title in titles].index(_COUNTRY) + 1
    if posts == "border" and "issuer" not in keys:
        left = place - 1
        if left < 1 or not re.fullmatch(_ISSUER_AT_BORDER, _plain(titles[left - 1])):
            raise FormatError(f"sheet {name!r}: no column names the issuing state")
        keys["issuer"] = left
    wide_table.refuse_missing(["issuer"] if posts == "border" else ["issuer", "country"], keys, titles)
    counts = {at: found for at, title in enumerate(titles, 1) if (found := _count(title)) is not None}
    if twice := repeated(f"{found['count']} {found['visa']}" for found in counts.values()):
        raise FormatError(f"sheet {name!r}: two columns hold the visas {twice[0]}")
    return _Table(sheet, name, rows, header, Layout({**keys, "place": place}, counts), posts)


def _header_of_totals(rows: Rows) -> tuple[int, Layout] | None:
    """The header and layout of a sheet of totals, by state or by country; None where it has none."""
    for at, row in enumerate(rows[:FIRST_ROWS]):
        titles = sheets.texts(row)
        counts = {column: found for column, title in enumerate(titles, 1) if (found := _known_count(title)) is not None}
        if len(counts) >= _FEWEST_COUNTS:
            keys = {key: column for column, title in enumerate(titles, 1) if (key := _key(title)) is not None}
            return None if any(map(_selects, rows[:at])) else (at, Layout(keys, counts))
    return None


def _selects(row: list[Any]) -> bool:
    """Whether a row above a header selects a part of the figures: "Country where consulate is located", "CHINA"."""
    texts = [text for text in sheets.texts(row) if text]
    return len(texts) > 1 and _key(texts[0]) is not None and texts[1].lower() not in {"(all)", "all"}


def _known_count(title: str) -> Header | None:
    """As ``_count``, but None for unknown words too: sheets of totals have them for visas of both kinds."""
    try:
        return _count(title)
    except FormatError:
        return None


def _is_national(table: _Table) -> bool:
    return _NATIONAL.fullmatch(table.name.strip()) is not None


# Rows


def _cells(table: _Table, totals: Iterable[Total]) -> pl.LazyFrame:
    """The cells of a table whose rows add up to a total of the table or of ``totals``, if there are any."""
    kept = list(_kept(table))
    _check_totals(table, kept, [*_totals(table), *totals])
    keys = table.layout.keys
    names = {key: [sheets.text(table.rows[at][keys[key] - 1]) for at in kept] for key in keys}
    names["place"] = _numbered([name or _NOT_NAMED for name in names["place"]], names["issuer"], names.get("country"))
    schemes = ["national" if _is_national(table) else "schengen"] * len(kept)
    if "schengen" in names:
        schemes = [_scheme(answer, table.name) for answer in names.pop("schengen")]
    return _frame(table, kept, {**names, "scheme": schemes})


def _cells_of_states(others: Iterable[_Table]) -> Iterator[pl.LazyFrame]:
    """The totals of the states over all consulates; each count from the first sheet that has it."""
    known: set[str] = set()
    for other in others:
        counts = {at: each for at, each in other.layout.values.items() if _name(each) not in known}
        known |= {_name(each) for each in counts.values()} if set(other.layout.keys) == {"issuer"} else set()
        if set(other.layout.keys) != {"issuer"} or not counts:
            continue
        table = other._replace(layout=Layout(other.layout.keys, counts))
        kept = list(_kept(table))
        _check_totals(table, kept, list(_totals(table)))
        issuers = [sheets.text(table.rows[at][table.layout.keys["issuer"] - 1]) for at in kept]
        constants = {name: [text] * len(kept) for name, text in _EVERYWHERE.items()}
        yield _frame(table, kept, {"issuer": issuers, **constants})


def _frame(table: _Table, kept: list[int], names: Mapping[str, Sequence[str]]) -> pl.LazyFrame:
    """The cells of the rows ``kept``, with the ``names`` of their keys."""
    values = sheets.table([table.rows[table.header], *(table.rows[at] for at in kept)], 1)
    first = len(table.rows[table.header]) + 1
    added = {str(at): pl.Series(each, dtype=pl.String) for at, each in enumerate(names.values(), first)}
    numbered = values.with_columns(row=pl.Series([at + 1 for at in kept], dtype=pl.UInt32), **added)
    layout = Layout({key: at for at, key in enumerate(names, first)}, table.layout.values)
    return wide_table.cells(numbered, layout, _DIMENSIONS).with_columns(
        pl.col("locator") + pack(0, 0, table.sheet), value=_whole(pl.col("value"))
    )


def _whole(value: pl.Expr) -> pl.Expr:
    """A figure without the error of the last digit that formulas leave (26591.999999999996)."""
    return pl.when((value - value.round()).abs() < _ERROR).then(value.round()).otherwise(value)


def _scheme(answer: str, sheet: str) -> str:
    found = {"yes": "schengen", "no": "national"}.get(answer.lower())
    if found is None:
        raise FormatError(f"sheet {sheet!r}: the column SCHENGEN has {answer!r} instead of Yes or No")
    return found


def _numbered(places: list[str], issuers: list[str], countries: list[str] | None) -> list[str]:
    """The places, with a number after each repetition of a place: a border crossing point may have two rows."""
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for place, issuer, country in zip(places, issuers, countries or [""] * len(places), strict=True):
        seen[place, issuer, country] += 1
        number = seen[place, issuer, country]
        found.append(place if number == 1 else f"{place} ({number})")
    return found


def _kept(table: _Table) -> Iterator[int]:
    """The indices of the rows that hold figures. ``FormatError`` for figures without a state or a country."""
    needed = {key: at - 1 for key, at in table.layout.keys.items() if key in {"issuer", "country"}}
    keys = [at - 1 for key, at in table.layout.keys.items() if key != "schengen"]
    for at in range(table.header + 1, len(table.rows)):
        row = table.rows[at]
        texts = [sheets.text(row[column]) for column in keys]
        if any(map(_LABEL.match, texts)) or any(text.lower().endswith(" total") for text in texts):
            continue
        has_figures = any(isinstance(row[column - 1], int | float) for column in table.layout.values)
        if all(sheets.text(row[column]) for column in needed.values()):
            if has_figures or table.layout.keys.get("place"):
                yield at
        elif has_figures:
            raise FormatError(f"sheet {table.name!r}: row {at + 1} has figures, but not both {' and '.join(needed)}")


def _check_totals(table: _Table, kept: Sequence[int], totals: Sequence[Total]) -> None:
    """Raise ``FormatError`` where the rows of a column add up to none of the totals that the workbook has for it."""
    for column, found in table.layout.values.items():
        stated = [total[_name(found)] for total in totals if _name(found) in total]
        values = [value if isinstance(value := table.rows[at][column - 1], int | float) else 0.0 for at in kept]
        if stated and not any(abs(each - total) <= _ROUNDING for each in _sums(values) for total in stated):
            title = sheets.text(table.rows[table.header][column - 1])
            raise FormatError(
                f"sheet {table.name!r}: the rows of column {column} ({title}) add up to {sum(values):,.0f}; "
                f"the workbook states {', '.join(sorted({f'{each:,.0f}' for each in stated}))}"
            )


def _sums(values: Sequence[float]) -> Iterator[float]:
    """The sum of all values, and the sums without a few at the beginning or at the end."""
    most = min(_LEFT_OUT, len(values) // 20)
    whole = sum(values)
    yield whole
    for side in (values[:most], values[::-1][:most]):
        yield from (whole - left_out for left_out in accumulate(side))


def _totals(table: _Table) -> Iterator[Total]:
    """Each row of totals below a header: the name of a count → its figure."""
    for row in table.rows[table.header + 1 :]:
        if any(isinstance(value, str) and _TOTAL.match(value.strip()) for value in row):
            yield {
                _name(found): float(row[at - 1])
                for at, found in table.layout.values.items()
                if isinstance(row[at - 1], int | float)
            }


def _name(count: Header) -> str:
    return f"{count['visa']} {count['count']}"


def _year(table: _Table) -> str:
    """The year of the figures: the last year in the titles above the header and in the labels of the totals.

    The sheets are made from those of the year before, so that some labels keep an older year.
    """
    above = [text for row in table.rows[: table.header] for text in sheets.texts(row)]
    below = [value for row in table.rows[table.header + 1 :] for value in row if isinstance(value, str)]
    years = [found[1] for text in above if (found := _YEAR_OF_TITLE.search(text))]
    years += [found[1] for text in below if len(text) <= _LONGEST_TITLE and (found := _YEAR_OF_TOTAL.search(text))]
    if not years:
        raise FormatError(f"neither a title nor a total of sheet {table.name!r} states the year of the figures")
    return max(years)
