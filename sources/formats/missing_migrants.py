"""IOM's Missing Migrants as text or workbook: one incident in each record, with the numbers of its dead and missing.

The file of all data and the export of the site name the same columns differently, and the site has fewer. A field may
list several countries, routes or causes, separated by commas: it is then read as ``Several``. An incident is dated by
its day (``2014-01-06``; on the site ``Thu, 01/02/2026 - 12:00``, month first, and before ``January 02, 2020``), else
by its year, else by the year in its id.
"""

from collections.abc import Sequence

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.wide_table import IGNORED, Layout, Role

SEVERAL = "Several"

# The id of an incident, and its id in the exports of the site before 2021, which lack the other.
_INCIDENT, _WEB = "incident id", "web id"
_DIMENSIONS = {
    _INCIDENT: "incident",
    "incident type": "incident_type",
    "region": "region",
    "region of incident": "region",
    "country of incident": "country_of_incident",
    "country of origin": "country_of_origin",
    "region of origin": "region_of_origin",
    "migration route": "route",
    "cause of death": "cause",
}
_MEASURES = {
    "number dead": "dead",
    "number of dead": "dead",
    "minimum estimated number of missing": "missing",
    "total number of dead and missing": "total",
    "total dead and missing": "total",
    "number of survivors": "survivors",
    "number of females": "females",
    "number of males": "males",
    "number of children": "children",
}
_DATE, _YEAR = "date", "year"
_DATES = {
    "incident date": _DATE,
    "website date": _DATE,
    "reported date": _DATE,
    "year": _YEAR,
    "incident year": _YEAR,
    "reported year": _YEAR,
}
_LEFT_OUT = (
    *("main id", _WEB, "month", "reported month", "incident month", "location of death", "location of incident"),
    "location description",
    *("coordinates", "location coordinates", "information source", "url", "unsd geographical grouping"),
    *("source quality", "article title"),
)
_ROLES: dict[str, Role] = {
    **_DIMENSIONS,
    **_DATES,
    **dict.fromkeys(_LEFT_OUT, IGNORED),
    **{words: {"measure": measure} for words, measure in _MEASURES.items()},
}
# The one cause with commas in its name, which do not make it a list.
_NAME_WITH_COMMAS = "Harsh environmental conditions / lack of adequate shelter, food, water"
_LISTS = ("region", "country_of_incident", "country_of_origin", "region_of_origin", "route", "cause", "incident_type")


def is_header(names: Sequence[str]) -> bool:
    """Whether these are the names of a file of incidents."""
    words = set(map(_words, names))
    return bool(words & {_INCIDENT, _WEB}) and "minimum estimated number of missing" in words


def cells(name: str, names: Sequence[str], table: pl.DataFrame) -> Cells:
    """The cells of a table with columns named by position: one for each number of an incident.

    Dimensions: ``incident``, its place, origin, ``route`` and ``cause``, and ``measure`` (``dead``, ``missing`` …).
    """
    roles = _ROLES if _INCIDENT in map(_words, names) else _ROLES | {_WEB: "incident"}
    keys, measures = wide_table.layout(names, lambda name: roles.get(_words(name)), needed=["incident"])
    places = {key: at for key, at in keys.items() if key not in (_DATE, _YEAR)}
    table = table.with_columns(
        *(_one_or_several(pl.col(str(places[field]))) for field in _LISTS if field in places),
        _time(pl.col(str(places["incident"])), keys).alias("0"),
    )
    undated = table.filter(pl.col("0").is_null())
    if undated.height:
        raise FormatError(f"record {undated['row'][0]} has no date, no year, and no year in its id")
    dimensions = (*places, "measure")
    frame = wide_table.cells(table, Layout(places | {"time": 0}, measures), dimensions)
    return Cells(format=name, frame=frame, dimensions=dimensions, coded=False)


def _words(name: str) -> str:
    return " ".join(name.lower().split())


def _one_or_several(text: pl.Expr) -> pl.Expr:
    """A field that names one thing, or ``Several``."""
    without = text.str.replace_all(_NAME_WITH_COMMAS, "", literal=True)
    several = without.str.contains(",", literal=True) | (
        (without.str.strip_chars() != "") & text.str.contains(_NAME_WITH_COMMAS, literal=True)
    )
    return pl.when(several).then(pl.lit(SEVERAL)).otherwise(text).alias(text.meta.output_name())


def _time(incident: pl.Expr, keys: dict[str, int]) -> pl.Expr:
    """The day, else the year, of an incident."""
    candidates = []
    if _DATE in keys:
        date = pl.col(str(keys[_DATE]))
        site = date.str.extract_groups(r"(?<month>\d{2})/(?<day>\d{2})/(?<year>\d{4})").struct
        candidates = [
            date.str.extract(r"^(\d{4}-\d{2}-\d{2})"),
            pl.concat_str(site.field("year"), site.field("month"), site.field("day"), separator="-"),
            date.str.to_date("%B %d, %Y", strict=False).cast(pl.String),
        ]
    if _YEAR in keys:
        candidates.append(pl.col(str(keys[_YEAR])).str.extract(r"^(\d{4})"))
    return pl.coalesce(*candidates, incident.str.extract(r"^(\d{4})\."))
