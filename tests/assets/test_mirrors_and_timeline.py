"""Mirror figures and the policy timeline on small tables."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from assets.compare.engines import engine
from assets.compare.grades import rules_of_measures
from assets.compare.mirrors import Sources, mirror_flow
from assets.compare.timeline import policy_timeline
from tests.assets.test_comparison import measure
from warehouse.codes import UNION
from warehouse.contracts import contract
from warehouse.measures import Mirror

POLARS = engine("polars")
DESA, KNOMAD = "undesa/ims_destination_and_origin", "worldbank/knomad_migration"
VISAS = {"partner": pl.String, "jurisdiction": pl.String, "year": pl.Int64, "value": pl.Float64}


def stock(
    dataset: str, indicator: str, definition: str, value: float, year: int = 2020, *, status: str = "A"
) -> pl.DataFrame:
    """A row of table ``migrant_stock``: residents of Germany from China."""
    declared = contract("migrant_stock")
    row = dict.fromkeys(declared.field_names) | {
        "indicator": indicator,
        "jurisdiction": "DEU",
        "partner": "CHN",
        "sex": "_T",
        "age": "_T",
        "purpose": "_Z",
        "stay": "_Z",
        "period": date(year, 1, 1),
        "freq": "A",
        "value": value,
        "unit": "persons",
        "obs_status": status,
        "definition": definition,
        "dataset": dataset,
        "payload": "0" * 64,
        "locator": 1,
        "known_from": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return pl.DataFrame([row], schema=declared.polars_schema)


def mirrored(*rows: pl.DataFrame, visas: pl.DataFrame | None = None) -> list[dict[str, object]]:
    sides = [
        {"counted_by": "destination", "dataset": DESA, "indicator": "international_migrants", "because": "x"},
        {
            "counted_by": "destination",
            "dataset": KNOMAD,
            "indicator": "international_migrants_modelled",
            "because": "x",
        },
    ]
    declared = Mirror.model_validate(
        {"name": {"en": "x"}, "unit": "persons", "description": "x", "corridors": "from_china", "sides": sides}
    )
    tables = {"migrant_stock": POLARS.from_polars(pl.concat(rows))}
    days = POLARS.from_polars(pl.DataFrame(schema=VISAS) if visas is None else visas)
    compared = POLARS.from_polars(pl.DataFrame(schema=contract("comparison").polars_schema))
    sources = Sources(tables, compared, rules_of_measures({}), days)
    flows = POLARS.to_polars(mirror_flow(sources, {"mirror": declared}, range(2008, 2025), POLARS))
    return list(flows.sort("mirror", "partner", "year").iter_rows(named=True))


def test_a_mirror_has_both_sides_and_the_differences_of_their_counting_rules() -> None:
    (row,) = mirrored(
        stock(DESA, "international_migrants", "foreign_born", 150.0),
        stock(KNOMAD, "international_migrants_modelled", "modelled_from_stocks", 100.0),
    )
    assert (row["partner"], row["jurisdiction"], row["ratio"]) == ("CHN", "DEU", 1.5)
    assert (row["grade"], row["grade_reasons"]) == ("C", "concept;basis;residence")


def test_a_single_side_has_no_ratio_and_no_grade() -> None:
    (row,) = mirrored(stock(DESA, "international_migrants", "foreign_born", 150.0))
    assert (row["first_value"], row["second_value"], row["ratio"], row["grade"]) == (150.0, None, None, None)


def test_a_side_that_changed_its_definition_or_broke_its_series_is_flagged() -> None:
    rows = mirrored(
        stock(DESA, "international_migrants", "foreign_born", 150.0, 2019),
        stock(DESA, "international_migrants", "foreign_born_and_refugees", 170.0, status="B"),
    )
    assert [row["flags"] for row in rows] == [None, "break;definition_changed"]


def test_visa_mirrors_hold_what_each_side_grants() -> None:
    visas = pl.DataFrame([("CHN", "DEU", 2024, 0.0), ("DEU", "CHN", 2024, 30.0)], schema=VISAS, orient="row")
    rows = [row for row in mirrored(stock(DESA, "x", "foreign_born", 1.0), visas=visas) if row["mirror"] != "mirror"]
    assert [(row["partner"], row["first_value"], row["second_value"]) for row in rows] == [
        ("CHN", 0.0, 30.0),
        ("DEU", 30.0, 0.0),
    ]


@pytest.mark.parametrize(
    ("corridors", "place", "first", "second"),
    [("from_china", (UNION, "CHN"), 90.0, 40.0), ("to_china", ("CHN", UNION), 40.0, 90.0)],
)
def test_a_mirror_of_two_measures_has_the_figures_of_the_union_and_of_china(
    corridors: str, place: tuple[str, str], first: float, second: float
) -> None:
    figure = dict.fromkeys(contract("comparison").field_names) | {"year": 2020, "parts": 1, "dataset": "x/y"}
    compared = pl.DataFrame(
        [
            figure
            | {
                "measure": name,
                "jurisdiction": area,
                "aggregation": kind,
                "scope": scope,
                "value": value,
                "grade_reasons": "concept",
            }
            for name, area, kind, scope, value in (
                ("a", UNION, "published", "union", 90.0),
                ("a", UNION, "computed", "alternative", 91.0),
                ("a", "CHN", "state", "china", 1.0),
                ("b", "CHN", "state", "china", 40.0),
                ("b", UNION, "computed", "union", 2.0),
            )
        ],
        schema=contract("comparison").polars_schema,
    )
    ends = {"union": "a", "china": "b"}
    declared = {"name": {"en": "x"}, "unit": "persons", "description": "x", "corridors": corridors, "measures": ends}
    source = {"dataset": DESA, "indicator": "international_migrants", "because": "x"}
    rules = rules_of_measures({name: measure(sources=[source], like="foreign_born") for name in ("a", "b")})
    sources = Sources({}, POLARS.from_polars(compared), rules, POLARS.from_polars(pl.DataFrame(schema=VISAS)))
    flows = mirror_flow(sources, {"m": Mirror.model_validate(declared)}, range(2020, 2021), POLARS)
    (row,) = POLARS.to_polars(flows).iter_rows(named=True)
    assert (row["jurisdiction"], row["partner"]) == place
    assert (row["first_value"], row["second_value"]) == (first, second)
    assert (row["grade"], row["grade_reasons"]) == ("C", "concept")


def test_an_event_has_the_figures_of_the_years_before_and_after() -> None:
    figures = pl.DataFrame(
        [("m", "DEU", "state", year, float(year), "persons") for year in (2010, 2011, 2012)],
        schema=["measure", "jurisdiction", "aggregation", "year", "value", "unit"],
        orient="row",
    )
    binding = pl.DataFrame(
        {
            "instrument": ["32008L0115"],
            "jurisdiction": ["DEU"],
            "territorial_scope": ["_T"],
            "valid_from": [date(2009, 1, 13)],
            "valid_from_basis": ["entry_into_force"],
        }
    )
    events = pl.DataFrame(
        {
            "instrument": ["32008L0115"],
            "jurisdiction": ["EU"],
            "event": ["transposition_deadline"],
            "date": [date(2011, 12, 24)],
            "date_precision": ["day"],
        }
    ).with_columns(provision=pl.lit(None, pl.String))
    rules = pl.DataFrame(schema=contract("visa_rule").polars_schema)
    declared = {"m": measure(computed="treaties_in_force", events=["32008L0115"])}
    (row,) = policy_timeline(figures, events, binding, rules, declared).iter_rows(named=True)
    assert (row["jurisdiction"], row["happened"]) == ("DEU", "transposition_deadline")
    assert (row["value_before"], row["value"], row["value_after"]) == (2010.0, 2011.0, 2012.0)
    of_one_article = events.with_columns(provision=pl.lit("Article 13(4)"))
    assert policy_timeline(figures, of_one_article, binding, rules, declared).is_empty()
    on_its_first_day = binding.with_columns(valid_from=pl.lit(date(2011, 12, 24)))
    assert policy_timeline(figures, events, on_its_first_day, rules, declared).height == 1


def test_an_event_known_only_by_a_day_is_left_out() -> None:
    figures = pl.DataFrame(
        [("m", "DEU", "state", 2011, 1.0, "persons")],
        schema=["measure", "jurisdiction", "aggregation", "year", "value", "unit"],
        orient="row",
    )
    party = {"instrument": ["C029"], "jurisdiction": ["DEU"], "territorial_scope": ["_T"]}
    bound = pl.DataFrame({**party, "valid_from": [date(2011, 5, 6)], "valid_from_basis": ["party_by"]})
    events = pl.DataFrame({**party, "event": ["ratify"], "date": [date(2011, 5, 6)], "date_precision": ["by"]})
    events = events.with_columns(provision=pl.lit(None, pl.String))
    rules = pl.DataFrame(schema=contract("visa_rule").polars_schema)
    declared = {"m": measure(computed="treaties_in_force", events=["C029"])}
    assert policy_timeline(figures, events, bound, rules, declared).is_empty()
    dated = events.with_columns(date_precision=pl.lit("day"))
    assert policy_timeline(figures, dated, bound, rules, declared)["happened"].to_list() == ["ratify"]
