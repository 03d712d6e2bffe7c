"""SDMX-CSV 1.0 and 2.0: one observation in each record.

Columns before ``OBS_VALUE`` are dimensions, except known attributes, which may be anywhere. Columns after it are
attributes; unknown ones are left out, if all records still have different keys without them. There are three forms of
labels: in place of the codes under the same header (``labels=name`` of Eurostat's 1.0), in a second column after each
column (Eurostat's ``labels=both``, OECD's ``csvfilewithlabels``), or within the field as ``AT: Austria`` (the
standard's ``labels=both``). Field guides: https://github.com/sdmx-twg/sdmx-csv
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.formats import sdmx, values
from sources.formats.delimited import records

NAME = "sdmx_csv"

_PREFIX = ("DATAFLOW", "LAST UPDATE", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION")
_SAMPLE = 65_536
_DELIMITERS = (",", ";", "\t")
_BRUSSELS = ZoneInfo("Europe/Brussels")


class _Labels(Mapping[str, Mapping[str, str]]):
    """Dimension → code → label. The payload is read for the labels of a dimension at their first use."""

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


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the header begins with ``DATAFLOW`` or ``STRUCTURE``, the first field of both versions."""
    return _dialect(head) is not None


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field, both 1-based) to the text of the field."""
    return records.finder(path, _dialect_of(path))


def _dialect_of(path: Path) -> records.Dialect:
    with path.open("rb") as file:
        return _dialect(file.read(_SAMPLE)) or records.CSV


def _dialect(head: bytes) -> records.Dialect | None:
    """The rules of the text: the standard's separator is that of the user's language. None where it is another text."""
    for delimiter in _DELIMITERS:
        names = records.first_fields(head, delimiter)
        if len(names) > 1 and _id(names[0]) in ("DATAFLOW", "STRUCTURE"):
            return records.CSV._replace(delimiter=delimiter)
    return None


def read(path: Path) -> Cells:
    """The cells, lazily. An empty ``OBS_VALUE`` is a missing value: value and raw are null, the flag is kept.

    A record without value that also lacks its period or a dimension is not an observation: it has attributes for a part
    of the key (SDMX-CSV 2.0, 1.3), and is left out. A value without period is a ``FormatError``.

    ``coded`` depends on the first records, because ``labels=name`` and ``labels=id`` have the same header.
    """
    dialect = _dialect_of(path)
    header = records.header_of(path, dialect=dialect)
    names = header.names
    fields, labels = _fields(names)
    dimensions, unknown = _dimensions(fields)
    joined = any(":" in name for name in names)
    start = records.sample(path, header, _SAMPLE, dialect)
    no_observation = _no_observation(fields, dimensions)
    text = records.records(
        path, header, dialect, check=_check(fields, start, dialect.delimiter), leave_out=no_observation
    )
    if unknown:
        _refuse_repeated_keys(text, [fields["TIME_PERIOD"], *dimensions.values()], unknown)
    return Cells(
        format=NAME,
        frame=_frame(text, fields, dimensions, joined=joined),
        dimensions=tuple(dimensions),
        coded=bool(labels) or joined or _has_codes(start, dimensions),
        dataset=_dataset(start, fields),
        updated=_updated(start, fields),
        labels=_labels(text, dimensions, labels, joined=joined),
    )


def _id(name: str) -> str:
    """``FREQ`` for ``FREQ: Frequency``, ``STRUCTURE`` for ``STRUCTURE[;]``."""
    return re.sub(r"\[.*\]$", "", name.split(":", 1)[0].strip())


def _fields(names: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """The position (1-based) of each component, and that of its label, in the order of the header."""
    fields: dict[str, int] = {}
    labels: dict[str, int] = {}
    paired = _has_label_columns([_id(name) for name in names])
    labelled = ""
    for at, component in enumerate(map(_id, names), 1):
        if labelled:
            labels[labelled], labelled = at, ""
        elif component in fields:
            raise FormatError(f"the header names {component!r} twice, in columns {fields[component]} and {at}")
        else:
            fields[component] = at
            labelled = component if paired and component not in _PREFIX else ""
    for needed in ("TIME_PERIOD", "OBS_VALUE"):
        if needed not in fields:
            raise FormatError(f"the header has no column {needed}: {','.join(names)[:200]!r}")
    return fields, labels


def _has_label_columns(components: Sequence[str]) -> bool:
    """Whether a label follows each component: then the name after ``OBS_VALUE`` is not the name of a component."""
    after = components[components.index("OBS_VALUE") + 1 :] if "OBS_VALUE" in components else []
    return bool(after) and not re.fullmatch(r"[A-Z][A-Z0-9_]*", after[0])


def _dimensions(fields: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """Lower-case dimension → position, and the unknown attributes."""
    value = fields["OBS_VALUE"]
    dimensions: dict[str, int] = {}
    unknown: list[str] = []
    for component, at in fields.items():
        if component in (*_PREFIX, "TIME_PERIOD", "OBS_VALUE", *sdmx.FLAG, *sdmx.CONF, *sdmx.LEFT_OUT):
            continue
        if at > value and not sdmx.gives_meaning(component):
            unknown.append(component)
            continue
        name = component.lower()
        if name in dimensions or name in CORE:
            raise FormatError(f"column {at}: {component!r} cannot be a dimension, {name!r} is reserved or used twice")
        dimensions[name] = at
    return dimensions, unknown


def _refuse_repeated_keys(text: pl.LazyFrame, key: Sequence[int], unknown: Sequence[str]) -> None:
    """Raise ``FormatError`` where two records have the same key, so that an unknown attribute may be a dimension."""
    keys = text.select("row", pl.struct(*map(str, key)).hash().alias("key")).collect(engine="streaming")
    repeated = keys.filter(pl.col("key").is_duplicated()).sort("key", "row")
    if repeated.height:
        rows = repeated["row"].head(2).to_list()
        raise FormatError(
            f"records {rows[0]} and {rows[1]} have the same period and dimensions: one of the unknown columns after "
            f"OBS_VALUE may be a dimension: {', '.join(unknown)}"
        )


def _check(fields: Mapping[str, int], start: Sequence[Sequence[str]], delimiter: str) -> Callable[[pl.DataFrame], None]:
    """A check that refuses a record that deletes data (``ACTION`` D), or belongs to another dataflow than the first."""
    refused = []
    if start and (flow := _flow(fields)):
        refused.append((flow, pl.col(str(flow)) != start[0][flow - 1], "is of another dataflow"))
    if action := fields.get("ACTION"):
        refused.append((action, pl.col(str(action)) == "D", "deletes data"))
    value, time = fields["OBS_VALUE"], pl.col(str(fields["TIME_PERIOD"]))
    refused.append((value, (time == "") & (pl.col(str(value)) != ""), "has a value and no TIME_PERIOD"))
    if delimiter == ";":  # of a language in which 1.234 may mean 1234
        written = pl.col(str(value)).str.contains(r"\d,|^-?\d{1,3}(\.\d{3})+$")
        refused.append((value, written, "has a number that may have a decimal comma"))

    def check(block: pl.DataFrame) -> None:
        found = block.select(is_wrong.any().alias(reason) for _, is_wrong, reason in refused).row(0)
        for (at, is_wrong, reason), any_wrong in zip(refused, found, strict=True):
            if any_wrong:
                wrong = block.filter(is_wrong)
                raise FormatError(f"record {wrong['row'][0]} {reason}: {wrong[str(at)][0]!r}")

    return check


def _no_observation(fields: Mapping[str, int], dimensions: Mapping[str, int]) -> pl.Expr:
    """Whether a record has no value, and no period or not all dimensions."""
    key = [fields["TIME_PERIOD"], *(at for name, at in dimensions.items() if name.upper() not in sdmx.KEPT)]
    return (pl.col(str(fields["OBS_VALUE"])) == "") & pl.any_horizontal(pl.col(str(at)) == "" for at in key)


def _flow(fields: Mapping[str, int]) -> int | None:
    return fields.get("DATAFLOW") or fields.get("STRUCTURE_ID")


def _frame(
    text: pl.LazyFrame, fields: Mapping[str, int], dimensions: Mapping[str, int], *, joined: bool
) -> pl.LazyFrame:
    core = values.core(
        sdmx.without_missing(pl.col(str(fields["OBS_VALUE"]))),
        records.locator(fields["OBS_VALUE"]),
        time=pl.col(str(fields["TIME_PERIOD"])),
        flag=_attribute(fields, sdmx.FLAG, joined=joined),
        conf=_attribute(fields, sdmx.CONF, joined=joined),
    )
    return text.select(*(_code(at, joined=joined).alias(name) for name, at in dimensions.items()), *core)


def _code(at: int, *, joined: bool) -> pl.Expr:
    """The code in a field, which with ``joined`` also has the label."""
    text = pl.col(str(at))
    return text.str.splitn(":", 2).struct[0].str.strip_chars() if joined else text


def _attribute(fields: Mapping[str, int], names: Sequence[str], *, joined: bool) -> pl.Expr:
    """The code of the first of these attributes that the file has; null where it is empty or there is none."""
    at = next((fields[name] for name in names if name in fields), None)
    if at is None:
        return values.NULL
    code = _code(at, joined=joined)
    return pl.when(code != "").then(code)


def _labels(
    text: pl.LazyFrame, dimensions: Mapping[str, int], labels: Mapping[str, int], *, joined: bool
) -> Mapping[str, Mapping[str, str]]:
    positions = {component.lower(): at for component, at in labels.items()}
    pairs = {}
    for name, at in dimensions.items():
        if joined:
            label = pl.col(str(at)).str.splitn(":", 2).struct[1].str.strip_chars()
        elif name in positions:
            label = pl.col(str(positions[name]))
        else:
            continue
        pairs[name] = text.select(_code(at, joined=joined).alias("code"), label.alias("label"))
    return _Labels(pairs)


def _has_codes(start: Sequence[Sequence[str]], dimensions: Mapping[str, int]) -> bool:
    """Whether frequency and area, or all dimensions where there are none of these, have no small letter or space."""
    typical = [at for name, at in dimensions.items() if name in ("freq", "geo", "ref_area")]
    positions = typical or list(dimensions.values())
    return not any(re.search(r"[a-z ]", row[at - 1]) for row in start for at in positions if len(row) >= at)


def _dataset(start: Sequence[Sequence[str]], fields: Mapping[str, int]) -> str | None:
    """``MIGR_EIPRE`` for ``ESTAT:MIGR_EIPRE$DEFAULTVIEW(1.0)``."""
    return sdmx.flow(_first(start, _flow(fields)))


def _updated(start: Sequence[Sequence[str]], fields: Mapping[str, int]) -> datetime | None:
    """``29/11/24 11:00:00``: day, month and year, in the local time of Brussels; blank for exports of a view."""
    text = _first(start, fields.get("LAST UPDATE"))
    if not text:
        return None
    try:
        return datetime.strptime(text, "%d/%m/%y %H:%M:%S").replace(tzinfo=_BRUSSELS)
    except ValueError as error:
        raise FormatError(f"record 2: LAST UPDATE is not dd/mm/yy HH:MM:SS: {text!r}") from error


def _first(start: Sequence[Sequence[str]], at: int | None) -> str:
    return start[0][at - 1] if at and start and len(start[0]) >= at else ""
