"""Reader of prose: communiqués, reports and press releases, as pages or plain texts, read by declared statements.

A figure is read if the pattern of a statement matches and its period is named: in its sentence, in one before it in
the paragraph, in the title, or by the publisher's rule for the day of publication. Nothing is guessed. These are not
read: two different figures for one statement and period, a masked year, an unknown period. Sentences with figures
that were not read are in ``Cells.unread``. Two statements that claim one figure raise ``FormatError``.

The locator of a figure is its span in the normalised text (``locators``).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.prose.article import Article, article, beginning, is_table
from sources.prose.consistency import claimed, implausible, refuse_broken_sums, without_contradictions
from sources.prose.document import Document, publisher_of
from sources.prose.figures import Match, figures_of
from sources.prose.language.quantities import figure
from sources.prose.language.sentences import sentence_around
from sources.prose.locators import locate, power, span
from sources.prose.rows import BOUNDS, DIMENSIONS, StatedFigure, row
from sources.prose.statements import FIELDS, Statements, statements
from sources.prose.unread import unread_sentences

NAME = "prose"
CHINA = timezone(timedelta(hours=8))


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning suffices
    """Return whether the payload is a text or page that names one of the publishers of prose."""
    text = beginning(head)
    return not is_table(text) and any(name in text for known in statements().values() for name in known.issuers)


def read(path: Path) -> Cells:
    """Return the figures of a page that names its publisher; ``FormatError`` if it does not."""
    return read_statements(path)


def read_statements(path: Path, publisher: str | None = None, published: date | None = None) -> Cells:
    """Return the figures of a page or text as cells.

    ``publisher`` and ``published``, the day of publication, may be left out if the page states them. Dimensions are
    ``statement``, ``table`` (blank if the figure enters no table), the shared fields that the statement declares,
    ``counted`` (人次, 本, 证次), ``reads``, the English reading, and ``phrase``, the sentence. Rows also have ``least``
    and ``most``, the bounds that the wording leaves. ``FormatError`` if the publisher has no statements.
    """
    page = article(path)
    known = statements().get(publisher) if publisher else publisher_of(page)
    if known is None:
        raise FormatError(
            f"{publisher} has no statements to read prose by; those have {', '.join(statements())}"
            if publisher
            else f"the text does not name its publisher; read it as one of {', '.join(statements())}"
        )
    return interpreted(page, known, published or page.published)


def interpreted(page: Article, known: Statements, day: date | None) -> Cells:
    """Return the figures of an article by a publisher's statements: those that are read and those that are held."""
    found = figures_of(Document(page, known, day))
    consistent = sorted(without_contradictions(claimed(found.matches)), key=lambda match: match.start)
    doubtful = [(match, implausible(match)) for match in consistent if not match.why]
    held = [_row(page.text, match) | {"why": why} for match, why in doubtful if why]
    consistent = [replace(match, why=match.why or implausible(match)) for match in consistent]
    rows = [_row(page.text, match) for match in consistent if not match.why]
    refuse_broken_sums(rows, known)
    schema = dict.fromkeys(DIMENSIONS, pl.String()) | CORE | BOUNDS
    return Cells(
        format=NAME,
        frame=pl.LazyFrame(rows, schema=schema),
        dimensions=DIMENSIONS,
        dataset=page.title or None,
        updated=datetime.combine(day, time(), CHINA) if day else None,
        unread=unread_sentences(page.text, found.unread, consistent),
        held=pl.DataFrame(held, schema=schema | {"why": pl.String()}),
    )


def figures(cells: Cells) -> pl.DataFrame:
    """Return the figures of prose for display; ``span`` is the first character and the one after the last."""
    at = pl.col("locator").map_elements(lambda locator: "{}-{}".format(*span(locator)), return_dtype=pl.String)
    return (
        cells.frame.rename({"time": "period"})
        .with_columns(at.alias("span"))
        .select("statement", *FIELDS, "period", "value", "least", "most", "counted", "flag", "reads", "phrase", "span")
        .collect()
    )


def finder(path: Path) -> Callable[[int], str]:
    """Return a function from a locator to its number and its sentence, with the figure in brackets 【】."""
    text = article(path).text

    def find(locator: int) -> str:
        start, end = span(locator)
        if not text[start:end].strip():
            raise FormatError(f"there is no text at {start} to {end}")
        before, after = sentence_around(text, start, end)
        number = figure(text[start:end]).times(10 ** power(locator)).value
        return f"{number:.10g} {text[before:start]}【{text[start:end]}】{text[end:after]}"

    return find


def _row(text: str, match: Match) -> dict[str, object]:
    stated = StatedFigure(
        period=str(match.period),
        figure=figure(match.text).times(match.times),
        counted=match.unit,
        phrase=text[slice(*match.sentence)].strip(),
        locator=locate(match.start, len(match.text), match.declared.power),
    )
    return row(match.declared, stated) | match.fields | {"statement": match.statement}
