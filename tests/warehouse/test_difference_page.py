"""The page of a difference between two releases escapes every value."""

from justhtml import JustHTML
from selectolax.lexbor import LexborHTMLParser

from warehouse.difference import TableDifference, page
from warehouse.releases import Release

HOSTILE = "\"'><script>alert(1)</script>&amp;<b onclick=x>"


def hostile(place: str) -> str:
    return f"{place} {HOSTILE}"


def release(name: str) -> Release:
    return Release(name, "2026-11-24T00:00:00+00:00", "snapshot", "", {}, {})


DIFFERENT = TableDifference(
    table=hostile("table"),
    rows_before=None,
    rows_after=1_234,
    fields={hostile("field"): hostile("type")},
    added=1,
    removed=1,
    changed=1,
    by_dataset={hostile("dataset"): {hostile("kind"): 2}},
    examples=[
        {"difference": hostile("difference"), "key": hostile("first key"), "shared": hostile("shared"), **sides}
        for sides in (
            {"before": {hostile("name"): hostile("old")}, "after": {"value": 1.5, "unit": hostile("unit")}},
            {"before": None, "after": {hostile("name"): 2.5}},
        )
    ],
)
DIFFERENT.examples[1]["key"] = hostile("second key")


def test_hostile_values_are_text_and_never_markup() -> None:
    text = page(release(hostile("before")), release(hostile("after")), [DIFFERENT, TableDifference(HOSTILE, 1, 1)])
    tree = LexborHTMLParser(text)
    assert JustHTML(text, collect_errors=True).errors == []
    assert tree.css("script, b, [onclick]") == []
    shown = tree.text()
    places = ("before", "after", "table", "field", "type", "dataset", "kind", "difference", "first key", "second key")
    for place in (*places, "shared", "name", "old", "unit"):
        assert hostile(place) in shown, place
    assert f"Unchanged: {HOSTILE}." in shown
    heading, link = tree.css_first("h2"), tree.css_first("th a")
    assert heading is not None
    assert link is not None
    assert heading.attributes["id"] == hostile("table")
    assert link.attributes["href"] == f"#{hostile('table')}"


def test_releases_without_differences_give_a_page_without_sections() -> None:
    tree = LexborHTMLParser(page(release("a"), release("b"), [TableDifference("population", 1, 1)]))
    assert "0 of 1 tables differ. Unchanged: population." in tree.text()
    assert tree.css("h2, tbody tr") == []
