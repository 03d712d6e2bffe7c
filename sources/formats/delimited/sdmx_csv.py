"""SDMX-CSV 1.0 and 2.0: one observation a record.

What stands before ``OBS_VALUE`` is a dimension; after it only known attributes may stand. Labels come in three ways:
instead of the codes under the same header (``labels=name`` of Eurostat's 1.0), in a second column after each
(Eurostat's ``labels=both``, OECD's ``csvfilewithlabels``), or within the field as ``AT: Austria`` (the standard's
``labels=both``). Field guides: https://github.com/sdmx-twg/sdmx-csv
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.formats.delimited.text import csv_finder, first_fields, header, locator, records, sample
from sources.formats.grid import filled, number

NAME = "sdmx_csv"

_PREFIX = ("DATAFLOW", "LAST UPDATE", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION")
_FLAG = ("OBS_FLAG", "OBS_STATUS")
_CONF = ("CONF_STATUS", "OBS_CONF")
# An attribute without which a value cannot be read, its unit, magnitude or base, becomes a dimension.
_KEPT = ("UNIT_MEASURE", "UNIT_MULT", "CURRENCY", "BASE_PER", "PRICE_BASE", "REF_PERIOD")
_LEFT_OUT = ("DECIMALS", "TIME_FORMAT", "CONVERSION_TYPE", "OBS_COM", "OBS_STATUS_2", "OBS_STATUS_3", "OBS_STATUS_4")
_SAMPLE = 65_536
_BRUSSELS = ZoneInfo("Europe/Brussels")


class _Labels(Mapping[str, Mapping[str, str]]):
    """Dimension → code → label. The payload is read for them only when they are asked for."""

    def __init__(self, pairs: Mapping[str, pl.LazyFrame]) -> None:
        self._pairs = pairs
        self._read: dict[str, dict[str, str]] = {}

    def __getitem__(self, dimension: str) -> dict[str, str]:
        if dimension not in self._read:
            pairs = self._pairs[dimension].filter(pl.col("label") != "").unique("code").sort("code")
            self._read[dimension] = dict(pairs.collect(engine="streaming").iter_rows())
        return self._read[dimension]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the header begins with ``DATAFLOW`` or ``STRUCTURE``, the first field of both versions."""
    names = first_fields(head)
    return len(names) > 1 and _id(names[0]) in ("DATAFLOW", "STRUCTURE")


def read(path: Path) -> Cells:
    """The cells, lazily. Missing is an empty ``OBS_VALUE``: value and raw are null, the flag is kept.

    ``coded`` is told from the first records, because the header of ``labels=name`` is that of ``labels=id``.
    """
    names = header(path)
    fields, twins = _fields(names)
    dimensions = _dimensions(fields)
    within = any(":" in name for name in names)
    start = sample(path, _SAMPLE)
    text = records(path, len(names), check=_check(fields, start))
    return Cells(
        format=NAME,
        frame=_frame(text, fields, dimensions, within),
        dimensions=tuple(dimensions),
        coded=bool(twins) or within or _coded(start, dimensions),
        dataset=_dataset(start, fields),
        updated=_updated(start, fields),
        labels=_labels(text, dimensions, twins, within),
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of ``OBS_VALUE``."""
    return csv_finder(path)


def _id(name: str) -> str:
    """``FREQ`` of ``FREQ: Frequency``, ``STRUCTURE`` of ``STRUCTURE[;]``."""
    return re.sub(r"\[.*\]$", "", name.split(":", 1)[0].strip())


def _fields(names: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Where each component stands, and where its label does (1-based), in the order of the header."""
    fields: dict[str, int] = {}
    twins: dict[str, int] = {}
    paired = _has_twins([_id(name) for name in names])
    labelled = ""
    for at, component in enumerate(map(_id, names), 1):
        if labelled:
            twins[labelled], labelled = at, ""
        elif component in fields:
            raise FormatError(f"the header names {component!r} twice, in columns {fields[component]} and {at}")
        else:
            fields[component] = at
            labelled = component if paired and component not in _PREFIX else ""
    for needed in ("TIME_PERIOD", "OBS_VALUE"):
        if needed not in fields:
            raise FormatError(f"the header has no column {needed}: {','.join(names)[:200]!r}")
    return fields, twins


def _has_twins(components: Sequence[str]) -> bool:
    """Whether a label follows each component: whether what follows ``OBS_VALUE`` is not the name of one."""
    after = components[components.index("OBS_VALUE") + 1 :] if "OBS_VALUE" in components else []
    return bool(after) and not re.fullmatch(r"[A-Z][A-Z0-9_]*", after[0])


def _dimensions(fields: Mapping[str, int]) -> dict[str, int]:
    """Lower-case dimension → position. An attribute after ``OBS_VALUE`` that is not known is refused."""
    value = fields["OBS_VALUE"]
    dimensions: dict[str, int] = {}
    for component, at in fields.items():
        if component in (*_PREFIX, "TIME_PERIOD", "OBS_VALUE"):
            continue
        if at > value and component in (*_FLAG, *_CONF, *_LEFT_OUT):
            continue
        if at > value and component not in _KEPT:
            raise FormatError(f"column {at} after OBS_VALUE is unknown: {component!r}")
        name = component.lower()
        if name in dimensions or name in CORE:
            raise FormatError(f"column {at}: {component!r} cannot be a dimension, {name!r} is taken")
        dimensions[name] = at
    return dimensions


def _check(fields: Mapping[str, int], start: Sequence[Sequence[str]]) -> Callable[[pl.DataFrame], None]:
    """Refuses a record that takes data back (``ACTION`` D) or belongs to another dataflow than the first."""
    refused = []
    if start and (flow := _flow(fields)):
        refused.append((flow, pl.col(str(flow)) != start[0][flow - 1], "is of another dataflow"))
    if action := fields.get("ACTION"):
        refused.append((action, pl.col(str(action)) == "D", "deletes data"))

    def check(batch: pl.DataFrame) -> None:
        for at, wrong, what in refused:
            found = batch.filter(wrong)
            if found.height:
                raise FormatError(f"line {found['row'][0]} {what}: {found[str(at)][0]!r}")

    return check


def _flow(fields: Mapping[str, int]) -> int | None:
    return fields.get("DATAFLOW") or fields.get("STRUCTURE_ID")


def _frame(text: pl.LazyFrame, fields: Mapping[str, int], dimensions: Mapping[str, int], within: bool) -> pl.LazyFrame:
    value = pl.col(str(fields["OBS_VALUE"]))
    parsed = number(value)
    return text.select(
        *(_code(at, within).alias(name) for name, at in dimensions.items()),
        pl.col(str(fields["TIME_PERIOD"])).alias("time"),
        parsed.alias("value"),
        pl.when(parsed.is_null()).then(filled(value)).alias("raw"),
        _attribute(fields, _FLAG, within).alias("flag"),
        _attribute(fields, _CONF, within).alias("conf"),
        locator(fields["OBS_VALUE"]).alias("locator"),
    )


def _code(at: int, within: bool) -> pl.Expr:
    text = pl.col(str(at))
    return text.str.splitn(":", 2).struct[0].str.strip_chars() if within else text


def _attribute(fields: Mapping[str, int], names: Sequence[str], within: bool) -> pl.Expr:
    at = next((fields[name] for name in names if name in fields), None)
    if at is None:
        return pl.lit(None, pl.String)
    return pl.when(_code(at, within) != "").then(_code(at, within))


def _labels(
    text: pl.LazyFrame, dimensions: Mapping[str, int], twins: Mapping[str, int], within: bool
) -> Mapping[str, Mapping[str, str]]:
    positions = {component.lower(): at for component, at in twins.items()}
    pairs = {}
    for name, at in dimensions.items():
        if within:
            label = pl.col(str(at)).str.splitn(":", 2).struct[1].str.strip_chars()
        elif name in positions:
            label = pl.col(str(positions[name]))
        else:
            continue
        pairs[name] = text.select(_code(at, within).alias("code"), label.alias("label"))
    return _Labels(pairs)


def _coded(start: Sequence[Sequence[str]], dimensions: Mapping[str, int]) -> bool:
    """Whether frequency and area, or where these are not all dimensions, hold no small letter and no space."""
    telling = [at for name, at in dimensions.items() if name in ("freq", "geo", "ref_area")] or list(
        dimensions.values()
    )
    return not any(re.search(r"[a-z ]", row[at - 1]) for row in start for at in telling if len(row) >= at)


def _dataset(start: Sequence[Sequence[str]], fields: Mapping[str, int]) -> str | None:
    """``MIGR_EIPRE`` of ``ESTAT:MIGR_EIPRE$DEFAULTVIEW(1.0)``."""
    found = re.match(r"(?:[^:(]+:)?([^:($]+)", _first(start, _flow(fields)))
    return found[1].strip() if found else None


def _updated(start: Sequence[Sequence[str]], fields: Mapping[str, int]) -> datetime | None:
    """``29/11/24 11:00:00``: day, month and year, in the local time of Brussels; blank for exports of a view."""
    text = _first(start, fields.get("LAST UPDATE"))
    if not text:
        return None
    try:
        return datetime.strptime(text, "%d/%m/%y %H:%M:%S").replace(tzinfo=_BRUSSELS)
    except ValueError as error:
        raise FormatError(f"line 2: LAST UPDATE is not dd/mm/yy HH:MM:SS: {text!r}") from error


def _first(start: Sequence[Sequence[str]], at: int | None) -> str:
    return start[0][at - 1] if at and start and len(start[0]) >= at else ""
