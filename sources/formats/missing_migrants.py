"""IOM's Missing Migrants: one incident a record, with the numbers of its dead and missing, under changing headers.

The file of all data and the export of the site name the same columns differently, and the site has fewer. A field may
list several countries, routes or causes, separated by commas: it then reads ``Several``. An incident is dated to the
day (``2014-01-06``; on the site ``Thu, 01/02/2026 - 12:00``, month first), else by its year, else by that of its id.
"""

from collections.abc import Sequence

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid

SEVERAL = "Several"

_DIMENSIONS = {
    "incident id": "incident",
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
_WHEN = {
    "incident date": "date",
    "website date": "date",
    "reported date": "date",
    "year": "year",
    "incident year": "year",
    "reported year": "year",
}
_LEFT_OUT = (
    *("main id", "web id", "month", "reported month", "incident month", "location of death", "location of incident"),
    *("coordinates", "location coordinates", "information source", "url", "unsd geographical grouping"),
    *("source quality", "article title"),
)
# What a comma in it does not make a list: the one cause that has commas in its name.
_ONE = "Harsh environmental conditions / lack of adequate shelter, food, water"
_LISTS = ("region", "country_of_incident", "country_of_origin", "region_of_origin", "route", "cause", "incident_type")


def is_header(names: Sequence[str]) -> bool:
    """Whether these are the names of a file of incidents."""
    said = set(map(_words, names))
    return "incident id" in said and "minimum estimated number of missing" in said


def cells(name: str, names: Sequence[str], table: pl.DataFrame) -> Cells:
    """The cells of a table whose columns are named by position: one for each number that an incident has."""
    places: dict[str, int] = {}
    columns: dict[int, dict[str, str | None]] = {}
    when: dict[str, int] = {}
    for at, words in enumerate(map(_words, names), 1):
        if words in _MEASURES:
            columns[at] = {"measure": _MEASURES[words]}
        elif (field := _DIMENSIONS.get(words) or _WHEN.get(words)) is not None:
            target = places if words in _DIMENSIONS else when
            if field in target:
                raise FormatError(f"two columns are {field}: {target[field]} and {at}")
            target[field] = at
        elif words not in _LEFT_OUT:
            raise FormatError(f"column {at} is unknown: {names[at - 1]!r}")
    if "incident" not in places:
        raise FormatError(f"the header names no incident: {list(names)[:8]}")
    table = table.with_columns(
        *(_one(pl.col(str(places[field]))) for field in _LISTS if field in places),
        _time(pl.col(str(places["incident"])), when).alias("0"),
    )
    undated = table.filter(pl.col("0").is_null())
    if undated.height:
        raise FormatError(f"record {undated['row'][0]} has neither date nor year, and its id begins with none")
    dimensions = (*places, "measure")
    frame = grid.cells(table, dimensions, places | {"time": 0}, columns)
    return Cells(format=name, frame=frame, dimensions=dimensions, coded=False)


def _words(name: str) -> str:
    return " ".join(name.lower().split())


def _one(text: pl.Expr) -> pl.Expr:
    """A field that names one thing, or ``Several``."""
    without = text.str.replace_all(_ONE, "", literal=True)
    several = without.str.contains(",", literal=True) | (
        (without.str.strip_chars() != "") & text.str.contains(_ONE, literal=True)
    )
    return pl.when(several).then(pl.lit(SEVERAL)).otherwise(text).alias(text.meta.output_name())


def _time(incident: pl.Expr, when: dict[str, int]) -> pl.Expr:
    """The day, else the year, of an incident."""
    found = []
    if "date" in when:
        date = pl.col(str(when["date"]))
        site = date.str.extract_groups(r"(?<month>\d{2})/(?<day>\d{2})/(?<year>\d{4})").struct
        found = [
            date.str.extract(r"^(\d{4}-\d{2}-\d{2})"),
            pl.concat_str(site.field("year"), site.field("month"), site.field("day"), separator="-"),
        ]
    if "year" in when:
        found.append(pl.col(str(when["year"])).str.extract(r"^(\d{4})"))
    return pl.coalesce(*found, incident.str.extract(r"^(\d{4})\."))
