"""SDMX-ML 2.0, 2.1 and 3.0: messages of data, generic or specific to their structure, with series or flat.

In a generic message the key of a series is ``SeriesKey/Value`` and its attributes are ``Attributes/Value``; an
observation has ``ObsDimension`` (or ``Time``), ``ObsValue`` and attributes. In a specific message all of them are
attributes of the elements ``Series`` and ``Obs``, and nothing distinguishes a dimension from an attribute of a series.
A flat message has observations without series. The elements ``Group`` and ``DataSet`` hold attributes of all their
series. Field guides: https://github.com/sdmx-twg/sdmx-ml
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from xml.parsers import expat

from sources.cells import Cells, line
from sources.errors import FormatError
from sources.formats import sdmx
from sources.formats.sdmx import Observation, Series

NAME = "sdmx_xml"

_ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:Generic|StructureSpecific|Compact)(?:TimeSeries)?Data[\s>]")
_CHUNK = 1 << 16
_DEEPEST = 50
# The children of DataSet that are not a group of series; a specific message may give a group any name.
_NO_GROUP = ("Series", "Obs", "Attributes", "KeyFamilyRef", "DataProvider", "Annotations", "Comp", "Atts")
_MOST_KINDS_OF_GROUPS = 100
_SPECIFIC = ("StructureSpecific", "Compact")

Fields = dict[str, str]


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the document is a message of data."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and bool(_ROOT.search(head))


def read(path: Path) -> Cells:
    """The cells of a message. A locator is the number of the element ``Obs``, and 1.

    ``FormatError`` for a message that deletes data, or that has a text of the publisher in place of observations.
    """
    message = _Message()
    for event in _events(path):
        message.take(*event)
    if not message.observations and message.note:
        raise FormatError(f"the publisher answered with a text in place of data: {message.note}")
    groups = _Groups(message.groups)
    series = [Series(key, groups.attributes(key | own) | own) for key, own in message.series]
    return sdmx.cells(NAME, series, message.observations, message.dataset, {})


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the value of an ``Obs``; "" where it has none."""
    found: list[str] = []
    values = _values(path)

    def find(locator: int) -> str:
        number, field = line(locator)
        found.extend(islice(values, max(0, number - len(found))))
        if not 0 < number <= len(found) or field != 1:
            raise FormatError(f"there is no observation {number}, {field}")
        return found[number - 1]

    return find


def _values(path: Path) -> Iterator[str]:
    value = ""
    for kind, name, fields in _events(path):
        if kind == "start" and name == "Obs":
            value = fields.get(sdmx.VALUE, "")
        elif kind == "start" and name == "ObsValue":
            value = fields.get("VALUE", "")
        elif kind == "end" and name == "Obs":
            yield value


def _events(path: Path) -> Iterator[tuple[str, str, Fields]]:
    """``start`` and ``end`` of each element with its local name and attributes, and ``text`` with its characters.

    The names of attributes are in capitals; those of a namespace have ``@`` and no namespace. A document type is
    refused: it can define entities that expand without limit or refer to files.
    """
    waiting: list[tuple[str, str, Fields]] = []
    open_elements: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise FormatError("the document declares a type or entities; no document of a publisher does")

    def start(name: str, attributes: Mapping[str, str]) -> None:
        names = {key: key.rpartition(" ") for key in attributes}
        fields = {f"@{names[key][2]}".upper() if names[key][1] else key.upper(): attributes[key] for key in attributes}
        waiting.append(("start", name.rpartition(" ")[2], fields))
        open_elements.append(name)
        if len(open_elements) > _DEEPEST:
            raise FormatError(f"the document has elements within more than {_DEEPEST} others")

    def end(name: str) -> None:
        waiting.append(("end", name.rpartition(" ")[2], {}))
        open_elements.pop()

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: waiting.append(("text", text, {})) if text.strip() else None
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
                yield from waiting
                waiting.clear()
        parser.Parse(b"", True)
        yield from waiting
    except expat.ExpatError as error:
        raise FormatError(f"the document is not complete XML: {error}") from error


class _Message:
    """The series, groups and observations of a message, from the events of its document."""

    def __init__(self) -> None:
        self.series: list[tuple[Fields, Fields]] = []
        self.observations: list[Observation] = []
        self.groups: list[Fields] = []
        self.dataset: str | None = None
        self.note = ""
        self._path: list[str] = []
        self._axis = sdmx.TIME  # the dimension of an observation
        self._numbers: dict[tuple[tuple[str, str], ...], int] = {}  # of the series of flat observations
        self._current: int | None = None  # the index of the series that is being read
        self._count = 0
        self._shared: Fields = {}  # attributes of the data set
        self._key: Fields = {}
        self._attributes: Fields = {}
        self._observed: Fields = {}
        self._group: Fields = {}

    def take(self, kind: str, name: str, fields: Fields) -> None:
        """Process one event."""
        if kind == "start":
            self._path.append(name)
            self._start(name, fields)
        elif kind == "end":
            self._end(name)
            self._path.pop()
        elif self._path[-1] == "Time":
            self._observed[sdmx.TIME] = name
        elif "Footer" in self._path and not self.note:
            self.note = " ".join(name.split())
        elif self._path[-1] == "DataSetID":
            # Eurostat's structure DSD_nama_10_gdp is that of the dataset nama_10_gdp.
            if self.dataset is None or self.dataset.upper() == f"DSD_{name.strip().upper()}":
                self.dataset = name.strip()
        elif self._path[-1] in ("KeyFamilyRef", "URN", "Structure") and self.dataset is None:
            self.dataset = sdmx.flow(name.strip())

    def _start(self, name: str, fields: Fields) -> None:
        specific = self._path[0].startswith(_SPECIFIC)
        match name:
            case "Structure":
                self._axis = fields.get("DIMENSIONATOBSERVATION", self._axis).upper()
            case "Ref" if "Header" in self._path and self._path[-2] != "Agency":
                self.dataset = fields.get("ID", self.dataset)
            case "DataSet":
                if fields.get("@ACTION", fields.get("ACTION", "")).lower() in ("delete", "d"):
                    raise FormatError("the message deletes data")
                self._shared = _components(fields) if specific else {}
            case "Series":
                self._key, self._attributes = _parted(fields) if specific else ({}, {})
                self._current = None
            case "Obs":
                self._count += 1
                self._observed = dict(fields) if specific else {}
            case "ObsDimension":
                self._observed[fields.get("ID", self._axis).upper()] = fields.get("VALUE", "")
            case "ObsValue":
                self._observed[sdmx.VALUE] = fields.get("VALUE", "")
            case "Value":
                part = fields.get("ID", fields.get("CONCEPT", "")).upper()
                self._target()[part] = fields.get("VALUE", "")
            case _ if len(self._path) > 1 and self._path[-2] == "DataSet" and name not in _NO_GROUP:
                self._group = _components(fields) if specific else {}

    def _target(self) -> Fields:
        """Where the values of a generic message belong."""
        if "Obs" in self._path:
            return self._observed
        if "Series" in self._path:
            return self._key if self._path[-2] == "SeriesKey" else self._attributes
        return self._group if "Group" in self._path else self._shared

    def _end(self, name: str) -> None:
        parent = self._path[-2] if len(self._path) > 1 else ""
        if name == "Obs":
            self._observation()
        elif name == "Series":
            self._key, self._attributes = {}, {}
        elif parent == "DataSet" and name not in _NO_GROUP:
            self.groups.append(self._group)

    def _observation(self) -> None:
        """Add the observation that ends here; its own dimensions belong to the key of its series."""
        if len(self.observations) >= sdmx.MOST_OBSERVATIONS:
            raise FormatError(f"the message has more than {sdmx.MOST_OBSERVATIONS:,} observations")
        flat = "Series" not in self._path
        if not flat and self._axis == sdmx.TIME:  # as almost every message has it
            if self._current is None:
                self._current = len(self.series)
                self.series.append((self._key, self._shared | self._attributes))
            self.observations.append(Observation(self._count, self._current, self._observed))
            return
        own = {
            part: value
            for part, value in self._observed.items()
            if sdmx.is_dimension(part) and (part == self._axis or (flat and not sdmx.gives_meaning(part)))
        }
        key = self._key | own
        number = self._numbers.setdefault(tuple(sorted((key | self._attributes).items())), len(self.series))
        if number == len(self.series):
            self.series.append((key, self._shared | self._attributes))
        fields = {part: value for part, value in self._observed.items() if part not in own}
        self.observations.append(Observation(self._count, number, fields))


def _components(fields: Fields) -> Fields:
    """The attributes of an element that name components, and not those of a namespace (``xsi:type``)."""
    return {part: value for part, value in fields.items() if not part.startswith("@")}


def _parted(fields: Fields) -> tuple[Fields, Fields]:
    """The key and the attributes of a series of a specific message, which does not distinguish them."""
    found = _components(fields)
    key = {part: value for part, value in found.items() if sdmx.is_dimension(part) and not sdmx.gives_meaning(part)}
    if sdmx.TIME in found:
        key[sdmx.TIME] = found[sdmx.TIME]
    return key, {part: value for part, value in found.items() if part not in key}


class _Groups:
    """The attributes of groups of series: a series belongs to a group if all components that both have are equal."""

    def __init__(self, groups: Sequence[Fields]) -> None:
        self._by_names: dict[tuple[str, ...], list[Fields]] = {}
        for group in groups:
            self._by_names.setdefault(tuple(sorted(group)), []).append(group)
        if len(self._by_names) > _MOST_KINDS_OF_GROUPS:
            raise FormatError(f"the message has groups of {len(self._by_names):,} kinds")
        self._indices: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[tuple[str, ...], Fields]] = {}

    def attributes(self, series: Fields) -> Fields:
        """What the groups of a series add to its components."""
        found: Fields = {}
        for names, groups in self._by_names.items():
            common = tuple(name for name in names if name in series)
            if (names, common) not in self._indices:
                index: dict[tuple[str, ...], Fields] = {}
                for group in groups:
                    added = {part: value for part, value in group.items() if part not in common}
                    index.setdefault(tuple(group[part] for part in common), {}).update(added)
                self._indices[names, common] = index
            found |= self._indices[names, common].get(tuple(series[part] for part in common), {})
        return found
