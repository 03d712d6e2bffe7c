"""What indices of policy share, as text or workbook: a column for the country, one for the year, and the codes.

A scheme is known by columns that are its own, whatever their order and case. Most schemes have a row for a country and
year and a column for each item. DEMIG POLICY has a row for a change of policy, of which a country may have several a
year; DEMIG VISA and the Passport Index have rows for two countries, and columns for years or countries at times.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.formats import grid

DIMENSIONS = ("scheme", "country", "nationality", "item", "coding", "missing")
# What stands in ``missing`` where a field is empty; what that means the scheme says, and the catalogue after it.
BLANK = "blank"

_YEAR = re.compile(r"(?:19|20)\d\d")
_REQUIRED = "requirement|code|value|status|visa.*"
_STATES = 150


class Scheme(NamedTuple):
    """How a scheme names its columns: patterns of whole names, without regard to case.

    ``marks`` must each be there. ``beside`` are no codings, ``absent`` is what stands for no code. ``item`` is what the
    only item is called where the column does not say; ``changes``: a row is a change of policy.
    """

    name: str
    marks: tuple[str, ...]
    country: str
    beside: str
    absent: str = r"N/?A|\.|999"
    year: str = "year"
    nationality: str = ""
    kind: str = ""
    item: str | None = None
    changes: bool = False


SCHEMES = (
    Scheme(
        name="DEMIG_POLICY",
        marks=("year", "policy area", "policy tool", "(change in )?restrictiveness"),
        country="country",
        beside="id|summary|description|source.*|iso.*|specific nationalit.*",
        changes=True,
    ),
    Scheme(
        name="DEMIG_VISA",
        marks=(
            "nationality.*|origin",
            "country of visa issuance|destination",
            "(policy )?measure|visa entry|entry visa",
        ),
        country="country of visa issuance|destination",
        nationality="nationality.*|origin",
        kind="(policy )?measure",
        beside="id|notes?|region.*",
    ),
    Scheme(
        name="PASSPORT_INDEX",
        marks=("passport.*|nationality",),
        country="destination.*",
        nationality="passport.*|nationality",
        year="",
        beside="",
        item="visa_requirement",
    ),
    Scheme(
        name="3P",
        marks=("year", "prosecution", "prevention", "protection"),
        country="iso3?|country.?code|country",
        beside=r"country.*|iso.*|cow|tier|region|income|start_year|in\.report|time\..*|change\..*",
    ),
    Scheme(
        name="IMPIC",
        marks=("year", "imppol.*|index_immigration_policy_overall|impic.*"),
        country="cntry|country_code|iso2|iso3",
        beside="name|country.*|iso.*|cow.*|correlates_of_war_code|id|version",
        absent=r"N/?A|\.|-\d+",
    ),
    Scheme(
        name="MIPEX",
        marks=("year", "(mipex )?overall score.*|mipex_overall.*"),
        country="iso3|iso2|country.?code|country",
        beside="country.*|iso.*|id|rank.*",
        absent=r"N/?A|\.|-|999",
    ),
)


def scheme_of(names: Sequence[str], *, sheet: bool = False) -> Scheme | None:
    """The scheme whose columns these are; None where they are of none. A ``sheet`` may be a country's."""
    return next((scheme for scheme in SCHEMES if _is_of(scheme, names, sheet=sheet)), None)


def _is_of(scheme: Scheme, names: Sequence[str], *, sheet: bool) -> bool:
    if not all(_at(mark, names) for mark in scheme.marks):
        return False
    if not scheme.year:
        # Three columns in any order, or a matrix: a column for each destination.
        return len(names) > _STATES or bool(len(names) == 3 and _at(scheme.country, names) and _at(_REQUIRED, names))
    dated = _at(scheme.year, names) or sum(bool(_YEAR.fullmatch(name.strip())) for name in names) > 1
    return bool(dated) and bool(_at(scheme.country, names) or (sheet and scheme.changes))


def _at(pattern: str, names: Sequence[str]) -> int | None:
    """The 1-based position of the first column that is named so; None where none is, or the scheme has no such."""
    wanted = re.compile(pattern or "$.", re.IGNORECASE)
    return next((place for place, name in enumerate(names, 1) if wanted.fullmatch(name.strip())), None)


def cells(
    scheme: Scheme, names: Sequence[str], table: pl.DataFrame, *, sheet: int = 0, called: str = ""
) -> pl.DataFrame:
    """The codes of a table of ``_grid`` as cells; ``called`` is the country where no column names one.

    ``coding`` is the code as published, ``missing`` what stands where there is none. A code of two or three letters for
    a country is in capitals, whatever the table has. Rows without any code are left out.
    """
    roles = {
        role: place
        for role in ("country", "year", "nationality", "kind")
        if (place := _at(getattr(scheme, role), names)) is not None
    }
    beside = re.compile(scheme.beside or "$.", re.IGNORECASE)
    held = {
        place: name.strip()
        for place, name in enumerate(names, 1)
        if place not in roles.values() and name.strip() and not beside.fullmatch(name.strip())
    }
    years = {place: name for place, name in held.items() if _YEAR.fullmatch(name)}
    held = held if "year" in roles or not years else years
    said = {str(place): name for place, name in held.items()}
    column = pl.col("@column").replace_strict(list(said), list(said.values()), return_dtype=pl.String)
    in_columns = (
        "year" if years and "year" not in roles else "country" if "country" not in roles and not called else "item"
    )
    filled = table.filter(pl.any_horizontal(grid.filled(pl.col(place)).is_not_null() for place in said))
    index = filled.select(
        pl.col("row").cast(pl.Int64),
        *(grid.filled(pl.col(str(place))).str.strip_chars().alias(role) for role, place in roles.items()),
        *said,
    )
    index = index.with_columns(pl.lit(called).alias("country")) if called and "country" not in roles else index
    if scheme.changes:
        index = index.with_columns(change=pl.col("row").cum_count().over("country", "year"))
    long = index.unpivot(
        list(said), index=[name for name in index.columns if name not in said], variable_name="@column"
    )
    long = long.with_columns(column.alias("item" if in_columns == "item" else in_columns))
    return _said(scheme, long, sheet)


def _said(scheme: Scheme, long: pl.DataFrame, sheet: int) -> pl.DataFrame:
    item = pl.col("kind") if "kind" in long.columns else pl.lit(scheme.item) if scheme.item else pl.col("item")
    item = pl.format("{}: {}", "change", item) if scheme.changes else item
    text = grid.filled(pl.col("value")).str.strip_chars()
    absent = text.str.contains(f"(?i)^(?:{scheme.absent})$")
    nothing = pl.lit(None, pl.String)

    def country(name: str) -> pl.Expr:
        code = pl.col(name).str.len_chars() <= 3
        return pl.when(code).then(pl.col(name).str.to_uppercase()).otherwise(name) if name in long.columns else nothing

    return long.select(
        scheme=pl.lit(scheme.name),
        country=country("country"),
        nationality=country("nationality"),
        item=item,
        coding=pl.when(~absent).then(text),
        missing=pl.when(text.is_null()).then(pl.lit(BLANK)).when(absent).then(text),
        time=pl.col("year").str.replace(r"\.0$", "") if "year" in long.columns else nothing,
        value=grid.number(text),
        raw=pl.when(grid.number(text).is_null()).then(text),
        flag=nothing,
        conf=nothing,
        locator=pl.col("row") * pack(1, 0) + pl.col("@column").cast(pl.Int64) + pack(0, 0, sheet),
    ).select(*DIMENSIONS, *CORE)


def found(form: str, frames: Sequence[pl.DataFrame]) -> Cells:
    """Tables of codes as the cells of a payload."""
    return Cells(format=form, frame=pl.concat(frames).lazy(), dimensions=DIMENSIONS)
