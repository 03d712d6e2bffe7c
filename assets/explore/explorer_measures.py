"""The list of measures of ``explorer.html``: the measures of the comparison, and the other headline indicators."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.compare.question import member_states
from assets.explore.explorer_data import ALL_PARTNERS, Json, by_partner, shown_rows
from warehouse import codes
from warehouse.codes import CHINA
from warehouse.headline import headline_indicators
from warehouse.measures import Measure, measures
from warehouse.rows import Tables

# The partners that every list of partners begins with.
FIRST = (ALL_PARTNERS, CHINA)
# The number of headline figures that fit in the page, at two to three bytes each, and the lengths of lists of partners
# that are tried.
MOST_ROWS = 900_000
LISTED = (1000, 100, 50, 20, 10, 5)


def measure_list(tables: Tables) -> list[Json]:
    """Every measure of the comparison and every headline indicator, with names, theme, unit and partners."""
    partners = _partners(tables)
    own = {name: _indicator_of(name, entry.name["en"]) for name, entry in measures().items()}
    listed = [
        _measure(row, measures()[row["measure"]], own[row["measure"]], partners)
        for row in tables["measure"].collect().iter_rows(named=True)
    ]
    shown = {name for pair in own.items() for name in pair if name}
    rest = [entry for entry in _indicators(tables, partners) if entry["id"] not in shown]
    single = {
        True: _of_one_jurisdiction(tables["comparison"], "measure"),
        False: _of_one_jurisdiction(shown_rows(tables), "indicator"),
    }
    themes = list(dict.fromkeys(entry.theme for entry in measures().values()))
    order = {name: at for at, name in enumerate(measures())}
    return sorted(
        [entry | {"single": entry["id"] in single[entry["compared"]]} for entry in (*listed, *rest)],
        key=lambda entry: (
            themes.index(entry["theme"]) if entry["theme"] in themes else len(themes),
            order.get(entry["id"], len(order)),
            entry["id"],
        ),
    )


def _of_one_jurisdiction(rows: pl.LazyFrame, key: str) -> set[str]:
    """The measures with figures of one jurisdiction only, so that there is nothing to compare."""
    known = rows.filter(pl.col("value").is_not_null(), pl.col("jurisdiction").is_in([CHINA, *member_states()]))
    counted = known.group_by(key).agg(places=pl.col("jurisdiction").n_unique())
    return set(counted.filter(pl.col("places") == 1).collect()[key])


def _measure(row: Mapping[str, Any], entry: Measure, indicator: str | None, partners: Mapping[str, list[str]]) -> Json:
    found = [code for code in partners.get(indicator or "", []) if code != ALL_PARTNERS]
    return {
        "id": row["measure"],
        "theme": row["theme"],
        "unit": row["unit"],
        "name": [row["name_en"], row["name_zh"]],
        "description": row["description"],
        "not_for": row["not_for"],
        "formula": [entry.formula.first, entry.formula.second] if entry.formula else None,
        "rate": bool(row["per_population"]),
        "ranked": entry.ranked,
        "compared": True,
        "about_china": _is_about_china(entry),
        "indicator": indicator if found else None,
        "partners": [ALL_PARTNERS, *found],
    }


def _is_about_china(entry: Measure) -> bool:
    """Whether the partner of a measure is China, for example in the number of residents who were born there."""
    if entry.formula:
        return _is_about_china(measures()[entry.formula.first])
    return bool(entry.sources) and all(tuple(source.partner) == (CHINA,) for source in entry.sources)


def _indicator_of(name: str, label: str) -> str | None:
    """The headline indicator that counts the same by partner: the one with the same code or the same name."""
    if name in headline_indicators():
        return name
    named = {row["name_en"]: row["indicator"] for row in codes.named_indicators().iter_rows(named=True)}
    found = named.get(label)
    return found if found in headline_indicators() else None


def _indicators(tables: Tables, partners: Mapping[str, list[str]]) -> Iterator[Json]:
    """The headline indicators that have figures for a shown jurisdiction."""
    rows = tables["indicator"].collect()
    described = dict(rows.select("indicator", "description").iter_rows())
    names = (
        shown_rows(tables)
        .group_by("indicator")
        .agg(pl.col("theme", "indicator_en", "indicator_zh").first(), pl.col("unit").drop_nulls().min())
    )
    for row in names.sort("indicator").collect().iter_rows(named=True):
        yield {
            "id": row["indicator"],
            "theme": row["theme"],
            "unit": row["unit"],
            "name": [row["indicator_en"], row["indicator_zh"] or row["indicator_en"]],
            "description": described.get(row["indicator"]),
            "not_for": None,
            "formula": None,
            "rate": False,
            "ranked": True,
            "compared": False,
            "indicator": row["indicator"],
            "partners": partners[row["indicator"]],
        }


def _partners(tables: Tables) -> dict[str, list[str]]:
    """The partners of each headline indicator: all together, China, then the others by code.

    If there are more rows than the page can hold, only the largest of the other partners are listed.
    """
    found = (
        by_partner(tables)
        .group_by("indicator", "partner")
        .agg(rows=pl.len(), size=pl.col("value").abs().sum())
        .sort("indicator", pl.col("partner").is_in(FIRST), "size", "partner", descending=[False, True, True, False])
        .with_columns(place=pl.int_range(pl.len()).over("indicator"))
        .collect()
    )
    fitting = [most for most in LISTED if found.filter(pl.col("place") < most)["rows"].sum() <= MOST_ROWS]
    kept = found.filter(pl.col("place") < max(fitting, default=len(FIRST)))
    return {
        str(name): sorted(rows["partner"], key=lambda code: (code not in FIRST, code != ALL_PARTNERS, code))
        for (name,), rows in kept.group_by("indicator", maintain_order=True)
    }
