"""From a row of a table to the text in a payload that it was read from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from assets.compare.figures import SIDES, figure_of
from assets.core.workspace import Workspace
from assets.normalise.dates import parse_date
from pipelines.explain.report import Origin, TracedRow
from sources import reading
from sources.catalogue import dataset as catalogue_dataset
from warehouse.archive import Fetch
from warehouse.errors import WarehouseError

# A date in a text.
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\d{1,2}\s+[^\W\d]{3,9}\.?\s+\d{4}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\b\d{4}\b")


@dataclass(frozen=True)
class Trace:
    """Where a value was read: the payload, the place in it, the text at that place, and whether the two agree."""

    payload: str
    format: str
    place: str
    text: str
    agrees: bool


class Tracer:
    """Traces rows to their payloads. Each payload is opened once."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._finders: dict[str, tuple[reading.Format, Callable[[int], str]]] = {}

    @cached_property
    def _first_fetches(self) -> dict[str, Fetch]:
        """The first fetch of each payload."""
        first: dict[str, Fetch] = {}
        for fetch in self.workspace.archive.fetches():
            if fetch.payload is not None:
                first.setdefault(fetch.payload, fetch)
        return first

    def trace(self, row: Mapping[str, object]) -> Trace:
        """The text from which an observation or a row of law was read."""
        payload, locator = str(row["payload"]), int(str(row["locator"]))
        _, entry = catalogue_dataset(str(row["dataset"]))
        if payload not in self._finders:
            with reading.opened(self.workspace.archive.payload_path(payload)) as plain:
                form = reading.recognise(plain, str(row["dataset"]).partition("/")[0])
                self._finders[payload] = form, form.finder(plain)
        form, find = self._finders[payload]
        text = find(locator)
        agrees = _is_value(text, row["value"], entry.observe.scale) if entry.observe else _is_in_row(text, row)
        return Trace(payload, form.NAME, reading.describe_locator(form, locator), text, agrees)

    def traced(self, row: Mapping[str, object]) -> TracedRow:
        """A row with the origins of its figures: one of most rows, two of a mirror, none of a sum."""
        figures = [{**row, **figure_of(row, side)} for side in SIDES]
        origins = [self._origin(each) for each in figures if each["payload"] and each["locator"] is not None]
        return TracedRow(row, origins)

    def _origin(self, row: Mapping[str, object]) -> Origin:
        name = str(row["dataset"])
        publisher, entry = catalogue_dataset(name)
        licence = publisher.licence_of(name.partition("/")[2])
        trace = self.trace(row)
        fetch = self._first_fetches.get(trace.payload)
        if fetch is None:
            raise WarehouseError(f"the ledger has no fetch of payload {trace.payload}; run `corridor verify`")
        return Origin(
            publisher=publisher.name["en"],
            dataset=f"{name}: {entry.title}",
            licence=f"{licence.id} ({licence.url}); {licence.attribution}",
            territory=entry.territory or publisher.territory,
            payload=trace.payload,
            file=str(self.workspace.archive.payload_path(trace.payload)),
            received=f"{fetch.at:%Y-%m-%d %H:%M} UTC by {fetch.transport} from {fetch.url}",
            edition=fetch.edition,
            format=trace.format,
            place=trace.place,
            text=trace.text,
            scale=entry.observe.scale if entry.observe else 1.0,
            agrees=trace.agrees,
        )


def _is_value(text: str, value: object, scale: float) -> bool:
    """Whether a text is the value of a row: its first word is the number, or no number if the value is missing."""
    word = text.strip().split(" ")[0].replace(",", "")
    try:
        number = float(word)
    except ValueError:
        return value is None
    # The product of two floats differs a little from the decimal number. Values are published to a millionth.
    return value is not None and abs(number * scale - float(str(value))) <= max(1e-6, 1e-9 * abs(number * scale))


def _is_in_row(text: str, row: Mapping[str, object]) -> bool:
    """Whether a text is a date or another value of a row of law."""
    if text.strip() in {"" if value is None else str(value) for value in row.values()}:
        return True
    found = _DATE.search(text)
    return found is not None and parse_date(found[0])[0] in row.values()
