"""Read any payload: the one place that selects its format, or the prose reader."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from sources import cells, isolated
from sources.cells import Cells
from sources.errors import FormatError, SourceError, UnknownFormatError
from sources.formats import fabricated
from sources.formats.delimited.records import with_commas
from sources.formats.registry import FORMATS, HEAD, Format
from sources.formats.unpack import opened
from sources.formats.workbook.sheets import MAGIC, workbook
from sources.prose import reader as prose
from sources.prose.locators import span
from sources.prose.statements import statements

# Separators that spreadsheet programs write in some languages, where the decimal separator is a comma.
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

# Characters of an unforeseen error that are kept in the reason for a refusal.
LONGEST_REASON = 200

__all__ = ["Format", "cells_within_limits", "describe_locator", "opened", "read", "recognise", "refusing"]


def recognise(path: Path, publisher: str | None = None) -> Format:
    """The format of an unpacked payload.

    A payload that no wire format recognises is prose if its text names a publisher of prose, or if ``publisher`` is
    one. ``FormatError`` if the payload is empty, ``UnknownFormatError`` with its first line if it is in no format.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise FormatError("the payload is empty")
    fabricated.refuse(head)
    for module in FORMATS:
        if module.recognises(head, path):
            return module
    if prose.recognises(head, path) or (publisher in statements() and not head.startswith(MAGIC)):
        return prose
    raise UnknownFormatError(f"no format recognises this payload; {_description(head, path)}")


def read(path: Path, publisher: str | None = None, published: date | None = None) -> Cells:
    """The cells of an unpacked payload in any format.

    ``publisher`` and ``published``, the day of publication, are used for prose that does not state them itself.
    """
    module = recognise(path, publisher)
    with refusing(module.NAME):
        found = prose.read_statements(path, publisher, published) if module is prose else module.read(path)
        found.frame.collect_schema()  # columns with equal names fail here, where the error becomes a refusal
        return found


def cells_within_limits(path: Path) -> pl.DataFrame:
    """All cells of an unpacked payload, read in a process with limits of memory and time."""
    return isolated.call(path.stat().st_size, _collected, path)


def _collected(path: Path) -> pl.DataFrame:
    return read(path).frame.collect()


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turn an error that the reader of a format did not foresee into a ``FormatError`` of one line.

    Errors of ours and of the machine, such as a full disk, are raised unchanged.
    """
    try:
        yield
    except (SourceError, OSError, MemoryError):
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        first_line = (str(error).splitlines() or [""])[0][:LONGEST_REASON]
        raise FormatError(f"the reader of {name} failed: {type(error).__name__}: {first_line}") from error


def describe_locator(form: Format | str, locator: int) -> str:
    """The place of a value in a payload, in words. ``form`` is the payload's format or the name of it."""
    name = form if isinstance(form, str) else form.NAME
    if name == "json_stat":
        return f"value {locator}"
    if name == prose.NAME:
        start, end = span(locator)
        return f"characters {start} to {end}"
    if name.endswith("_xlsx"):
        row, column, sheet = cells.unpack(locator)
        return f"sheet {sheet + 1}, cell {_column_letters(column)}{row}"
    record, field = cells.line(locator)
    return f"{'item' if name.endswith('_json') else 'record'} {record}, field {field}"


def _column_letters(column: int) -> str:
    """The letters of a spreadsheet column from its number: 1 → A, 27 → AA."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _description(head: bytes, path: Path) -> str:
    """The beginning of an unknown payload, as part of a sentence."""
    if head.startswith(MAGIC):
        try:
            return f"its sheets are {workbook(path).sheet_names[:8]}"
        except FormatError as error:
            return str(error)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is UTF-16 text where UTF-8 was expected"
    for delimiter, name in _OTHER_DELIMITERS.items():
        rewritten = with_commas(head, delimiter)
        if form := next((module.NAME for module in FORMATS if module.recognises(rewritten, path)), None):
            return (
                f"it is {form} with {name} between its fields; save it with commas, and with points in decimal numbers"
            )
    first = head.lstrip(b"\xef\xbb\xbf \r\n\t").split(b"\n", 1)[0][:120].decode("utf-8", "replace").strip()
    return f"it begins with {'HTML or XML' if first.startswith('<') else 'text'}: {first!r}"
