"""A program that reads a workbook into plain rows, within limits of memory and time. ``sheets`` runs it as a process.

The library that reads workbooks keeps a whole sheet in memory, from its first cell to its last, and ends the process
when there is too little memory. So a small hostile workbook must be read in a process of its own, whose limits hold for
any content.

The program writes a marshal file for each sheet (``0``, ``1`` …) with its rows, or with the reason why it cannot be
read, and the names of all sheets into the file ``names``; or only the reason for a refusal into the file ``refused``.
Dates become text. A cell with an error has the text of the error (``#REF!``), and a formula without stored result the
text ``#FORMULA``: the library returns both as blank cells, so that a figure would disappear.
"""

import marshal
import posixpath
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

MEMORY = 1 << 30
SECONDS = 60
FILE_SIZE = 256 << 20
MOST_CELLS = 8_000_000
# The last column of a sheet is XFD in every program that writes workbooks.
MOST_COLUMNS = 16_384
# The rows of a sheet that decide the format of a workbook; they have a file of their own, named ``0.first``.
FIRST_ROWS = 40
FORMULA = "#FORMULA"
# The texts in place of a value that the program of a workbook could not compute, or did not store.
NOT_COMPUTED = (
    *("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#CALC!", "#SPILL!", "#GETTING_DATA"),
    *("#ERROR", FORMULA),
)

_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE)
_CHUNK = 1 << 20


class RefusedError(Exception):
    """The reason why a workbook cannot be read."""


def main(path: Path, folder: Path) -> None:
    """Write the sheets of the workbook at ``path`` into ``folder``."""
    _limit()
    try:
        names = _sheets(path, folder)
        (folder / "names").write_bytes(marshal.dumps(names))
    except (RefusedError, CalamineError, OSError, zipfile.BadZipFile, expat.ExpatError) as error:
        why = str(error) if isinstance(error, RefusedError) else f"the payload is not a complete workbook: {error}"
        (folder / "refused").write_text(why, encoding="utf-8")


def _limit() -> None:
    for what, limit in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, FILE_SIZE), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (limit, limit))
    with suppress(ValueError, OSError):  # macOS does not limit memory
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _sheets(path: Path, folder: Path) -> list[str]:
    """Write every sheet; return the names of the sheets."""
    book = CalamineWorkbook.from_path(path)
    names, left = book.sheet_names, MOST_CELLS
    members = _members(path) if zipfile.is_zipfile(path) else {}
    for number, name in enumerate(names):
        rows: list[list[Any]] | str
        try:
            sheet = book.get_sheet_by_index(number)
            _refuse_width(sheet.total_width + 1)
            left -= (sheet.total_height + 1) * (sheet.total_width + 1)
            if left < 0:
                raise RefusedError(f"the workbook has more than {MOST_CELLS:,} cells, counted from A1 to the last cell")
            rows = [list(map(_plain, row)) for row in sheet.to_python(skip_empty_area=False)]
        except CalamineError as error:
            rows = str(error)
        else:
            if name in members:
                _add_lost_cells(path, members[name], rows)
        with (folder / f"{number}").open("wb") as file:
            marshal.dump(rows, file)
        with (folder / f"{number}.first").open("wb") as file:
            marshal.dump(rows if isinstance(rows, str) else rows[:FIRST_ROWS], file)
    return names


def _refuse_width(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise RefusedError(f"the workbook has a sheet with more than {MOST_COLUMNS:,} columns")


def _plain(value: Any) -> str | float | bool:  # noqa: ANN401 - a cell of a workbook
    return value if isinstance(value, str | int | float) else str(value)


def _members(path: Path) -> dict[str, str]:
    """Name of a sheet → name of its part in the zip."""
    with zipfile.ZipFile(path) as archive:
        try:
            targets = {
                item["Id"]: item["Target"] for item in _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship")
            }
            sheets = list(_elements(archive, "xl/workbook.xml", "sheet"))
        except KeyError:
            return {}
        parts = {
            item["name"]: posixpath.normpath(posixpath.join("/xl", targets.get(item.get("id", ""), ""))).lstrip("/")
            for item in sheets
            if "name" in item
        }
        return {name: part for name, part in parts.items() if part in archive.namelist()}


def _elements(archive: zipfile.ZipFile, part: str, wanted: str) -> Iterator[dict[str, str]]:
    """The attributes, without the prefixes of their names, of each element of this name in a part of the workbook."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == wanted:
            found.append({_local(key): value for key, value in attributes.items()})

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with archive.open(part) as file:
        parser.ParseFile(file)
    return iter(found)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _add_lost_cells(path: Path, part: str, rows: list[list[Any]]) -> None:
    """Write the texts of cells with an error, and of formulas without result, into the rows of a sheet."""
    with zipfile.ZipFile(path) as archive:
        if not _may_have_lost_cells(archive, part):
            return
        cells = _LostCells()
        with archive.open(part) as file:
            cells.parser.ParseFile(file)
    width = max([len(rows[0]) if rows else 0, *(column for _, column in cells.found)])
    _refuse_width(width)
    height = max([len(rows), *(row for row, _ in cells.found)])
    if width * height > MOST_CELLS:
        raise RefusedError(f"the workbook has more than {MOST_CELLS:,} cells, counted from A1 to the last cell")
    rows[:] = [row + [""] * (width - len(row)) for row in rows]
    rows += [[""] * width for _ in range(height - len(rows))]
    for (at, column), text in cells.found.items():
        if rows[at - 1][column - 1] == "":
            rows[at - 1][column - 1] = text


def _may_have_lost_cells(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether a sheet has an error or a formula: most have none, and parsing every cell takes long."""
    tail = b""
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            if re.search(rb"""\bt\s*=\s*["']e["']|<(?:\w+:)?f[\s>/]""", tail + chunk):
                return True
            tail = chunk[-32:]
    return False


class _LostCells:
    """The cells of a sheet with an error or with a formula without result, by row and column (1-based)."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, int], str] = {}
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._row, self._column = 0, 0
        self._kind, self._formula, self._stored = "", False, False
        self._inside, self._value = False, ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "row":
                number = attributes.get("r", "")
                self._row, self._column = int(number) if number.isdecimal() else self._row + 1, 0
            case "c":
                address = _ADDRESS.fullmatch(attributes.get("r", ""))
                self._column = _number(address[1]) if address else self._column + 1
                self._row = int(address[2]) if address else self._row
                self._kind, self._formula, self._stored, self._value = attributes.get("t", "n"), False, False, ""
            case "f":
                self._formula = True
            case "v":
                self._inside = True

    def _text(self, text: str) -> None:
        if self._inside:
            self._value += text

    def _end(self, name: str) -> None:
        match _local(name):
            case "v":
                # The stored result of a formula may be the empty text.
                self._inside, self._stored = False, self._stored or bool(self._value) or self._kind == "str"
            case "c":
                lost = self._value or "#ERROR" if self._kind == "e" else FORMULA
                if self._row and (self._kind == "e" or (self._formula and not self._stored)):
                    self.found[self._row, self._column] = lost


def _number(letters: str) -> int:
    """The number of a column from its letters: A → 1, AA → 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
