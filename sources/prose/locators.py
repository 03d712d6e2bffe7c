"""Locators of figures in prose: a span of the normalised text and a power of ten, packed into one integer.

A locator is ``start << 24 | power << 16 | length``. ``power`` is 0 unless a table gives its figures in units of a
power of ten, for example 4 for a table in 万.
"""

_LENGTH_BITS = 24
_POWER_BITS = 16


def locate(start: int, length: int, power: int = 0) -> int:
    """Return the locator of a span whose figure is given in units of ten to ``power``."""
    return start << _LENGTH_BITS | power << _POWER_BITS | length


def span(locator: int) -> tuple[int, int]:
    """Return the first character of a locator's span and the one after the last, both 0-based."""
    start = locator >> _LENGTH_BITS
    return start, start + (locator & (1 << _POWER_BITS) - 1)


def power(locator: int) -> int:
    """Return the power of ten in whose units the figure of a locator is given."""
    return locator >> _POWER_BITS & (1 << _LENGTH_BITS - _POWER_BITS) - 1
