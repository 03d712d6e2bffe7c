"""What the tables of the UN Treaty Collection share in HTML and XML: a row a participant, a column an act.

A title lists the acts of its column, each with the letters that stand behind a date: ``Ratification, Acceptance(A),
Accession(a), Succession(d)``. A date without letters is of the act that the title gives none. Titles, their order and
their letters differ from treaty to treaty, so that nothing is known of a column but what its title says.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats.markup.nodes import name

DIMENSIONS = ("treaty", "participant", "act", "scope")

_ACT = re.compile(r"\s*([^(),][^(),]*?)\s*(?:\(\s*([A-Za-z]{1,2})\s*\))?\s*(?:,|$)")
_DATE = re.compile(r"(\d{1,2}\s+[A-Z][a-z]{2,8}\.?\s+\d{4}|\d{4}-\d\d-\d\d)\s*\(?([A-Za-z]{1,2})?\)?")
_STAMP = re.compile(r"STATUS AS AT\s*:?\s*(\d\d)-(\d\d)-(\d{4})", re.IGNORECASE)
_ASIDE = re.compile(r"(?:end\s?)?notes?|remarks?", re.IGNORECASE)
_CLOSED = re.compile(r"urgent maintenance|currently unavailable|under maintenance", re.IGNORECASE)

# A row by its number and texts; an act by treaty, participant, act, scope, date, text, letters and locator.
Row = tuple[int, Sequence[str]]
Act = tuple[str, str, str, str, str, str, str, int]


def refuse_closed(text: str) -> None:
    """Raise ``FormatError`` where a page only says that the collection is closed."""
    if found := _CLOSED.search(text):
        raise FormatError(f"this is no list of participants but a notice of maintenance: {found[0]!r}")


def acts(title: str) -> dict[str, str]:
    """By letters the acts that the title of a column lists; the one without letters under ""."""
    found: dict[str, str] = {}
    for word, letters in _ACT.findall(name(title)):
        found.setdefault(letters, word.capitalize() if word.isupper() else word)
    return found


def dates(treaty: str, titles: Sequence[str], rows: Sequence[Row]) -> Iterator[Act]:
    """Every date of a table of participants as an act; ``FormatError`` where its title does not say which.

    A column of notes holds no act. A table without a row is refused: it would say that nobody is a party.
    """
    if not rows:
        raise FormatError("the table lists no participant, which no treaty does: the page did not come whole")
    if len(titles) < 2 or name(titles[0]).casefold() != "participant":
        raise FormatError(f"the columns of the table are {list(titles)}, where Participant was expected first")
    known = [acts(title) for title in titles]
    for number, texts in rows:
        participant = name(texts[0])
        if len(texts) != len(known):
            raise FormatError(f"row {number} ({participant}) has {len(texts)} cells, the titles are {len(known)}")
        for column, text in enumerate(texts[1:], 2):
            if _ASIDE.fullmatch(name(titles[column - 1])):
                continue
            yield from _cell(treaty, participant, known[column - 1], text, (number, column))


def _cell(treaty: str, participant: str, known: dict[str, str], text: str, place: tuple[int, int]) -> Iterator[Act]:
    """The dates of a cell, of which there may be several; one without a date must be blank."""
    where = f"row {place[0]} ({participant}), column {place[1]}"
    found = list(_DATE.finditer(text))
    if not found and text.strip(" -–.…"):
        raise FormatError(f"{where}: {text!r} is no date")
    # A letter that a mark of a note parts from its date would be lost, and with it what sort of act it was.
    if beside := re.search(r"[A-Za-z].*", _DATE.sub("", text)):
        raise FormatError(f"{where}: {text!r} has {beside[0]!r} beside its dates")
    for match in found:
        letters = match[2] or ""
        if letters not in known:
            listed = ", ".join(f"{word} ({letters or 'no letters'})" for letters, word in known.items())
            raise FormatError(f"{where}: {match[0]!r} has letters that the title does not explain; it lists {listed}")
        yield treaty, participant, known[letters], "", match[1], match[0].strip(), letters, pack(*place)


def cells(form: str, found: Sequence[Act], updated: datetime | None) -> Cells:
    """Acts as cells."""
    names = (*DIMENSIONS, "time", "raw", "flag", "locator")
    schema = {name: pl.Int64() if name == "locator" else pl.String() for name in names}
    frame = pl.LazyFrame(list(found), schema=schema, orient="row")
    frame = frame.with_columns(value=pl.lit(None, pl.Float64), conf=pl.lit(None, pl.String)).select(*DIMENSIONS, *CORE)
    return Cells(format=form, frame=frame, dimensions=DIMENSIONS, coded=False, updated=updated)


def stamp(text: str) -> datetime | None:
    """The day that a page says it shows, in UTC. It gives the hour too, of New York, which tells no more."""
    found = _STAMP.search(text)
    return datetime(int(found[3]), int(found[2]), int(found[1]), tzinfo=UTC) if found else None
