"""Normalisation of statistics: codes are translated, values are kept, and every dropped row is counted."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.normalise.codes import Normalised, Origin
from assets.normalise.periods import period
from assets.normalise.statistics import observations_of
from sources import reading
from sources.catalogue import publishers
from sources.catalogue.model import Publisher
from sources.errors import StructureError
from warehouse.contracts import contract

ORIGIN = Origin("a" * 64, datetime(2026, 1, 2, tzinfo=UTC))
HEADER = "DATAFLOW,LAST UPDATE,freq,reason,citizen,duration,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS"


def permits(folder: Path, *rows: str, header: str = HEADER, publisher: Publisher | None = None) -> Normalised:
    path = folder / "payload.csv"
    lines = [header, *(f"ESTAT:MIGR_RESFIRST(1.0),09/07/26 23:00:00,{row}" for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return observations_of(reading.read(path), publisher or publishers()["eurostat"], "migr_resfirst", ORIGIN)


def only(observed: Normalised) -> dict[str, object]:
    assert observed.observations.height == 1
    return observed.observations.row(0, named=True)


def test_a_cell_becomes_an_observation_in_shared_codes(tmp_path: Path) -> None:
    row = only(permits(tmp_path, "A,EDUC,CN,M_GE12,PER,EL,2023,6632,,"))
    assert row["jurisdiction"] == "GRC"
    assert row["partner"] == "CHN"
    assert row["partner_role"] == "citizenship"
    assert (row["reason"], row["duration"]) == ("EDUC", "M_GE12")
    assert (row["period"], row["freq"]) == (date(2023, 1, 1), "A")
    assert (row["value"], row["unit"], row["obs_status"], row["conf_status"]) == (6632.0, "permits", "A", "F")
    assert row["source_updated"] == datetime(2026, 7, 9, 21, tzinfo=UTC)
    assert row["missing_reason"] is None


def test_observations_have_the_schema_of_their_contract(tmp_path: Path) -> None:
    observed = permits(tmp_path, "A,EDUC,CN,M_GE12,PER,EL,2023,6632,,")
    assert observed.observations.schema == contract("residence_permit").stored_schema


@pytest.mark.parametrize(
    ("value", "flag", "conf", "reason", "status"),
    [
        ("", "", "", "not_published", "O"),
        ("", "bu", "", "not_published", "BU"),
        ("", "", "C", "suppressed", "O"),
        ("", "m", "", "not_applicable", "M"),
    ],
)
def test_a_missing_value_is_kept_with_its_reason(  # noqa: PLR0917
    tmp_path: Path, value: str, flag: str, conf: str, reason: str, status: str
) -> None:
    row = only(permits(tmp_path, f"A,EDUC,CN,TOTAL,PER,IE,2023,{value},{flag},{conf}"))
    assert row["value"] is None
    assert row["missing_reason"] == reason
    assert row["obs_status"] == status


def test_a_zero_is_a_value(tmp_path: Path) -> None:
    row = only(permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,0,,"))
    assert row["value"] == 0.0
    assert row["missing_reason"] is None


def test_a_composite_flag_keeps_every_letter(tmp_path: Path) -> None:
    assert only(permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,5,bep,"))["obs_status"] == "BEP"


def test_an_unknown_code_is_counted_and_its_row_is_left_out(tmp_path: Path) -> None:
    observed = permits(
        tmp_path,
        "A,EDUC,CN,TOTAL,PER,IE,2023,5,,",
        "A,EDUC,QQ1,TOTAL,PER,IE,2023,7,,",
        "A,EDUC,QQ1,TOTAL,PER,IE,2024,8,,",
    )
    assert observed.observations["value"].to_list() == [5.0]
    unmatched = observed.unmatched.row(0, named=True)
    assert (unmatched["dimension"], unmatched["source_code"], unmatched["cells"]) == ("citizen", "QQ1", 2)


def test_an_unknown_flag_is_counted(tmp_path: Path) -> None:
    observed = permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,5,%,")
    assert observed.observations.is_empty()
    assert observed.unmatched.row(0, named=True)["dimension"] == "flag"


def test_an_unknown_text_in_place_of_a_value_is_unmatched(tmp_path: Path) -> None:
    observed = permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,many,,")
    assert observed.observations.is_empty()
    unmatched = observed.unmatched.row(0, named=True)
    assert (unmatched["dimension"], unmatched["source_code"]) == ("value", "many")


def test_rows_outside_the_scope_are_left_out(tmp_path: Path) -> None:
    observed = permits(tmp_path, "A,EDUC,BY,TOTAL,PER,CH,2023,5,,", "A,EDUC,CN,TOTAL,PER,CH,2023,6,,")
    assert observed.observations["partner"].to_list() == ["CHN"]


def test_a_new_dimension_is_an_error_that_names_it(tmp_path: Path) -> None:
    header = HEADER.replace("duration", "duration,colour")
    with pytest.raises(StructureError, match="has colour, which the catalogue entry does not name"):
        permits(tmp_path, "A,EDUC,CN,TOTAL,red,PER,IE,2023,5,,", header=header)


def test_a_missing_dimension_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(StructureError, match="lacks citizen"):
        permits(tmp_path, "A,EDUC,TOTAL,PER,IE,2023,5,,", header=HEADER.replace("citizen,", ""))


def test_a_unit_that_was_not_requested_is_an_error_with_its_locator(tmp_path: Path) -> None:
    with pytest.raises(StructureError, match="unit is 'THS' at locator"):
        permits(tmp_path, "A,EDUC,CN,TOTAL,THS,IE,2023,5,,")


def test_one_key_with_two_values_is_an_error_with_both_locators(tmp_path: Path) -> None:
    with pytest.raises(StructureError, match=r"more than one value, first .*CHN.* at locators \d+, \d+"):
        permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,5,,", "A,EDUC,CN,TOTAL,PER,IE,2023,6,,")


def test_one_key_twice_with_one_value_is_one_observation(tmp_path: Path) -> None:
    observed = permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,5,,", "A,EDUC,CN,TOTAL,PER,IE,2023,5,,")
    assert only(observed)["value"] == 5.0


def scaled(rounding: int | None = None, scale: float = 1.0) -> Publisher:
    eurostat = publishers()["eurostat"]
    entry = eurostat.datasets["migr_resfirst"]
    assert entry.observe is not None
    rule = entry.observe.model_copy(update={"rounding": rounding, "scale": scale})
    changed = entry.model_copy(update={"observe": rule})
    return eurostat.model_copy(update={"datasets": {"migr_resfirst": changed}})


@pytest.mark.parametrize(("published", "least", "most"), [(0, 0.0, 2.0), (5, 3.0, 7.0), (100, 98.0, 102.0)])
def test_a_rounded_value_has_bounds(tmp_path: Path, published: int, least: float, most: float) -> None:
    row = only(permits(tmp_path, f"A,EDUC,CN,TOTAL,PER,IE,2023,{published},,", publisher=scaled(rounding=5)))
    assert (row["value"], row["value_min"], row["value_max"]) == (published, least, most)


def test_a_range_is_kept_as_its_bounds(tmp_path: Path) -> None:
    publisher = publishers()["eurostat"].model_copy(update={"bounds": {"<5": (1.0, 4.0)}})
    row = only(permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,<5,,", publisher=publisher))
    assert (row["value"], row["value_min"], row["value_max"]) == (None, 1.0, 4.0)


def test_a_scale_converts_the_value_to_the_unit(tmp_path: Path) -> None:
    row = only(permits(tmp_path, "A,EDUC,CN,TOTAL,PER,IE,2023,751.5,,", publisher=scaled(scale=1e6)))
    assert row["value"] == 751_500_000.0


@given(st.integers(1900, 2100), st.integers(1, 12), st.sampled_from(["-", "M"]))
def test_every_notation_of_a_month_is_parsed(year: int, month: int, between: str) -> None:
    assert period(f"{year}{between}{month:02}") == (date(year, month, 1), "M")


@pytest.mark.parametrize(
    ("text", "first", "freq"),
    [
        ("2019", date(2019, 1, 1), "A"),
        ("2008-Q3", date(2008, 7, 1), "Q"),
        ("2008Q1", date(2008, 1, 1), "Q"),
        ("2025-S2", date(2025, 7, 1), "S"),
        ("2024-03-04", date(2024, 3, 4), "D"),
        ("2019 ", date(2019, 1, 1), "A"),
    ],
)
def test_other_periods_are_parsed(text: str, first: date, freq: str) -> None:
    assert period(text) == (first, freq)


@pytest.mark.parametrize("text", ["", "19", "2019-13", "2019-Q5", "2019-02-30", "WORLD"])
def test_a_text_that_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(StructureError, match="not a period"):
        period(text)


def test_every_row_of_a_payload_is_an_observation_or_is_counted(tmp_path: Path) -> None:
    pairs = [(citizen, year) for citizen in ("CN", "QQ1", "IN") for year in range(2008, 2020)]
    rows = [f"A,EDUC,{citizen},TOTAL,PER,IE,{year},{year},," for citizen, year in pairs]
    observed = permits(tmp_path, *rows)
    assert observed.observations.height + observed.unmatched.select(pl.col("cells").sum()).item() == len(rows)
