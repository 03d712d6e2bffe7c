"""From locator to the text of a cell of an HTML page, with another parser than the formats use for reading."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from sources.cells import line
from sources.errors import FormatError


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row of the page and cell in it, both 1-based) to the text of the cell."""
    parser = _Rows()
    parser.feed(path.read_text(encoding="utf-8-sig", errors="replace"))

    def find(locator: int) -> str:
        row, column = line(locator)
        try:
            return " ".join(parser.rows[row - 1][column - 1].split())
        except IndexError:
            raise FormatError(f"there is no cell {column} in row {row} of the page") from None

    return find


class _Rows(HTMLParser):
    """The cells of every row of a page, in the order in which rows begin. Superscripts are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open: list[list[str]] = []
        self._superscripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
            self._open.append(self.rows[-1])
        elif tag in ("td", "th") and self._open:
            self._open[-1].append("")
        elif tag == "sup":
            self._superscripts += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" and self._open:
            self._open.pop()
        elif tag == "sup":
            self._superscripts -= 1

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] and not self._superscripts:
            self._open[-1][-1] += data
