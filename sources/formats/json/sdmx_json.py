"""SDMX-JSON 1.0 and 2.0, and the draft of it that services used before: messages of data, with series or flat.

A key is the positions of its codes in the lists of the structure: ``"0:2:0"``. An observation is the list of its value
and the positions of its attributes; version 2 may hold the text of an attribute in place of its position, and several
data sets with a structure each. Field guides: https://github.com/sdmx-twg/sdmx-json
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sources.cells import Cells, line
from sources.errors import FormatError
from sources.formats import sdmx
from sources.formats.json import parsing
from sources.formats.sdmx import Observation, Series

NAME = "sdmx_json"

_KEYS = re.compile(rb'"(?:dataSets|structures?|meta|header|data)"\s*:')
_DATA = re.compile(rb'"dataSets"\s*:\s*\[|"(?:structures?)"\s*:\s*[\[{].*"(?:keyPosition|observation)"\s*:', re.DOTALL)
_STRUCTURE_URN = re.compile(r"\.Dataflow=|\.DataStructure=")

Item = Mapping[str, Any]


class _Structure(NamedTuple):
    """The ids of the dimensions of data set, series and observations with their codes, and of their attributes."""

    fixed: list[tuple[str, list[str]]]
    series: list[tuple[str, list[str]]]
    observation: list[tuple[str, list[str]]]
    series_attributes: list[tuple[str, list[str]]]
    observation_attributes: list[tuple[str, list[str]]]
    shared: dict[str, str]


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text is a message of data."""
    start = parsing.beginning(head, len(head))
    return start.startswith(b"{") and bool(_KEYS.search(start[:2000])) and bool(_DATA.search(start))


def read(path: Path) -> Cells:
    """The cells of all data sets. A locator is the running number of an observation, and 1."""
    message = parsing.literal(path)
    try:
        return _cells(message)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatError(f"the message does not have the structure of SDMX-JSON: {error!r}"[:300]) from error


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of a value; "" where it is null."""
    texts = [str(values[0]) if values and values[0] is not None else "" for *_, values in _all(parsing.literal(path))]

    def find(locator: int) -> str:
        number, field = line(locator)
        if not 0 < number <= len(texts) or field != 1:
            raise FormatError(f"there is no observation {number}, {field}")
        return texts[number - 1]

    return find


def _cells(message: Any) -> Cells:  # noqa: ANN401 - the content of a payload
    series: list[Series] = []
    observations: list[Observation] = []
    structures = [_structure(item) for item in _structures(message)]
    last: tuple[object, object] = ()  # type: ignore[assignment]
    for number, (at, key, found, place, values) in enumerate(_all(message), 1):
        structure = structures[at]
        if (at, key) != last:
            last = (at, key)
            given = _coded(structure.series_attributes, found) if found else {}
            series.append(Series(_key(structure.series, key) | _only(structure.fixed), structure.shared | given))
        observations.append(Observation(number, len(series) - 1, _observed(structure, place, values)))
    if not observations and (why := _errors(message)):
        raise FormatError(f"the publisher answered with an error: {why}")
    if len(observations) > sdmx.MOST_OBSERVATIONS:
        raise FormatError(f"the message has more than {sdmx.MOST_OBSERVATIONS:,} observations")
    own = [part for structure in structures for part, _ in structure.observation]
    return sdmx.cells(NAME, *_with_own_keys(series, observations, own), _dataset(message), _labels(message))


def _with_own_keys(
    series: list[Series], observations: list[Observation], own: Sequence[str]
) -> tuple[list[Series], list[Observation]]:
    """Series and observations, where dimensions of observations other than the time belong to the key of a series."""
    parts = [part for part in dict.fromkeys(own) if part != sdmx.TIME]
    if not parts:
        return series, observations
    numbers: dict[tuple[object, ...], int] = {}
    wider: list[Series] = []
    moved: list[Observation] = []
    for number, at, fields in observations:
        key = {part: fields[part] for part in parts if part in fields}
        index = numbers.setdefault((at, *key.items()), len(wider))
        if index == len(wider):
            wider.append(Series({**series[at].key, **key}, series[at].attributes))
        moved.append(Observation(number, index, {part: text for part, text in fields.items() if part not in key}))
    return wider, moved


def _observed(structure: _Structure, place: str, values: Sequence[object]) -> dict[str, str]:
    """The components of an observation: its dimensions, its value, and its attributes."""
    fields = _key(structure.observation, place)
    value = values[0] if values else None
    if value is not None and not isinstance(value, str):
        raise FormatError(f"the value of an observation is neither a number nor a text: {parsing.shown(value)}")
    return fields | {sdmx.VALUE: value or ""} | _coded(structure.observation_attributes, values[1:])


def _structures(message: Item) -> list[Item]:
    """The structures of a message: one in version 1 and the draft, a list in version 2."""
    data = message.get("data", message)
    found = data.get("structures", data.get("structure", message.get("structure")))
    return found if isinstance(found, list) else [found]


def _all(message: Any) -> Iterator[tuple[int, str, Sequence[object], str, Sequence[object]]]:  # noqa: ANN401 - content
    """Index of the structure, key and attributes of the series, place and content of each observation."""
    for item in message.get("data", message)["dataSets"]:
        at = int(item.get("structure", 0)) if not isinstance(item.get("structure"), dict) else 0
        if str(item.get("action", "")).lower() in ("delete", "d"):
            raise FormatError("the message deletes data")
        for place, values in (item.get("observations") or {}).items():
            yield at, "", (), place, values
        for key, one in (item.get("series") or {}).items():
            for place, values in (one.get("observations") or {}).items():
                yield at, key, one.get("attributes") or (), place, values


def _structure(item: Item) -> _Structure:
    dimensions, attributes = item["dimensions"], item.get("attributes") or {}
    fixed, series, observation = (_listed(dimensions.get(level)) for level in ("dataSet", "series", "observation"))
    shared = {part: codes[0] for part, codes in _listed(attributes.get("dataSet")) if len(codes) == 1}
    measures = len((item.get("measures") or {}).get("observation") or [])
    if measures > 1:
        raise FormatError(f"an observation has {measures} measures; one was expected")
    return _Structure(
        fixed,
        series,
        observation,
        _listed(attributes.get("series")),
        _listed(attributes.get("observation")),
        shared,
    )


def _listed(components: Sequence[Item] | None) -> list[tuple[str, list[str]]]:
    """Id and codes of each component of a level, in the order of their positions in a key."""
    return [
        (item["id"].upper(), [str(value.get("id", value.get("value", ""))) for value in item.get("values") or []])
        for item in components or []
    ]


def _key(components: Sequence[tuple[str, list[str]]], place: str) -> dict[str, str]:
    """The code of each component at the positions of a key."""
    if not components:
        return {}
    positions = place.split(":")
    if len(positions) != len(components):
        raise FormatError(f"the key {place!r} has {len(positions)} parts, the structure {len(components)}")
    return {part: codes[_position(text)] for (part, codes), text in zip(components, positions, strict=True)}


def _only(components: Sequence[tuple[str, list[str]]]) -> dict[str, str]:
    """The codes of the dimensions that are the same in a whole data set."""
    return {part: codes[0] for part, codes in components if codes}


def _coded(components: Sequence[tuple[str, list[str]]], given: Sequence[object]) -> dict[str, str]:
    """The code of each attribute that has one; a text in place of a position is the code itself."""
    found: dict[str, str] = {}
    for (part, codes), value in zip(components, given, strict=False):
        if isinstance(value, str):
            found[part] = codes[_position(value)] if codes else value
    return found


def _position(text: str) -> int:
    if not text.isdecimal():
        raise FormatError(f"{text!r} is not a position in a list of codes")
    return int(text)


def _errors(message: Item) -> str:
    """The first error that the publisher states in place of data; "" if there is none."""
    first = next(iter(message.get("errors") or []), "")
    return parsing.shown(first.get("title", first) if isinstance(first, dict) else first)


def _dataset(message: Item) -> str | None:
    """The id of the dataflow that the links of the structure name."""
    for structure in _structures(message):
        for link in structure.get("links") or []:
            if _STRUCTURE_URN.search(str(link.get("urn", ""))):
                return sdmx.flow(link["urn"])
    return None


def _labels(message: Item) -> dict[str, dict[str, str]]:
    """Dimension → code → label."""
    found: dict[str, dict[str, str]] = {}
    for structure in _structures(message):
        for components in structure["dimensions"].values():
            for item in components or []:
                named = [value for value in item.get("values") or [] if isinstance(value.get("name"), str)]
                pairs = {str(value["id"]): value["name"] for value in named if "id" in value}
                found.setdefault(item["id"].upper(), {}).update(pairs)
    return found
