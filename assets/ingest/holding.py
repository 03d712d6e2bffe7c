"""Figures of prose that are held back: the responses of a dataset without them, and rows of table ``held_figure``."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from assets.ingest.stored import ReadResponse
from assets.normalise.plausibility import judge, name_of
from sources.catalogue import datasets
from sources.prose.statements import statements
from warehouse.contracts import Contract, contract

Responses = dict[str, list[ReadResponse]]


@dataclass(frozen=True)
class AcceptedFigure:
    """Why and when a person accepted a figure that is held back."""

    because: str
    at: str


def is_prose(name: str) -> bool:
    """Whether the payloads of ``publisher/dataset`` are documents of prose."""
    publisher, entry = datasets()[name]
    return publisher.endpoints[entry.endpoint].articles is not None and publisher.publisher in statements()


def hold_back(
    name: str, responses: Responses, accepted: Mapping[str, AcceptedFigure]
) -> tuple[Responses, pl.DataFrame]:
    """The responses without the figures that are not plausible, and these figures as rows of table ``held_figure``."""
    nothing = pl.DataFrame(schema=contract("held_figure").polars_schema)
    if not is_prose(name):
        return responses, nothing
    publisher, entry = datasets()[name]
    declared = contract(entry.table)
    candidates = pl.concat(
        [
            pl.LazyFrame(schema=declared.stored_schema | {"why": pl.String}),
            *(response.candidates for archived in responses.values() for response in archived),
        ]
    ).collect()
    reasons = judge(candidates, declared, statements()[publisher.publisher], frozenset(accepted))
    if not reasons:
        return responses, nothing
    sentences = pl.concat([response.sentences for archived in responses.values() for response in archived]).collect()
    rows = _rows(candidates, reasons, accepted, sentences, declared)
    places = set(rows.select("payload", "locator").iter_rows())
    accepted_places = set(
        rows.filter(pl.col("accepted_because").is_not_null()).select("payload", "locator").iter_rows()
    )
    judged = {
        key: [response.judged(places, accepted_places) for response in archived] for key, archived in responses.items()
    }
    return judged, rows


def _rows(
    candidates: pl.DataFrame,
    reasons: Mapping[str, str],
    accepted: Mapping[str, AcceptedFigure],
    sentences: pl.DataFrame,
    declared: Contract,
) -> pl.DataFrame:
    """The figures with a reason as rows of table ``held_figure``."""
    table = contract("held_figure")
    figure = pl.struct("payload", "locator").map_elements(lambda at: name_of(**at), return_dtype=pl.String)
    because = {name: given.because for name, given in accepted.items()}
    at = {name: given.at for name, given in accepted.items()}
    return (
        candidates.drop("why")
        .with_columns(figure=figure)
        .filter(pl.col("figure").is_in(list(reasons)))
        .unique(["payload", "locator"], keep="first", maintain_order=True)
        .join(sentences.unique(["payload", "locator"]), on=["payload", "locator"], how="left")
        .with_columns(
            held_value="value",
            table_name=pl.lit(declared.table),
            dimensions=declared.dimensions_text,
            why=pl.col("figure").replace_strict(reasons, return_dtype=pl.String),
            accepted_because=pl.col("figure").replace_strict(because, default=None, return_dtype=pl.String),
            accepted_at=pl.col("figure")
            .replace_strict(at, default=None, return_dtype=pl.String)
            .str.to_datetime("%+", time_unit="us", time_zone="UTC"),
        )
        .with_columns(pl.col("title").fill_null("untitled"))
        .select(table.field_names)
        .cast(table.polars_schema)
    )
