"""Reports have the same content for people and as JSON, each field under its own label."""

from dataclasses import dataclass
from typing import Annotated

from rich.console import Console

from pipelines.explain.report import DETAIL, INLINED, OPTIONAL, Label, TracedRow, TracedRows, as_json, rendered


@dataclass(frozen=True)
class Item:
    name: str
    as_of: Annotated[str, Label("as of")]


@dataclass(frozen=True)
class Sample:
    table: str
    more: Annotated[dict[str, object], INLINED]
    items: Annotated[list[Item], Label("listed", heading="on the list")]
    nothing: Annotated[str | None, OPTIONAL]
    empty: str | None
    checks: Annotated[list[str], DETAIL]
    rows: Annotated[TracedRows | None, OPTIONAL]


def sample(rows: TracedRows | None = None) -> Sample:
    return Sample("asylum", {"unit": "persons"}, [Item("a list", "2015-03-14")], None, None, ["key_unique"], rows)


def shown(report: Sample) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(rendered(report))
    return capture.get()


def test_json_has_the_keys_and_leaves_out_only_optional_fields_without_content() -> None:
    assert as_json(sample()) == {
        "table": "asylum",
        "unit": "persons",
        "listed": [{"name": "a list", "as of": "2015-03-14"}],
        "empty": None,
        "checks": ["key_unique"],
    }


def test_people_see_headings_and_one_line_for_each_item() -> None:
    lines = [line.split(maxsplit=1) for line in shown(sample()).splitlines()]
    assert ["table", "asylum"] in [[part.strip() for part in line] for line in lines]
    assert "on the list  a list: 2015-03-14" in shown(sample())
    assert "key_unique" in shown(sample())


def test_a_report_with_rows_leaves_out_details_for_people_only() -> None:
    rows = TracedRows("2026-01-01.1", 12, [TracedRow({"value": 5.0, "stands": "x"}, [])])
    text = shown(sample(rows))
    assert "12 matching rows in release 2026-01-01.1" in text
    assert "key_unique" not in text
    assert as_json(sample(rows))["checks"] == ["key_unique"]
    assert as_json(sample(rows))["rows"] == {
        "release": "2026-01-01.1",
        "matching": 12,
        "shown": [{"value": 5.0, "stands": "x", "stands_in": []}],
    }
