"""Reads R data files (``.rds``) that pyreadr refuses: data frames with a column of geometries."""

import gzip
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

# Types of R's serialisation format, in XDR; see "Serialization Formats" in R Internals.
_SYMBOL, _PAIRS, _CHARS, _LOGICALS, _INTEGERS, _DOUBLES, _STRINGS, _LIST = 1, 2, 9, 10, 13, 14, 16, 19
_ALTERNATIVE, _NIL, _REFERENCE = 238, 254, 255
_HAS_ATTRIBUTES, _HAS_TAG = 0x200, 0x400
_MISSING_INTEGER = -(2**31)


@dataclass
class _Vector:
    values: list[Any]
    attributes: dict[str, Any] = field(default_factory=dict)


def read_rds(path: Path) -> pl.DataFrame:
    """Return the columns of text and of numbers of a data frame; any other column is left out.

    Raises ``ValueError`` if the file is not the XDR form of a data frame of R.
    """
    reader = _Reader(gzip.decompress(path.read_bytes()))
    frame = reader.read_item()
    if not isinstance(frame, _Vector):
        raise ValueError(f"{path.name} has no data frame")
    names = frame.attributes["names"].values
    columns = {}
    for name, column in zip(names, frame.values, strict=True):
        if isinstance(column, _Vector) and not any(isinstance(value, _Vector) for value in column.values):
            values = [None if value != value else value for value in column.values]  # noqa: PLR0124 - not a number
            columns[name] = pl.Series(values)
    return pl.DataFrame(columns)


class _Reader:
    """Reads the items of one file, one after the other."""

    def __init__(self, data: bytes) -> None:
        if data[:2] != b"X\n":
            raise ValueError("not in the XDR form of R")
        self.data, self.place, self.references = data, 2, list[Any]()
        (version,) = self._numbers("i", 3)[:1]
        if version == 3:  # only version 3 states the encoding
            (length,) = self._numbers("i", 1)
            self.place += length

    def _numbers(self, kind: str, count: int) -> tuple[Any, ...]:
        form = f">{count}{kind}"
        found = struct.unpack_from(form, self.data, self.place)
        self.place += struct.calcsize(form)
        return found

    def read_item(self) -> Any:  # noqa: ANN401, PLR0911 - the type depends on the data
        """Return the next item: a vector, a text, a dictionary of pairs, or None."""
        (flags,) = self._numbers("i", 1)
        kind = flags & 0xFF
        if kind == _NIL:
            return None
        if kind == _REFERENCE:
            return self.references[(flags >> 8) - 1]
        if kind == _SYMBOL:
            self.references.append(self.read_item())
            return self.references[-1]
        if kind == _PAIRS:
            return self._pairs(flags)
        if kind == _ALTERNATIVE:
            return self._alternative()
        if kind == _CHARS:
            (length,) = self._numbers("i", 1)
            self.place += max(length, 0)
            return None if length < 0 else self.data[self.place - length : self.place].decode()
        vector = _Vector(self._values(kind))
        if flags & _HAS_ATTRIBUTES:
            vector.attributes = self.read_item()
        return vector

    def _values(self, kind: int) -> list[Any]:
        (length,) = self._numbers("i", 1)
        if kind in (_STRINGS, _LIST):
            return [self.read_item() for _ in range(length)]
        if kind == _DOUBLES:
            return list(self._numbers("d", length))
        if kind in (_INTEGERS, _LOGICALS):
            return [None if value == _MISSING_INTEGER else value for value in self._numbers("i", length)]
        raise ValueError(f"unknown type of R: {kind}")

    def _pairs(self, flags: int) -> dict[str, Any]:
        """Return a linked list with tags as a dictionary."""
        found: dict[str, Any] = {}
        while flags & 0xFF == _PAIRS:
            if flags & _HAS_ATTRIBUTES:
                self.read_item()
            tag = self.read_item() if flags & _HAS_TAG else str(len(found))
            found[tag] = self.read_item()
            (flags,) = self._numbers("i", 1)
        return found

    def _alternative(self) -> _Vector:
        """Return a vector that R stores in a shorter form: a range of whole numbers, or another vector unchanged."""
        about, state, _ = self.read_item(), self.read_item(), self.read_item()
        if next(iter(about.values())) == "compact_intseq":
            count, first, step = (int(value) for value in state.values)
            return _Vector([first + step * number for number in range(count)])
        inner = next(iter(state.values())) if isinstance(state, dict) else state.values[0]
        return inner if isinstance(inner, _Vector) else _Vector([inner])
