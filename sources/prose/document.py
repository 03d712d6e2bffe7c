"""A document of prose: its article, the statements of its publisher and its day of publication."""

from datetime import date
from typing import NamedTuple

from sources.prose.article import Article
from sources.prose.statements import Statements, statements


class Document(NamedTuple):
    """An article, the statements that it is read by, and the day of its publication."""

    page: Article
    known: Statements
    day: date | None

    @property
    def whole(self) -> str:
        """The title and the text."""
        return f"{self.page.title}\n{self.page.text}"


def publisher_of(page: Article) -> Statements | None:
    """Return the statements of the publisher that the page names, or None.

    The site is searched first, then the title, then the text. The name counts only if it is the name of one publisher.
    """
    for searched in (page.site, page.title, page.text):
        found = [known for known in statements().values() if any(name in searched for name in known.issuers)]
        if len(found) == 1:
            return found[0]
    return None
