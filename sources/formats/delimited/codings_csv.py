"""Indices of policy as delimited text: DEMIG, IMPIC, MIPEX, 3P and the Passport Index, each known by its columns.

What the schemes are, and how their columns are told apart, stands in ``_codings``.
"""

from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.formats import codings, grid
from sources.formats.delimited import text

NAME = "codings_csv"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the first line has the columns of a scheme."""
    return _is_header(text.first_fields(head))


def _is_header(names: list[str]) -> bool:
    return codings.scheme_of(names) is not None


def read(path: Path) -> Cells:
    """A cell for each code, with the dimensions of ``_codings``. A locator is record and field, both 1-based."""
    head = grid.header_of(path, _is_header)
    scheme = codings.scheme_of(head.names)
    assert scheme is not None
    return codings.found(NAME, [codings.cells(scheme, head.names, grid.body(path, head, ends=False))])


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the text of the field."""
    return text.csv_finder(path, encoding="utf-8-sig")
