"""Answers of ``easyquery.htm``, until March 2026 the interface of China's National Bureau of Statistics: recordings.

A payload is one answer, ``{returncode, returndata}``, or a recording of exchanges (YAML of VCR, version 1), whose
answers are read one after the other. A node with ``hasdata`` false was not published, although its ``data`` is 0. An
error is answered with another returncode than 200 and a text in the place of data.
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
from sources.formats import grid
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


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an answer, or is a recording of exchanges with the interface."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(_RECORDING):
        return b"easyquery.htm" in start or b"returncode" in start
    return start.startswith((b'{"returncode"', b'[{"dbcode"'))


def read(path: Path) -> Cells:
    """The cells of all answers: ``indicator``, ``name``, ``unit``, and ``area`` where any answer has regions.

    A locator is the running number of a node, and 1. ``FormatError`` for an answer that is an error, or only a tree.
    """
    rows = list(_nodes(path))
    if not rows:
        raise FormatError("no answer holds values, only trees or lists of codes")
    schema = dict.fromkeys(_Node._fields, pl.String())
    frame = pl.DataFrame(rows, schema, orient="row").with_row_index("@row", 1)
    located = frame["area"].is_not_null().any()
    dimensions = ("indicator", "name", "unit", "area") if located else ("indicator", "name", "unit")
    text, nothing = pl.col("text"), pl.lit(None, pl.String)
    return Cells(
        format=NAME,
        frame=frame.lazy().select(
            *dimensions,
            "time",
            grid.number(text).alias("value"),
            pl.when(grid.number(text).is_null()).then(text).alias("raw"),
            nothing.alias("flag"),
            nothing.alias("conf"),
            (pl.col("@row").cast(pl.Int64) * pack(1, 0) + 1).alias("locator"),
        ),
        dimensions=dimensions,
        labels={"indicator": {row.indicator: row.name for row in rows if row.name}},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the number that stands there; "" where nothing was published."""
    texts = [row.text or "" for row in _nodes(path)]

    def find(locator: int) -> str:
        number, place = line(locator)
        if not 0 < number <= len(texts) or place != 1:
            raise FormatError(f"there is no node {number}, {place}")
        return texts[number - 1]

    return find


def _nodes(path: Path) -> Iterator[_Node]:
    for number, answer in enumerate(_answers(path), 1):
        yield from _read(answer, number)


def _answers(path: Path) -> Iterator[object]:
    """What was answered, with numbers as the text that stands there."""
    raw = path.read_bytes()
    if not raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_RECORDING):
        yield parsing.literal(path)
        return
    try:
        exchanges = yaml.load(raw, Loader=yaml.CSafeLoader)["interactions"]
        bodies = [exchange["response"]["body"]["string"] for exchange in exchanges]
        yield from [json.loads(body, parse_int=str, parse_float=str) for body in bodies]
    except (yaml.YAMLError, ValueError, LookupError, TypeError) as error:
        raise FormatError(f"the payload is no recording of exchanges: {str(error).splitlines()[0]}") from error


def _read(answer: object, number: int) -> Iterator[_Node]:
    """The nodes of an answer; none of a tree."""
    if isinstance(answer, list):
        return
    if not isinstance(answer, dict) or str(answer.get("returncode")) != str(DONE):
        raise FormatError(f"answer {number} is an error, not data: {_said(answer)}")
    try:
        data = answer["returndata"]
        names = {
            (table["wdcode"], node["code"]): (node["cname"], node["unit"])
            for table in data["wdnodes"]
            for node in table["nodes"]
            if node is not None
        }
        yield from (_node(node, names) for node in data["datanodes"])
    except (AttributeError, LookupError, TypeError) as error:
        raise FormatError(f"answer {number} is not as the interface gives it: {error!r}") from error


def _node(node: dict[str, Any], names: dict[tuple[str, str], tuple[str, str]]) -> _Node:
    at = {dimension["wdcode"]: dimension["valuecode"] for dimension in node["wds"]}
    name, unit = names["zb", at["zb"]]
    held = node["data"]
    if not isinstance(held["hasdata"], bool):
        raise FormatError(f"node {node['code']} does not say whether it has data: {held['hasdata']!r}")
    text = held["data"] if held["hasdata"] else None
    return _Node(at["zb"], name.strip() or None, unit.strip() or None, at.get("reg"), _period(at["sj"]), text)


def _said(answer: object) -> str:
    if isinstance(answer, dict):
        return f"{answer.get('returncode')} {answer.get('returndata')!r}"[:200]
    return parsing.shown(answer)


def _period(code: str) -> str:
    """``2024``, ``2025-04`` or ``2025-Q2`` of the interface's ``2024``, ``202504`` or ``2025B``."""
    found = _PERIOD.fullmatch(code)
    if found is None:
        raise FormatError(f"{code!r} is no period of the interface")
    year, month, quarter = found.groups()
    return f"{year}-{month}" if month else f"{year}-Q{'ABCD'.index(quarter) + 1}" if quarter else year
