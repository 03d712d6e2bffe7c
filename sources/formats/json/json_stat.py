"""JSON-stat 2.0, and its first version as Eurostat's old JSON service wrapped it: ``{"<code>": {...}}`` (until 2023).

A value has a flat index, in row-major order of the dimensions (https://json-stat.org/full/). The locator is that index.
``status`` holds a flag, a confidentiality status after ``|``, or both, also where there is no value.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from sources.cells import CODE, CORE, Cells
from sources.errors import FormatError
from sources.formats.json.parsing import literal
from sources.formats.values import NULL, filled, number, refuse_wrong_dimensions

NAME = "json_stat"

_TIME = ("time", "time_period")
_BEGINS = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"')
_HAS_DATASET = re.compile(rb'"class"\s*:\s*"dataset"|"wsVersion"\s*:|"dimension"\s*:\s*\{')
_REFUSAL = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:error|warning)"\s*:\s*[\[{].*"label"', re.DOTALL)
_OPENS = re.compile(rb'"(?:value|status)"\s*:\s*\{')
_FLAT = re.compile(rb'"(?:value|status)"\s*:\s*\{([^{}]*)\}')
_KEY = re.compile(rb'"\d+"\s*:')


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text is a JSON-stat dataset, or the error or warning that the publisher sends in its place."""
    return bool(_BEGINS.match(head) and (_HAS_DATASET.search(head) or _REFUSAL.match(head)))


def read(path: Path) -> Cells:
    """The cells, in the order of their index. An empty result has none.

    A null in a list of values is not a cell unless it has a status. An error or warning is a ``FormatError`` with the
    publisher's text.
    """
    content = path.read_bytes()
    code, item = _dataset(content)
    ids, sizes = _shape(item)
    categories = [_category(item["dimension"], name, size) for name, size in zip(ids, sizes, strict=True)]
    names = _names(ids, item)
    published_values, published_status = item["value"], _status(item)
    values = _by_index(published_values, math.prod(sizes), "value")
    status = _by_index(published_status, math.prod(sizes), "status")
    _refuse_repeated_indices(content, (published_values, published_status))
    codes = {name: list(category) for name, category in zip(names, categories, strict=True)}
    return Cells(
        format=NAME,
        frame=_frame(values, status, codes).lazy(),
        dimensions=tuple(name for name in names if name != "time"),
        dataset=code or item.get("extension", {}).get("id"),
        updated=_updated(item),
        labels={name: labels for name, labels in zip(names, categories, strict=True) if name != "time"},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From index to the text of its value, or of its status where it has no value."""
    content = literal(path)
    if not isinstance(content, dict):
        raise FormatError("the payload is not a JSON object")
    item = content if "value" in content else next(iter(content.values()))
    texts = _texts(_status(item)) | _texts(item["value"])

    def find(locator: int) -> str:
        if locator not in texts:
            raise FormatError(f"there is no value {locator}")
        return texts[locator]

    return find


def _texts(published: object) -> dict[int, str]:
    """Index to text, of values or status in one of their forms."""
    if isinstance(published, list):
        pairs = list(enumerate(published))
    else:
        pairs = list(published.items()) if isinstance(published, dict) else []
    return {int(index): str(text) for index, text in pairs if text is not None}


def _dataset(content: bytes) -> tuple[str | None, dict[str, Any]]:
    """The dataset, and its code where the old service wrapped it."""
    try:
        found = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise FormatError(f"the payload is not complete JSON: {error}") from error
    if not isinstance(found, dict):
        raise FormatError("the payload is not a JSON object")
    for member, name in (("error", "an error"), ("warning", "a warning")):
        if member in found:
            raise FormatError(f"the publisher answered with {name}: {_label(found[member])}")
    code = None
    if len(found) == 1 and isinstance(inner := next(iter(found.values())), dict):
        code, found = next(iter(found)), inner
    if not isinstance(found.get("dimension"), dict) or not isinstance(found.get("value"), dict | list):
        raise FormatError("a JSON-stat dataset has a dimension and a value; these are missing here")
    return code, found


def _label(refusal: object) -> str:
    first = refusal[0] if isinstance(refusal, list) and refusal else refusal
    return str(first.get("label", first)) if isinstance(first, dict) else str(first)


def _shape(item: Mapping[str, Any]) -> tuple[list[str], list[int]]:
    """Dimensions and their sizes: next to ``dimension`` in version 2, within it in version 1."""
    ids = item.get("id", item["dimension"].get("id"))
    sizes = item.get("size", item["dimension"].get("size"))
    if not isinstance(ids, list) or not isinstance(sizes, list) or len(ids) != len(sizes):
        raise FormatError(f"id and size have different numbers of dimensions: {ids!r}, {sizes!r}")
    return ids, sizes


def _names(ids: Sequence[str], item: Mapping[str, Any]) -> list[str]:
    """The dimensions in lower case; the dimension of time is called ``time``."""
    role = item.get("role", item["dimension"].get("role")) or {}
    times = [name for name in ids if name in role.get("time", ()) or name.lower() in _TIME]
    if len(times) != 1 and (ids or item["value"]):
        raise FormatError(f"exactly one dimension of time was expected among {ids}")
    names = ["time" if name in times else name.lower() for name in ids]
    refuse_wrong_dimensions(names, "the dataset")
    return names


def _category(dimension: Mapping[str, Any], name: str, size: int) -> dict[str, str]:
    """Code to label in the order of the index, which is an object, a list, or absent where there is only one code."""
    if name not in dimension:
        raise FormatError(f"the dimension {name!r} is not described")
    category = dimension[name].get("category", {})
    labels = category.get("label", {})
    index = category.get("index", list(labels))
    codes = sorted(index, key=index.__getitem__) if isinstance(index, dict) else list(index)
    positions = sorted(index.values()) if isinstance(index, dict) else list(range(len(codes)))
    if positions != list(range(size)) or len(set(codes)) != size:
        raise FormatError(
            f"the dimension {name!r} has size {size}, but its index has {len(codes)} codes at {positions[:9]}"
        )
    return {code: labels.get(code, "") for code in codes}


def _status(item: Mapping[str, Any]) -> object:
    """The status by index; the old service has it in ``status.value``, next to the meaning of its signs."""
    status = item.get("status")
    return status["value"] if isinstance(status, dict) and "value" in status else status


def _by_index(published: object, size: int, what: str) -> pl.DataFrame:
    """``index`` with ``value`` and ``raw``, or with ``status``, depending on ``what``. Nulls of a list are left out."""
    if isinstance(published, dict):
        index = pl.Series("index", list(published), pl.String).cast(pl.Int64, strict=False)
        if index.null_count():
            raise FormatError(f"{list(published)[index.is_null().arg_max() or 0]!r} is not an index of a {what}")
        frame = _column(list(published.values()), what).insert_column(0, index)
    else:
        items = published if isinstance(published, list) else [published] * size
        if len(items) != size:
            raise FormatError(f"the list {what!r} has {len(items)} items, the sizes require {size}")
        index = pl.int_range(size, eager=True, dtype=pl.Int64).alias("index")
        frame = _column(items, what).insert_column(0, index)
        frame = frame.filter(pl.any_horizontal(pl.exclude("index").is_not_null()))
    outside = frame.filter((pl.col("index") < 0) | (pl.col("index") >= size))
    if outside.height:
        raise FormatError(f"the index {outside['index'][0]} of a {what} is not among the {size} of the sizes")
    return frame


def _column(items: Sequence[Any], what: str) -> pl.DataFrame:
    try:
        if what == "status":
            return pl.DataFrame({"status": pl.Series(items, dtype=pl.String).cast(CODE)})
        return pl.DataFrame({"value": pl.Series(items, dtype=pl.Float64)}).with_columns(raw=NULL)
    except TypeError as error:
        if what == "status" or any(isinstance(item, dict | list) for item in items):
            raise FormatError(f"a {what} is neither a text nor a number: {error}") from error
        text = pl.Series("raw", [None if item is None else str(item) for item in items], pl.String)
        value = number(pl.col("raw"))
        return pl.select(text).select(value=value, raw=pl.when(value.is_null()).then("raw"))


def _refuse_repeated_indices(content: bytes, published: Sequence[Any]) -> None:
    """Raise ``FormatError`` where an index is repeated: the parser silently keeps the last, the bytes have both."""
    parsed = sum(len(item) for item in published if isinstance(item, dict))
    spans = [(found.end(), content.find(b"}", found.end())) for found in _OPENS.finditer(content)]
    # Every pair has a colon, and a text may have one too: only if the numbers differ, the pairs themselves are counted.
    if sum(content.count(b":", start, end) for start, end in spans) == parsed:
        return
    written = sum(len(_KEY.findall(flat)) for flat in _FLAT.findall(content))
    if written != parsed:
        raise FormatError(f"an index is repeated: {written} are written, {parsed} are different")


def _frame(values: pl.DataFrame, status: pl.DataFrame, codes: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    cells = values.join(status, on="index", how="full", coalesce=True).sort("index")
    if cells["index"].n_unique() < cells.height:
        raise FormatError("an index is repeated, written in two ways")
    found = cells.join(_parsed_status(status["status"]), on="status", how="left", maintain_order="left").select(
        "value",
        pl.coalesce("special", "raw").alias("raw"),
        "flag",
        "conf",
        pl.col("index").alias("locator"),
        *([] if "time" in codes else [NULL.alias("time")]),
    )
    columns: dict[str, pl.Series] = {}
    stride = 1
    for name, listed in reversed(list(codes.items())):
        position = found["locator"] // stride % len(listed)
        columns[name] = pl.Series(name, listed, CORE.get(name, CODE)).gather(position)
        stride *= len(listed)
    return found.with_columns(**columns).select(*(name for name in codes if name != "time"), *CORE)


def _parsed_status(status: pl.Series) -> pl.DataFrame:
    """For each different status: the text in place of a value, the flag and the confidentiality."""
    text = pl.col("status").cast(pl.String)
    parts = text.str.splitn("|", 2).struct
    return (
        status.drop_nulls()
        .unique()
        .to_frame()
        .select(
            "status",
            # The old service gives ":" as the status of what is not available.
            pl.when(text.str.starts_with(":")).then(pl.lit(":")).alias("special"),
            filled(parts[0].str.strip_prefix(":").str.strip_chars()).alias("flag"),
            filled(parts[1].str.strip_chars()).alias("conf"),
        )
    )


def _updated(item: Mapping[str, Any]) -> datetime | None:
    """``2026-07-09T23:00:00+0200``, or milliseconds since 1970; None for a time without offset."""
    try:
        if isinstance(milliseconds := item.get("lastUpdateDate"), int):
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
        moment = datetime.fromisoformat(item["updated"]) if item.get("updated") else None
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"the time of the last update is not ISO 8601: {item.get('updated')!r}") from error
    return moment if moment and moment.tzinfo else None
