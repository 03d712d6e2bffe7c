"""The base class of all of Corridor's errors, and the errors of storing data. Each message is one sentence."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class CorridorError(Exception):
    """An expected failure. Its message states what happened and where, and is shown to the user without a traceback."""


class WarehouseError(CorridorError):
    """Stored data is missing, damaged or contradictory."""


class ArchiveError(WarehouseError):
    """A payload or a line of the ledger cannot be stored or found."""


class BusyError(WarehouseError):
    """Another build holds the lock of the same data."""


class ContractError(WarehouseError):
    """A contract contradicts itself, or a table does not satisfy its contract."""


class ReleaseError(WarehouseError):
    """A release cannot be made, or its files differ from its index."""


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """The end of an error about a name that is not known: the names that are like it, or another hint if none is."""
    by_lower = {each.lower(): each for each in known}
    if name.lower() in by_lower:
        return f"did you mean {by_lower[name.lower()]}?"
    near = [by_lower[each] for each in get_close_matches(name.lower(), by_lower, n=3)]
    return f"did you mean {', '.join(near)}?" if near else otherwise


def shortened(items: Sequence[object], most: int, separator: str = ", ") -> str:
    """The first of some items in one text, with the number of the others: ``a, b and 3 more``."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return f"{separator.join(map(str, items[:most]))}{more}"


def counted(number: int, noun: str) -> str:
    """A number with its noun in the singular or the plural: ``1 row``, ``2,345 rows``."""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"
