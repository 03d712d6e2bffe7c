"""The tables of the UN Treaty Collection, in HTML and XML: a row for each participant, a column for each act.

The title of a column lists its acts, each with the letters that follow its dates: ``Ratification, Acceptance(A),
Accession(a), Succession(d)``. A date without letters belongs to the act without letters. Titles, their order and their
letters differ from treaty to treaty, so that only its title determines the meaning of a column.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats.markup.nodes import name
from sources.formats.values import frame_of_rows

DIMENSIONS = ("treaty", "participant", "act", "scope")

_ACT = re.compile(r"\s*([^(),][^(),]*?)\s*(?:\(\s*([A-Za-z]{1,2})\s*\))?\s*(?:,|$)")
_DATE = re.compile(r"(\d{1,2}\s+[A-Z][a-z]{2,8}\.?\s+\d{4}|\d{4}-\d\d-\d\d)\s*\(?([A-Za-z]{1,2})?\)?")
_STAMP = re.compile(r"STATUS AS AT\s*:?\s*(\d\d)-(\d\d)-(\d{4})", re.IGNORECASE)
_REMARKS = re.compile(r"(?:end\s?)?notes?|remarks?", re.IGNORECASE)
_MAINTENANCE = re.compile(r"urgent maintenance|currently unavailable|under maintenance", re.IGNORECASE)

# A row: its number and texts. An act: treaty, participant, act, scope, date, text, letters and locator.
Row = tuple[int, Sequence[str]]
Act = tuple[str, str, str, str, str, str, str, int]


def refuse_maintenance(text: str) -> None:
    """Raise ``FormatError`` for a page that only states that the collection is not available."""
    if found := _MAINTENANCE.search(text):
        raise FormatError(f"the page is a notice of maintenance, not a list of participants: {found[0]!r}")


def acts_of_title(title: str) -> dict[str, str]:
    """The acts that the title of a column lists, by their letters; the act without letters has the key ""."""
    found: dict[str, str] = {}
    for word, letters in _ACT.findall(name(title)):
        found.setdefault(letters, word.capitalize() if word.isupper() else word)
    return found


def acts(treaty: str, titles: Sequence[str], rows: Sequence[Row]) -> Iterator[Act]:
    """Every date of a table of participants as an act; ``FormatError`` where the title of its column lists no such act.

    A column of notes contains no act. A table without rows is refused: it would mean that the treaty has no parties.
    """
    if not rows:
        raise FormatError("the table has no participants, but every treaty has some: the page is incomplete")
    if len(titles) < 2 or name(titles[0]).casefold() != "participant":
        raise FormatError(f"the columns of the table are {list(titles)}, where Participant was expected first")
    listed = [acts_of_title(title) for title in titles]
    for number, texts in rows:
        participant = name(texts[0])
        if len(texts) != len(listed):
            raise FormatError(
                f"row {number} ({participant}) has {len(texts)} cells, the table has {len(listed)} titles"
            )
        for column, text in enumerate(texts[1:], 2):
            if _REMARKS.fullmatch(name(titles[column - 1])):
                continue
            yield from _acts_of_cell(treaty, participant, listed[column - 1], text, (number, column))


def _acts_of_cell(
    treaty: str, participant: str, listed: dict[str, str], text: str, place: tuple[int, int]
) -> Iterator[Act]:
    """The acts of a cell, which may have several dates; a cell without a date must be blank."""
    where = f"row {place[0]} ({participant}), column {place[1]}"
    dates = list(_DATE.finditer(text))
    if not dates and text.strip(" -–.…"):
        raise FormatError(f"{where}: {text!r} is not a date")
    # A letter that a note separates from its date would be lost, and with it the kind of the act.
    if rest := re.search(r"[A-Za-z].*", _DATE.sub("", text)):
        raise FormatError(f"{where}: {text!r} has {rest[0]!r} in addition to its dates")
    for date in dates:
        letters = date[2] or ""
        if letters not in listed:
            known = ", ".join(f"{word} ({letters or 'no letters'})" for letters, word in listed.items())
            raise FormatError(f"{where}: the title has no act for the letters of {date[0]!r}; it lists {known}")
        yield treaty, participant, listed[letters], "", date[1], date[0].strip(), letters, pack(*place)


def cells(form: str, found: Sequence[Act], updated: datetime | None) -> Cells:
    """The cells of a payload from its acts."""
    frame = frame_of_rows(found, (*DIMENSIONS, "time", "raw", "flag", "locator"), DIMENSIONS)
    return Cells(format=form, frame=frame, dimensions=DIMENSIONS, coded=False, updated=updated)


def status_date(text: str) -> datetime | None:
    """The day of the status that a page shows, in UTC. The hour on the page, of New York, is left out."""
    found = _STAMP.search(text)
    return datetime(int(found[3]), int(found[2]), int(found[1]), tzinfo=UTC) if found else None
