"""What is read of a sentence: figures with their statements, their changes, and the thread of the paragraph."""

from dataclasses import dataclass, field

from sources.prose.clauses.matching import Found
from sources.prose.language.quantities import Quantity
from sources.prose.language.time_expressions import TimeExpression


@dataclass(frozen=True)
class Reading:
    """A figure of a sentence as it is read, with its statement, its clause and its times.

    The period of a figure in brackets is that of the figure before it, ``like``, in another ``year``.
    """

    found: Found
    quantity: Quantity
    own: tuple[TimeExpression, ...]
    earlier: tuple[TimeExpression, ...]
    like: "Reading | None" = None
    year: str = ""
    part_of_time: bool = False


@dataclass(frozen=True)
class Change:
    """The printed change of a figure on the year before, in percent."""

    reading: Reading
    quantity: Quantity
    falls: bool


@dataclass
class Thread:
    """What a paragraph is about: the last statement that was read, the last total, and whether a figure was unread."""

    last: str | None = None
    head: str | None = None
    found: Found | None = None
    broken: bool = False
    begun: bool = False

    def note(self, found: Found, *, part: bool) -> None:
        """Keep a statement as the last one, and as the last total if it is no part of another."""
        self.begun, self.broken, self.last, self.found = True, False, found.name, found
        if not found.form.of and not part:
            self.head = found.name
        elif self.head is None and found.form.of:
            self.head = found.form.of[0]

    def unread(self) -> None:
        """Keep that a figure was not understood: what is a part of it is not understood either."""
        self.begun, self.broken, self.last, self.head, self.found = True, True, None, None, None


@dataclass
class Outcome:
    """The figures of a sentence, their changes, the quantities that are unread with the reason, and the times.

    ``aside`` are the spans of means, peaks and comparisons: their times are valid for no other figure.
    """

    readings: list[Reading] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unread: list[tuple[Quantity, str]] = field(default_factory=list)
    times: list[TimeExpression] = field(default_factory=list)
    aside: list[tuple[int, int]] = field(default_factory=list)
