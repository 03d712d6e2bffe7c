"""JSON of the data service of China's National Bureau of Statistics since 2026: ``{data, success, state, message}``.

``data`` of ``stream/esData`` is a list of periods, or of areas, each with ``values``; that of
``getEsDataByIndicatorIdAndDa`` a list of values of one indicator in one area. A value is text, and ``""`` where nothing
is published. A blank value of the second kind has neither name nor unit, an area that does not exist is answered with
blanks, and an indicator outside its years with no values at all. State 20000 is success; everything else comes with
status 200 too.

``catalogues``, ``indicators`` and ``areas`` read the answers that say what there is. They hold no values.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sources.cells import Cells, line, pack
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.json import parsing

NAME = "nbs_json"
DONE = 20000

_BEGINNING = re.compile(rb'\{\s*"(?:data|success|state|message)"\s*:')
_PERIOD = re.compile(r"(\d{4})(?:YY|0([1-4])SS|(0[1-9]|1[0-2])MM)")
_AREA = re.compile(r"\d{12}")
# Values of several areas say theirs, by its code or, as clients report, by its name.
_AREAS = ("da", "areaCode", "area", "da_name")
_YEARS = re.compile(r"\s*[（(][^()（）]*\d{4}[^()（）]*[)）]\s*$")


class _Value(NamedTuple):
    indicator: str | None
    name: str | None
    unit: str | None
    area: str | None
    time: str
    text: str
    locator: int


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as the envelope, with a name in it that only this service has."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not _BEGINNING.match(start):
        return False
    names = (b'"i_showname"', b'"i_name"', b'"treeinfo_', b'"name_value"', b'"success"')
    return any(name in start for name in names)


def read(path: Path) -> Cells:
    """The cells of an answer: ``indicator``, ``name``, ``unit``, and ``area`` where the answer says which it is of.

    ``indicator`` is the id that was asked for, or in an answer about one indicator the id of its concept. ``name`` is
    without the unit that the service writes behind it, and both are how to see that what came is what was asked for.
    A locator is a group and a value in it, or a value and 1, both 1-based. Periods after the last of which anything is
    published are asked for in vain, and are no cells.
    """
    data = _data(parsing.parsed(path))
    values = list(_values(data))
    names = ("indicator", "name", "unit", "area")
    located = {value.area is not None for value in values}
    if len(located) > 1:
        raise FormatError("some values say of which area they are, and others do not")
    dimensions = names if True in located else names[:3]
    schema = dict.fromkeys(_Value._fields, pl.String()) | {"locator": pl.Int64()}
    frame = pl.DataFrame(values, schema, orient="row")
    text = grid.filled(pl.col("text").str.strip_chars())
    published = frame.filter(text.is_not_null())["time"].max()
    value = grid.number(text)
    nothing = pl.lit(None, pl.String)
    return Cells(
        format=NAME,
        frame=frame.lazy()
        .filter(pl.col("time") <= pl.lit(published, pl.String))
        .select(
            *dimensions,
            "time",
            value.alias("value"),
            pl.when(value.is_null()).then(text).alias("raw"),
            nothing.alias("flag"),
            nothing.alias("conf"),
            "locator",
        ),
        dimensions=dimensions,
        labels={"indicator": {v.indicator: v.name for v in values if v.indicator and v.name}},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of the value that stands there."""
    data = _data(parsing.literal(path))

    def find(locator: int) -> str:
        item, place = line(locator)
        try:
            if item < 1 or place < 1:
                raise IndexError
            group = data[item - 1]
            value = group["values"][place - 1]["value"] if "values" in group else (group["v"],)[place - 1]
        except IndexError:
            raise FormatError(f"there is no value {place} of item {item}") from None
        return str(value)

    return find


def catalogues(path: Path) -> pl.DataFrame:
    """Children of a node of the tree: id, name, leaf, first and last year, and ``series``: the name without its years.

    Series are cut into catalogues that differ in the years in their names alone: those of one ``series`` belong
    together.
    """
    rows = [
        (
            _said(node, "_id"),
            _said(node, "name"),
            _YEARS.sub("", _said(node, "name")),
            node.get("isLeaf") is True,
            _maybe(node, "sdate"),
            _maybe(node, "edate"),
        )
        for node in _data(parsing.parsed(path))
    ]
    text = pl.String()
    schema = {"id": text, "name": text, "series": text, "leaf": pl.Boolean(), "first": text, "last": text}
    return pl.DataFrame(rows, schema, orient="row")


def indicators(path: Path) -> pl.DataFrame:
    """Indicators of a catalogue: id, name, unit, definition. ``FormatError`` if they are not as many as it says."""
    data = _envelope(parsing.parsed(path))
    listed = data.get("list") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(listed, list) or len(listed) != data.get("total"):
        raise FormatError(f"the payload is no whole list of indicators: {parsing.shown(data)}")
    rows = [(_said(item, "_id"), *_named(item, "i_showname"), _maybe(item, "i_mark")) for item in listed]
    schema = dict.fromkeys(("id", "name", "unit", "definition"), pl.String())
    return pl.DataFrame(rows, schema, orient="row")


def areas(path: Path) -> pl.DataFrame:
    """Areas of a group of areas: code of twelve digits, and name."""
    rows = [(_said(item, "name_value"), _said(item, "show_name")) for item in _data(parsing.parsed(path))]
    return pl.DataFrame(rows, {"code": pl.String(), "name": pl.String()}, orient="row")


def _envelope(answer: object) -> object:
    if not isinstance(answer, dict) or "data" not in answer:
        raise FormatError(f"the payload is no answer of the data service: {parsing.shown(answer)}")
    if answer.get("success") is not True or str(answer.get("state")) != str(DONE):
        state, message = answer.get("state"), answer.get("message")
        raise FormatError(f"the data service answers with state {state}, not {DONE}: {message!r}")
    return answer["data"]


def _data(answer: object) -> list[dict[str, Any]]:
    data = _envelope(answer)
    if isinstance(data, dict) and "list" in data:
        raise FormatError("the payload is a list of indicators, which holds no values")
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise FormatError(f"the payload is no list of values: {parsing.shown(data)}")
    return data


def _values(data: list[dict[str, Any]]) -> Iterator[_Value]:
    kinds = {
        next((key for key in ("values", "v", "treeinfo_globalid", "name_value") if key in item), "") for item in data
    }
    match sorted(kinds):
        case []:
            return
        case ["values"]:
            for number, group in enumerate(data, 1):
                yield from _group(group, number)
        case ["v"]:
            yield from _series(data)
        case ["treeinfo_globalid"]:
            raise FormatError("the payload is a list of catalogues, which holds no values")
        case ["name_value"]:
            raise FormatError("the payload is a list of areas, which holds no values")
        case _:
            raise FormatError(f"an item is of no kind that is known: {parsing.shown(data[0])}")


def _group(group: Mapping[str, Any], number: int) -> Iterator[_Value]:
    """The values of a period, or of an area."""
    code = _said(group, "code")
    of_area = _AREA.fullmatch(code) is not None
    values = group["values"]
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        raise FormatError(f"item {number} has no list of values: {parsing.shown(values)}")
    for place, item in enumerate(values, 1):
        where = f"value {place} of item {number}"
        area = code if of_area else next(filter(None, (_maybe(item, key) for key in _AREAS)), None)
        time = _period(item.get("dt") if of_area else code, where)
        name, unit = _named(item, "i_showname")
        yield _Value(_said(item, "_id"), name, unit, area, time, _text(item, "value", where), pack(number, place))


def _series(data: list[dict[str, Any]]) -> Iterator[_Value]:
    """The values of one indicator in one area. A blank one says of itself neither name nor unit: the others do."""
    said = {(_maybe(item, "i"), *_named(item, "i_name")) for item in data if item.get("i_name")}
    if len(said) > 1:
        raise FormatError(f"one indicator has several names or units: {sorted(map(str, said))}")
    indicator, name, unit = next(iter(said), (None, None, None))
    for number, item in enumerate(data, 1):
        where = f"item {number}"
        if item.get("unit") != item.get("du_name"):
            raise FormatError(f"{where} has two units: {item.get('unit')!r} and {item.get('du_name')!r}")
        time, text = _period(item.get("dt"), where), _text(item, "v", where)
        yield _Value(indicator, name, unit, _said(item, "code"), time, text, pack(number, 1))


def _said(item: Mapping[str, Any], key: str) -> str:
    text = item.get(key)
    if not isinstance(text, str) or not text:
        raise FormatError(f"an item does not say its {key}: {parsing.shown(item)}")
    return text


def _maybe(item: Mapping[str, Any], key: str) -> str | None:
    text = item.get(key)
    if not isinstance(text, str | None):
        raise FormatError(f"{key} is no text: {parsing.shown(text)}")
    return text or None


def _named(item: Mapping[str, Any], key: str) -> tuple[str, str | None]:
    """Name and unit. The unit that stands in brackets behind a name is taken off if it is the unit."""
    name, unit = " ".join(_said(item, key).split()), (_maybe(item, "du_name") or "").strip()
    return name.removesuffix(f"({unit})").rstrip() if unit else name, unit or None


def _text(item: Mapping[str, Any], key: str, where: str) -> str:
    text = item.get(key)
    if not isinstance(text, str):
        raise FormatError(f"{where} has no text as its value: {parsing.shown(item)}")
    return text


def _period(code: object, where: str) -> str:
    """``2024``, ``2025-Q2`` or ``2025-04`` of the service's ``2024YY``, ``202502SS`` or ``202504MM``."""
    found = _PERIOD.fullmatch(code) if isinstance(code, str) else None
    if found is None:
        raise FormatError(f"{where} is of a period that is not understood: {code!r}")
    year, quarter, month = found.groups()
    return f"{year}-Q{quarter}" if quarter else f"{year}-{month}" if month else year
