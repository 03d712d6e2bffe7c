"""Responses of ``easyquery.htm``, the interface of China's National Bureau of Statistics until March 2026.

A payload is one response, ``{returncode, returndata}``, or a recording of exchanges (YAML of VCR, version 1), whose
responses are read one after the other. A node with ``hasdata`` false was not published, although its ``data`` is 0. An
error has another returncode than 200, and a text in place of data.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import yaml

from sources.cells import Cells, line, pack
from sources.errors import FormatError
from sources.formats import values
from sources.formats.json import parsing

NAME = "nbs_easyquery"
DONE = 200

_RECORDING = b"interactions:"
_PERIOD = re.compile(r"(\d{4})(?:(0[1-9]|1[0-2])|([A-D]))?")


class _Node(NamedTuple):
    indicator: str
    name: str | None
    unit: str | None
    area: str | None
    time: str
    text: str | None


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as a response, or is a recording of exchanges with the interface."""
    start = parsing.beginning(head, len(head))
    if start.startswith(_RECORDING):
        return b"easyquery.htm" in start or b"returncode" in start
    return start.startswith((b'{"returncode"', b'[{"dbcode"'))


def read(path: Path) -> Cells:
    """The cells of all responses: ``indicator``, ``name``, ``unit``, and ``area`` where any response has regions.

    A locator is the running number of a node, and 1. ``FormatError`` for a response that is an error, or only a tree.
    """
    nodes = list(_nodes(path))
    if not nodes:
        raise FormatError("no response has values, only trees or lists of codes")
    frame = pl.DataFrame(nodes, dict.fromkeys(_Node._fields, pl.String()), orient="row").with_row_index("@row", 1)
    has_areas = frame["area"].is_not_null().any()
    dimensions = ("indicator", "name", "unit", "area") if has_areas else ("indicator", "name", "unit")
    locator = pl.col("@row").cast(pl.Int64) * pack(1, 0) + 1
    core = values.core(pl.col("text"), locator, time=pl.col("time"))
    return Cells(
        format=NAME,
        frame=frame.lazy().select(*dimensions, *core),
        dimensions=dimensions,
        labels={"indicator": {node.indicator: node.name for node in nodes if node.name}},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the number of that node; "" where nothing was published."""
    texts = [node.text or "" for node in _nodes(path)]

    def find(locator: int) -> str:
        number, field = line(locator)
        if not 0 < number <= len(texts) or field != 1:
            raise FormatError(f"there is no node {number}, {field}")
        return texts[number - 1]

    return find


def _nodes(path: Path) -> Iterator[_Node]:
    for number, response in enumerate(_responses(path), 1):
        yield from _nodes_of(response, number)


def _responses(path: Path) -> Iterator[object]:
    """The responses of a payload, with numbers as their published text."""
    raw = path.read_bytes()
    if not raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_RECORDING):
        yield parsing.literal(path)
        return
    try:
        exchanges = yaml.load(raw, Loader=yaml.CSafeLoader)["interactions"]
        bodies = [exchange["response"]["body"]["string"] for exchange in exchanges]
        yield from [json.loads(body, parse_int=str, parse_float=str) for body in bodies]
    except (yaml.YAMLError, ValueError, LookupError, TypeError) as error:
        raise FormatError(f"the payload is not a recording of exchanges: {str(error).splitlines()[0]}") from error


def _nodes_of(response: object, number: int) -> Iterator[_Node]:
    """The nodes of a response; a tree has none."""
    if isinstance(response, list):
        return
    if not isinstance(response, dict) or str(response.get("returncode")) != str(DONE):
        raise FormatError(f"response {number} is an error, not data: {_shown(response)}")
    try:
        data = response["returndata"]
        names = {
            (table["wdcode"], node["code"]): (node["cname"], node["unit"])
            for table in data["wdnodes"]
            for node in table["nodes"]
            if node is not None
        }
        yield from (_node(node, names) for node in data["datanodes"])
    except (AttributeError, LookupError, TypeError) as error:
        raise FormatError(f"response {number} does not have the interface's structure: {error!r}") from error


def _node(node: dict[str, Any], names: dict[tuple[str, str], tuple[str, str]]) -> _Node:
    codes = {dimension["wdcode"]: dimension["valuecode"] for dimension in node["wds"]}
    name, unit = names["zb", codes["zb"]]
    data = node["data"]
    if not isinstance(data["hasdata"], bool):
        raise FormatError(f"hasdata of node {node['code']} is neither true nor false: {data['hasdata']!r}")
    text = data["data"] if data["hasdata"] else None
    return _Node(codes["zb"], name.strip() or None, unit.strip() or None, codes.get("reg"), _period(codes["sj"]), text)


def _shown(response: object) -> str:
    if isinstance(response, dict):
        return f"{response.get('returncode')} {response.get('returndata')!r}"[:200]
    return parsing.shown(response)


def _period(code: str) -> str:
    """``2024``, ``2025-04`` or ``2025-Q2`` for the interface's ``2024``, ``202504`` or ``2025B``."""
    found = _PERIOD.fullmatch(code)
    if found is None:
        raise FormatError(f"{code!r} is not a period of the interface")
    year, month, quarter = found.groups()
    return f"{year}-{month}" if month else f"{year}-Q{'ABCD'.index(quarter) + 1}" if quarter else year
