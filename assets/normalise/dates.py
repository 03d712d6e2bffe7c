"""Parsing of the dates that sources of law publish into a day and its precision."""

import re
from datetime import date

from sources.errors import StructureError

# The first letters of the months in English and French. NORMLEX uses both languages.
_MONTH_PREFIXES = (
    *("jan", "feb fev fév", "mar", "apr avr", "may mai", "jun juin"),
    *("jul juil", "aug aou aoû", "sep", "oct", "nov", "dec déc"),
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_PREFIXES, 1) for name in names.split()}
_ISO = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?(?:T00:00:00)?(?:Z|[+-]\d\d:\d\d)?")
_WORDS = re.compile(r"(?P<day>\d{1,2})\s+(?P<month>[^\W\d]{3,9})\.?\s+(?P<year>\d{4})")
_SLASHES = re.compile(r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})")


def parse_date(text: str) -> tuple[date | None, str]:
    """Day and precision (day, month, year, unknown) of ``1992-03-02``, ``2 Mar 1992``, ``18/3/1992``, ``1992`` or none.

    Raises ``StructureError`` for any other text. A format must remove a suffix that names the kind of act.
    """
    if not text.strip():
        return None, "unknown"
    found = next((match for form in (_ISO, _WORDS, _SLASHES) if (match := form.fullmatch(text.strip()))), None)
    if found is None:
        raise StructureError(f"{text!r} is not a date in a known form")
    month, day = found["month"], found["day"]
    try:
        exact = date(int(found["year"]), _month(month or "1"), int(day or 1))
    except ValueError as error:
        raise StructureError(f"{text!r} is not a date: {error}") from error
    return exact, "day" if day else "month" if month else "year"


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    for name, number in _MONTHS.items():
        if text.lower().startswith(name):
            return number
    raise ValueError(f"{text} is not a month")
