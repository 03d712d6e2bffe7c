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
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import polars as pl

from sources import cells
from sources.cells import Cells
from sources.errors import FormatError, UnknownFormatError
from sources.formats import _fabricated

# Asked in this order: the ones with an unmistakable beginning first.
MODULES = (
    "json_stat",
    "unhcr_json",
    "worldbank_json",
    "data360_json",
    "un_portal_json",
    "uis_json",
    "nbs_json",
    "nbs_easyquery",
    "sparql_json",
    "flk_json",
    "law_docx",
    "untc_html",
    "untc_xml",
    "cellar_notice_xml",
    "normlex_html",
    "law_csv",
    "globalcit_csv",
    "codings_csv",
    "figures_csv",
    "sdmx_csv",
    "eurostat_tsv",
    "eurostat_explorer_csv",
    "unhcr_csv",
    "worldbank_csv",
    "undata_csv",
    "ilostat_csv",
    "uis_csv",
    "missing_migrants_csv",
    "ctdc_csv",
    "wpp_tsv",
    "undesa_xlsx",
    "knomad_xlsx",
    "glotip_xlsx",
    "frontex_xlsx",
    "missing_migrants_xlsx",
    "eurostat_xlsx",
    "codings_xlsx",
    "communique",
)
HEAD = 65_536
MAX_UNPACKED = 4 << 30
MOST_ROWS = 200_000

# Where a row or cell of a sheet stands, if its column has three letters or its row six digits.
_FAR = re.compile(rb"""\br\s*=\s*["'](?=[A-Z]{3}|[A-Z]*\d{6})([A-Z]*)(\d*)["']""")

# What lies in a zip beside its table: notes, labels, metadata.
_BESIDE = re.compile(r"^(metadata_|footnotes)|_(label|country|metadata)\.csv$|\.md$", re.IGNORECASE)


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


def recognise(path: Path, publisher: str | None = None) -> Format:
    """The format of an unpacked payload, told from the payload alone; ``UnknownFormatError`` shows its first line.

    What is in none is prose if it is by a ``publisher`` of prose.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise FormatError("the payload is empty")
    _fabricated.refuse(head)
    for module in known():
        if module.recognises(head, path):
            return module
    if publisher in import_module("sources.catalogue.statements").statements() and not head.startswith(b"PK"):
        return cast(Format, import_module("sources.formats.communique"))
    raise UnknownFormatError(f"no format recognises this payload; {_looks(head, path)}")


def _looks(head: bytes, path: Path) -> str:
    """What an unknown payload looks like."""
    if head.startswith(b"PK"):
        try:
            return f"its sheets are {import_module('sources.formats._workbook').workbook(path).sheet_names[:8]}"
        except FormatError as error:
            return str(error)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is UTF-16 text where UTF-8 was expected"
    first = head.lstrip(b"\xef\xbb\xbf \r\n\t").split(b"\n", 1)[0][:120].decode("utf-8", "replace").strip()
    return f"it begins with {'HTML or XML' if first.startswith('<') else 'text'}: {first!r}"


def read(path: Path, publisher: str | None = None, published: date | None = None) -> Cells:
    """The cells of an unpacked payload in whatever format it is.

    ``publisher`` and the day on which it ``published`` the payload matter to prose, where it may not say either itself.
    """
    form = recognise(path, publisher)
    if form.NAME == "communique":
        found: Cells = import_module("sources.formats.communique").read_statements(path, publisher, published)
        return found
    return form.read(path)


def figures(cells_: Cells) -> pl.DataFrame:
    """Of cells of prose, the figures: what each means, its period, value, bounds and unit, its phrase and its span."""
    module = import_module("sources.formats.communique")
    frame: pl.DataFrame = module.figures(cells_)
    return frame


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
        with zipfile.ZipFile(path) as archive:
            return _member(archive, path, folder, limit)
    except (EOFError, OSError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise FormatError(f"the payload is a damaged zip: {error}") from error


def _member(archive: zipfile.ZipFile, path: Path, folder: Path, limit: int) -> Path:
    """The one table of a zip, unpacked; or the zip itself, if it is a workbook."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if sum(member.file_size for member in members) > limit:
        raise FormatError(f"the payload unpacks to more than {limit:,} bytes")
    if any(member.filename == "[Content_Types].xml" for member in members):
        for member in members:
            _refuse_vast(archive, member)
        return path
    tables = [member for member in members if not _BESIDE.search(Path(member.filename).name)]
    if len(tables) != 1:
        held = [member.filename for member in members][:8]
        raise FormatError(f"a zip with one table was expected, it holds {held}; unpack it and read them one by one")
    plain = folder / "payload"
    with archive.open(tables[0]) as packed:
        _copy(packed, plain, limit)
    return plain


def _refuse_vast(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raises ``FormatError`` for a part of a workbook that has a cell far from all others.

    A sheet is held from its first cell to its last, so that one cell in its furthest corner takes 550 GB, and the
    process with it.
    """
    if member.filename == "xl/workbook.bin":
        raise FormatError("the payload is a binary workbook, which is not read")
    before = b""
    with archive.open(member) as packed:
        while chunk := packed.read(1 << 20):
            for found in _FAR.finditer(before + chunk):
                column, row = found[1].decode(), found[2].decode()
                if len(column) > 2 or int(row or 0) > MOST_ROWS:
                    raise FormatError(f"{member.filename} has a cell in {column}{row}, far from any table")
            before = chunk[-64:]


def place(form: Format | str, locator: int) -> str:
    """A locator of a format, or of the format of that name, in words."""
    name = form if isinstance(form, str) else form.NAME
    if name == "json_stat":
        return f"value {locator}"
    if name == "communique":
        return f"characters {locator >> 24} to {(locator >> 24) + (locator & 0xFFFF)}"
    if name.endswith("_xlsx"):
        row, column, sheet = cells.unpack(locator)
        letters = ""
        while column:
            column, letter = divmod(column - 1, 26)
            letters = chr(ord("A") + letter) + letters
        return f"sheet {sheet + 1}, cell {letters}{row}"
    record, field = cells.line(locator)
    return f"{'item' if name.endswith('_json') else 'record'} {record}, field {field}"
