"""Quality pages show the outcomes of a release, escape every value and load nothing from elsewhere."""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from selectolax.lexbor import LexborHTMLParser

from expectations import Outcome, rules_of, validate, write_pages
from expectations.pages import summary
from tests.support.frames import FACTS, rows
from warehouse.contracts import contract

HOSTILE = """<script>alert('x')</script><img src=x onerror="alert(1)">&amp;{{ 7 * 7 }}"""


def outcome(name: str = "sexes_make_total", failing: int = 0, **fields: object) -> Outcome:
    given = {
        "name": name,
        "table": "population",
        "severity": "warning",
        "success": failing == 0,
        "reason": f"The reason of {name}.",
        "checked": 100,
        "failing": failing,
        "rows": pl.DataFrame(
            {"jurisdiction": ["AUT"] * min(failing, 20), "value": [float(n) for n in range(min(failing, 20))]}
        ),
    }
    return Outcome(**given | fields)  # type: ignore[arg-type]


def page(folder: Path, *outcomes: Outcome, accepted: dict[str, str] | None = None) -> LexborHTMLParser:
    write_pages({"population": outcomes}, folder / "quality", {"population": accepted or {}})
    return LexborHTMLParser((folder / "quality" / "population.html").read_text("utf-8"))


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [node.text(strip=True) for node in tree.css(selector)]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([outcome(), outcome("a")], "2 rules, all met"),
        ([outcome()], "1 rule, all met"),
        ([outcome(failing=3), outcome("a")], "2 rules, 1 warning"),
        ([outcome(failing=1, severity="error"), outcome("a", 1), outcome("b", 1)], "3 rules, 1 error, 2 warnings"),
    ],
)
def test_the_summary_counts_rules_errors_and_warnings(outcomes: Sequence[Outcome], expected: str) -> None:
    assert summary(outcomes) == expected


def test_the_pages_show_every_table_rule_and_failing_row(tmp_path: Path) -> None:
    negative = rows("population", {}, {"jurisdiction": "BEL", "value": -7.0})
    outcomes = {
        "population": validate(contract("population"), negative, FACTS),
        "unmatched_code": validate(contract("unmatched_code"), rows("unmatched_code", {"cells": 3}), FACTS),
    }
    index = write_pages(outcomes, tmp_path / "quality")
    assert {path.name for path in index.parent.iterdir()} == {"index.html", "population.html", "unmatched_code.html"}
    listed = LexborHTMLParser(index.read_text("utf-8"))
    assert texts(listed, "tbody th") == ["population", "unmatched_code"]
    assert texts(listed, "tbody td:nth-child(2)") == [summary(outcomes[name]) for name in sorted(outcomes)]
    assert texts(listed, "tbody td:nth-child(3)") == ["counts_not_negative", "no_unmatched_codes"]
    tree = LexborHTMLParser((index.parent / "population.html").read_text("utf-8"))
    assert texts(tree, "h1") == [contract("population").title]
    assert texts(tree, ".result") == [f"{len(outcomes['population'])} rules, 1 error"]
    failed = [each for each in outcomes["population"] if not each.success]
    assert len(texts(tree, "h3")) == len(failed) == 1
    shown = dict(zip(texts(tree, "thead th"), texts(tree, "tbody td"), strict=True))
    assert (shown["jurisdiction"], shown["value"]) == ("BEL", "-7")
    assert list(shown) == failed[0].rows.columns
    names = {node.text(deep=False, strip=True) for node in tree.css("h3, dt")}
    assert names == {rule.name for rule in rules_of(contract("population"))}
    assert {rule.reason for rule in rules_of(contract("population"))} == set(
        texts(tree, "dd, section > p:nth-of-type(1)")
    )


def test_hostile_values_are_shown_as_text(tmp_path: Path) -> None:
    bad = outcome(
        failing=1, reason=HOSTILE, rows=pl.DataFrame({"jurisdiction": [HOSTILE], HOSTILE: ["x"], "value": [None]})
    )
    tree = page(tmp_path, bad, accepted={bad.name: HOSTILE})
    assert texts(tree, "tbody td") == [HOSTILE, "x", "–"]
    assert texts(tree, "thead th") == ["jurisdiction", HOSTILE, "value"]
    assert texts(tree, "section > p")[:2] == [HOSTILE, f"A person accepted these rows: {HOSTILE}"]
    assert tree.css("script, img") == []
    for path in (tmp_path / "quality").iterdir():
        assert "<script>" not in path.read_text("utf-8")


def test_a_code_that_a_publisher_sends_is_escaped(tmp_path: Path) -> None:
    frame = rows("population", {"sex": "<b onclick=alert(1)>M"})
    tree = page(tmp_path, *validate(contract("population"), frame, FACTS))
    assert "<b onclick=alert(1)>M" in texts(tree, "tbody td")
    assert tree.css("b") == []


def test_a_table_with_warnings_only_does_not_fail(tmp_path: Path) -> None:
    tree = page(tmp_path, outcome(failing=2), outcome("a"))
    text = tree.body.text() if tree.body else ""
    assert "2 rules, 1 warning" in text
    assert "Failed" not in text
    assert "error" not in texts(tree, ".severity")


def test_a_rule_may_count_more_failures_than_the_table_has_rows(tmp_path: Path) -> None:
    many = outcome("fields_filled", 1805, severity="error")
    tree = page(tmp_path, many)
    assert "1,805 failures in 100 rows; the first 20 are shown." in texts(tree, "section p")
    assert len(tree.css("tbody tr")) == 20


def test_two_empty_fields_in_one_row_are_two_failures_of_one_row(tmp_path: Path) -> None:
    outcomes = validate(contract("population"), rows("population", {"unit": None, "sex": None, "freq": None}), FACTS)
    (found,) = (each for each in outcomes if each.name == "fields_filled")
    assert (found.checked, found.failing) == (1, 3)
    assert "3 failures in 1 row." in texts(page(tmp_path, *outcomes), "section p")


def test_an_accepted_error_is_shown_with_its_reason(tmp_path: Path) -> None:
    bad = outcome(failing=1, severity="error")
    tree = page(tmp_path, bad, accepted={bad.name: "UNHCR counts in another way"})
    assert "A person accepted these rows: UNHCR counts in another way" in texts(tree, "section p")


def test_a_table_that_fails_as_a_whole_states_what_is_wrong(tmp_path: Path) -> None:
    swapped = rows("population").select("jurisdiction", pl.exclude("jurisdiction"))
    tree = page(tmp_path, *validate(contract("population"), swapped, FACTS))
    assert any(text.startswith("the columns are jurisdiction, indicator") for text in texts(tree, "tbody td"))


def test_the_pages_load_nothing_and_link_to_files_that_exist(tmp_path: Path) -> None:
    page(tmp_path, *validate(contract("population"), rows("population", {"value": -1.0}), FACTS))
    for path in (tmp_path / "quality").iterdir():
        text = path.read_text("utf-8")
        assert not re.search(r"<(?:script|link|img|iframe)\b|https?:|url\(|@import", text), path
        links = re.findall(r'href="([^"#]+)"', text)
        assert links
        assert all((path.parent / link).is_file() for link in links)


def test_the_same_outcomes_give_the_same_bytes(tmp_path: Path) -> None:
    frame = rows("population", {"value": None}, {"jurisdiction": "BEL"})
    for name in ("a", "b"):
        page(tmp_path / name, *validate(contract("population"), frame, FACTS))
    first, second = ((tmp_path / name / "quality" / "population.html").read_bytes() for name in ("a", "b"))
    assert first == second


def test_the_folder_of_the_pages_must_be_new(tmp_path: Path) -> None:
    page(tmp_path, outcome())
    with pytest.raises(FileExistsError):
        page(tmp_path, outcome())
