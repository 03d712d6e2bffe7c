"""The table of the World Bank's downloads, as text or workbook: pairs of a name and a code, then periods."""

import re
from collections.abc import Sequence

from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.wide_table import Role

_PERIOD = re.compile(r"(\d{4}(?:[QM]\d{1,2})?)( \[YR\w+\])?")
_TERM = re.compile(r"(.+?)\s+(Name|Code)")


def is_header(names: Sequence[str]) -> bool:
    """Whether these are names and codes, and periods."""
    return len(names) > 2 and all(map(_TERM.fullmatch, names[:2])) and any(map(_PERIOD.fullmatch, names))


def layout(titles: Sequence[str]) -> tuple[dict[str, int], wide_table.Layout]:
    """The position of the name of each dimension, and the layout of codes and periods."""
    columns = wide_table.layout(titles, _role)
    terms: dict[str, dict[str, int]] = {"Name": {}, "Code": {}}
    for key, position in columns.keys.items():
        term, _, kind = key.rpartition(" ")
        terms[kind]["_".join(term.lower().split())] = position
    if unpaired := sorted(terms["Name"].keys() ^ terms["Code"].keys()):
        raise FormatError(f"these have a name or a code, not both: {unpaired}")
    return terms["Name"], wide_table.Layout(terms["Code"], columns.values)


def _role(title: str) -> Role | None:
    if term := _TERM.fullmatch(title):
        return f"{term[1]} {term[2]}"
    period = _PERIOD.fullmatch(title)
    return {"time": period[1]} if period else None
