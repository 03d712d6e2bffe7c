"""Rules on tables, each with the reason why it exists, and quality pages that show their outcomes.

``rules_of`` lists the rules of a table without importing Great Expectations, ``validate`` checks a table against them,
``broken_by_row`` checks the rows of one payload against the rules that a row breaks by itself, and ``write_pages``
writes the outcomes of several tables as pages. Rules are in one module a theme: ``contract`` and ``values`` (contract
and form), ``totals``, ``unmatched``, ``drift``, ``law``, ``prose``, ``comparison`` and ``headline``.
"""

from expectations.pages import write_pages
from expectations.rule import Facts, Rule
from expectations.validation import Outcome, broken_by_row, facts, rules_of, validate

__all__ = ["Facts", "Outcome", "Rule", "broken_by_row", "facts", "rules_of", "validate", "write_pages"]
