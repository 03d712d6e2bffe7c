"""Reading delimited text of any size as records, strictly, and finding a field again by its locator."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

import numpy as np
import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from sources.cells import line, pack
from sources.errors import FormatError

UTF8 = "utf-8-sig"  # with or without a byte order mark
_BLOCK = 2 << 20
_HEADER_WITHIN = 65_536


class Dialect(NamedTuple):
    """How fields are separated and quoted; without ``quote`` a quotation mark is an ordinary character."""

    delimiter: str = ","
    quote: str | None = '"'


CSV = Dialect()
TSV = Dialect("\t", None)


@dataclass(frozen=True)
class Header:
    """A header below a preamble: its names, the records above it, and the number of its record and last line."""

    names: list[str]
    preamble: list[list[str]]
    record: int
    line: int


def find_header(head: bytes, is_header: Callable[[list[str]], bool], encoding: str = UTF8) -> Header | None:
    """The first record among the first bytes of a text for which ``is_header`` is true; None where there is none."""
    reader = csv.reader(io.StringIO(head.decode(encoding, "replace"), newline=""))
    preamble: list[list[str]] = []
    try:
        for names in reader:
            if is_header(names):
                return Header(names, preamble, len(preamble) + 1, reader.line_num)
            preamble.append(names)
    except csv.Error:
        pass
    return None


def header_of(path: Path, is_header: Callable[[list[str]], bool], encoding: str = UTF8) -> Header:
    """``find_header`` for a payload; ``FormatError`` where there is none."""
    with path.open("rb") as file:
        found = find_header(file.read(_HEADER_WITHIN), is_header, encoding)
    if found is None:
        raise FormatError(f"the first {_HEADER_WITHIN:,} bytes contain no header of this format")
    return found


def body(path: Path, head: Header, encoding: str = "utf8", *, ends: bool = True) -> pl.DataFrame:
    """The table below the header of a delimited text; ``row`` is the record. Blank records are left out.

    A last line without a line end is a ``FormatError``, because the payload was cut off; unless ``ends`` is false, for
    a publisher that does not end it.
    """
    with path.open("rb") as file:
        file.seek(-1, io.SEEK_END)
        if ends and file.read() != b"\n":
            raise FormatError("the payload is cut off: its last line has no line end")
    try:
        table = pl.read_csv(
            path,
            has_header=False,
            skip_lines=head.line,
            schema={str(at): pl.String() for at in range(1, len(head.names) + 1)},
            row_index_name="row",
            row_index_offset=head.record + 1,
            encoding=encoding,
        )
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise FormatError(f"the text below the header is not a table: {str(error).splitlines()[0]}") from error
    return table.filter(~pl.all_horizontal(pl.exclude("row").is_null()))


def header(path: Path, *, dialect: Dialect = CSV, encoding: str = UTF8) -> list[str]:
    """The fields of the first line, without a byte order mark."""
    with path.open("rb") as file:
        first = file.readline()
    text = _decoded(first, 1, encoding).rstrip("\r\n")
    if "\r" in text:
        raise FormatError("the line ends are single carriage returns; LF or CR LF were expected")
    try:
        return next(_reader([text], dialect), [])
    except csv.Error as error:
        raise FormatError(f"the first line is not a header: {error}") from error


def first_fields(head: bytes) -> list[str]:
    """The fields of the first line of a payload of any kind; none where it is not text."""
    text = head.split(b"\n", 1)[0].decode(UTF8, "replace").rstrip("\r")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []


def sample(path: Path, size: int, *, dialect: Dialect = CSV, encoding: str = UTF8) -> list[list[str]]:
    """The complete records after the first line within the next ``size`` bytes."""
    with path.open("rb") as file:
        file.readline()
        head = file.read(size)
    whole = head if len(head) < size else head[: head.rfind(b"\n") + 1]
    text = io.StringIO(_decoded(whole, 2, encoding), newline="")
    return [row for row in _reader(text, dialect) if row]


def records(
    path: Path,
    fields: int,
    *,
    dialect: Dialect = CSV,
    encoding: str = UTF8,
    check: Callable[[pl.DataFrame], None] | None = None,
) -> pl.LazyFrame:
    """The records after the first line, as text.

    Columns: ``row``, the 1-based record (UInt32; the first line is record 1), then ``1`` to ``<fields>``, the fields by
    their 1-based position; an empty field is "". Nothing is read before the frame is collected. Blocks are read one
    after the other, so that memory does not grow with the file; ``check`` is called with each. A record with more or
    fewer fields, or text in another encoding, is a ``FormatError`` that names its line. A file that ends within a field
    is a ``FormatError`` at once.
    """
    _refuse_cut(path)
    names = [str(at) for at in range(1, fields + 1)]

    def tables() -> Iterator[pl.DataFrame]:
        first = 2
        with path.open("rb") as file:
            file.readline()
            for raw in _blocks(file, dialect):
                block = raw if encoding == UTF8 else _decoded(raw, first, encoding).encode()
                frame = _table(block, names, first, dialect)
                first += frame.height
                if check:
                    check(frame)
                yield frame

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


def tabbed(path: Path, fields: int) -> Iterator[tuple[int, pl.Series]]:
    """The fields after the first line of a text in ``TSV``, record after record, without white space around them.

    One series for each block, with the number of its first record; ``FormatError`` as in ``records``. The caller turns
    a wide table into a long one in any case, and finding the field ends takes a third of the time of parsing columns.
    """
    _refuse_cut(path)
    first = 2
    with path.open("rb") as file:
        file.readline()
        for raw in _blocks(file, TSV):
            block = raw if raw.endswith(b"\n") else raw + b"\n"
            _decoded(block, first, UTF8)
            octets = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero((octets == ord("\t")) | (octets == ord("\n")))
            last = octets[ends] == ord("\n")
            if last.sum() * fields != len(ends) or not last[fields - 1 :: fields].all():
                _refuse_first_wrong(block, fields, first, TSV)
            starts = pa.py_buffer(np.concatenate(([0], ends + 1)))
            text = pa.LargeStringArray.from_buffers(len(ends), starts, pa.py_buffer(block))
            yield first, pl.Series(text).str.strip_chars()
            first += len(ends) // fields


def locator(column: int | pl.Expr) -> pl.Expr:
    """The locator of a field of ``records``."""
    return pl.col("row").cast(pl.Int64) * pack(1, 0) + column


def finder(path: Path, *, dialect: Dialect = CSV, encoding: str = UTF8) -> Callable[[int], str]:
    """A function from locator (record and field, both 1-based) to the text of that field.

    Every record of the file is counted, also those of a preamble, the header and blank lines. A record is what
    ``csv.reader`` returns, so a quoted field may contain line ends. The file is parsed once, up to the last locator.
    """
    found: list[list[str]] = []
    rows = _rows(path, dialect, encoding)

    def find(place: int) -> str:
        record, column = line(place)
        found.extend(islice(rows, max(0, record - len(found))))
        try:
            return found[record - 1][column - 1] if record and column else _nothing(record, column)
        except IndexError:
            return _nothing(record, column)

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


def _refuse_cut(path: Path) -> None:
    """Raise ``FormatError`` where the last line has no line end and its last field, which may be cut, is not empty."""
    with path.open("rb") as file:
        file.seek(-min(1, path.stat().st_size), io.SEEK_END)
        last = file.read()
    if last not in b'\r\n \t,;"':
        raise FormatError("the payload is cut off: its last line has no line end")


def _blocks(file: BinaryIO, dialect: Dialect) -> Iterator[bytes]:
    """The rest of a file in blocks that end where a record ends; blank lines at the end are left out."""
    quote = (dialect.quote or "").encode()
    while block := _lines(file):
        if quote and block.count(quote) % 2:
            block += b"".join(_until_even(file, quote))
        if len(block) < _BLOCK:
            block = block.rstrip(b"\r\n")
        if block:
            yield block


def _lines(file: BinaryIO) -> bytes:
    """The next whole lines, of one block's length or a little more."""
    start = file.tell()
    file.seek(_BLOCK, io.SEEK_CUR)
    file.readline()
    end = file.tell()
    file.seek(start)
    return file.read(end - start)


def _until_even(file: BinaryIO, quote: bytes) -> Iterator[bytes]:
    """The next lines up to the one that closes an open quote."""
    for text in file:
        yield text
        if text.count(quote) % 2:
            return


def _table(block: bytes, names: Sequence[str], first: int, dialect: Dialect) -> pl.DataFrame:
    scan = pl.scan_csv(
        block,
        has_header=False,
        schema=dict.fromkeys(names, pl.String()),
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        empty_string_is_null=False,
        row_index_name="row",
        row_index_offset=first,
    )
    try:
        frame = scan.collect(engine="in-memory")
    except pl.exceptions.PolarsError as error:
        _refuse_first_wrong(block, len(names), first, dialect)
        raise FormatError(f"from line {first} on this is not delimited text: {str(error).splitlines()[0]}") from error
    # Polars refuses a long record but fills a short one silently: with equal counts every record is complete.
    if _separators(block, dialect) != (len(names) - 1) * frame.height:
        _refuse_first_wrong(block, len(names), first, dialect)
    return frame


def _separators(block: bytes, dialect: Dialect) -> int:
    """How many separators a block has outside of quotes."""
    octets = np.frombuffer(block, np.uint8)
    separates = octets == ord(dialect.delimiter)
    if dialect.quote and dialect.quote.encode() in block:
        quoted = np.cumsum(octets == ord(dialect.quote), dtype=np.uint8) & 1  # whether the quotes so far are odd
        separates &= quoted == 0
    return int(np.count_nonzero(separates))


def _refuse_first_wrong(block: bytes, fields: int, first: int, dialect: Dialect) -> None:
    """Raise ``FormatError`` for the first record of a block that has another number of fields than the header."""
    rows = _reader(io.StringIO(_decoded(block, first, UTF8), newline=""), dialect)
    try:
        for number, row in enumerate(rows, first):
            if len(row) != fields:
                shown = dialect.delimiter.join(row)[:80]
                raise FormatError(f"line {number} has {len(row)} fields, the header has {fields}: {shown!r}")
    except csv.Error as error:
        raise FormatError(f"from line {first} on this is not delimited text: {error}") from error


def _decoded(block: bytes, first: int, encoding: str) -> str:
    try:
        return block.decode(encoding)
    except UnicodeDecodeError as error:
        number = first + block.count(b"\n", 0, error.start)
        raise FormatError(
            f"line {number} is not {encoding.removesuffix('-sig')} text (byte {block[error.start]:#04x})"
        ) from error


def _rows(path: Path, dialect: Dialect, encoding: str) -> Iterator[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        yield from _reader(file, dialect)


def _reader(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    if dialect.quote is None:
        return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)


def _nothing(record: int, column: int) -> NoReturn:
    raise FormatError(f"there is no field {column} in record {record}")
