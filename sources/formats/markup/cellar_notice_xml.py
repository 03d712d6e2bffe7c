"""XML notice of CELLAR: what the Publications Office knows of one work, in the forms object, branch and tree.

``NOTICE/WORK`` (in a tree further down) has the numbers of the work as ``SAMEAS/URI`` of the type celex, and its dates
as elements that are named like the properties of the ontology, each with ``VALUE``. What a date of entry into force
means stands beside it in ``TYPE_OF_DATE``: ``{EV|…/fd_335/EV}``, ``{MA/PART|…/fd_335/MA%2FPART}``. 9999-12-31 stands
for no end, and an end with ``{FIN/VAL/PART|…}`` in its comment is of a part of the act. A notice of a proposal, of a
consolidated text or of a corrigendum is one of no act.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.markup import nodes

NAME = "cellar_notice_xml"

# As in the query of acts, so that one entry's code maps serve both.
DIMENSIONS = ("celex", "property", "meaning", "other")
_PROPERTIES = {
    "WORK_DATE_DOCUMENT": "date_document",
    "RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE": "date_entry-into-force",
    "DIRECTIVE_DATE_TRANSPOSITION": "date_transposition",
    "RESOURCE_LEGAL_DATE_END-OF-VALIDITY": "date_end-of-validity",
}
_ACT = re.compile(r"3\d{4}[A-Z]{1,2}\d{4}")
_MEANING = re.compile(r"\{([^|}]+)\|")
_OPEN = "9999"
_IN_PART = "{FIN/VAL/PART|"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the document is a notice."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<NOTICE" in head[:4000]


def read(path: Path) -> Cells:
    """A cell for each date of the act. A locator is the number of the date among those that are read, and 1."""
    found = [
        (number, property_, meaning, day, pack(place, 1)) for place, number, property_, meaning, day in _dates(path)
    ]
    schema = {
        "celex": pl.String(),
        "property": pl.String(),
        "meaning": pl.String(),
        "time": pl.String(),
        "locator": pl.Int64(),
    }
    nothing = pl.lit(None, pl.String)
    frame = pl.LazyFrame(found, schema=schema, orient="row").with_columns(
        other=nothing, raw=pl.col("time"), value=pl.lit(None, pl.Float64), flag=nothing, conf=nothing
    )
    return Cells(format=NAME, frame=frame.select(*DIMENSIONS, *CORE), dimensions=DIMENSIONS)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (number of the date) to its text."""
    days = {place: day for place, _, _, _, day in _dates(path)}

    def find(locator: int) -> str:
        place, _ = line(locator)
        if place not in days:
            raise FormatError(f"there is no date {place} in the notice")
        return days[place]

    return find


def _dates(path: Path) -> Iterator[tuple[int, str, str, str | None, str]]:
    """Number, act, property, meaning and text of each date of the acts of a notice."""
    works = nodes.document(path).findall(".//WORK")
    numbers = [_celex(work) for work in works]
    acts = [(number, work) for number, work in zip(numbers, works, strict=True) if number and _ACT.fullmatch(number)]
    if not acts:
        raise FormatError(f"the notice is of {', '.join(filter(None, numbers)) or 'no numbered work'}, and of no act")
    place = 0
    for number, work in acts:
        for element in work:
            day = nodes.text(element.find("VALUE"))
            in_part = _IN_PART in nodes.text(element.find("COMMENT_ON_DATE"))
            if element.tag in _PROPERTIES and not day.startswith(_OPEN) and not in_part:
                place += 1
                meaning = _MEANING.search(nodes.text(element.find("TYPE_OF_DATE")))
                yield place, number, _PROPERTIES[element.tag], meaning[1] if meaning else None, day


def _celex(work: Element) -> str | None:
    """The CELEX number of a work: that of its own, never those of what it relates to."""
    same = (uri for uri in work.findall("SAMEAS/URI") if nodes.text(uri.find("TYPE")) == "celex")
    found = next((nodes.text(uri.find("IDENTIFIER")) for uri in same), None)
    return found or nodes.text(work.find("RESOURCE_LEGAL_ID_CELEX/VALUE")) or None
