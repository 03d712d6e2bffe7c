"""The figures and the law that ``explorer.html`` holds, as compact JSON.

Series are stored by measure, jurisdiction and partner, as lists over consecutive years. The facts that many figures
share (dataset, counting rule, grade, flags, reason) are in a list ``facts``, and each figure has a position in it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from assets.compare.grades import ATTRIBUTES, counting_rules, differences, with_grades
from assets.compare.question import ALTERNATIVE, STATE, member_states
from warehouse.codes import CHINA, UNION
from warehouse.headline import REST, headline_indicators
from warehouse.measures import TOTAL
from warehouse.rows import Tables

Json = dict[str, Any]

# What a figure has besides its value. The script reads the facts in this order.
FACTS = (
    *("source_table", "dataset", "indicator", "definition", "grade", "grade_reasons", "flags"),
    *("missing_reason", "because", "made", "missing_members", "known"),
)
ALL_PARTNERS = "_T"
# The lists of a series of the comparison: names in the page, and columns.
LISTS = {
    "v": "value",
    "f": "fact",
    "r": "rate",
    "k": "rank",
    "n": "ranked",
    "a": "value_min",
    "z": "value_max",
}


def places() -> list[str]:
    """China, the Union and the 27 member states."""
    return [CHINA, UNION, *member_states()]


def shown_rows(tables: Tables) -> pl.LazyFrame:
    """Rows of ``headline`` of the shown jurisdictions."""
    return tables["headline"].filter(pl.col("jurisdiction").is_in(places()))


def by_partner(tables: Tables) -> pl.LazyFrame:
    """Rows of ``headline``, and the totals over all partners as rows with the partner ``_T``."""
    rows = shown_rows(tables).select(
        *("indicator", "jurisdiction", "partner", "year", "value", "value_min", "value_max", "unit", "all_partners"),
        *("source_table", "dataset", "definition", "flags", "missing_reason", "because", "made"),
        known=pl.col("known_from").dt.date().cast(pl.String),
    )
    key = ("indicator", "jurisdiction", "year")
    unknown = (pl.col("partner") == REST) & pl.col("all_partners").is_null()
    total = pl.col("partner").is_in(TOTAL) | unknown
    kept = rows.with_columns(partner=pl.when(total).then(pl.lit(ALL_PARTNERS)).otherwise("partner"))
    summed = (
        rows.filter(~total, pl.col("all_partners").is_not_null())
        .group_by(key)
        .agg(
            pl.col("all_partners").max().alias("value"),
            pl.col("known").max(),
            *(pl.col(name).min() for name in ("unit", "source_table", "because", "dataset", "definition", "flags")),
        )
        .with_columns(partner=pl.lit(ALL_PARTNERS), made=pl.lit("partners"))
        .join(rows.filter(total), on=key, how="anti")
    )
    return pl.concat([kept.drop("all_partners"), summed], how="diagonal")


def comparison(tables: Tables) -> Json:
    """Every figure of table ``comparison`` for the shown jurisdictions: ``facts``, ``years`` and ``series``."""
    rows = (
        tables["comparison"]
        .filter(pl.col("jurisdiction").is_in(places()), pl.col("scope") != ALTERNATIVE)
        .with_columns(
            made=pl.when(pl.col("aggregation") != STATE)
            .then("aggregation")
            .when(pl.col("locator").is_null() & (pl.col("parts") > 1))
            .then(pl.lit("parts")),
            known=pl.col("known_from").dt.date().cast(pl.String),
        )
    )
    rows = rows.sort("measure", "jurisdiction", "year")
    frame, facts = _with_facts(rows.collect())
    first, last = int(frame["year"].min() or 0), int(frame["year"].max() or 0)  # type: ignore[arg-type]
    years = pl.DataFrame({"year": range(first, last + 1)}, schema={"year": pl.Int64})
    key = ["measure", "jurisdiction"]
    every = frame.select(key).unique(maintain_order=True).join(years, how="cross", maintain_order="left")
    whole = every.join(frame, on=[*key, "year"], how="left", maintain_order="left")
    lists = whole.with_columns(pl.col("fact").cast(pl.Int64).fill_null(-1)).group_by(key, maintain_order=True)
    series: Json = {}
    for measure, place, *own in lists.agg(LISTS.values()).iter_rows():
        series.setdefault(measure, {})[place] = _series(own)
    return {"facts": facts, "first": first, "series": series}


def alternatives(tables: Tables) -> Json:
    """The figures of other sources for a measure and jurisdiction: year, value, grade, reasons, dataset, definition."""
    fields = ("year", "value", "grade", "grade_reasons", "dataset", "definition")
    rows = tables["comparison_alternative"].filter(pl.col("jurisdiction").is_in(places()))
    found: Json = {}
    ordered = rows.sort("measure", "jurisdiction", "year", "source_order").select("measure", "jurisdiction", *fields)
    for measure, place, *row in ordered.collect().iter_rows():
        found.setdefault(measure, {}).setdefault(place, []).append(row)
    return found


def by_indicator(tables: Tables, listed: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """The figures of each headline indicator in the list of measures, by jurisdiction and partner."""
    named = {entry["indicator"]: entry["compared"] for entry in listed if entry["indicator"]}
    pairs = [(entry["indicator"], partner) for entry in listed if entry["indicator"] for partner in entry["partners"]]
    wanted = pl.LazyFrame(pairs, schema={"indicator": pl.String, "partner": pl.String}, orient="row")
    shown = by_partner(tables).join(wanted, on=["indicator", "partner"], how="semi")
    rows = _graded(shown).collect(engine="streaming")
    rows = rows.sort("indicator", "jurisdiction", "partner", "year")
    for (name,), own in rows.group_by("indicator", maintain_order=True):
        kept = own.filter(pl.col("partner") != ALL_PARTNERS) if named[str(name)] else own
        frame, facts = _with_facts(kept.with_columns(missing_members=pl.lit(None, pl.String)))
        yield str(name), {"facts": facts, "series": list(_packed(frame))}


def _packed(frame: pl.DataFrame) -> Iterator[list[Any]]:
    """Jurisdiction, partner, first year, values and facts of each series. Facts that are all equal are one number."""
    grouped = frame.group_by("jurisdiction", "partner", maintain_order=True).agg("year", "value", "fact")
    for place, partner, years, values, facts in grouped.iter_rows():
        positions = _spread(years, facts, -1)
        same = len(set(positions)) == 1
        shown = [_short(value) for value in _spread(years, values, None)]
        yield [place, partner, years[0], shown, positions[0] if same else positions]


def _spread(years: Sequence[int], items: Sequence[Any], gap: Any) -> list[Any]:  # noqa: ANN401 - any value of JSON
    """The items of some years as a list over all years from the first to the last."""
    if years[-1] - years[0] + 1 == len(years):
        return list(items)
    found = [gap] * (years[-1] - years[0] + 1)
    for year, item in zip(years, items, strict=True):
        found[year - years[0]] = item
    return found


def _series(lists: Sequence[list[Any]]) -> Json:
    """The lists of a series over all years, by their names in the page. Lists without any value are left out."""
    return {
        key: [_short(value, 6 if key == "r" else None) for value in values]
        for key, values in zip(LISTS, lists, strict=True)
        if key in ("v", "f") or any(value is not None for value in values)
    }


def _short(value: float | None, digits: int | None = None) -> float | int | None:
    """A number without a needless decimal point."""
    if value is None:
        return None
    if digits:
        value = float(f"{value:.{digits}g}")
    return int(value) if value == int(value) else value


def _with_facts(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[list[str | None]]]:
    """The frame with ``fact``, the position of the shared facts of a row, and the list of these facts."""
    known = frame.select(FACTS).unique(maintain_order=True).with_row_index("fact")
    joined = frame.join(known, on=FACTS, how="left", nulls_equal=True, maintain_order="left")
    return joined, [list(row[1:]) for row in known.iter_rows()]


def _graded(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of headline indicators with a grade against the counting rule that most figures of the indicator have."""
    base = {name: entry.of or name for name, entry in headline_indicators().items()}
    rules = counting_rules().rename({"indicator": "base"})
    used = rows.filter(pl.col("value").is_not_null()).group_by("indicator", "definition").len().drop_nulls()
    pairs = used.with_columns(base=pl.col("indicator").replace(base)).join(
        rules.lazy(), on=["base", "definition"], how="left"
    )
    ordered = pairs.sort("len", "definition", descending=[True, False])
    most = ordered.unique("indicator", keep="first", maintain_order=True)
    like = most.select("indicator", *(pl.col(name).alias(f"like_{name}") for name in ATTRIBUTES))
    compared = nw.from_native(pairs.join(like, on="indicator")).with_columns(**differences())
    grades = with_grades(compared).to_native().select("indicator", "definition", "grade", "grade_reasons")
    return rows.join(grades, on=["indicator", "definition"], how="left").with_columns(
        grade=pl.when(pl.col("value").is_not_null()).then("grade"),
        grade_reasons=pl.when(pl.col("value").is_not_null()).then("grade_reasons"),
    )
