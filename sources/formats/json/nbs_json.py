"""JSON of the data service of China's National Bureau of Statistics since 2026: ``{data, success, state, message}``.

``data`` of ``stream/esData`` is a list of periods, or of areas, each with ``values``; that of
``getEsDataByIndicatorIdAndDa`` is a list of values of one indicator in one area. A value is text, and ``""`` where
nothing is published. A blank value of the second kind has neither name nor unit. For an area that does not exist the
service returns blanks, and for years outside of an indicator's years no values at all. State 20000 is success; every
other state has HTTP status 200 too.

``catalogues``, ``indicators`` and ``areas`` read the responses that list what is available. These hold no values.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sources.cells import Cells, line, pack
from sources.errors import FormatError
from sources.formats.json import parsing
from sources.formats.values import core, filled

NAME = "nbs_json"
DONE = 20000

_BEGINNING = re.compile(rb'\{\s*"(?:data|success|state|message)"\s*:')
_PERIOD = re.compile(r"(\d{4})(?:YY|0([1-4])SS|(0[1-9]|1[0-2])MM)")
_AREA = re.compile(r"\d{12}")
# The fields that give the area of a value: its code or, as clients report, its name.
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


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as the service's object, with a name in it that only this service uses."""
    start = parsing.beginning(head, len(head))
    if not _BEGINNING.match(start):
        return False
    names = (b'"i_showname"', b'"i_name"', b'"treeinfo_', b'"name_value"', b'"success"')
    return any(name in start for name in names)


def read(path: Path) -> Cells:
    """The cells of a response: ``indicator``, ``name``, ``unit``, and ``area`` where the response gives it.

    ``indicator`` is the id that was requested, or in a response about one indicator the id of its concept. ``name`` is
    without the unit that the service appends to it; name and unit show whether the response is about the requested
    indicator. A locator is a group and a value in it, or a value and 1, both 1-based. Periods after the last published
    value are not cells: the service returns every requested period.
    """
    values = list(_values(_data(parsing.parsed(path))))
    has_area = {value.area is not None for value in values}
    if len(has_area) > 1:
        raise FormatError("some values give their area, and others do not")
    dimensions = ("indicator", "name", "unit", "area") if True in has_area else ("indicator", "name", "unit")
    schema = dict.fromkeys(_Value._fields, pl.String()) | {"locator": pl.Int64()}
    frame = pl.DataFrame(values, schema, orient="row")
    text = filled(pl.col("text").str.strip_chars())
    last_published = frame.filter(text.is_not_null())["time"].max()
    frame = frame.filter(pl.col("time") <= pl.lit(last_published, pl.String))
    return Cells(
        format=NAME,
        frame=frame.lazy().select(*dimensions, *core(text, pl.col("locator"), time=pl.col("time"))),
        dimensions=dimensions,
        labels={"indicator": {value.indicator: value.name for value in values if value.indicator and value.name}},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of that value."""
    data = _data(parsing.literal(path))

    def find(locator: int) -> str:
        item, number = line(locator)
        try:
            if item < 1 or number < 1:
                raise IndexError
            group = data[item - 1]
            text = group["values"][number - 1]["value"] if "values" in group else (group["v"],)[number - 1]
        except IndexError:
            raise FormatError(f"there is no value {number} of item {item}") from None
        return str(text)

    return find


def catalogues(path: Path) -> pl.DataFrame:
    """Children of a node of the tree: id, name, leaf, first and last year, and ``series``: the name without its years.

    A series is divided into catalogues whose names differ only in their years: they have the same ``series``.
    """
    rows = [
        (
            _required(node, "_id"),
            _required(node, "name"),
            _YEARS.sub("", _required(node, "name")),
            node.get("isLeaf") is True,
            _optional(node, "sdate"),
            _optional(node, "edate"),
        )
        for node in _data(parsing.parsed(path))
    ]
    text = pl.String()
    schema = {"id": text, "name": text, "series": text, "leaf": pl.Boolean(), "first": text, "last": text}
    return pl.DataFrame(rows, schema, orient="row")


def indicators(path: Path) -> pl.DataFrame:
    """Indicators of a catalogue: id, name, unit, definition. ``FormatError`` if the stated total differs."""
    data = _content(parsing.parsed(path))
    listed = data.get("list") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(listed, list) or len(listed) != data.get("total"):
        raise FormatError(f"the payload is not a complete list of indicators: {parsing.shown(data)}")
    rows = [(_required(item, "_id"), *_name_and_unit(item, "i_showname"), _optional(item, "i_mark")) for item in listed]
    schema = dict.fromkeys(("id", "name", "unit", "definition"), pl.String())
    return pl.DataFrame(rows, schema, orient="row")


def areas(path: Path) -> pl.DataFrame:
    """Areas of a group of areas: code of twelve digits, and name."""
    rows = [(_required(item, "name_value"), _required(item, "show_name")) for item in _data(parsing.parsed(path))]
    return pl.DataFrame(rows, {"code": pl.String(), "name": pl.String()}, orient="row")


def _content(response: object) -> object:
    """``data`` of a successful response."""
    if not isinstance(response, dict) or "data" not in response:
        raise FormatError(f"the payload is not a response of the data service: {parsing.shown(response)}")
    if response.get("success") is not True or str(response.get("state")) != str(DONE):
        state, message = response.get("state"), response.get("message")
        raise FormatError(f"the data service answered with state {state}, not {DONE}: {message!r}")
    return response["data"]


def _data(response: object) -> list[dict[str, Any]]:
    data = _content(response)
    if isinstance(data, dict) and "list" in data:
        raise FormatError("the payload is a list of indicators, which holds no values")
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise FormatError(f"the payload is not a list of values: {parsing.shown(data)}")
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
                yield from _values_of_group(group, number)
        case ["v"]:
            yield from _values_of_series(data)
        case ["treeinfo_globalid"]:
            raise FormatError("the payload is a list of catalogues, which holds no values")
        case ["name_value"]:
            raise FormatError("the payload is a list of areas, which holds no values")
        case _:
            raise FormatError(f"an item is of an unknown kind: {parsing.shown(data[0])}")


def _values_of_group(group: Mapping[str, Any], number: int) -> Iterator[_Value]:
    """The values of a period, or of an area."""
    code = _required(group, "code")
    is_area = _AREA.fullmatch(code) is not None
    values = group["values"]
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        raise FormatError(f"item {number} has no list of values: {parsing.shown(values)}")
    for position, item in enumerate(values, 1):
        where = f"value {position} of item {number}"
        area = code if is_area else next(filter(None, (_optional(item, key) for key in _AREAS)), None)
        time = _period(item.get("dt") if is_area else code, where)
        name, unit = _name_and_unit(item, "i_showname")
        text = _text(item, "value", where)
        yield _Value(_required(item, "_id"), name, unit, area, time, text, pack(number, position))


def _values_of_series(data: list[dict[str, Any]]) -> Iterator[_Value]:
    """The values of one indicator in one area. A blank value lacks name and unit, which the others have."""
    names = {(_optional(item, "i"), *_name_and_unit(item, "i_name")) for item in data if item.get("i_name")}
    if len(names) > 1:
        raise FormatError(f"one indicator has several names or units: {sorted(map(str, names))}")
    indicator, name, unit = next(iter(names), (None, None, None))
    for number, item in enumerate(data, 1):
        where = f"item {number}"
        if item.get("unit") != item.get("du_name"):
            raise FormatError(f"{where} has two units: {item.get('unit')!r} and {item.get('du_name')!r}")
        time, text = _period(item.get("dt"), where), _text(item, "v", where)
        yield _Value(indicator, name, unit, _required(item, "code"), time, text, pack(number, 1))


def _required(item: Mapping[str, Any], key: str) -> str:
    text = item.get(key)
    if not isinstance(text, str) or not text:
        raise FormatError(f"an item has no {key}: {parsing.shown(item)}")
    return text


def _optional(item: Mapping[str, Any], key: str) -> str | None:
    text = item.get(key)
    if not isinstance(text, str | None):
        raise FormatError(f"{key} is not a text: {parsing.shown(text)}")
    return text or None


def _name_and_unit(item: Mapping[str, Any], key: str) -> tuple[str, str | None]:
    """Name and unit; the name without the unit that the service appends to it in brackets."""
    name, unit = " ".join(_required(item, key).split()), (_optional(item, "du_name") or "").strip()
    return name.removesuffix(f"({unit})").rstrip() if unit else name, unit or None


def _text(item: Mapping[str, Any], key: str, where: str) -> str:
    text = item.get(key)
    if not isinstance(text, str):
        raise FormatError(f"the value of {where} is not a text: {parsing.shown(item)}")
    return text


def _period(code: object, where: str) -> str:
    """``2024``, ``2025-Q2`` or ``2025-04`` for the service's ``2024YY``, ``202502SS`` or ``202504MM``."""
    found = _PERIOD.fullmatch(code) if isinstance(code, str) else None
    if found is None:
        raise FormatError(f"the period of {where} is unknown: {code!r}")
    year, quarter, month = found.groups()
    return f"{year}-Q{quarter}" if quarter else f"{year}-{month}" if month else year
