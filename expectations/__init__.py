"""What must hold: Great Expectations suites and domain identities, each with the reason it exists.

``names`` lists what a table is held to without importing Great Expectations, ``validate`` holds it to that,
``write_page`` shows a table's result as a page, and ``write_docs`` makes the Data Docs of several of them.
"""

from expectations.pages import write_docs, write_page
from expectations.rules import Facts
from expectations.validation import Outcome, facts, names, validate

__all__ = ["Facts", "Outcome", "facts", "names", "validate", "write_docs", "write_page"]
