"""Rules on what was received but not used: cells with unknown codes, unread sentences, and figures held back."""

import polars as pl

from expectations.rule import Rules, Table

# More sentences with figures than the longest communiqué has about other subjects.
MOST_UNREAD = 500

RULES = Rules()


@RULES.add(
    severity="warning",
    reason="Cells with a code that no crosswalk has are in no other table. A person must decide how to translate each "
    "such code.",
    tables=("unmatched_code",),
    shows=("cells",),
)
def no_unmatched_codes(table: Table) -> pl.LazyFrame:
    """Codes that no crosswalk has."""
    return table.rows.filter(pl.col("cells") > 0)


@RULES.add(
    severity="error",
    reason="A document with hundreds of sentences that no statement matches is not the document for which the "
    "statements were declared.",
    tables=("unread_sentence",),
)
def few_unread_sentences(table: Table) -> pl.LazyFrame:
    """Sentences of documents with more than 500 unread sentences, with their number."""
    return table.rows.with_columns(unread=pl.len().over("dataset", "payload")).filter(pl.col("unread") > MOST_UNREAD)


@RULES.add(
    severity="warning",
    reason="If no figure of a dataset was read from its documents, their wording changed, or they have another "
    "subject.",
    tables=("unread_sentence",),
)
def some_figures_read(table: Table) -> pl.LazyFrame:
    """Unread sentences of datasets without any observation."""
    return table.rows.filter(_observations(table) == 0)


@RULES.add(
    severity="warning",
    reason="A figure that is not plausible is in no other table until a person has looked at its document and accepts "
    "it with `corridor accept held_figure FIGURE --because REASON`.",
    tables=("held_figure",),
    shows=("figure", "indicator", "period", "held_value", "why"),
)
def no_new_held_figures(table: Table) -> pl.LazyFrame:
    """Figures that are held back, that nobody accepted, and that were not held back in the last release."""
    held = table.rows.filter(pl.col("accepted_because").is_null())
    if table.facts.previous is None:
        return held
    return held.join(table.facts.previous.select(table.contract.key), on=table.contract.key, how="anti")


def _observations(table: Table) -> pl.Expr:
    """The number of observations of a row's dataset."""
    dataset = pl.col("dataset").cast(pl.String)
    return dataset.replace_strict(table.facts.observations, default=0, return_dtype=pl.Int64)
