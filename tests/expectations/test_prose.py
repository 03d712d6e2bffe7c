"""Rules on figures from prose: the sums on the snapshot are correct, and a figure that breaks one is found."""

from datetime import UTC, date, datetime
from functools import cache

import polars as pl
import pytest

from assets.normalise.codes import Origin
from assets.normalise.statistics import observations_of
from sources import reading, snapshot
from sources.catalogue import publishers
from tests.support.frames import failing_rows

NOWHERE = Origin("0" * 64, datetime(2026, 11, 1, tzinfo=UTC))


@cache
def snapshot_rows(table: str) -> pl.DataFrame:
    """The observations of a table from the payloads of figures in the snapshot."""
    parts = []
    for payload in snapshot.payloads():
        publisher = publishers()[payload.publisher]
        if payload.slice == "figures" and publisher.datasets[payload.dataset].table == table:
            with reading.opened(payload.path) as plain:
                parts.append(observations_of(reading.read(plain), publisher, payload.dataset, NOWHERE).observations)
    return pl.concat(parts)


BROKEN = {
    "outgoing_and_local_make_migrant_workers": ("internal_migration", {"indicator": "migrant_workers"}, 16),
    "regions_make_migrant_workers": ("internal_migration", {"indicator": "migrant_workers", "freq": "A"}, 2),
    "moves_between_and_within_provinces_make_total": (
        "internal_migration",
        {"indicator": "floating_population", "freq": "D"},
        1,
    ),
    "floating_and_in_city_make_hukou_separated": (
        "internal_migration",
        {"indicator": "hukou_separated", "freq": "D"},
        1,
    ),
    "provinces_make_hukou_separated": (
        "internal_migration",
        {"jurisdiction": "CHN", "indicator": "hukou_separated", "freq": "D"},
        1,
    ),
    "purposes_make_census_total": ("migrant_stock", {"purpose": "STUDY"}, 2),
    "stays_make_census_total": ("migrant_stock", {"stay": "Y_GE5"}, 2),
    "origins_make_census_total": ("migrant_stock", {"partner": "TWN"}, 2),
    "citizenships_make_census_foreigners": ("migrant_stock", {"partner": "KOR"}, 1),
    "provinces_make_census_total": ("migrant_stock", {"jurisdiction": "CHN-440000"}, 2),
    "groups_make_border_inspections": ("border_crossing", {"person_group": "MAINLAND", "freq": "A"}, 4),
    "border_residents_make_foreigners": ("border_crossing", {"person_group": "FOR_BR", "freq": "A"}, 1),
    "changes_agree_with_levels": ("border_crossing", {"indicator": "border_inspections_growth", "freq": "A"}, 3),
}


@pytest.mark.parametrize(("name", "table"), [(name, table) for name, (table, _, _) in BROKEN.items()], ids=BROKEN)
def test_the_figures_of_the_snapshot_add_up(name: str, table: str) -> None:
    assert failing_rows(name, table, snapshot_rows(table)).is_empty()


@pytest.mark.parametrize(("name", "broken"), BROKEN.items(), ids=BROKEN)
def test_figures_that_do_not_add_up_are_found(name: str, broken: tuple[str, dict[str, str], int]) -> None:
    table, where, times = broken
    hit = pl.all_horizontal(pl.col(field) == code for field, code in where.items())
    if table == "internal_migration":
        hit &= (pl.col("partner") == "_Z") & (pl.col("move") == "_T")
    more = [pl.when(hit).then(pl.col(bound) * 1.3).otherwise(bound).alias(bound) for bound in BOUNDS]
    found = failing_rows(name, table, snapshot_rows(table).with_columns(more))
    assert found.height >= times


BOUNDS = ("value", "value_min", "value_max")


def test_figures_of_the_census_year_are_a_break() -> None:
    rows = snapshot_rows("internal_migration").filter(
        pl.col("indicator").is_in(["hukou_separated", "floating_population"])
    )
    first = rows.filter(pl.col("period") >= date(2020, 1, 1), pl.col("period") < date(2021, 1, 1))
    assert set(first["obs_status"]) == {"B"}


def test_figures_of_the_census_are_preliminary() -> None:
    assert set(snapshot_rows("migrant_stock")["obs_status"]) == {"P"}


def test_bounds_come_from_the_wording() -> None:
    ports = snapshot_rows("visa").filter(pl.col("document") == "PORT_VISA", pl.col("freq") == "Q").row(0, named=True)
    assert (ports["value"], ports["value_min"], ports["value_max"]) == (9500.0, 9500.0, None)
