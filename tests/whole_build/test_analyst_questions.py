"""The queries of ``docs/questions.md`` and of the page on Chinese citizens give right answers from a release only."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.compare.grades import ATTRIBUTES, counting_rules
from assets.compare.question import KEY, member_states
from sources.catalogue import datasets
from tests.conftest import ROOT, Built
from warehouse import codes
from warehouse.contracts import contract
from warehouse.measures import TOTAL, measures

pytestmark = pytest.mark.xdist_group("built")
PAGE = ROOT / "docs" / "chinese_citizens_in_the_eu.md"
MEMBERS = member_states()


def blocks(text: str, *languages: str) -> list[str]:
    return [
        block.strip() for language, block in re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL) if language in languages
    ]


@pytest.fixture
def results(built: Built, monkeypatch: pytest.MonkeyPatch) -> dict[str, pl.DataFrame]:
    """Return the result of each query of ``docs/questions.md`` in the folder of the release, by its first line."""
    monkeypatch.chdir(built.release)
    with duckdb.connect() as opened:
        opened.execute(Path("views.sql").read_text("utf-8"))
        queries = blocks((ROOT / "docs" / "questions.md").read_text("utf-8"), "sql")
        return {query.split("\n")[0]: opened.sql(query).pl() for query in queries}


def result_of(results: dict[str, pl.DataFrame], words: str) -> pl.DataFrame:
    (found,) = [frame for comment, frame in results.items() if words in comment]
    return found


def test_residents_born_in_china_by_state_and_source(built: Built, results: dict[str, pl.DataFrame]) -> None:
    found = result_of(results, "born in China")
    for year in (2020, 2024):
        assert sorted(found.filter(year=year).drop_nulls("united_nations")["jurisdiction"]) == MEMBERS
    assert found.drop_nulls("world_bank_model")["jurisdiction"].n_unique() == len(MEMBERS)
    germany = found.filter(jurisdiction="DEU").drop_nulls("united_nations")
    # United Nations Population Division, International Migrant Stock 2024
    assert dict(germany.select("year", "united_nations").iter_rows()) == {2020: 152_761, 2024: 168_314}
    figures = built.table("comparison").filter(measure="chinese_born", aggregation="state").collect()
    same = figures.join(found, left_on=["jurisdiction", "year"], right_on=["jurisdiction", "year"]).drop_nulls("value")
    assert same.height >= 54
    assert same.filter(pl.col("value") != pl.col("united_nations")).is_empty()


def test_asylum_applicants_of_the_members_make_those_of_the_union(results: dict[str, pl.DataFrame]) -> None:
    found = result_of(results, "How many asylum applicants")
    union = found.filter(scope="union")["value"].to_list()
    assert union == pytest.approx([found.filter(scope="member")["value"].sum()], rel=0.01)


def test_net_migration_of_the_union_is_the_sum_over_its_members(results: dict[str, pl.DataFrame]) -> None:
    found = result_of(results, "Net migration of the Union").filter(year=2023)
    # United Nations, World Population Prospects 2024
    assert found.select("members", "union_").row(0) == (1_304_104, 1_304_104)


def test_asylum_applicants_from_china_in_two_sources(results: dict[str, pl.DataFrame]) -> None:
    found = result_of(results, "Asylum applicants")
    both = found.drop_nulls(["eurostat", "unhcr"])
    assert both.height > 150
    assert both["jurisdiction"].n_unique() > 15
    assert both["grade_reasons"].null_count() == 0
    off = (both["eurostat"] / both["unhcr"] - both["ratio"]).abs()
    assert off.drop_nulls().max() == pytest.approx(0)


def test_since_when_china_admits_without_a_visa(results: dict[str, pl.DataFrame]) -> None:
    found = result_of(results, "Since when")
    assert found["source"].null_count() == 0
    first = found.group_by("partner").agg(pl.col("valid_from").min())
    since = {state: str(day) for state, day in first.iter_rows()}
    # Ministry of Foreign Affairs of China, 24 November 2023
    assert [since[state] for state in ("DEU", "ESP", "FRA", "ITA", "NLD")] == ["2023-12-01"] * 5
    assert set(since) <= set(MEMBERS)


def test_the_floating_population_is_never_compared_with_movers_in_the_union(results: dict[str, pl.DataFrame]) -> None:
    found = result_of(results, "floating population")
    assert set(found.filter(pl.col("jurisdiction") == "CHN")["grade"]) == {"A"}
    others = found.filter(pl.col("jurisdiction") != "CHN")
    assert set(others["grade"]) == {"D"}
    assert all("phenomenon" in reasons for reasons in others["grade_reasons"])


def test_refugees_from_china_by_country_of_asylum(results: dict[str, pl.DataFrame]) -> None:
    found = result_of(results, "Refugees from China")
    assert found.height == 20
    assert found["year"].is_sorted(descending=True)


def test_the_page_on_chinese_citizens_needs_only_the_files_of_a_release(built: Built, tmp_path: Path) -> None:
    script = PAGE.with_suffix(".py")
    # In a separate folder and with only its libraries on the path, so that the script cannot import our modules.
    command = [sys.executable, "-P", str(script), str(built.release)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path, check=True)
    assert "corridor" not in re.findall(r"^(?:import|from) (\w+)", script.read_text("utf-8"), re.MULTILINE)
    committed, page = PAGE.read_text("utf-8"), done.stdout
    assert blocks(page, "sql", "python") == blocks(committed, "sql", "python")
    assert [line for line in page.split("\n") if line.startswith("#")] == re.findall(r"^#.*$", committed, re.MULTILINE)
    assert built.release.name in page
    assert "No row." not in page
    figures = built.table("comparison").filter(jurisdiction="EU27_2020", aggregation="computed", measure="chinese_born")
    for value in figures.drop_nulls("value").collect()["value"]:
        assert f"| {value:,.0f} |" in page
    citizens = built.table("comparison").filter(measure="chinese_citizens", aggregation="state").drop_nulls("value")
    for row in citizens.collect().iter_rows(named=True):
        assert re.search(
            rf"\| {row['year']} \| {row['jurisdiction']} \| chinese_citizens \| {row['value']:,.0f} \|", page
        )


def test_every_grade_of_the_release_follows_from_its_registry(built: Built) -> None:
    """Compute each grade again from the rules of the figure and its measure; sums have the reasons of their parts."""
    rules = {(row["indicator"], row["definition"]): row for row in counting_rules().iter_rows(named=True)}
    published = built.table("counting_rule").rename({"counting_basis": "basis"}).collect()
    for row in published.iter_rows(named=True):
        assert {name: row[name] for name in ATTRIBUTES} == {
            name: rules[row["indicator"], row["definition"]][name] for name in ATTRIBUTES
        }
    figures = built.table("comparison").drop_nulls("value").collect()
    reasons = {
        tuple(row[name] for name in KEY): _reasons(row["grade_reasons"]) for row in figures.iter_rows(named=True)
    }
    several = _rules_of_nationals_abroad(built)
    seen = {"picked": 0, "formula": 0, "sum": 0, "law": 0, "several rules": 0}
    for row in figures.iter_rows(named=True):
        key = measure, place, aggregation, year = tuple(row[name] for name in KEY)
        declared = measures()[measure]
        if declared.formula:
            kind, parts = "formula", (declared.formula.first, declared.formula.second)
            expected = set().union(*(reasons[part, place, aggregation, year] for part in parts))
        elif aggregation == "computed" and place == "EU27_2020":
            kind = "sum"
            outside = {state for state, each in declared.absent.items() if each.reason == "not_applicable"}
            counted = [state for state in MEMBERS if state not in outside]
            expected = set().union(*(reasons[measure, state, "state", year] for state in counted))
        elif aggregation == "computed":
            continue
        elif declared.computed:
            # What is unknown is excluded from a count over law.
            kind, expected = "law", {"excludes"} if "parts_missing" in (row["flags"] or "") else set()
        else:
            kind = "picked" if row["definition"] else "several rules"
            assert declared.like is not None
            like = rules[declared.sources[0].indicator, declared.like]
            counted = [row["definition"]] if row["definition"] else several[place, year]
            narrowed = [source.concept for source in declared.sources if source.dataset == row["dataset"]]
            own = [rules[row["indicator"], definition] for definition in counted]
            expected = {name for name in ATTRIBUTES for rule in own if (rule[name] or "") != (like[name] or "")}
            if any(narrowed):
                expected = expected - {"concept"} | ({"concept"} if like["concept"] not in narrowed else set())
            # A published figure of the Union may not contain a member without a figure.
            expected |= {"excludes"} if "member_missing" in (row["flags"] or "") else set()
        seen[kind] += 1
        assert reasons[key] == expected, row
        assert row["grade"] == max((ATTRIBUTES[name] for name in expected), default="A"), row
    assert min(seen.values()) > 0
    assert seen["picked"] > 5000


def _rules_of_nationals_abroad(built: Built) -> dict[tuple[str, int], list[str]]:
    """Return by origin and year the counting rules of the countries whose figures are summed."""
    countries = codes.areas().filter(~pl.col("kind").is_in(["group", "aggregate"]) | (pl.col("area") == "CHI_ISL"))
    (source,) = measures()["nationals_abroad"].sources
    rows = built.table("migrant_stock").filter(
        pl.col("dataset") == source.dataset,
        pl.col("indicator") == source.indicator,
        pl.col("jurisdiction").is_in(countries["area"].to_list()),
        pl.col("sex") == "_T",
    )
    found = rows.group_by("partner", pl.col("period").dt.year()).agg(pl.col("definition").unique()).collect()
    return {(partner, year): definitions for partner, year, definitions in found.iter_rows()}


def test_no_source_of_a_measure_requires_codes_that_its_dataset_never_has(built: Built) -> None:
    """Otherwise a figure that is in its table would be "not fetched". Partners come with other payloads."""
    never = set()
    for name, entry in measures().items():
        found: dict[tuple[str, str], list[bool]] = {}
        for source in entry.sources:
            table = datasets()[source.dataset][1].table
            rows = built.table(table).filter(dataset=source.dataset, indicator=source.indicator, freq=source.freq)
            figures = rows.drop_nulls("value").collect()
            required = {
                dimension: source.where.get(dimension, list(TOTAL))
                for dimension in contract(table).dimensions
                if dimension not in source.total
            }
            if not figures.is_empty():
                complete = all(figures[dimension].is_in(values).any() for dimension, values in required.items())
                found.setdefault((source.dataset, source.indicator), []).append(complete)
        never |= {(name, *place) for place, answers in found.items() if not any(answers)}
    assert never == set()


def _reasons(text: str | None) -> set[str]:
    return set((text or "").split(";")) - {""}


def test_every_jurisdiction_has_a_figure_or_a_reason_for_every_measure_and_year(built: Built) -> None:
    with duckdb.connect() as opened:
        table = str(built.release / "tables" / "comparison.parquet")
        (measured, places, years, rows, unexplained) = (
            opened.execute(
                "SELECT count(DISTINCT measure), count(DISTINCT jurisdiction), count(DISTINCT year), count(*), "
                "count(*) FILTER ((value IS NULL) = (missing_reason IS NULL)) FROM read_parquet(?) "
                "WHERE aggregation = 'state' AND year BETWEEN 2008 AND 2025",
                [table],
            ).fetchone()
            or (0,) * 5
        )
    assert measured >= 35
    assert (places, years) == (28, 18)
    assert rows == measured * places * years
    assert unexplained == 0
