"""The comparison on small tables: order of sources, missing figures, flags, grades and ranks."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import permutations

import polars as pl
import pytest

from assets.compare import annotations, comparison, grades
from assets.compare.coverage import coverage_gap, coverage_score
from assets.compare.engines import Engine, Frame, engine
from assets.compare.missing import defaults
from assets.compare.question import COMPUTED, KEY, PUBLISHED, STATE, Question, absences, unions
from sources.catalogue import datasets
from tests.support.frames import failing_rows
from tests.support.receptions import all_received
from warehouse import codes
from warehouse import measures as declared
from warehouse.codes import UNION
from warehouse.contracts import contract, contracts
from warehouse.measures import Formula, Measure

POLARS = engine("polars")
MEMBERS = sorted(unions()[UNION][0])
WORLD, PJAN = "worldbank/SP.POP.TOTL", "eurostat/demo_pjan"
RULES = {WORLD: "mid_year_population", PJAN: "census_or_register_1_january"}


def population(*rows: tuple[str, int, float | None], dataset: str = WORLD, **fields: object) -> pl.DataFrame:
    """Rows of table ``population``: jurisdiction, year, value."""
    declared = contract("population")
    base = dict.fromkeys(declared.field_names) | {
        "indicator": "population",
        "partner": "_Z",
        "partner_role": "_Z",
        "sex": "_T",
        "age": "_T",
        "freq": "A",
        "unit": "persons",
        "obs_status": "A",
        "definition": RULES[dataset],
        "dataset": dataset,
        "payload": "0" * 64,
        "locator": 1,
        "known_from": datetime(2026, 1, 1, tzinfo=UTC),
    }
    filled = [
        base
        | {"jurisdiction": whom, "period": date(year, 1, 1), "value": value}
        | ({} if value is not None else {"missing_reason": "suppressed"})
        | fields
        for whom, year, value in rows
    ]
    return pl.DataFrame(filled, schema=declared.polars_schema)


def measure(**fields: object) -> Measure:
    base = {
        "theme": "population",
        "name": {"en": "x", "zh": "x"},
        "unit": "persons",
        "description": "x",
        "not_for": "x",
    }
    return Measure.model_validate(base | fields)


def people(*sources: str, **fields: object) -> Measure:
    chosen = [{"dataset": name, "indicator": "population", "because": "x"} for name in sources or (WORLD,)]
    return measure(sources=chosen, like="mid_year_population", **fields)


def compared(measures: Mapping[str, Measure], *frames: pl.DataFrame, years: range = range(2020, 2023)) -> pl.DataFrame:
    """Table ``comparison`` from rows of table ``population``."""
    question = Question(measures, years, absences(measures), defaults(measures, all_received()))
    found = candidates(question, *frames)
    none = POLARS.from_polars(pl.DataFrame(schema=LAW))
    return POLARS.to_polars(comparison_table(found, none, question, POLARS)).sort(*KEY)


def comparison_table(found: Frame, law: Frame, question: Question, engine: Engine) -> Frame:
    return annotations.annotate(comparison.figures(found, law, question, engine), found, question, engine)


LAW = {
    "measure": pl.String,
    "jurisdiction": pl.String,
    "year": pl.Int64,
    "value": pl.Float64,
    "value_min": pl.Float64,
    "value_max": pl.Float64,
    "source_table": pl.String,
}


def candidates(question: Question, *frames: pl.DataFrame) -> Frame:
    tables = {"population": POLARS.from_polars(pl.concat(frames))}
    return POLARS.materialise(comparison.candidates(tables, question, POLARS))


def at(
    rows: pl.DataFrame, jurisdiction: str, year: int, aggregation: str = STATE, name: str = "people"
) -> dict[str, object]:
    found = rows.filter(
        pl.col("measure") == name,
        pl.col("jurisdiction") == jurisdiction,
        pl.col("aggregation") == aggregation,
        pl.col("year") == year,
    )
    return found.row(0, named=True)


def test_the_first_source_with_a_figure_is_used_and_the_others_are_alternatives() -> None:
    measures = {"people": people(WORLD, PJAN)}
    first = population(("DEU", 2020, 100.0), ("DEU", 2021, None))
    second = population(("DEU", 2020, 90.0), ("DEU", 2021, 95.0), dataset=PJAN)
    rows = compared(measures, first, second)
    assert (at(rows, "DEU", 2020)["value"], at(rows, "DEU", 2020)["alternatives"]) == (100.0, 1)
    assert (at(rows, "DEU", 2021)["value"], at(rows, "DEU", 2021)["dataset"]) == (95.0, PJAN)
    question = Question(measures, range(2020, 2023), absences(measures), defaults(measures, all_received()))
    others = POLARS.to_polars(comparison.alternatives(candidates(question, first, second), question, POLARS))
    (other,) = others.iter_rows(named=True)
    assert (other["year"], other["value"], other["difference"], other["ratio"]) == (2020, 90.0, -10.0, 0.9)


def test_a_missing_figure_has_the_reason_of_its_source() -> None:
    rows = compared({"people": people()}, population(("DEU", 2020, None)))
    assert at(rows, "DEU", 2020)["missing_reason"] == "suppressed"
    assert at(rows, "FRA", 2020)["missing_reason"] == "not_published"
    absent = {"CHN": {"reason": "not_applicable", "because": "It is about the other side."}}
    rows = compared({"people": people(absent=absent)}, population(("DEU", 2020, 1.0)))
    china = at(rows, "CHN", 2020)
    assert (china["missing_reason"], china["because"]) == ("not_applicable", "It is about the other side.")


def test_the_union_is_the_sum_of_all_members_or_names_the_missing_ones() -> None:
    whole = [(state, 2020, 10.0) for state in MEMBERS]
    rows = compared({"people": people(additive=True)}, population(*whole, *[(s, 2021, 10.0) for s in MEMBERS[1:]]))
    assert at(rows, UNION, 2020, COMPUTED)["value"] == 270.0
    short = at(rows, UNION, 2021, COMPUTED)
    assert (short["value"], short["missing_reason"]) == (None, "incomplete")
    assert (short["missing_members"], short["because"]) == (MEMBERS[0], f"No figure for {MEMBERS[0]}")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param((), (*MEMBERS,), (300.0, None), id="all members have the source of the Union"),
        pytest.param((MEMBERS[0],), (*MEMBERS[1:],), (300.0, "member_differs"), id="one member has only another"),
        pytest.param((MEMBERS[0],), (*MEMBERS,), (None, None), id="one member prefers another source"),
        pytest.param((*MEMBERS,), (), (None, None), id="no member has the source of the Union"),
    ],
)
def test_a_published_figure_of_the_union_is_used_unless_a_member_prefers_another_source(
    first: tuple[str, ...], second: tuple[str, ...], expected: tuple[float | None, str | None]
) -> None:
    rows = compared(
        {"people": people(WORLD, PJAN)},
        population(*[(state, 2020, 10.0) for state in first], ("CHN", 2020, 1.0)),
        population(*[(state, 2020, 11.0) for state in second], (UNION, 2020, 300.0), dataset=PJAN),
    )
    figure = at(rows, UNION, 2020, PUBLISHED)
    assert (figure["value"], figure["flags"]) == expected


@pytest.mark.parametrize(
    ("published", "additive", "of_members", "expected"),
    [
        pytest.param(271.0, True, MEMBERS, (PUBLISHED, 271.0), id="the published figure is used"),
        pytest.param(None, True, MEMBERS, (COMPUTED, 270.0), id="the sum is used if no figure is published"),
        pytest.param(None, True, MEMBERS[1:], (COMPUTED, None), id="the missing sum names its members"),
        pytest.param(None, False, MEMBERS, (PUBLISHED, None), id="what cannot be added up has no sum"),
    ],
)
def test_scope_union_selects_one_figure_of_the_union_a_year(
    published: float | None, additive: bool, of_members: list[str], expected: tuple[str, float | None]
) -> None:
    given = [(state, 2020, 10.0) for state in of_members] + ([(UNION, 2020, published)] if published else [])
    rows = compared({"people": people(additive=additive)}, population(*given)).filter(year=2020)
    (figure,) = rows.filter(scope="union").iter_rows(named=True)
    assert (figure["aggregation"], figure["value"]) == expected
    assert rows.filter(scope="alternative").height == 1
    assert set(rows.filter(scope="member")["jurisdiction"]) == set(MEMBERS)
    assert rows.filter(scope="china")["jurisdiction"].to_list() == ["CHN"]


def test_a_published_figure_of_the_union_without_a_member_is_marked_and_not_graded_a() -> None:
    rows = compared(
        {"people": people(WORLD, additive=True)},
        population(*[(state, year, 10.0) for state in MEMBERS[1:] for year in (2020, 2021)]),
        population((MEMBERS[0], 2020, 10.0), *[(UNION, year, 270.0) for year in (2020, 2021)]),
    )
    whole, short = (at(rows, UNION, year, PUBLISHED) for year in (2020, 2021))
    assert (whole["grade"], whole["flags"]) == ("A", None)
    assert (short["grade"], short["grade_reasons"], short["flags"]) == ("B", "excludes", "member_missing")


def test_a_changed_source_is_marked_after_years_without_a_value() -> None:
    rows = compared(
        {"people": people(WORLD, PJAN)},
        population(("DEU", 2018, 10.0)),
        population(("DEU", 2021, 11.0), dataset=PJAN),
        years=range(2018, 2022),
    )
    assert at(rows, "DEU", 2021)["flags"] == "source_changed;definition_changed"


def test_a_measure_that_is_not_additive_has_no_computed_union() -> None:
    rows = compared({"people": people()}, population(*[(state, 2020, 10.0) for state in MEMBERS]))
    assert at(rows, UNION, 2020, COMPUTED)["missing_reason"] == "not_applicable"


def test_earlier_years_also_have_the_union_in_its_composition_of_that_time() -> None:
    states = sorted(unions()["EU28"][0])
    assert "GBR" in states
    rows = compared(
        {"people": people(additive=True)},
        population(*[(state, 2015, 1.0) for state in states]),
        years=range(2008, 2016),
    )
    assert at(rows, "EU28", 2015, COMPUTED)["value"] == 28.0
    assert at(rows, UNION, 2015, COMPUTED)["value"] == 27.0
    assert rows.filter(pl.col("jurisdiction") == "EU27_2007")["year"].max() == 2012


def test_a_share_without_its_denominator_is_missing() -> None:
    measures = {
        "people": people(),
        "others": people(PJAN),
        "share": measure(formula={"share": "others", "of": "people"}, unit="percent"),
    }
    rows = compared(
        measures, population(("DEU", 2020, 200.0)), population(("DEU", 2020, 50.0), ("DEU", 2021, 50.0), dataset=PJAN)
    )
    assert at(rows, "DEU", 2020, name="share")["value"] == 25.0
    missing = at(rows, "DEU", 2021, name="share")
    assert (missing["value"], missing["missing_reason"]) == (None, "incomplete")
    assert missing["because"] == "A figure is missing in the formula others ÷ people × 100"


def test_a_computed_figure_has_the_grade_of_its_worse_input() -> None:
    measures = {
        "people": people(),
        "others": people(PJAN),
        "share": measure(formula={"share": "others", "of": "people"}, unit="percent"),
    }
    measures["others"] = measures["others"].model_copy(update={"like": "mid_year_population"})
    rows = compared(measures, population(("DEU", 2020, 9.0)), population(("DEU", 2020, 3.0), dataset=PJAN))
    assert at(rows, "DEU", 2020, name="people")["grade"] == "A"
    share = at(rows, "DEU", 2020, name="share")
    assert (share["grade"], share["grade_reasons"]) == ("B", "threshold_months;reference;basis;residence")


def test_a_rate_needs_the_number_of_residents() -> None:
    measures = {"population": people(), "people": people(PJAN, per_population=True)}
    rows = compared(
        measures, population(("DEU", 2020, 2000.0)), population(("DEU", 2020, 5.0), ("FRA", 2020, 5.0), dataset=PJAN)
    )
    assert at(rows, "DEU", 2020)["rate"] == 2.5
    assert at(rows, "FRA", 2020)["rate"] is None


def test_a_change_of_source_and_rule_within_a_series_is_flagged() -> None:
    rows = compared(
        {"people": people(WORLD, PJAN)},
        population(("DEU", 2020, 1000.0), ("DEU", 2022, 1000.0)),
        population(
            (
                "DEU",
                2021,
                990.0,
            ),
            dataset=PJAN,
        ),
    )
    assert at(rows, "DEU", 2021)["flags"] == "source_changed;definition_changed"


def test_a_published_break_and_a_jump_are_flagged() -> None:
    rows = compared({"people": people()}, population(("DEU", 2020, 100.0), ("DEU", 2021, 900.0), obs_status="BP"))
    assert at(rows, "DEU", 2021)["flags"] == "break;provisional;jump"
    assert at(rows, "DEU", 2021)["step"] == 800.0


def test_two_sources_that_differ_by_a_factor_of_ten_are_flagged_and_not_averaged() -> None:
    rows = compared(
        {"people": people(WORLD, PJAN)},
        population(("DEU", 2020, 1000.0)),
        population(("DEU", 2020, 10_001.0), dataset=PJAN),
    )
    assert (at(rows, "DEU", 2020)["value"], at(rows, "DEU", 2020)["flags"]) == (1000.0, "sources_disagree")


def test_a_sum_with_a_missing_part_is_flagged_or_missing_if_it_must_be_complete() -> None:
    rows = population(("DEU", 2020, 4.0), sex="F").vstack(population(("DEU", 2020, None), sex="M"))
    source = {"dataset": WORLD, "indicator": "population", "because": "x", "where": {"sex": ["F", "M"]}, "sum": ["sex"]}
    loose = measure(sources=[source], like="mid_year_population")
    whole = measure(sources=[source | {"least_parts": 2}], like="mid_year_population")
    assert at(compared({"people": loose}, rows), "DEU", 2020)["flags"] == "parts_missing"
    assert at(compared({"people": loose}, rows), "DEU", 2020)["value"] == 4.0
    assert at(compared({"people": whole}, rows), "DEU", 2020)["value"] is None


def test_a_sum_does_not_depend_on_the_order_of_its_parts() -> None:
    parts = [("_T", 0.1), ("F", 1e9 + 0.3), ("M", 7e8 + 0.7), ("_U", 0.2)]
    source = {"dataset": WORLD, "indicator": "population", "because": "x", "where": {"sex": ["F", "M", "_T", "_U"]}}
    added = measure(sources=[source | {"sum": ["sex"]}], like="mid_year_population")
    found = set()
    for order in [*permutations(parts)][::5]:
        rows = pl.concat([population(("DEU", 2020, value), sex=sex) for sex, value in order])
        found.add(at(compared({"people": added}, rows), "DEU", 2020)["value"])
    assert found == {1_700_000_001.3}


def test_a_sum_is_exact_in_its_decimals() -> None:
    figures = population(*((state, year, 0.0009) for state in MEMBERS for year in (2020, 2021)))
    rows = compared({"people": people(additive=True)}, figures)
    assert [at(rows, UNION, year, COMPUTED)["value"] for year in (2020, 2021)] == [0.0243, 0.0243]


def test_ranks_exclude_figures_that_are_not_comparable() -> None:
    two_indicators = measure(
        sources=[
            {"dataset": WORLD, "indicator": "population", "because": "x", "definition": ["mid_year_population"]},
            {"dataset": PJAN, "indicator": "net_migration", "because": "x"},
        ],
        like="mid_year_population",
    )
    rows = compared(
        {"people": two_indicators},
        population(("DEU", 2020, 5.0), ("FRA", 2020, 7.0), ("ITA", 2020, 5.0), ("ESP", 2020, 1.0)),
        population(("CHN", 2020, 99.0), dataset=PJAN, indicator="net_migration"),
    )
    ranks = {whom: at(rows, whom, 2020)["rank"] for whom in ("FRA", "DEU", "ITA", "ESP", "CHN")}
    assert ranks == {"FRA": 1, "DEU": 2, "ITA": 2, "ESP": 4, "CHN": None}
    assert at(rows, "CHN", 2020)["grade"] == "D"
    assert {at(rows, whom, 2020)["ranked"] for whom in ranks} == {4, None}


def test_the_only_figure_of_a_year_has_no_rank() -> None:
    rows = compared({"people": people()}, population(("IRL", 2020, 5.0), ("IRL", 2021, 6.0), ("DEU", 2021, 0.0)))
    assert (at(rows, "IRL", 2020)["rank"], at(rows, "IRL", 2020)["ranked"]) == (None, None)
    assert (at(rows, "IRL", 2021)["rank"], at(rows, "IRL", 2021)["ranked"]) == (1, 2)


@pytest.mark.parametrize(
    ("attribute", "grade"), [(name, grade) for name, grade in grades.ATTRIBUTES.items() if name != "time"]
)
def test_each_attribute_that_differs_gives_its_grade(
    monkeypatch: pytest.MonkeyPatch, attribute: str, grade: str
) -> None:
    rules = grades.counting_rules()
    other = pl.when(pl.col("definition") == RULES[PJAN]).then(pl.lit("another")).otherwise(attribute)
    same = rules.filter(pl.col("definition") == RULES[WORLD])
    both = pl.concat([same, same.with_columns(definition=pl.lit(RULES[PJAN]))]).with_columns(other.alias(attribute))
    for module in (grades, comparison):
        monkeypatch.setattr(module, "counting_rules", lambda: both)
    rows = compared({"people": people(WORLD, PJAN)}, population(("DEU", 2020, 1.0), dataset=PJAN))
    figure = at(rows, "DEU", 2020)
    assert (figure["grade"], figure["grade_reasons"]) == (grade, attribute)


def test_changing_a_definition_changes_only_the_grades_that_depend_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measures = {"people": people(WORLD, PJAN)}
    rows = (population(("DEU", 2020, 1.0)), population(("FRA", 2020, 1.0), dataset=PJAN))
    before = compared(measures, *rows)
    rules = grades.counting_rules()
    changed = rules.with_columns(
        phenomenon=pl.when(pl.col("definition") == RULES[PJAN]).then(pl.lit("x")).otherwise("phenomenon")
    )
    for module in (grades, comparison):
        monkeypatch.setattr(module, "counting_rules", lambda: changed)
    after = compared(measures, *rows)
    assert (at(before, "FRA", 2020)["grade"], at(after, "FRA", 2020)["grade"]) == ("B", "D")
    # Ranks depend on the grades of all figures.
    others = (frame.filter(pl.col("jurisdiction") != "FRA").drop("rank", "ranked") for frame in (before, after))
    assert next(others).equals(next(others))


def test_every_indicator_and_definition_has_a_counting_rule() -> None:
    assert set(codes.read("concepts")["indicator"]) == set(codes.indicators()["indicator"])
    assert set(codes.read("counting")["definition"]) == codes.members("definition")
    assert codes.members("attribute") == set(grades.ATTRIBUTES)


def test_every_source_of_a_measure_and_mirror_is_a_dataset_of_the_catalogue() -> None:
    sources = [source for entry in declared.measures().values() for source in entry.sources]
    sides = [side for entry in declared.mirrors().values() for side in entry.sides or ()]
    assert {source.dataset for source in (*sources, *sides)} <= set(datasets())
    assert {source.indicator for source in (*sources, *sides)} <= codes.members("indicator")
    instruments = {instrument for entry in declared.measures().values() for instrument in entry.events}
    assert instruments <= codes.members("instrument")


def test_a_measure_needs_one_origin_and_a_formula_one_kind() -> None:
    with pytest.raises(ValueError, match="sources, a formula or a computation"):
        measure()
    with pytest.raises(ValueError, match="counting rule of a measure with sources"):
        measure(sources=[{"dataset": WORLD, "indicator": "population", "because": "x"}])
    with pytest.raises(ValueError, match="share"):
        Formula.model_validate({"share": "a", "less": "b"})


def test_gaps_count_the_comparisons_that_they_prevent() -> None:
    rows = compared({"people": people()}, population(("DEU", 2020, 1.0), ("FRA", 2020, 2.0), ("DEU", 2021, 1.0)))
    figures = POLARS.from_polars(rows)
    gaps = POLARS.to_polars(coverage_gap(figures)).filter(pl.col("jurisdiction").is_in(["FRA", "ITA"]))
    blocked = dict(gaps.select("jurisdiction", "blocked").iter_rows())
    assert blocked == {"FRA": 1, "ITA": 3}
    themes = POLARS.from_polars(pl.DataFrame({"measure": ["people"], "theme": ["population"]}))
    scores = POLARS.to_polars(coverage_score(figures, themes))
    assert scores.filter(pl.col("jurisdiction") == "DEU")["score"].item() == pytest.approx(200 / 3)


def series() -> pl.DataFrame:
    """A comparison that passes all checks: two years of every member state under one rule, and the published Union."""
    states = population(*((state, year, 100.0) for state in MEMBERS for year in (2020, 2021)))
    union = population((UNION, 2020, 2700.0), (UNION, 2021, 2700.0))
    return compared({"population": people(WORLD, PJAN, additive=True)}, states, union, years=range(2020, 2022))


@pytest.mark.parametrize(
    ("check", "aggregation", "broken"),
    [
        ("value_or_reason", STATE, {"missing_reason": "suppressed"}),
        ("value_or_reason", STATE, {"value": None}),
        ("every_value_has_a_source", STATE, {"payload": None}),
        ("every_value_has_a_source", STATE, {"grade": None}),
        ("rates_within_population", STATE, {"rate": 1000.5}),
        ("ranks_follow_figures", STATE, {"rank": 2}),
        ("ranks_follow_figures", STATE, {"ranked": 28}),
        ("one_unit_per_measure", STATE, {"unit": "crossings"}),
        ("sums_only_where_declared", STATE, {"parts": 2}),
        ("union_sums_complete", COMPUTED, {"missing_members": "DEU"}),
        ("union_sums_near_published", COMPUTED, {"value": 2400.0}),
        ("no_large_jumps", STATE, {"flags": "provisional;jump"}),
        ("sources_agree", STATE, {"flags": "sources_disagree"}),
        ("one_definition_per_series", STATE, {"flags": "definition_changed"}),
        ("grades_give_reasons", STATE, {"grade": "B"}),
    ],
)
def test_a_check_shows_the_figure_that_breaks_a_rule(check: str, aggregation: str, broken: dict[str, object]) -> None:
    rows = series()
    assert failing_rows(check, "comparison", rows).is_empty()
    whom = MEMBERS[0] if aggregation == STATE else UNION
    one = (pl.col("jurisdiction") == whom) & (pl.col("year") == 2021) & (pl.col("aggregation") == aggregation)
    kinds = rows.collect_schema()
    bad = rows.with_columns(
        **{
            name: pl.when(one).then(pl.lit(value, kinds[name])).otherwise(pl.col(name))
            for name, value in broken.items()
        }
    )
    assert failing_rows(check, "comparison", bad).select("jurisdiction", "year").rows() == [(whom, 2021)]


def test_checks_show_figures_whose_sources_are_bad() -> None:
    """A definition that changes within a series, and two sources that differ by a factor of ten."""
    measures = {"population": people(WORLD, PJAN)}
    first = population(("DEU", 2020, 1000.0), ("FRA", 2020, 9000.0))
    second = population(("DEU", 2021, 1100.0), ("FRA", 2020, 800.0), dataset=PJAN)
    rows = compared(measures, first, second)
    assert failing_rows("one_definition_per_series", "comparison", rows).select(
        "jurisdiction", "year", "value"
    ).rows() == [("DEU", 2021, 1100.0)]
    assert failing_rows("sources_agree", "comparison", rows).select("jurisdiction", "year", "value").rows() == [
        ("FRA", 2020, 9000.0)
    ]
    (probable,) = failing_rows(
        "no_large_jumps", "comparison", compared(measures, population(("DEU", 2020, 1.0), ("DEU", 2021, 900.0)))
    )["probable"]
    assert probable == "no reason known from the sources"


@pytest.mark.slow
def test_pyspark_and_polars_give_equal_comparisons(built_comparison: Mapping[str, pl.DataFrame]) -> None:
    """Compares a few measures of every kind, with the tables of statistics of the built release."""
    pytest.importorskip("pyspark", reason="wants the extra spark")
    names = ("population", "foreign_born", "foreign_born_share", "asylum_applicants", "students_in", "urban_share")
    few = {name: declared.measures()[name] for name in names}
    question = Question(few, range(2015, 2025), absences(few), defaults(few, all_received()))
    results = []
    for runs in (POLARS, engine("pyspark")):
        tables = {name: runs.from_polars(frame) for name, frame in built_comparison.items()}
        found = runs.materialise(comparison.candidates(tables, question, runs))
        rows = comparison_table(found, runs.from_polars(pl.DataFrame(schema=LAW)), question, runs)
        results.append(runs.to_polars(rows).sort(*KEY))
    assert results[0].equals(results[1].select(results[0].columns))


@pytest.fixture(scope="module")
def built_comparison(request: pytest.FixtureRequest) -> Mapping[str, pl.DataFrame]:
    built = request.getfixturevalue("built")
    kinds = {name for name, declared in contracts().items() if declared.kind == "statistics"}
    recent = pl.col("period").dt.year() >= 2015
    return {name: built.table(name).filter(recent).collect() for name in kinds}
