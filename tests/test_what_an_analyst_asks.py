"""The questions of README and of the page on Chinese citizens, asked of a release alone."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.comparison import jurisdictions
from assets.law_in_numbers import CHINA
from tests.conftest import ROOT, Built

pytestmark = pytest.mark.xdist_group("built")
PAGE = ROOT / "docs" / "chinese_citizens_in_the_eu.md"
MEMBERS = [state for state in jurisdictions() if state != CHINA]


def blocks(text: str, *languages: str) -> list[str]:
    return [
        block.strip() for language, block in re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL) if language in languages
    ]


@pytest.fixture
def asked(built: Built, monkeypatch: pytest.MonkeyPatch) -> dict[str, pl.DataFrame]:
    """What each SQL block of README answers in the folder of the release, by the words of its comment."""
    monkeypatch.chdir(built.release)
    with duckdb.connect() as opened:
        opened.execute(Path("views.sql").read_text("utf-8"))
        queries = blocks((ROOT / "README.md").read_text("utf-8"), "sql")
        return {query.split("\n")[0]: opened.sql(query).pl() for query in queries}


def answer(asked: dict[str, pl.DataFrame], words: str) -> pl.DataFrame:
    (found,) = [frame for comment, frame in asked.items() if words in comment]
    return found


def test_residents_born_in_china_by_state_and_source(built: Built, asked: dict[str, pl.DataFrame]) -> None:
    found = answer(asked, "born in China")
    for year in (2020, 2024):
        assert sorted(found.filter(year=year).drop_nulls("united_nations")["destination"]) == MEMBERS
    assert found.drop_nulls("world_bank_model")["destination"].n_unique() == len(MEMBERS)
    germany = found.filter(destination="DEU").drop_nulls("united_nations")
    # United Nations Population Division, International Migrant Stock 2024
    assert dict(germany.select("year", "united_nations").iter_rows()) == {2020: 152_761, 2024: 168_314}
    figures = built.table("comparison").filter(measure="chinese_born", aggregation="state").collect()
    same = figures.join(found, left_on=["jurisdiction", "year"], right_on=["destination", "year"]).drop_nulls("value")
    assert same.height >= 54
    assert same.filter(pl.col("value") != pl.col("united_nations")).is_empty()


def test_asylum_applicants_from_china_in_two_sources(asked: dict[str, pl.DataFrame]) -> None:
    found = answer(asked, "Asylum applicants")
    both = found.drop_nulls(["eurostat", "unhcr"])
    assert both.height > 150
    assert both["destination"].n_unique() > 15
    assert both["grade_reasons"].null_count() == 0
    off = (both["eurostat"] / both["unhcr"] - both["ratio"]).abs()
    assert off.drop_nulls().max() == pytest.approx(0)


def test_since_when_china_admits_without_a_visa(asked: dict[str, pl.DataFrame]) -> None:
    found = answer(asked, "Since when")
    assert found["source"].null_count() == 0
    first = found.group_by("nationality").agg(pl.col("valid_from").min())
    since = {state: str(day) for state, day in first.iter_rows()}
    # Ministry of Foreign Affairs of China, 24 November 2023
    assert [since[state] for state in ("DEU", "ESP", "FRA", "ITA", "NLD")] == ["2023-12-01"] * 5
    assert set(since) <= set(MEMBERS)


def test_the_floating_population_is_never_compared_with_movers_in_the_union(asked: dict[str, pl.DataFrame]) -> None:
    found = answer(asked, "floating population")
    assert set(found.filter(pl.col("jurisdiction") == "CHN")["grade"]) == {"A"}
    others = found.filter(pl.col("jurisdiction") != "CHN")
    assert set(others["grade"]) == {"D"}
    assert all("phenomenon" in reasons for reasons in others["grade_reasons"])


def test_the_page_on_chinese_citizens_is_answered_by_a_release_alone(built: Built, tmp_path: Path) -> None:
    script = PAGE.with_suffix(".py")
    # In a folder of its own and with nothing but its libraries on the path: the script knows no module of ours.
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
