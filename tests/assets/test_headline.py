"""The headline figures: which observation is used, which sums are made, and that they can be added up."""

from collections.abc import Mapping
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.normalise.headline import figures_of_table, headline, marked
from assets.normalise.tables import statistics
from sources.catalogue import datasets
from tests.support.frames import rows
from warehouse import codes
from warehouse.codes.union import compositions
from warehouse.contracts import contract
from warehouse.headline import headline_indicators

MEMBERS = sorted(compositions(codes.areas())["EU27_2020"])
ASYLUM: Mapping[str, object] = {
    "indicator": "asylum_applicants",
    "jurisdiction": "DEU",
    "partner": "CHN",
    "partner_role": "citizenship",
    "definition": "application_lodged",
    "dataset": "eurostat/migr_asyappctza",
}
REFUGEES: Mapping[str, object] = {
    "indicator": "refugees",
    "jurisdiction": "DEU",
    "partner_role": "origin",
    "definition": "unhcr_mandate_end_year",
    "publisher": "unhcr",
    "dataset": "unhcr/population",
}
NET: Mapping[str, object] = {
    "indicator": "net_migration",
    "partner": "_T",
    "definition": "modelled_population_projection",
    "publisher": "undesa",
    "dataset": "undesa/wpp_net_migration",
}


def of(table: str, *changes: Mapping[str, object], **common: object) -> pl.DataFrame:
    """Return the headline figures of a table of statistics with these rows, without rows for what is missing."""
    return headline_of({table: rows(table, *changes, **common).lazy()}).drop_nulls("made")


def headline_of(tables: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """Return the whole table ``headline``."""
    return pl.concat(headline(figures_of_table(each, contract(name)).lazy() for name, each in tables.items()))


def values(found: pl.DataFrame) -> dict[str, float | None]:
    return dict(found.select("partner", "value").iter_rows())


# Declarations


def test_every_indicator_of_statistics_has_a_headline_figure() -> None:
    declared = {entry.of or name for name, entry in headline_indicators().items()}
    assert declared == set(codes.indicators()["indicator"])


def test_sources_of_an_indicator_are_in_one_table_and_name_its_dimensions() -> None:
    for name, entry in headline_indicators().items():
        tables = {datasets()[source.dataset][1].table for source in entry.sources}
        assert len(tables) == 1, name
        (table,) = tables
        assert table in statistics()
        for source in entry.sources:
            used = {*source.where, *source.parts, *source.rest, *source.add}
            assert used <= {*contract(table).dimensions, "partner_role"}, name
            listed = (source.where.get(field, []) for field in contract(table).dimensions)
            assert all(code in {"*", *_codes()} for each in listed for code in each), name


def _codes() -> set[str]:
    return set(codes.codes()["code"]) | {str(number) for number in range(1, 10)}


# Dimensions


def test_the_published_total_is_used_and_its_parts_are_not_added() -> None:
    parts = ({"sex": sex, "value": value} for sex, value in {"_T": 690.0, "F": 350.0, "M": 335.0, "_U": 5.0}.items())
    (row,) = of("asylum", *parts, **ASYLUM).to_dicts()
    assert (row["value"], row["made"]) == (690.0, "published")


def test_a_total_that_is_not_published_is_the_sum_of_its_parts() -> None:
    parts = ({"sex": sex, "value": value} for sex, value in {"F": 350.0, "M": 335.0, "_U": 5.0}.items())
    (row,) = of("asylum", *parts, **ASYLUM).to_dicts()
    assert (row["value"], row["made"], row["parts"]) == (690.0, "parts", 3)


def test_a_set_with_a_missing_part_gives_no_total() -> None:
    missing = {"sex": "M", "value": None, "missing_reason": "suppressed"}
    (row,) = of("asylum", {"sex": "F", "value": 350.0}, missing, **ASYLUM).to_dicts()
    assert (row["value"], row["missing_reason"]) == (None, "suppressed")


def test_kinds_of_applicants_and_monthly_figures_are_not_added_to_the_total() -> None:
    total = {"sex": "_T", "value": 100.0}
    first, month = {**total, "applicant": "FRST"}, {**total, "freq": "M", "dataset": "eurostat/migr_asyappctzm"}
    found = of("asylum", total, first, month, **ASYLUM)
    assert dict(found.select("indicator", "value").iter_rows()) == {
        "asylum_applicants": 100.0,
        "first_time_asylum_applicants": 100.0,
    }


@pytest.mark.parametrize(("months", "expected"), [(12, 78.0), (11, None)])
def test_a_flow_of_months_is_a_year_only_if_all_twelve_are_there(months: int, expected: float | None) -> None:
    each = (
        {
            "period": date(2024, month, 1),
            "value": float(month),
            "freq": "M",
            "indicator": "temporary_protection_decisions",
        }
        for month in range(1, months + 1)
    )
    (row,) = of("asylum", *each, **{**ASYLUM, "applicant": "_Z", "dataset": "eurostat/migr_asytpfm"}).to_dicts()
    assert row["value"] == expected


def test_a_stock_of_months_is_that_of_december() -> None:
    each = (
        {
            "period": date(2024, month, 1),
            "value": float(month),
            "freq": "M",
            "indicator": "temporary_protection_beneficiaries",
        }
        for month in range(1, 13)
    )
    (row,) = of("asylum", *each, **{**ASYLUM, "applicant": "_Z", "dataset": "eurostat/migr_asytpsm"}).to_dicts()
    assert row["value"] == 12.0


# Sources


def test_the_first_source_with_a_figure_is_used_and_a_change_is_flagged() -> None:
    first, second = "eurostat/migr_resfirst", "eurostat/tps00170"
    found = of(
        "residence_permit",
        {"dataset": first, "value": 662_888.0, "year": 2023, "period": date(2023, 1, 1)},
        {"dataset": second, "value": 586_144.0, "year": 2023, "period": date(2023, 1, 1)},
        {"dataset": second, "value": 500_000.0, "year": 2022, "period": date(2022, 1, 1)},
        indicator="first_permits",
        jurisdiction="DEU",
        partner="_T",
        definition="permit_issued",
        unit="permits",
    )
    assert found.select("year", "value", "dataset", "flags").rows() == [
        (2022, 500_000.0, second, "few_members"),
        (2023, 662_888.0, first, "few_members;source_changed"),
    ]


# Partners


def test_partners_and_the_rest_add_up_to_the_total() -> None:
    parts = [{"partner": "_T", "value": 100.0}, {"partner": "CHN", "value": 30.0}, {"partner": "AFG", "value": 20.0}]
    found = of("asylum", *parts, **ASYLUM)
    assert values(found) == {"CHN": 30.0, "AFG": 20.0, "_R": 50.0}
    assert set(found["all_partners"]) == {100.0}
    assert found.filter(partner="_R")["made"].item() == "rest"


def test_groups_of_partners_are_no_rows_next_to_their_members() -> None:
    parts = [
        {"partner": "_T", "value": 100.0},
        {"partner": "CHN", "value": 30.0},
        {"partner": "EXT_EU27_2020", "value": 90.0},
    ]
    assert values(of("asylum", *parts, **ASYLUM)) == {"CHN": 30.0, "_R": 70.0}


def test_a_total_without_partners_is_a_row_of_its_own() -> None:
    assert values(of("asylum", {"partner": "_T", "value": 100.0}, **{**ASYLUM, "partner": "_T"})) == {"_T": 100.0}


def test_partners_without_a_total_are_flagged_as_partial() -> None:
    found = of("asylum", **ASYLUM)
    assert (found["flags"].item(), found["all_partners"].item()) == ("partial;few_members", None)


def test_a_complete_set_of_partners_makes_the_total_and_an_absent_partner_is_zero() -> None:
    found = of("displacement", {"partner": "CHN", "value": 7.0}, {"partner": "AFG", "value": 0.0}, **REFUGEES)
    assert values(found) == {"CHN": 7.0, "_R": 0.0}
    assert set(found["all_partners"]) == {7.0}


def test_a_total_smaller_than_its_parts_is_not_used() -> None:
    parts = [{"partner": "_T", "value": 10.0}, {"partner": "CHN", "value": 300.0}]
    found = of("asylum", *parts, **ASYLUM)
    assert values(found) == {"CHN": 300.0}
    assert found["all_partners"].item() is None


# The Union


def test_the_union_is_the_sum_of_its_members_and_never_of_another_source() -> None:
    states = [{"jurisdiction": state, "value": 1000.0} for state in MEMBERS]
    other = {
        "jurisdiction": "EU27_2020",
        "value": -932_653.0,
        "dataset": "worldbank/SM.POP.NETM",
        "publisher": "worldbank",
    }
    found = of("migration_flow", *states, other, **NET).filter(scope="union")
    assert found.select("jurisdiction", "value", "made").rows() == [("EU27_2020", 27_000.0, "members")]


def test_the_union_has_no_figure_if_a_member_has_none_and_its_row_names_the_member() -> None:
    states = [{"jurisdiction": state, "value": 1000.0} for state in MEMBERS[1:]]
    found = headline_of({"migration_flow": rows("migration_flow", *states, **NET).lazy()})
    union = found.filter(scope="union").select("partner", "value", "missing_reason", "missing_members", "because")
    assert union.rows() == [("_T", None, "incomplete", MEMBERS[0], f"No figure for {MEMBERS[0]}.")]
    absent = found.filter(jurisdiction=MEMBERS[0]).select("scope", "value", "missing_reason", "flags")
    assert absent.rows() == [("member", None, "not_fetched", None)]
    assert set(found.drop_nulls("value")["flags"]) == {None}


def test_a_figure_that_few_members_have_is_flagged_and_the_others_have_a_row_with_the_reason() -> None:
    permits = {"indicator": "first_permits", "dataset": "eurostat/migr_resfirst", "unit": "permits"}
    totals = [{"jurisdiction": state, "partner": "_T", "value": 100.0} for state in MEMBERS]
    chinese = {"jurisdiction": "IRL", "partner": "CHN", "value": 40.0}
    found = headline_of({"residence_permit": rows("residence_permit", *totals, chinese, **permits).lazy()})
    of_chinese = found.filter(partner="CHN")
    members = of_chinese.filter(scope="member")
    assert members.height == len(MEMBERS)
    assert members.drop_nulls("value").select("jurisdiction", "value", "flags").rows() == [("IRL", 40.0, "few_members")]
    assert set(members.filter(pl.col("value").is_null())["all_partners"]) == {100.0}
    union = of_chinese.filter(scope="union").select("value", "missing_members").row(0)
    assert union == (None, ";".join(state for state in MEMBERS if state != "IRL"))
    assert found.filter(scope="member", partner="_R")["all_partners"].sum() == 2_700.0
    assert found.filter(scope="union", partner="_R")["all_partners"].to_list() == [2_700.0]


def test_figures_that_cannot_be_added_up_give_the_union_a_row_that_states_it() -> None:
    moves = {"indicator": "immigration", "dataset": "eurostat/migr_imm8", "age_definition": "COMPLET", "partner": "_T"}
    states = [{"jurisdiction": state, "value": 10.0} for state in MEMBERS]
    found = headline_of({"migration_flow": rows("migration_flow", *states, **moves).lazy()})
    assert found.filter(scope="union").select("value", "missing_reason").rows() == [(None, "not_applicable")]


def test_a_sum_of_members_has_the_rule_of_its_largest_part_and_its_sources() -> None:
    states: list[dict[str, object]] = [{"jurisdiction": state, "value": 1000.0} for state in MEMBERS]
    states[0] |= {"definition": "usual_residence_12_months", "value": 1.0}
    (union,) = of("migration_flow", *states, **NET).filter(scope="union").to_dicts()
    assert (union["definition"], union["flags"]) == (NET["definition"], "definition_differs")
    assert union["because"] == "Sum of the figures of the member states: 27 of 27 (undesa/wpp_net_migration)."


def test_visas_of_states_outside_the_union_are_in_the_sum_of_the_schengen_states_and_national_visas_are_not() -> None:
    visas = {"indicator": "visa_applications", "dataset": "dghome/consulate_visas", "consulate": "_Z"}
    schengen = {"document": "VISA_C", "definition": "schengen_visa_at_consulate", "value": 10.0}
    national = {"document": "NAT_VISA_C", "definition": "national_visa_at_consulate", "value": 1.0}
    states = [{"jurisdiction": state, **schengen} for state in ("DEU", "FRA", "CHE")]
    found = of("visa", *states, {"jurisdiction": "CYP", **national}, partner="CHN", **visas)
    sums = found.filter(scope="schengen").select("jurisdiction", "value", "parts", "flags")
    assert sums.rows() == [("SCHENGEN", 30.0, 3, None)]


def test_where_china_has_members_as_partners_each_member_has_a_row() -> None:
    stock = {"indicator": "international_migrants", "dataset": "undesa/ims_destination_and_origin"}
    given_ = (
        {"jurisdiction": "CHN", "partner": "DEU", "value": 900.0},
        {"jurisdiction": "CHN", "partner": "_T", "value": 1_000.0},
    )
    found = headline_of({"migrant_stock": rows("migrant_stock", *given_, **stock).lazy()}).filter(scope="china")
    assert values(found) == {**dict.fromkeys(MEMBERS), "DEU": 900.0, "_R": 100.0}
    assert set(found["all_partners"]) == {1_000.0}
    assert found.filter(pl.col("value").is_null())["missing_reason"].unique().to_list() == ["not_fetched"]


# Nationals and editions


def test_the_own_nationals_have_one_code_and_are_counted_once() -> None:
    moves = {"indicator": "immigration", "dataset": "eurostat/migr_imm1ctz", "age_definition": "COMPLET"}
    parts = {"_T": 100.0, "CHN": 30.0, "DEU": 20.0}
    listed = [{"partner": partner, "value": value} for partner, value in parts.items()]
    expected = {"CHN": 30.0, "NAT": 20.0, "_R": 50.0}
    assert values(of("migration_flow", *listed, jurisdiction="DEU", **moves)) == expected
    listed.append({"partner": "NAT", "value": 20.0})
    assert values(of("migration_flow", *listed, jurisdiction="DEU", **moves)) == expected


def test_partners_of_another_dataset_than_their_total_are_flagged() -> None:
    moves = {"indicator": "immigration", "age_definition": "COMPLET", "jurisdiction": "FRA"}
    total = {"dataset": "eurostat/migr_imm8", "partner": "_T", "value": 467_548.0}
    chinese = {"dataset": "eurostat/migr_imm1ctz", "partner": "CHN", "value": 9_000.0}
    found = of("migration_flow", total, chinese, **moves)
    assert set(found["all_partners"]) == {467_548.0}
    assert found["flags"].str.contains("total_of_other_dataset").all()


def test_the_published_union_is_used_if_its_members_have_the_same_source() -> None:
    states = [{"jurisdiction": state, "value": 1000.0} for state in MEMBERS]
    found = of("migration_flow", *states, {"jurisdiction": "EU27_2020", "value": 27_001.0}, **NET).filter(scope="union")
    assert found.select("value", "made").rows() == [(27_001.0, "published")]


def test_provinces_and_regions_of_states_are_no_rows() -> None:
    places = ({"jurisdiction": place} for place in ("CHN", "CHN-110000", "EA20", "WLD"))
    found = of("population", *places, dataset="nbs/population")
    assert found["jurisdiction"].to_list() == ["CHN"]


# Marked rows


def test_the_rows_of_a_figure_are_marked_in_the_detailed_table() -> None:
    sexes = rows("asylum", *({"sex": sex} for sex in ("F", "M", "_T")), {"sex": "_T", "applicant": "FRST"}, **ASYLUM)
    found = marked(sexes, contract("asylum"))
    assert found.filter("headline").select("sex", "applicant").rows() == [("_T", "_T")]


# Properties


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["DEU", "FRA", "CHN", "USA"]), st.sampled_from(["_T", "CHN", "AFG", "STLS", "EUR"])),
        st.integers(0, 500),
        max_size=20,
    )
)
def test_each_figure_is_one_row_and_partners_never_exceed_their_total(given_: dict[tuple[str, str], int]) -> None:
    changes = [
        {"jurisdiction": jurisdiction, "partner": partner, "value": float(value)}
        for (jurisdiction, partner), value in given_.items()
    ]
    found = headline_of(
        {"asylum": rows("asylum", *changes, **ASYLUM).lazy() if changes else rows("asylum").clear().lazy()}
    )
    keys = ["indicator", "jurisdiction", "partner", "year"]
    assert not found.select(keys).is_duplicated().any()
    sums = (
        found.drop_nulls("all_partners")
        .group_by("jurisdiction")
        .agg(pl.col("value").sum(), pl.col("all_partners").first())
    )
    for value, total in sums.select("value", "all_partners").iter_rows():
        assert value <= total * 1.01 + 2.5 * 5
