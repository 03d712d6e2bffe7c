"""XML notice of CELLAR: the Publications Office's data on one work, in the forms object, branch and tree.

``NOTICE/WORK`` (deeper in a tree) has the numbers of the work as ``SAMEAS/URI`` of the type celex, and its dates as
elements with the names of the properties of the ontology, each with ``VALUE``. The meaning of a date of entry into
force is next to it in ``TYPE_OF_DATE``: ``{EV|…/fd_335/EV}``, ``{MA/PART|…/fd_335/MA%2FPART}``. 9999-12-31 means no
end, and an end with ``{FIN/VAL/PART|…}`` in its comment is that of a part of the act. A notice of a proposal, of a
consolidated text or of a corrigendum is not a notice of an act.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from sources.cells import Cells, line, pack
from sources.errors import FormatError
from sources.formats.markup import nodes
from sources.formats.values import frame_of_rows

NAME = "cellar_notice_xml"

# As in the query of acts, so that one entry's code maps are valid for both.
DIMENSIONS = ("celex", "property", "meaning", "other")
_PROPERTIES = {
    "WORK_DATE_DOCUMENT": "date_document",
    "RESOURCE_LEGAL_DATE_ENTRY-INTO-FORCE": "date_entry-into-force",
    "DIRECTIVE_DATE_TRANSPOSITION": "date_transposition",
    "RESOURCE_LEGAL_DATE_END-OF-VALIDITY": "date_end-of-validity",
}
_ACT = re.compile(r"3\d{4}[A-Z]{1,2}\d{4}")
_MEANING = re.compile(r"\{([^|}]+)\|")
_NO_END = "9999"
_OF_A_PART = "{FIN/VAL/PART|"

# A date: act, property, meaning and day.
Date = tuple[str, str, str | None, str]


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the document is a notice."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<NOTICE" in head[:4000]


def read(path: Path) -> Cells:
    """A cell for each date of the act. A locator is the number of the date among those that are read, and 1."""
    rows = [(*date[:-1], None, date[-1], date[-1], pack(number, 1)) for number, date in enumerate(_dates(path), 1)]
    frame = frame_of_rows(rows, (*DIMENSIONS, "time", "raw", "locator"), DIMENSIONS)
    return Cells(format=NAME, frame=frame, dimensions=DIMENSIONS)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (number of the date) to its text."""
    days = {number: date[-1] for number, date in enumerate(_dates(path), 1)}

    def find(locator: int) -> str:
        number, _ = line(locator)
        if number not in days:
            raise FormatError(f"there is no date {number} in the notice")
        return days[number]

    return find


def _dates(path: Path) -> Iterator[Date]:
    """The dates of the acts of a notice."""
    works = nodes.document(path).findall(".//WORK")
    numbers = [_celex(work) for work in works]
    acts = [(number, work) for number, work in zip(numbers, works, strict=True) if number and _ACT.fullmatch(number)]
    if not acts:
        about = ", ".join(filter(None, numbers)) or "no numbered work"
        raise FormatError(f"the notice is about {about}, not about an act")
    for number, work in acts:
        for element in work:
            day = nodes.text(element.find("VALUE"))
            of_a_part = _OF_A_PART in nodes.text(element.find("COMMENT_ON_DATE"))
            if element.tag in _PROPERTIES and not day.startswith(_NO_END) and not of_a_part:
                meaning = _MEANING.search(nodes.text(element.find("TYPE_OF_DATE")))
                yield number, _PROPERTIES[element.tag], meaning[1] if meaning else None, day


def _celex(work: Element) -> str | None:
    """The CELEX number of a work itself, never that of a related work."""
    same = (uri for uri in work.findall("SAMEAS/URI") if nodes.text(uri.find("TYPE")) == "celex")
    found = next((nodes.text(uri.find("IDENTIFIER")) for uri in same), None)
    return found or nodes.text(work.find("RESOURCE_LEGAL_ID_CELEX/VALUE")) or None
