"""Policy indices as text or workbook: a column for the country, one for the year, and columns of codes.

A scheme is recognised by columns that only it has, in any order and case. Most schemes have a row for a country and
year and a column for each item. DEMIG POLICY has a row for each change of policy, and a country may have several in a
year. DEMIG VISA and the Passport Index have rows for two countries, and sometimes a column for each year or country.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.formats.values import NULL, core, filled

DIMENSIONS = ("scheme", "country", "nationality", "item", "coding", "missing")

_YEAR = re.compile(r"(?:19|20)\d\d")
_REQUIREMENT = "requirement|code|value|status|visa.*"
_MOST_COLUMNS = 150


class Scheme(NamedTuple):
    """How a scheme names its columns: patterns of complete names, in any case.

    ``required`` columns must all be there; ``ignored`` columns are not codes; ``absent`` are the texts for no code.
    ``item`` is the name of the only item where no column gives it. With ``changes`` a row is a change of policy.
    """

    name: str
    required: tuple[str, ...]
    country: str
    ignored: str
    absent: str = r"N/?A|\.|999"
    year: str = "year"
    nationality: str = ""
    kind: str = ""
    item: str | None = None
    changes: bool = False


SCHEMES = (
    Scheme(
        name="DEMIG_POLICY",
        required=("year", "policy area", "policy tool", "(change in )?restrictiveness"),
        country="country",
        ignored="id|summary|description|source.*|iso.*|specific nationalit.*",
        changes=True,
    ),
    Scheme(
        name="DEMIG_VISA",
        required=(
            "nationality.*|origin",
            "country of visa issuance|destination",
            "(policy )?measure|visa entry|entry visa",
        ),
        country="country of visa issuance|destination",
        nationality="nationality.*|origin",
        kind="(policy )?measure",
        ignored="id|notes?|region.*",
    ),
    Scheme(
        name="PASSPORT_INDEX",
        required=("passport.*|nationality",),
        country="destination.*",
        nationality="passport.*|nationality",
        year="",
        ignored="",
        item="visa_requirement",
    ),
    Scheme(
        name="3P",
        required=("year", "prosecution", "prevention", "protection"),
        country="iso3?|country.?code|country",
        ignored=r"country.*|iso.*|cow|tier|region|income|start_year|in\.report|time\..*|change\..*",
    ),
    Scheme(
        name="IMPIC",
        required=("year", "imppol.*|index_immigration_policy_overall|impic.*"),
        country="cntry|country_code|iso2|iso3",
        ignored="name|country.*|iso.*|cow.*|correlates_of_war_code|id|version",
        absent=r"N/?A|\.|-\d+",
    ),
    Scheme(
        name="MIPEX",
        required=("year", "(mipex )?overall score.*|mipex_overall.*"),
        country="iso3|iso2|country.?code|country",
        ignored="country.*|iso.*|id|rank.*",
        absent=r"N/?A|\.|-|999",
    ),
)


def scheme_of(names: Sequence[str], *, sheet: bool = False) -> Scheme | None:
    """The scheme with these columns; None where there is none. A ``sheet`` may have no column for its country."""
    return next((scheme for scheme in SCHEMES if _has_columns(scheme, names, sheet=sheet)), None)


def _has_columns(scheme: Scheme, names: Sequence[str], *, sheet: bool) -> bool:
    if not all(_position(pattern, names) for pattern in scheme.required):
        return False
    if not scheme.year:
        # Three columns in any order, or a matrix with a column for each destination.
        is_list = len(names) == 3 and _position(scheme.country, names) and _position(_REQUIREMENT, names)
        return len(names) > _MOST_COLUMNS or bool(is_list)
    dated = _position(scheme.year, names) or sum(bool(_YEAR.fullmatch(name.strip())) for name in names) > 1
    return bool(dated) and bool(_position(scheme.country, names) or (sheet and scheme.changes))


def _position(pattern: str, names: Sequence[str]) -> int | None:
    """The 1-based position of the first column whose name fits; None where there is none, or no pattern."""
    compiled = re.compile(pattern or "$.", re.IGNORECASE)
    return next((position for position, name in enumerate(names, 1) if compiled.fullmatch(name.strip())), None)


class _Columns(NamedTuple):
    """The position of the column of each role, the name of each column of codes, and what these names are."""

    roles: dict[str, int]
    codes: dict[int, str]
    names_are: str


def _columns(scheme: Scheme, names: Sequence[str], *, has_country: bool) -> _Columns:
    found = {role: _position(getattr(scheme, role), names) for role in ("country", "year", "nationality", "kind")}
    roles = {role: position for role, position in found.items() if position}
    ignored = re.compile(scheme.ignored or "$.", re.IGNORECASE)
    titles = {position: name.strip() for position, name in enumerate(names, 1) if position not in roles.values()}
    codes = {position: title for position, title in titles.items() if title and not ignored.fullmatch(title)}
    years = {position: title for position, title in codes.items() if _YEAR.fullmatch(title)}
    if years and "year" not in roles:
        return _Columns(roles, years, "year")
    return _Columns(roles, codes, "item" if "country" in roles or has_country else "country")


def cells(
    scheme: Scheme, names: Sequence[str], table: pl.DataFrame, *, sheet: int = 0, country: str = ""
) -> pl.DataFrame:
    """The codes of a table, named by position, as cells; ``country`` is used where no column gives the country.

    ``coding`` is the code as published, ``missing`` the text in place of a code, or ``blank``. A code of a country with
    two or three letters is in capitals, also where the table has small letters. Rows without any code are left out.
    """
    columns = _columns(scheme, names, has_country=bool(country))
    titles = {str(position): title for position, title in columns.codes.items()}
    has_code = pl.any_horizontal(filled(pl.col(position)).is_not_null() for position in titles)
    rows = table.filter(has_code).select(
        pl.col("row").cast(pl.Int64),
        *(filled(pl.col(str(position))).str.strip_chars().alias(role) for role, position in columns.roles.items()),
        *titles,
    )
    if country and "country" not in columns.roles:
        rows = rows.with_columns(country=pl.lit(country))
    if scheme.changes:
        rows = rows.with_columns(change=pl.col("row").cum_count().over("country", "year"))
    index = [name for name in rows.columns if name not in titles]
    long = rows.unpivot(list(titles), index=index, variable_name="@column")
    title = pl.col("@column").replace_strict(list(titles), list(titles.values()), return_dtype=pl.String)
    return _as_cells(scheme, long.with_columns(title.alias(columns.names_are)), sheet)


def _as_cells(scheme: Scheme, long: pl.DataFrame, sheet: int) -> pl.DataFrame:
    """The cells of a table with one code in each row."""
    item = pl.col("kind") if "kind" in long.columns else pl.lit(scheme.item) if scheme.item else pl.col("item")
    text = filled(pl.col("value")).str.strip_chars()
    absent = text.str.contains(f"(?i)^(?:{scheme.absent})$")
    locator = pl.col("row") * pack(1, 0) + pl.col("@column").cast(pl.Int64) + pack(0, 0, sheet)
    year = pl.col("year").str.replace(r"\.0$", "") if "year" in long.columns else NULL
    return long.select(
        pl.lit(scheme.name).alias("scheme"),
        *(
            _country(role).alias(role) if role in long.columns else NULL.alias(role)
            for role in ("country", "nationality")
        ),
        (pl.format("{}: {}", "change", item) if scheme.changes else item).alias("item"),
        pl.when(~absent).then(text).alias("coding"),
        pl.when(text.is_null()).then(pl.lit("blank")).when(absent).then(text).alias("missing"),
        *core(text, locator, time=year),
    ).select(*DIMENSIONS, *CORE)


def _country(role: str) -> pl.Expr:
    is_code = pl.col(role).str.len_chars() <= 3
    return pl.when(is_code).then(pl.col(role).str.to_uppercase()).otherwise(role)


def found(form: str, frames: Sequence[pl.DataFrame]) -> Cells:
    """The cells of a payload from the cells of its tables."""
    return Cells(format=form, frame=pl.concat(frames).lazy(), dimensions=DIMENSIONS)
