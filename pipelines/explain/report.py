"""Reports: dataclasses with one label for each field, which is its key in JSON and its heading for people."""

from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from typing import Annotated, Any, get_type_hints

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Label:
    """How a field of a report is printed: its key in JSON and its heading for people, both by default its name.

    An optional field is left out if it is None or an empty list. A detail is left out for people if the report has
    rows. The items of an inlined mapping become items of the report.
    """

    key: str | None = None
    heading: str | None = None
    optional: bool = False
    detail: bool = False
    inlined: bool = False


OPTIONAL = Label(optional=True)
DETAIL = Label(detail=True)
INLINED = Label(inlined=True)


@dataclass(frozen=True)
class Origin:
    """Where a figure was read: the payload, how it was received, the place in it, and the text at that place."""

    publisher: str
    dataset: str
    licence: str
    territory: object
    payload: str
    file: str
    received: str
    edition: str | None
    format: str
    place: str
    text: str
    scale: float
    agrees: bool


@dataclass(frozen=True)
class TracedRow:
    """A row of a table, and the origin of each figure in it. A sum or a computed figure has none."""

    values: Annotated[Mapping[str, object], INLINED]
    origins: Annotated[list[Origin], Label("stands_in", heading="read from")]


@dataclass(frozen=True)
class TracedRows:
    """The rows of a release that match a condition: their number, and the first of them."""

    release: str
    matching: int
    shown: list[TracedRow]


def _labels(report: type) -> dict[str, Label]:
    """The labels of the fields of a dataclass, by field."""
    hints = get_type_hints(report, include_extras=True)
    return {
        name: next((item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Label)), Label())
        for name, hint in hints.items()
    }


def as_json(value: object, *, headings: bool = False) -> Any:  # noqa: ANN401 - what JSON can hold, and dates
    """A report with all its parts as mappings and lists, under their JSON keys or under their headings."""
    if isinstance(value, list):
        return [as_json(item, headings=headings) for item in value]
    if not is_dataclass(value):
        return value
    items: dict[str, object] = {}
    for name, label in _labels(type(value)).items():
        content = getattr(value, name)
        if label.inlined:
            items |= content
        elif not (label.optional and content in (None, [])):
            key = label.key or name
            items[(label.heading or key) if headings else key] = as_json(content, headings=headings)
    return items


def rendered(report: object) -> RenderableType:
    """A report for people."""
    rows = getattr(report, "rows", None)
    hidden = {"rows", *(name for name, label in _labels(type(report)).items() if rows and label.detail)}
    items = as_json(report, headings=True)
    parts: list[RenderableType] = [_grid({key: value for key, value in items.items() if key not in hidden})]
    if isinstance(rows, TracedRows):
        parts.append(Text(f"{rows.matching:,} matching rows in release {rows.release}", style="bold"))
        parts += [_panel(row) for row in rows.shown]
    return Group(*parts)


def _panel(row: TracedRow) -> Panel:
    body: list[RenderableType] = [_grid(row.values)]
    for origin in row.origins:
        body += [Text("read from", style="bold"), _grid(as_json(origin, headings=True))]
    return Panel(Group(*body))


def _grid(items: Mapping[str, object]) -> Table:
    """Two columns: headings and values."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for key, value in items.items():
        grid.add_row(key, _cell(value))
    return grid


def _cell(value: object) -> RenderableType:
    if isinstance(value, Mapping):
        return _grid({str(key): item for key, item in value.items()})
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return Text("\n".join(_line(item) for item in value))
    if isinstance(value, list):
        return Text(", ".join(map(str, value)) or "none")
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M} UTC")
    if isinstance(value, float) and value.is_integer():
        return Text(f"{value:,.0f}")
    return Text("" if value is None else value.isoformat() if isinstance(value, date) else str(value))


def _line(item: Mapping[str, object]) -> str:
    """An item of a list in one line. Values that add nothing are left out."""
    first, *rest = item.values()
    return f"{first}: {', '.join(str(value) for value in rest if value not in (None, 'none', True, False))}"
