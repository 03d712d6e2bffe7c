"""Explanations: what a table, an indicator or a dataset is, and where exactly a figure comes from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches

import polars as pl
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

import expectations
from assets.core.workspace import Workspace
from assets.normalise.dates import parse_date
from sources import reading
from sources.catalogue import dataset as catalogue_dataset
from sources.catalogue import datasets
from sources.prose.statements import statements
from warehouse import codes, releases
from warehouse.archive import Fetch
from warehouse.contracts import Contract, contract, contracts
from warehouse.errors import WarehouseError
from warehouse.measures import measures

Report = dict[str, object]

# A date somewhere in a text.
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\d{1,2}\s+[^\W\d]{3,9}\.?\s+\d{4}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\b\d{4}\b")


@dataclass(frozen=True)
class Trace:
    """Where a figure stands: the payload, the place in it, the text there, and whether that is the figure."""

    payload: str
    format: str
    place: str
    text: str
    agrees: bool


class Tracer:
    """Follows observations to their payloads, each of which is opened once."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._finders: dict[str, tuple[reading.Format, Callable[[int], str]]] = {}

    def trace(self, row: Mapping[str, object]) -> Trace:
        """The text that stands where an observation or a row of law was read."""
        payload, locator = str(row["payload"]), int(str(row["locator"]))
        _, entry = catalogue_dataset(str(row["dataset"]))
        if payload not in self._finders:
            with reading.opened(self.workspace.archive.payload_path(payload)) as plain:
                form = reading.recognise(plain, str(row["dataset"]).partition("/")[0])
                self._finders[payload] = form, form.finder(plain)
        form, find = self._finders[payload]
        text = find(locator)
        agrees = _agrees(text, row["value"], entry.observe.scale) if entry.observe else _states(text, row)
        return Trace(payload, form.NAME, reading.describe_locator(form, locator), text, agrees)


def _agrees(text: str, value: object, scale: float) -> bool:
    """Whether the text of a payload says the value of a row: its first word is the number, or no number at all."""
    word = text.strip().split(" ")[0].replace(",", "")
    try:
        number = float(word)
    except ValueError:
        return value is None
    # A product of two floats misses the decimal number a little, and is published to a millionth.
    return value is not None and abs(number * scale - float(str(value))) <= max(1e-6, 1e-9 * abs(number * scale))


def _states(text: str, row: Mapping[str, object]) -> bool:
    """Whether the text of a payload is a date of a row of law, or another of its values."""
    if text.strip() in {"" if value is None else str(value) for value in row.values()}:
        return True
    found = _DATE.search(text)
    return found is not None and parse_date(found[0])[0] in row.values()


def explain(workspace: Workspace, what: str, where: list[str], limit: int) -> Report:
    """A report on a table (with ``FIELD=VALUE`` of its rows), an indicator, dataset or measure.

    ``WarehouseError`` if it is none of them. A name that is both an indicator and a measure is the indicator.
    """
    if what in contracts():
        return _table(workspace, contract(what), where, limit)
    if what in codes.members("indicator"):
        return _indicator(workspace, what)
    if what in datasets():
        return _dataset(workspace, what)
    if what in measures():
        return _measure(what)
    known = [*contracts(), *sorted(codes.members("indicator")), *datasets(), *measures()]
    known += sorted(codes.members("instrument"))
    near = get_close_matches(what, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"tables are {', '.join(contracts())}"
    raise WarehouseError(f"{what} is no table, indicator, dataset, measure or instrument; {hint}")


def _table(workspace: Workspace, declared: Contract, where: list[str], limit: int) -> Report:
    report: Report = {
        "table": declared.table,
        "title": declared.title,
        "description": declared.description,
        "version": declared.version,
        "key": list(declared.key),
        "warnings": _warnings(declared),
        "fields": [column.model_dump(exclude_none=True) for column in declared.columns],
        "datasets": [name for name, (_, entry) in datasets().items() if entry.table == declared.table],
        "checks": [
            {"name": rule.name, "severity": rule.severity, "reason": rule.reason}
            for rule in expectations.rules_of(declared)
        ],
    }
    if where:
        report["rows"] = _rows(workspace, declared, where, limit)
    return report


def _warnings(declared: Contract) -> dict[str, str]:
    listed = codes.codes().filter(pl.col("code_list") == "warning")
    meaning = dict(zip(listed["code"], listed["description"], strict=True))
    return {warning: str(meaning[warning]) for warning in declared.warnings}


def _rows(workspace: Workspace, declared: Contract, where: list[str], limit: int) -> Report:
    conditions = [condition(declared, text) for text in where]
    release = releases.find(workspace.releases)
    frame = pl.scan_parquet(releases.table_file(workspace.releases, release, declared.table))
    found = frame.filter(*conditions).collect()
    rows = found.head(limit).to_dicts()
    shown = [row | {"stands_in": _stands_in(workspace, row)} for row in rows]
    return {"release": release.name, "matching": found.height, "shown": shown}


def condition(declared: Contract, text: str) -> pl.Expr:
    """What FIELD=VALUE asks of the rows of a table, where a date may be cut short; ``WarehouseError`` if it is none."""
    name, separator, value = text.partition("=")
    types = {column.name: column.type for column in declared.columns}
    if not separator or name not in types:
        raise WarehouseError(f"{text} is no FIELD=VALUE of {declared.table}; its fields are {', '.join(types)}")
    if types[name] in ("date", "timestamp"):
        return pl.col(name).dt.to_string("%Y-%m-%d").str.starts_with(value)
    return pl.col(name).cast(pl.String).fill_null("") == value


def _stands_in(workspace: Workspace, row: Mapping[str, object]) -> list[Report]:
    """Where the figures of a row stand: one, two of a mirror, none of a sum or of what is worked out."""
    figures = [
        {**row, **{name: row.get(side + name) for name in ("value", "payload", "locator", "dataset")}}
        for side in ("", "first_", "second_")
    ]
    return [_origin(workspace, figure) for figure in figures if figure["payload"] and figure["locator"] is not None]


def _origin(workspace: Workspace, row: Mapping[str, object]) -> Report:
    """From an observation to the byte: licence, how the payload came, where the value stands and what stands there."""
    name = str(row["dataset"])
    publisher, entry = catalogue_dataset(name)
    licence = publisher.licence_of(name.partition("/")[2])
    trace = Tracer(workspace).trace(row)
    fetch = _first_fetch(workspace, trace.payload)
    return {
        "publisher": publisher.name["en"],
        "dataset": f"{name}: {entry.title}",
        "licence": f"{licence.id} ({licence.url}); {licence.attribution}",
        "territory": entry.territory or publisher.territory,
        "payload": trace.payload,
        "file": str(workspace.archive.payload_path(trace.payload)),
        "received": f"{fetch.at:%Y-%m-%d %H:%M} UTC by {fetch.transport} from {fetch.url}",
        "edition": fetch.edition,
        "format": trace.format,
        "place": trace.place,
        "text": trace.text,
        "scale": entry.observe.scale if entry.observe else 1.0,
        "agrees": trace.agrees,
    }


def _first_fetch(workspace: Workspace, payload: str) -> Fetch:
    found = next((fetch for fetch in workspace.archive.fetches() if fetch.payload == payload), None)
    if found is None:
        raise WarehouseError(f"the ledger has no fetch of payload {payload}; `corridor verify` tells what is damaged")
    return found


def _indicator(workspace: Workspace, name: str) -> Report:
    row = codes.indicators().filter(pl.col("indicator") == name).row(0, named=True)
    sources = [key for key, (_, entry) in datasets().items() if name in _indicator_codes(key)]
    tables = sorted({datasets()[key][1].table for key in sources})
    report: Report = {**row, "tables": tables, "datasets": sources}
    latest = releases.latest(workspace.releases)
    if latest is not None:
        parts = [pl.scan_parquet(releases.table_file(workspace.releases, latest, table)) for table in tables]
        counts = [
            part.filter(pl.col("indicator") == name)
            .select(
                rows=pl.len(),
                values=pl.col("value").count(),
                first=pl.col("period").min(),
                last=pl.col("period").max(),
                reporters=pl.col("reporter").n_unique(),
            )
            .collect()
            .row(0, named=True)
            for part in parts
        ]
        report["in_release"] = {"release": latest.name, **(counts[0] if counts else {})}
    return report


def _indicator_codes(name: str) -> set[str]:
    """The indicators that a dataset's indicator dimension maps to."""
    publisher, entry = catalogue_dataset(name)
    if entry.observe is None:
        return set()
    source = entry.observe.indicator
    if isinstance(source, str):
        return {source}
    if source.codes is None and publisher.publisher in statements():
        declared = statements()[publisher.publisher].statements.values()
        said = [(one.indicator, one.growth) for one in declared if one.table == entry.table]
        return {indicator for pair in said for indicator in pair if indicator}
    mapping = publisher.codes.get(source.codes, {}) if isinstance(source.codes, str) else source.codes
    return set((mapping or {}).values())


def _measure(name: str) -> Report:
    entry = measures()[name]
    return {
        "measure": name,
        **entry.model_dump(exclude={"sources", "formula", "events"}, exclude_defaults=True),
        "formula": str(entry.formula) if entry.formula else None,
        "sources": [f"{source.dataset}: {source.because}" for source in entry.sources],
        "instruments": entry.events,
    }


def _dataset(workspace: Workspace, name: str) -> Report:
    publisher, entry = catalogue_dataset(name)
    licence = publisher.licence_of(name.partition("/")[2])
    fetches = [f for f in workspace.archive.fetches() if f"{f.publisher}/{f.dataset}" == name]
    return {
        "dataset": name,
        "title": entry.title,
        "publisher": publisher.name["en"],
        "licence": licence.model_dump(),
        "territory": entry.territory or publisher.territory,
        "cadence": publisher.cadence,
        "table": entry.table,
        "rule": (entry.observe or entry.record or entry).model_dump(exclude_defaults=True),
        "notes": entry.notes,
        "fetches": [
            {
                "at": f.at,
                "transport": f.transport,
                "slice": f.slice,
                "status": f.status,
                "payload": f.payload,
                "url": f.url,
            }
            for f in fetches[-10:]
        ],
    }


def rendered(report: Report) -> RenderableType:
    """A report for a person."""
    rows = report.get("rows")
    # Who asks for a row wants the row; the whole contract is told to who asks for the table.
    hidden = {"rows", "fields", "checks"} if rows else set()
    parts: list[RenderableType] = [_facts({key: value for key, value in report.items() if key not in hidden})]
    if isinstance(rows, dict):
        parts.append(Text(f"{rows['matching']:,} matching rows in release {rows['release']}", style="bold"))
        for row in rows["shown"]:
            origins = row.pop("stands_in")
            body: list[RenderableType] = [_facts(row)]
            for origin in origins:
                body += [Text("stands in", style="bold"), _facts(origin)]
            parts.append(Panel(Group(*body)))
    return Group(*parts)


def _facts(facts: Mapping[str, object]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in facts.items():
        table.add_row(key, _words(value))
    return table


def _words(value: object) -> RenderableType:
    if isinstance(value, Mapping):
        return _facts({str(key): item for key, item in value.items()})
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
    first, *rest = item.values()
    return f"{first}: {', '.join(str(value) for value in rest if value not in (None, 'none', True, False))}"
