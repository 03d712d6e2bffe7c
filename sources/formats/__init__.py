"""Wire formats: bytes to cells. No module here knows a publisher's datasets or changes a meaning.

A format is a module with four names:

- ``NAME``                 its name in catalogue entries and on the command line
- ``recognises(head, path)``  whether an unpacked payload is this format: from its first ``HEAD`` bytes, or for a
  workbook from the names of its sheets and their headers
- ``read(path)``           the cells of an unpacked payload; raises ``FormatError``
- ``finder(path)``         a function from locator to the value's text as it stands in the payload, read independently
  of ``read`` so that a figure can be followed back to the byte
"""

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from sources import cells
from sources.cells import Cells
from sources.errors import FormatError, UnknownFormatError

# Asked in this order: the ones with an unmistakable beginning first.
MODULES = (
    "json_stat",
    "unhcr_json",
    "worldbank_json",
    "sdmx_csv",
    "eurostat_tsv",
    "eurostat_explorer_csv",
    "unhcr_csv",
    "worldbank_csv",
    "undata_csv",
    "undesa_xlsx",
    "knomad_xlsx",
    "eurostat_xlsx",
)
HEAD = 65_536
MAX_UNPACKED = 4 << 30


class SupportsRead(Protocol):
    """A stream of unpacked bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; none at the end."""


class Format(Protocol):
    """What a format module offers."""

    NAME: str

    def recognises(self, head: bytes, path: Path) -> bool:
        """Whether the payload at ``path``, which begins with ``head``, is in this format."""

    def read(self, path: Path) -> Cells:
        """The cells of an unpacked payload."""

    def finder(self, path: Path) -> Callable[[int], str]:
        """From locator to the text that stands there."""


def known() -> tuple[Format, ...]:
    """Every format, in the order in which they are asked whether a payload is theirs."""
    return tuple(cast(Format, import_module(f"sources.formats.{name}")) for name in MODULES)


@contextmanager
def opened(path: Path, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[Path]:
    """The payload as its format sees it: a gzip stream or a one-table zip is unpacked into a temporary file.

    Unpacking stops with ``FormatError`` beyond ``max_unpacked`` bytes, so that a small hostile payload stays small.
    A workbook is a zip too: it is passed on as it is once the sizes of its members are within the limit.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder, "payload")
            with gzip.open(path) as packed:
                _copy(packed, plain, max_unpacked)
            yield plain
    elif magic == b"PK\x03\x04":
        with tempfile.TemporaryDirectory() as folder:
            yield _unzipped(path, Path(folder), max_unpacked)
    else:
        yield path


def recognise(path: Path) -> Format:
    """The format of an unpacked payload, told from the payload alone; ``UnknownFormatError`` shows its first line."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise FormatError("the payload is empty")
    for module in known():
        if module.recognises(head, path):
            return module
    if head.startswith(b"PK"):
        sheets = import_module("sources.formats._workbook").workbook(path).sheet_names
        raise UnknownFormatError(f"no format recognises this workbook; its sheets are {sheets[:8]}")
    first = head.lstrip(b"\xef\xbb\xbf \r\n\t").split(b"\n", 1)[0][:120].decode("utf-8", "replace").strip()
    kind = "HTML or XML" if first.startswith("<") else "text"
    raise UnknownFormatError(f"no format recognises this payload; it begins with {kind}: {first!r}")


def read(path: Path) -> Cells:
    """The cells of an unpacked payload in whatever format it is."""
    return recognise(path).read(path)


def _copy(packed: SupportsRead, plain: Path, limit: int) -> None:
    size = 0
    try:
        with plain.open("wb") as out:
            while chunk := packed.read(1 << 20):
                size += len(chunk)
                if size > limit:
                    raise FormatError(f"the payload unpacks to more than {limit:,} bytes")
                out.write(chunk)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise FormatError(f"the packed payload is damaged after {size:,} bytes: {error}") from error


def _unzipped(path: Path, folder: Path, limit: int) -> Path:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise FormatError(f"the payload is a damaged zip: {error}") from error
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if sum(member.file_size for member in members) > limit:
            raise FormatError(f"the payload unpacks to more than {limit:,} bytes")
        if any(member.filename == "[Content_Types].xml" for member in members):
            return path
        tables = [m for m in members if not Path(m.filename).name.lower().startswith(("metadata_", "footnotes"))]
        if len(tables) != 1:
            raise FormatError(f"a zip with one table was expected, it holds {[m.filename for m in members][:8]}")
        plain = folder / "payload"
        with archive.open(tables[0]) as packed:
            _copy(packed, plain, limit)
        return plain


def place(form: Format | str, locator: int) -> str:
    """A locator of a format, or of the format of that name, in words."""
    name = form if isinstance(form, str) else form.NAME
    if name == "json_stat":
        return f"value {locator}"
    if name.endswith("_xlsx"):
        row, column, sheet = cells.unpack(locator)
        letters = ""
        while column:
            column, letter = divmod(column - 1, 26)
            letters = chr(ord("A") + letter) + letters
        return f"sheet {sheet + 1}, cell {letters}{row}"
    record, field = cells.line(locator)
    return f"{'item' if name.endswith('_json') else 'record'} {record}, field {field}"
