"""Unpacking a payload for its format, with limits on the size, so that a small hostile payload does no harm."""

import gzip
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sources.errors import FormatError

MAX_UNPACKED = 4 << 30

# The files that a zip contains in addition to its table: notes, labels, metadata.
_NOT_A_TABLE = re.compile(
    r"^(metadata_|footnotes)|_(label|country|metadata)\.csv$|series - metadata\.csv$|\.md$", re.IGNORECASE
)


class SupportsRead(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""


@contextmanager
def opened(path: Path, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[Path]:
    """The path of the unpacked payload: a gzip stream or a zip with one table is unpacked into a temporary file.

    Unpacking more than ``max_unpacked`` bytes is a ``FormatError``. A workbook is also a zip: its own path is returned
    if the sizes of its members are within the limit.
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
    """The path of the one table of a zip, unpacked; or of the zip itself, if it is a workbook."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if sum(member.file_size for member in members) > limit:
        raise FormatError(f"the payload unpacks to more than {limit:,} bytes")
    if any(member.filename == "[Content_Types].xml" for member in members):
        if any(member.filename == "xl/workbook.bin" for member in members):
            raise FormatError("the payload is a binary workbook (xlsb), which is not supported")
        return path
    tables = [member for member in members if not _NOT_A_TABLE.search(Path(member.filename).name)]
    if len(tables) != 1:
        names = [member.filename for member in members][:8]
        raise FormatError(f"a zip with one table was expected, it contains {names}; unpack it and read each file")
    plain = folder / "payload"
    with archive.open(tables[0]) as packed:
        _copy(packed, plain, limit)
    return plain
