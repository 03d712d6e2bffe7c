"""What a rule is, what it reads, and the list in which a module registers its rules next to their functions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import polars as pl

from warehouse.contracts import Contract
from warehouse.rows import compact, groups

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Facts:
    """What a table is compared with, other than its own rows.

    ``lists``: code list → its codes. ``units``: indicator → its unit. ``members``: aggregate → its member states.
    ``previous``: the table in the last release, if it is there with the same key. ``observations``: dataset → number
    of its cells that became observations.
    """

    lists: Mapping[str, frozenset[str]]
    units: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    previous: pl.LazyFrame | None = None
    observations: Mapping[str, int] = field(default_factory=dict)


# A large table is checked in parts with all rows of some values of this field.
PART_FIELD = "jurisdiction"


@dataclass(frozen=True)
class Table:
    """A table that is checked: its rows, its contract, and the facts that it is compared with."""

    rows: pl.LazyFrame
    contract: Contract
    facts: Facts

    def parts(self) -> Iterator["Table"]:
        """The table in parts of about ``PART_ROWS`` rows, in memory and with categories for strings.

        A part has all rows of some jurisdictions, also of the previous release. A small table is one part, and so is a
        table that is not of statistics, because its rows are compared across jurisdictions.
        """
        divided = self.contract.kind == "statistics" and PART_FIELD in self.rows.collect_schema()
        for chosen in groups(self.rows, PART_FIELD) if divided else [pl.lit(value=True)]:
            before = self.facts.previous
            facts = self.facts if before is None else replace(self.facts, previous=before.filter(chosen))
            yield Table(compact(self.rows.filter(chosen)).lazy(), self.contract, facts)


# Selects the failing rows of a table: its columns, and further columns with what was expected.
Failing = Callable[[Table], pl.LazyFrame]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as it is shown to people.

    ``severity``: a failing rule of severity ``error`` holds the release back, a warning is only shown. ``reason``: why
    the rule exists. ``part_of_contract``: the rule follows from the contract of the table or checks only the form of
    its values; such a rule is always an error.
    """

    name: str
    severity: Severity
    reason: str
    part_of_contract: bool = False


@dataclass(frozen=True, kw_only=True)
class RowRule(Rule):
    """A rule with the function that selects the failing rows.

    It applies to tables with all fields in ``needs`` and, if ``tables`` is not empty, only to those tables. ``shows``:
    fields of a failing row that are shown next to its key and value. ``across``: the rule compares rows of several
    jurisdictions, so that it is evaluated on the whole table and not on its parts. ``of_row``: a row breaks the rule by
    itself, so that a payload with such a row can be refused before it reaches a table.
    """

    failing: Failing
    needs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    across: bool = False
    of_row: bool = False

    def applies(self, contract: Contract) -> bool:
        """Whether the rule applies to the table of a contract."""
        return (not self.tables or contract.table in self.tables) and set(self.needs) <= set(contract.field_names)


class Rules(list[RowRule]):
    """The rules of one module, in the order in which they are registered."""

    def add(  # noqa: PLR0913 - one argument for each field of a rule
        self,
        *,
        severity: Severity,
        reason: str,
        name: str = "",
        needs: tuple[str, ...] = (),
        tables: tuple[str, ...] = (),
        shows: tuple[str, ...] = (),
        part_of_contract: bool = False,
        across: bool = False,
        of_row: bool = False,
    ) -> Callable[[Failing], Failing]:
        """Return a decorator that registers a function as a rule; the name of the rule is that of the function."""

        def register(failing: Failing) -> Failing:
            self.append(
                RowRule(
                    name=name or failing.__name__,
                    severity=severity,
                    reason=reason,
                    failing=failing,
                    needs=needs,
                    tables=tables,
                    shows=shows,
                    part_of_contract=part_of_contract,
                    across=across,
                    of_row=of_row,
                )
            )
            return failing

        return register
