"""Reading delimited text of any size as records, strictly, and finding a field again by its locator."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from sources import cells
from sources.cells import pack
from sources.errors import FormatError

if TYPE_CHECKING:
    from _csv import Reader

UTF8 = "utf-8-sig"  # with or without a byte order mark
_BLOCK = 2 << 20
_HEADER_WITHIN = 65_536
_FOOTER_WITHIN = 4_096
_MARK = codecs.BOM_UTF8


class Dialect(NamedTuple):
    """The rules of a text.

    Without ``quote`` a quotation mark is an ordinary character. A payload that ends in none of the bytes of ``ends_in``
    was cut off: by default its last line must have a line end, or a last field that is empty or in quotes. With
    ``skip_blank`` blank lines and records of blank fields are left out; without it, a blank line is a record with too
    few fields.
    """

    delimiter: str = ","
    quote: str | None = '"'
    encoding: str = UTF8
    ends_in: bytes = b'\r\n \t,;"'
    skip_blank: bool = False


CSV = Dialect()
TSV = Dialect("\t", None)
# Exports of tables, which always end their last line and may have blank lines; and exports that may not end it.
EXPORT = Dialect(ends_in=b"\n", skip_blank=True)
OPEN_EXPORT = Dialect(ends_in=bytes(range(256)), skip_blank=True)


@dataclass(frozen=True)
class Header:
    """A header: its names, the records above it, the number of its record and of its last line, and its end.

    Records and lines are counted from 1. ``end`` is the offset of the first byte below the header.
    """

    names: list[str]
    preamble: list[list[str]]
    record: int
    line: int
    end: int


def find_header(
    head: bytes, is_header: Callable[[list[str]], bool] | None = None, dialect: Dialect = CSV
) -> Header | None:
    """The first record for which ``is_header`` is true among the first bytes of a text; None where there is none.

    Without ``is_header`` it is the first record.
    """
    end = len(_MARK) if head.startswith(_MARK) else 0
    # Latin-1 has one character for each byte, and all encodings used here have the same separators and line ends.
    lines = list(io.StringIO(head[end:].decode("latin-1"), newline=""))
    reader = _reader(lines, dialect)
    preamble: list[list[str]] = []
    read = 0
    try:
        for fields in reader:
            names = [field.encode("latin-1").decode(dialect.encoding, "replace") for field in fields]
            end, read = end + sum(map(len, lines[read : reader.line_num])), reader.line_num
            if is_header is None or is_header(names):
                return Header(names, preamble, len(preamble) + 1, max(1, head.count(b"\n", 0, end)), end)
            preamble.append(names)
    except csv.Error:
        pass
    return None


def header_of(path: Path, is_header: Callable[[list[str]], bool] | None = None, dialect: Dialect = CSV) -> Header:
    """``find_header`` for a payload; ``FormatError`` where there is none."""
    with path.open("rb") as file:
        head = file.read(_HEADER_WITHIN)
        head += b"" if b"\n" in head else file.readline()
    found = find_header(head, is_header, dialect)
    if found is None:
        raise FormatError(f"the first {_HEADER_WITHIN:,} bytes contain no header of this format")
    _decoded(head[: found.end], 1, dialect.encoding)
    if head[: found.end].endswith(b"\r"):
        raise FormatError("the header ends in a single carriage return; LF or CR LF was expected")
    return found


def first_fields(head: bytes, delimiter: str = ",") -> list[str]:
    """The fields of the first line of a payload of any kind; none where it is not text."""
    text = head.split(b"\n", 1)[0].decode(UTF8, "replace").rstrip("\r")
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def with_commas(head: bytes, delimiter: str) -> bytes:
    """The first bytes of a text with this delimiter, rewritten with commas; unchanged where it is not delimited."""
    out = io.StringIO()
    try:
        csv.writer(out).writerows(csv.reader(io.StringIO(head.decode("latin-1"), newline=""), delimiter=delimiter))
    except csv.Error:
        return head
    return out.getvalue().encode("latin-1")


def footer_of(path: Path, header: Header, beginnings: Sequence[str]) -> tuple[list[str], int]:
    """The texts of the last lines that have these beginnings, and the offset of the first of these lines.

    A text is the first field of a line. Blank lines, and records of blank fields, between and above them belong to the
    footer too.
    """
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(header.end, size - _FOOTER_WITHIN))
        lines = file.read().splitlines(keepends=True)
    texts: list[str] = []
    for line in reversed(lines):
        text = "".join(next(csv.reader([line.decode(UTF8, "replace").strip()]), [])[:1])
        if not text.startswith(tuple(beginnings)) and line.strip(b',"; \t\r\n'):
            break
        size -= len(line)
        texts = [text, *texts] if text else texts
    return texts, size


def sample(path: Path, header: Header, size: int, dialect: Dialect = CSV) -> list[list[str]]:
    """The complete records within the first ``size`` bytes below the header."""
    with path.open("rb") as file:
        file.seek(header.end)
        head = file.read(size)
    whole = head if len(head) < size else head[: head.rfind(b"\n") + 1]
    text = io.StringIO(_decoded(whole, header.line + 1, dialect.encoding), newline="")
    return [row for row in _reader(text, dialect) if row]


def records(  # noqa: PLR0913 - all but two are optional
    path: Path,
    header: Header,
    dialect: Dialect = CSV,
    *,
    check: Callable[[pl.DataFrame], None] | None = None,
    leave_out: pl.Expr | None = None,
    end: int | None = None,
) -> pl.LazyFrame:
    """The records between the header and the offset ``end``, as text.

    Columns: ``row``, the 1-based record (UInt32; a preamble and the header are counted), then ``1`` to ``<fields>``,
    the fields by their 1-based position; an empty field is "". Nothing is read before the frame is collected. Blocks
    are read one after the other, so that memory does not grow with the file; ``check`` is called with each.

    A record with more or fewer fields than the header, or text in another encoding, is a ``FormatError`` that names its
    line. ``leave_out`` is the condition of records to leave out, after ``check``. A payload that was cut off is a
    ``FormatError`` at once.
    """
    _refuse_cut(path, dialect)
    names = [str(at) for at in range(1, len(header.names) + 1)]
    blank = pl.all_horizontal(pl.col(name) == "" for name in names)

    def tables() -> Iterator[pl.DataFrame]:
        first = _Place(header.record + 1, header.line + 1)
        for raw in _blocks(path, header.end, end, dialect):
            block = raw if dialect.encoding == UTF8 else _decoded(raw, first.line, dialect.encoding).encode()
            if dialect.skip_blank:
                block, first = _without_first_blank_lines(block, first)
            frame = _table(block, names, first, dialect)
            first = _Place(first.record + frame.height, first.line + _line_ends(block))
            if dialect.skip_blank:
                frame = _without(frame, blank)
            if check:
                check(frame)
            yield frame if leave_out is None else _without(frame, leave_out)

    return lazily(tables, {"row": pl.UInt32(), **dict.fromkeys(names, pl.String())})


def lazily(frames: Callable[[], Iterable[pl.DataFrame]], schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """One lazy frame of many frames, which are computed one at a time in each reading, and only as far as needed."""

    def batches(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        for whole in _prefetched(frames()):
            frame = whole.select(columns or pl.all())
            frame = frame if n_rows is None else frame.head(n_rows)
            yield frame if predicate is None else frame.filter(predicate)
            if n_rows is not None and (n_rows := n_rows - frame.height) == 0:
                return

    return register_io_source(batches, schema=schema, is_pure=True)


def _prefetched(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Each frame, while a thread computes the next one: parsing a block uses one core, its further use another."""
    source = iter(frames)
    with ThreadPoolExecutor(1) as pool:
        due = pool.submit(next, source, None)
        while (frame := due.result()) is not None:
            due = pool.submit(next, source, None)
            yield frame


def tabbed(path: Path, header: Header) -> Iterator[tuple[int, pl.Series]]:
    """The fields below the header of a text in ``TSV``, record after record, without white space around them.

    One series for each block, with the number of its first record; ``FormatError`` as in ``records``. The caller turns
    a wide table into a long one in any case, and finding the field ends takes a third of the time of parsing columns.
    """
    _refuse_cut(path, TSV)
    width = len(header.names)
    first = _Place(header.record + 1, header.line + 1)
    for raw in _blocks(path, header.end, None, TSV):
        block = raw if raw.endswith(b"\n") else raw + b"\n"
        _decoded(block, first.line, UTF8)
        octets = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero((octets == ord("\t")) | (octets == ord("\n")))
        last = octets[ends] == ord("\n")
        if last.sum() * width != len(ends) or not last[width - 1 :: width].all() or _has_lone_cr(block):
            _refuse_first_wrong(block, width, len(ends) // width, first, TSV)
        starts = pa.py_buffer(np.concatenate(([0], ends + 1)))
        text = pa.LargeStringArray.from_buffers(len(ends), starts, pa.py_buffer(block))
        yield first.record, pl.Series(text).str.strip_chars()
        first = _Place(first.record + len(ends) // width, first.line + _line_ends(block))


def locator(column: int | pl.Expr) -> pl.Expr:
    """The locator of a field of ``records``."""
    return pl.col("row").cast(pl.Int64) * pack(1, 0) + column


def finder(path: Path, dialect: Dialect = CSV) -> Callable[[int], str]:
    """A function from locator (record and field, both 1-based) to the text of that field.

    Every record of the file is counted, also those of a preamble, the header and blank lines. A record is what
    ``csv.reader`` returns, so a quoted field may contain line ends. The file is parsed once, up to the last locator.
    """
    found: list[list[str]] = []
    rows = _rows(path, dialect)

    def find(place: int) -> str:
        record, field = cells.line(place)
        found.extend(islice(rows, max(0, record - len(found))))
        if not (0 < record <= len(found) and 0 < field <= len(found[record - 1])):
            raise FormatError(f"there is no field {field} in record {record}")
        return found[record - 1][field - 1]

    return find


def encoding_of(path: Path, *, otherwise: str = "latin-1") -> str:
    """``UTF8`` when the whole text is UTF-8, else ``otherwise``."""
    with path.open("rb") as file:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return otherwise
    return UTF8


class _Place(NamedTuple):
    """The number of a record and of its first line, both from 1."""

    record: int
    line: int


def _refuse_cut(path: Path, dialect: Dialect) -> None:
    """Raise ``FormatError`` where a payload does not end in a byte with which the dialect allows it to end."""
    with path.open("rb") as file:
        file.seek(-min(1, path.stat().st_size), io.SEEK_END)
        last = file.read()
    if last not in dialect.ends_in:
        raise FormatError("the payload is cut off: its last line has no line end")


def _blocks(path: Path, start: int, end: int | None, dialect: Dialect) -> Iterator[bytes]:
    """The part of a file between two offsets in blocks that end where a record ends; blank lines at its end are cut."""
    quote = (dialect.quote or "").encode()
    with path.open("rb") as file:
        file.seek(start)
        while block := _lines(file, end):
            if quote and block.count(quote) % 2:
                block += b"".join(_until_even(file, quote))
            if len(block) < _BLOCK:
                block = block.rstrip(b"\r\n")
            if block:
                yield block


def _lines(file: BinaryIO, end: int | None) -> bytes:
    """The next complete lines before ``end``, of one block's length or a little more."""
    start = file.tell()
    file.seek(_BLOCK, io.SEEK_CUR)
    file.readline()
    stop = file.tell() if end is None else min(file.tell(), end)
    file.seek(start)
    return file.read(max(0, stop - start))


def _until_even(file: BinaryIO, quote: bytes) -> Iterator[bytes]:
    """The next lines up to the one that closes an open quote."""
    for text in file:
        yield text
        if text.count(quote) % 2:
            return


def _without(frame: pl.DataFrame, condition: pl.Expr) -> pl.DataFrame:
    """A frame without the rows that meet a condition; most blocks have none, and filtering copies a block."""
    met = frame.select(condition).to_series()
    return frame.filter(~met) if met.any() else frame


def _without_first_blank_lines(block: bytes, first: _Place) -> tuple[bytes, _Place]:
    """A block without its first blank lines, from which Polars would derive the number of columns, and its place."""
    rest = block.lstrip(b"\r\n")
    blank = len(block[: len(block) - len(rest)].splitlines())
    return rest, _Place(first.record + blank, first.line + blank)


def _table(block: bytes, names: Sequence[str], first: _Place, dialect: Dialect) -> pl.DataFrame:
    scan = pl.scan_csv(
        block,
        has_header=False,
        schema=dict.fromkeys(names, pl.String()),
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        empty_string_is_null=False,
        row_index_name="row",
        row_index_offset=first.record,
    )
    try:
        frame = scan.collect(engine="in-memory")
    except pl.exceptions.PolarsError as error:
        _refuse_first_wrong(block, len(names), None, first, dialect)
        reason = str(error).splitlines()[0]
        raise FormatError(f"from line {first.line} on this is not delimited text: {reason}") from error
    # Polars refuses a long record but fills a short one silently: with equal counts every record is complete.
    if _separators(block, dialect) != (len(names) - 1) * frame.height or _has_lone_cr(block):
        _refuse_first_wrong(block, len(names), frame.height, first, dialect)
    return frame


def _separators(block: bytes, dialect: Dialect) -> int:
    """How many separators a block has outside of quotes."""
    octets = np.frombuffer(block, np.uint8)
    separates = octets == ord(dialect.delimiter)
    if dialect.quote and dialect.quote.encode() in block:
        quoted = np.cumsum(octets == ord(dialect.quote), dtype=np.uint8) & 1  # whether the quotes so far are odd
        separates &= quoted == 0
    return int(np.count_nonzero(separates))


def _has_lone_cr(block: bytes) -> bool:
    """Whether a carriage return is not part of CR LF. ``csv.reader`` ends a record there, Polars does not."""
    octets = np.frombuffer(block, np.uint8)
    after = np.flatnonzero(octets == ord("\r")) + 1
    return not (octets[after[after < len(octets)]] == ord("\n")).all()


def _line_ends(block: bytes) -> int:
    """How many line feeds a block has; ``bytes.count`` takes three times as long."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))


def _refuse_first_wrong(block: bytes, fields: int, count: int | None, first: _Place, dialect: Dialect) -> None:
    """Raise ``FormatError`` for the first record of a block with another number of fields than the header.

    Also raise it where ``csv.reader`` does not find ``count`` records: locators would then point to other fields.
    """
    rows = _reader(io.StringIO(_decoded(block, first.line, UTF8), newline=""), dialect)
    number, line = first.record, first.line
    try:
        for number, row in enumerate(rows, first.record):
            if len(row) != fields and not (dialect.skip_blank and not row):
                shown = dialect.delimiter.join(row)[:80]
                place = f"record {number} (line {line})"
                raise FormatError(f"{place} has {len(row)} fields, the header has {fields}: {shown!r}")
            line = first.line + rows.line_num
    except csv.Error as error:
        raise FormatError(f"from line {line} on this is not delimited text: {error}") from error
    if count is not None and number - first.record + 1 != count:
        raise FormatError(f"after line {first.line} a single carriage return or a quotation mark is inside of a field")


def _decoded(block: bytes, line: int, encoding: str) -> str:
    """The text of a block that begins in a line of this number."""
    try:
        return block.decode(encoding)
    except UnicodeDecodeError as error:
        number = line + block.count(b"\n", 0, error.start)
        raise FormatError(
            f"line {number} is not {encoding.removesuffix('-sig')} text (byte {block[error.start]:#04x})"
        ) from error


def _rows(path: Path, dialect: Dialect) -> Iterator[list[str]]:
    with path.open(encoding=dialect.encoding, newline="") as file:
        yield from _reader(file, dialect)


def _reader(lines: Iterable[str], dialect: Dialect) -> "Reader":
    """A reader of Python's, which is independent of the parser of Polars."""
    if dialect.quote is None:
        return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
