"""Tables of statistics and the reference tables that describe them. Pure functions from frames to frames."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from assets.normalise.receptions import NOT_PUBLISHED, Receptions, sources_by_indicator
from sources.catalogue import datasets
from sources.catalogue.model import Publisher
from warehouse import codes
from warehouse.contracts import Contract, contract, contracts
from warehouse.rows import in_parts

FIRST_YEAR = 1990

# If rows of one jurisdiction, indicator and year give several reasons, the first in this order is used.
_REASONS = ("suppressed", "not_applicable", "not_collected", "not_reported", "not_published", "fetch_failed")


@dataclass(frozen=True)
class DatasetFacts:
    """How the rows of a dataset were received: modes, editions, and the number of payloads in use."""

    mode: str
    edition: str | None
    payloads: int


def statistics() -> tuple[str, ...]:
    """The names of the tables of statistics."""
    return tuple(name for name, declared in contracts().items() if declared.kind == "statistics")


def rows_in_parts(observations: pl.LazyFrame, declared: Contract) -> Iterator[pl.DataFrame]:
    """A table of statistics or of law in the columns and order of its contract, in parts for ``Frames``.

    No row is marked as a headline figure yet.
    """
    if "period" in declared.field_names:
        year = pl.col("period").dt.year().cast(pl.Int64)
        observations = observations.with_columns(year=year, headline=pl.lit(value=False))
    return in_parts(observations.select(declared.field_names).cast(declared.polars_schema), declared.key)


def jurisdiction() -> pl.DataFrame:
    """Table ``jurisdiction``."""
    return in_contract(codes.areas().rename({"area": "jurisdiction"}), "jurisdiction")


def indicator() -> pl.DataFrame:
    """Table ``indicator``."""
    return in_contract(codes.indicators(), "indicator")


def code() -> pl.DataFrame:
    """Table ``code``: the small code lists, the areas and indicators, and the publishers of the catalogue."""
    empty = pl.lit(None, pl.String)
    areas = codes.areas().select(
        pl.lit("area").alias("code_list"),
        pl.col("area").alias("code"),
        "name_en",
        "name_zh",
        pl.col("note").alias("description"),
    )
    indicators = codes.named_indicators().select(
        pl.lit("indicator").alias("code_list"), pl.col("indicator").alias("code"), "name_en", "name_zh", "description"
    )
    known = {publisher.publisher: publisher for publisher, _ in datasets().values()}
    publishers = pl.DataFrame(
        {
            "code_list": ["publisher"] * len(known),
            "code": list(known),
            "name_en": [publisher.name["en"] for publisher in known.values()],
            "name_zh": [publisher.name.get("zh") for publisher in known.values()],
        }
    ).with_columns(empty.alias("description"))
    return in_contract(pl.concat([codes.codes(), areas, indicators, publishers], how="diagonal"), "code")


def dataset(facts: Mapping[str, DatasetFacts], observations: pl.LazyFrame) -> pl.DataFrame:
    """Table ``dataset``. ``observations`` has dataset and known_from of all rows of statistics and law."""
    counts = observations.group_by("dataset").agg(
        observations=pl.len().cast(pl.Int64), as_of=pl.col("known_from").max()
    )
    rows = [_dataset_row(name, publisher, facts[name]) for name, (publisher, _) in datasets().items()]
    frame = pl.DataFrame(rows, infer_schema_length=None).lazy().join(counts, on="dataset", how="left").collect()
    return in_contract(frame.with_columns(pl.col("observations").fill_null(0)), "dataset")


def _dataset_row(name: str, publisher: Publisher, facts: DatasetFacts) -> dict[str, object]:
    entry = publisher.datasets[name.partition("/")[2]]
    licence = publisher.licence_of(name.partition("/")[2])
    return {
        "dataset": name,
        "publisher": publisher.publisher,
        "title": entry.title,
        "table_name": entry.table,
        "homepage": publisher.homepage,
        "licence": licence.id,
        "licence_url": licence.url,
        "redistribution": licence.redistribution,
        "attribution": licence.attribution,
        "cadence": publisher.cadence,
        "territory": entry.territory or publisher.territory,
        "mode": facts.mode,
        "edition": facts.edition,
        "payloads": facts.payloads,
        "note": entry.notes,
    }


def coverage(observations: pl.LazyFrame, receptions: Receptions) -> pl.DataFrame:
    """Table ``coverage``: each of the 28 and the EU of 27 × each indicator × each year from ``FIRST_YEAR``.

    ``observations`` has jurisdiction, indicator, period, value, missing_reason and ``withheld``: whether the licence of
    its dataset keeps it out of releases. A missing figure has the reason of the datasets that could contain it, unless
    ``not_published.csv`` states that the jurisdiction does not publish it.
    """
    dated = observations.with_columns(year=pl.col("period").dt.year().cast(pl.Int64))
    reason_order = pl.Enum(_REASONS)
    found = (
        dated.group_by("jurisdiction", "indicator", "year")
        .agg(
            observations=pl.col("value").filter(~pl.col("withheld")).count().cast(pl.Int64),
            withheld=pl.col("value").filter("withheld").count() > 0,
            reason=pl.col("missing_reason").cast(reason_order, strict=False).min().cast(pl.String),
        )
        .collect()
    )
    last = found["year"].max()
    years = list(range(FIRST_YEAR, int(last) + 1)) if isinstance(last, int) else []
    scope = codes.areas().filter(
        pl.col("in_scope") & ((pl.col("kind") != "aggregate") | (pl.col("area") == "EU27_2020"))
    )
    grid = (
        scope.select(pl.col("area").alias("jurisdiction"))
        .join(codes.indicators().select("indicator"), how="cross")
        .join(pl.DataFrame({"year": years}, schema={"year": pl.Int64}), how="cross")
    )
    joined = (
        grid.join(found, on=["jurisdiction", "indicator", "year"], how="left")
        .join(codes.not_published(), on=["jurisdiction", "indicator"], how="left")
        .join(_default_reasons(grid, receptions), on=["jurisdiction", "indicator"], how="left")
        .with_columns(
            pl.col("observations").fill_null(0),
            absence_source=pl.when(pl.col("observations").fill_null(0) == 0).then("absence_source"),
        )
    )
    none = pl.when(pl.col("absence_source").is_not_null()).then(pl.lit(NOT_PUBLISHED)).otherwise("default_reason")
    state = (
        pl.when(pl.col("observations") > 0)
        .then(pl.lit("value"))
        .when("withheld")
        .then(pl.lit("withheld"))
        .otherwise(pl.col("reason").fill_null(none))
    )
    return in_contract(joined.with_columns(coverage=state), "coverage")


def _default_reasons(grid: pl.DataFrame, receptions: Receptions) -> pl.DataFrame:
    """The reason for a missing figure of each jurisdiction and indicator, from what was received of the datasets."""
    sources = sources_by_indicator(receptions)
    pairs = grid.select("jurisdiction", "indicator").unique(maintain_order=True)
    reasons = [
        receptions.reason((name, indicator, (jurisdiction,), ()) for name in sources.get(indicator, ())).code
        for jurisdiction, indicator in pairs.iter_rows()
    ]
    return pairs.with_columns(default_reason=pl.Series(reasons, dtype=pl.String))


def collected(table: str, parts: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """A table from the rows that each dataset or response has for it."""
    empty = pl.LazyFrame(schema=contract(table).polars_schema)
    return in_contract(pl.concat([empty, *parts]).collect(), table)


def unmatched_code(parts: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """Table ``unmatched_code``: the codes that no crosswalk has, in used payloads and in those not used for them."""
    empty = pl.LazyFrame(schema=contract("unmatched_code").polars_schema)
    found = pl.concat([empty, *parts]).collect()
    # Two requests may have the same response.
    return in_contract(found.unique(contract("unmatched_code").key, keep="first"), "unmatched_code")


def in_contract(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows in the columns, types and order of a table's contract."""
    declared = contract(table)
    return frame.select(declared.field_names).cast(declared.polars_schema).sort(declared.key)
