"""Figures of China's statistics bureau, read and normalised, compared with saved tables of its web service."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.ingest.bitemporal import REQUEST, State, apply_vintage, empty_state
from assets.normalise.codes import Origin
from assets.normalise.statistics import observations_of
from sources import reading, snapshot
from sources.catalogue import publishers
from warehouse.contracts import contract

pytestmark = pytest.mark.corpus

NEW = datetime(2026, 4, 12, tzinfo=UTC)
NAMES = {
    "年末总人口": ("population", "_T"),
    "年末常住人口": ("population", "_T"),
    "男性人口": ("population", "M"),
    "女性人口": ("population", "F"),
    "城镇人口": ("urban_population", "_T"),
    "乡村人口": ("rural_population", "_T"),
    "人口出生率": ("crude_birth_rate", "_T"),
    "人口死亡率": ("crude_death_rate", "_T"),
    "人口自然增长率": ("natural_increase_rate", "_T"),
    "入境游客": ("inbound_visitors", "_T"),
    "外国人入境游客": ("inbound_visitors", "FOR"),
    "港澳同胞入境游客": ("inbound_visitors", "HKMO"),
    "台湾同胞入境游客": ("inbound_visitors", "TWN"),
    "入境过夜游客": ("inbound_overnight_visitors", "_T"),
    "国内居民出境人数": ("resident_departures", "MAINLAND"),
}
# One of two ids of the population; both give the same figures.
SECOND = "9f39d77c761d4824940fc3c23d8281b0"
Key = tuple[str, str, str, int]


@pytest.fixture(scope="module")
def everything() -> dict[str, pl.DataFrame]:
    """All observations of all vintages, by table."""
    publisher, parts = publishers()["nbs"], dict[str, list[pl.DataFrame]]()
    for payload in snapshot.payloads():
        if payload.publisher == "nbs":
            vintage = Origin("a" * 64, payload.as_of, payload.as_of)
            with reading.opened(payload.path) as path:
                observed = observations_of(reading.read(path), publisher, payload.dataset, vintage)
            assert observed.unmatched.is_empty()
            parts.setdefault(publisher.datasets[payload.dataset].table, []).append(observed.observations)
    return {name: pl.concat(frames) for name, frames in parts.items()}


def values(frame: pl.DataFrame) -> dict[Key, float]:
    kind = "person_group" if "person_group" in frame.columns else "sex"
    columns = ["indicator", kind, "jurisdiction", pl.col("period").dt.year(), "value"]
    return {row[:4]: row[4] for row in frame.drop_nulls("value").select(columns).iter_rows()}


def kept(corpus: Path, file: str) -> list[dict[str, str]]:
    path = corpus / "china/nbs_new/derived" / file
    with path.open(encoding="utf-8") as text:
        return list(csv.DictReader(text, delimiter="\t"))


def published(corpus: Path, file: str, value: str, year: str, area: str | None, *, zero: bool) -> dict[Key, float]:
    """The values of a saved table in our units: 万 is 10 000. In tables of the old service 0 means no value."""
    found = {}
    for row in kept(corpus, file):
        name = NAMES.get(row["name_zh"].split(" ")[0])
        if name is None or SECOND in row.values() or not row[value] or (float(row[value]) == 0 and not zero):
            continue
        code = row[area] if area else "100000"
        if code != "100000" and name[0] == "natural_increase_rate":
            continue  # it is not requested for provinces
        scale = 1 if name[0].endswith("_rate") else 10_000
        found[*name, "CHN" if code == "100000" else f"CHN-{code}", int(row[year])] = float(row[value]) * scale
    return found


def test_every_newest_figure_equals_that_of_the_service(corpus: Path, everything: dict[str, pl.DataFrame]) -> None:
    ours = {key: value for frame in everything.values() for key, value in values(frame.filter(known_from=NEW)).items()}
    theirs: dict[Key, float] = {}
    for file in ("nation_population", "nation_tourism", "province_population"):
        theirs |= published(corpus, f"{file}_2026-04-12.tsv", "value", "date", "region_code6", zero=True)
    assert ours == pytest.approx(theirs)
    assert len(ours) == 5 * 39 + 3 * 39 + 191 + 775 + 2 * 773


@pytest.mark.parametrize(
    ("file", "month", "area"),
    [
        ("nation_old_vs_new_vintages.tsv", "2024-11", None),
        ("nation_old_vs_new_vintages.tsv", "2025-11", None),
        ("province_old_vs_new_vintages.tsv", "2025-09", "region6"),
        ("province_old_vs_new_vintages.tsv", "2026-03", "region6"),
    ],
)
def test_every_earlier_figure_equals_that_of_the_old_service_and_0_is_missing(
    corpus: Path, everything: dict[str, pl.DataFrame], file: str, month: str, area: str | None
) -> None:
    ours: dict[Key, float] = {}
    for frame in everything.values():
        ours |= values(frame.filter(pl.col("known_from").dt.strftime("%Y-%m") == month))
    theirs = published(corpus, file, f"old_service_{month}", "year", area, zero=False)
    assert ours == pytest.approx(theirs)
    assert len(ours) >= 80
    assert 0.0 not in ours.values()


def folded(frame: pl.DataFrame, table: str) -> Iterator[State]:
    """The state after each vintage, for each dataset of a table."""
    declared = contract(table)
    for _, dataset in frame.group_by("dataset"):
        state = empty_state(declared)
        for (at,), vintage in sorted(dataset.group_by("known_from"), key=lambda pair: pair[0][0]):
            rows = vintage.select(*declared.stored_schema, pl.lit(f"{at}").alias(REQUEST))
            state = apply_vintage(state.current, rows, at, declared)
            yield state


def current(everything: dict[str, pl.DataFrame], table: str) -> pl.DataFrame:
    """The rows that are valid now."""
    states = {state.current["dataset"][0]: state.current for state in folded(everything[table], table)}
    return pl.concat(states.values())


def test_residents_of_every_province_are_known_from_2000_to_2024(everything: dict[str, pl.DataFrame]) -> None:
    newest = current(everything, "population")
    residents = newest.filter(pl.col("definition") == "usual_residence_half_year").drop_nulls("value")
    years = residents.group_by("jurisdiction").agg(pl.col("period").dt.year().sort())
    assert years.height == 31
    assert all(list(row) == list(range(2000, 2025)) for row in years["period"])
    beijing = residents.filter(pl.col("jurisdiction") == "CHN-110000", pl.col("period").dt.year() == 2010)
    assert beijing["value"].to_list() == [19_620_000.0]


def test_the_services_differ_only_by_rounding_except_for_one_figure(everything: dict[str, pl.DataFrame]) -> None:
    states = [state for table, frame in everything.items() for state in folded(frame, table)]
    changes = pl.concat(state.revisions for state in states).drop_nulls(["old_value", "new_value"])
    kinds = dict(changes.group_by("change").len().iter_rows())
    revised = changes.filter(change="value").select("indicator", pl.col("period").dt.year(), "old_value", "new_value")
    assert revised.rows() == [("resident_departures", 2024, 145_890_000.0, 145_885_600.0)]
    assert kinds["rounding"] > 150


def test_unpublished_years_are_missing_and_not_zero(everything: dict[str, pl.DataFrame]) -> None:
    newest = current(everything, "border_crossing")
    gap = newest.filter(pl.col("indicator") == "inbound_visitors", pl.col("period").dt.year().is_between(2020, 2022))
    assert gap.height == 12
    assert gap["value"].null_count() == 12
    assert set(gap["missing_reason"]) == {"not_published"}
