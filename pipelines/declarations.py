"""A check of the declarations: each code that one of them uses must have its row in ``warehouse/codes``."""

from collections.abc import Iterator

from sources.catalogue import datasets
from sources.catalogue.model import Dim, Publisher
from sources.prose.statements import statements
from warehouse import codes
from warehouse.contracts import contract
from warehouse.headline import headline_indicators
from warehouse.measures import measures, mirrors

# Code list → the file that holds it, if it is not FILE.
LISTED_IN = {
    "indicator": "indicators.csv",
    "measure": "measures.yaml",
    "instrument": "instruments.csv",
    "area": "areas.csv",
    "dataset": "the catalogue",
    "scheme of area codes": "area_codes_own.csv",
}
FILE = "codes.csv"

# A use of a code: its list, the code, and where it is used.
Use = tuple[str, str, str]


def undeclared() -> list[str]:
    """A sentence for each code that a declaration uses and no list holds, with the file that needs a row."""
    known = {"dataset": frozenset(datasets()), "scheme of area codes": codes.schemes()}
    places: dict[tuple[str, str], list[str]] = {}
    for code_list, code, place in (*_of_catalogue(), *_of_statements(), *_of_measures(), *_of_headline()):
        if code_list not in known:
            known[code_list] = codes.members(code_list)
        if code not in known[code_list]:
            places.setdefault((code_list, code), []).append(place)
    found = [
        f"the {code_list} {code} of {', '.join(dict.fromkeys(used))} is missing in {LISTED_IN.get(code_list, FILE)}"
        for (code_list, code), used in sorted(places.items())
    ]
    return [*found, *_without_counting_rule()]


def _without_counting_rule() -> Iterator[str]:
    """Definitions and indicators that the grades of figures need, and that have no row of their own."""
    for name, column, known in (
        ("counting", "definition", codes.members("definition")),
        ("concepts", "indicator", frozenset(codes.indicators()["indicator"])),
    ):
        rows = frozenset(codes.read(name)[column])
        yield from (f"the {column} {code} has no row in {name}.csv" for code in sorted(known - rows))
        yield from (f"{name}.csv has a row for the {column} {code}, which no list has" for code in sorted(rows - known))


def _of_catalogue() -> Iterator[Use]:
    for name, (publisher, entry) in datasets().items():
        observe = entry.observe
        if observe is None:
            continue
        lists = {column.name: column.codes for column in contract(entry.table).columns if column.codes}
        fields = {field: getattr(observe, field) for field in ("indicator", "unit", "definition", "partner_role")}
        for field, source in {**fields, **observe.dimensions}.items():
            for code in _codes(publisher, source):
                if field in lists:
                    yield lists[field], code, name
        for place in (observe.jurisdiction, observe.partner):
            if isinstance(place, Dim) and isinstance(place.codes, str) and place.codes not in publisher.codes:
                yield "scheme of area codes", place.codes, name


def _codes(publisher: Publisher, source: str | Dim) -> Iterator[str]:
    """The codes that a field can get: its constant value, or the values of its code map."""
    if isinstance(source, str):
        yield source
        return
    mapping = publisher.codes.get(source.codes, {}) if isinstance(source.codes, str) else source.codes
    yield from (code for code in (mapping or {}).values() if code)


def _of_statements() -> Iterator[Use]:
    for publisher, declared in statements().items():
        for name, statement in declared.statements.items():
            if statement.table:
                place = f"the statement {publisher}/{name}"
                yield "indicator", statement.indicator, place
                yield "unit", statement.unit, place
                yield "definition", statement.definition, place
                if statement.growth:
                    yield "indicator", statement.growth, place


def _of_measures() -> Iterator[Use]:
    for name, measure in measures().items():
        place = f"the measure {name}"
        yield "theme", measure.theme, place
        yield "unit", measure.unit, place
        yield from (("instrument", event, place) for event in measure.events)
        if measure.like:
            yield "definition", measure.like, place
    selections = [(f"the measure {name}", one) for name, measure in measures().items() for one in measure.sources]
    selections += [(f"the mirror {name}", side) for name, mirror in mirrors().items() for side in mirror.sides or ()]
    for place, one in selections:
        yield "dataset", one.dataset, place
        yield "indicator", one.indicator, place
        yield from (("definition", definition, place) for definition in one.definition)


def _of_headline() -> Iterator[Use]:
    for name, entry in headline_indicators().items():
        yield "indicator", entry.of or name, f"the headline indicator {name}"
        yield from (("dataset", source.dataset, f"the headline indicator {name}") for source in entry.sources)
