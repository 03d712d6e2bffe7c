"""The state of reading one sentence, and the choice of the statement of a clause."""

from dataclasses import replace

from sources.prose.clauses.endings import OF_THEM, ends_clause
from sources.prose.clauses.matching import Found, Grammar
from sources.prose.clauses.thread import Outcome, Reading, Thread
from sources.prose.language.quantities import Quantity, figure
from sources.prose.language.sentences import is_in_brackets
from sources.prose.language.time_expressions import TimeExpression
from sources.prose.statements import Form, Statement


class State:
    """A sentence that is read up to the position ``at``.

    ``run`` are the figures that a change or a list of shares may be of. ``verbs`` are the classes of the last verb.
    """

    def __init__(self, grammar: Grammar, text: str, thread: Thread, at: int) -> None:
        self.grammar, self.text, self.thread, self.at = grammar, text, thread, at
        self.verbs: frozenset[str] = frozenset()
        self.run: list[Reading] = []
        self.mean: Quantity | None = None
        self.out = Outcome()
        self._before_bracket: list[TimeExpression] | None = None

    def region(self, quantity: Quantity) -> str:
        """Return the text from the end of the clause before to a quantity."""
        return self.text[self.at : quantity.start]

    def is_last_of_clause(self, quantity: Quantity) -> bool:
        """Return whether the clause ends after a quantity."""
        return ends_clause(self.text[quantity.unit_end :])

    def leave_bracket(self, quantity: Quantity) -> None:
        """Keep the times of a part in brackets inside of it: 占63.9%(2020年为45.4%),居住在乡村的人口为5.1亿人."""
        inside = is_in_brackets(self.text, quantity.start)
        if inside and self._before_bracket is None:
            self._before_bracket = list(self.out.times)
        elif not inside and self._before_bracket is not None:
            self.out.times, self._before_bracket = self._before_bracket, None

    def read_statement(self, region: str, quantity: Quantity) -> int:
        """Read the figure of a statement; return 1, or 0 if the clause is no statement or a part of a mean."""
        chosen = self.choose(region, quantity)
        if not chosen or any(self._of_mean(one, quantity) for one in chosen):
            return 0
        times = tuple(self.out.times)
        self.out.readings += [Reading(one, quantity, one.times, times) for one in chosen[1:]]
        self.keep(chosen[0], quantity)
        return 1

    def choose(self, region: str, quantity: Quantity, sentence: str | None = None) -> list[Found]:
        """Return the statements of a clause with the longest subject, if their whole is the right one.

        The words after the quantity are those of ``sentence``, or of the sentence that is read.
        """
        if OF_THEM.match(sentence or self.text, quantity.unit_end) and (self.thread.broken or not self.thread.begun):
            return []  # 981,000 of them is a part of a figure that is not read
        elided = self._with_elided_unit(region, quantity)
        last = self.run[-1].found if self.run else None
        possible = [
            one for one in self.grammar.matches(region, elided, sentence or self.text, last) if self._bound(one)
        ]
        longest = max((one.size for one in possible), default=0)
        chosen = [one for one in possible if one.size == longest]
        nearest = [one for one in chosen if self.thread.last in one.form.of]
        return list({one.name: one for one in nearest or chosen}.values())

    def keep(self, found: Found, quantity: Quantity) -> None:
        """Add a figure of a statement, and continue after its clause."""
        part = "link" in found.roles
        reading = Reading(found, quantity, found.times, tuple(self.out.times))
        self.out.readings.append(reading)
        self.out.times += found.times
        self.run = [reading] if part else [*self.run, reading]
        self.verbs = found.verbs or self.verbs
        self.thread.note(found, part=part)
        self.at = found.end

    def date_last(self, own: tuple[TimeExpression, ...], earlier: tuple[TimeExpression, ...]) -> None:
        """Give the last figure other times."""
        self.out.readings[-1] = self.run[-1] = replace(self.run[-1], own=own, earlier=earlier)

    def skip_aside(self, skipped: list[Quantity], why: str) -> None:
        """Leave quantities unread whose times are valid for no other figure, and continue after them."""
        self.out.unread += [(one, why) for one in skipped]
        self.go_aside(skipped[-1].unit_end)

    def go_aside(self, end: int) -> None:
        """Continue at a position; the times before it are valid for no other figure."""
        self.out.aside.append((self.at, end))
        self.at = end

    def _with_elided_unit(self, region: str, quantity: Quantity) -> Quantity:
        """Return the quantity with the unit of the last total, if it is a part of it and has a multiplier only."""
        if quantity.unit or not quantity.scaled or "其中" not in region or not self.run:
            return quantity
        return replace(quantity, unit=self.run[-1].quantity.unit)

    def _of_mean(self, found: Found, quantity: Quantity) -> bool:
        """Return whether a part may be one of the mean or peak before it: it is not larger than that."""
        part = bool(found.form.of) or "link" in found.roles
        if self.mean is None or not part or quantity.unit != self.mean.unit:
            return False
        return figure(quantity.text).value <= figure(self.mean.text).value

    def _bound(self, found: Found) -> bool:
        """Return whether the verb of a clause and the whole that it is a part of are the right ones."""
        if "link" in found.roles and self.thread.begun and not self._is_part(found):
            return False
        return self._has_verb(found) and self._has_whole(found)

    def _has_verb(self, found: Found) -> bool:
        """Return whether a clause has a verb of its statement, inherits one, or needs none."""
        allowed = found.form.verb
        free = not self.verbs and not self.grammar.verbs_needed
        inherited = not allowed or found.verbs or free or self.verbs & set(allowed)
        return bool(inherited) or self._follows_whole(found.form)

    def _has_whole(self, found: Found) -> bool:
        """Return whether a clause is no part, or follows a whole that it may be a part of."""
        form = found.form
        if form.adjacent or form.directly:
            return self.thread.last in form.of
        if not form.of or found.topic or self.thread.last == found.name or self._follows_whole(form):
            return True
        of_its_own = not self.thread.begun or (found.verbs and "link" not in found.roles)
        return bool(form.alone and of_its_own)

    def _follows_whole(self, form: Form) -> bool:
        """Return whether the last figure or the last total is a whole of a form."""
        return bool({self.thread.last, self.thread.head} & set(form.of))

    def _is_part(self, found: Found) -> bool:
        """Return whether a clause with 其中 is a part of the last total, which it names or which is counted alike."""
        head = self.thread.head
        if self.thread.broken or head is None:
            return False
        if {self.thread.last, head} & {*found.form.of, *found.form.within}:
            return True
        whole = self.grammar.statements.get(head)
        return whole is not None and not found.form.of and _covers(head, whole, found)


def _covers(name: str, whole: Statement, part: Found) -> bool:
    """Return whether a total counts a part by the same definition, and nothing that the part is not."""
    fixed = whole.fixed
    kept = all(fixed[name] in ("_T", "_Z", part.fields[name]) for name in whole.fields if name != "partner_role")
    partial = any({*form.of, *form.within} - {name} for form in whole.all_forms)
    return kept and whole.definition == part.declared.definition and not partial
