"""Natural questions to the headline figures, asked as somebody asks who has read nothing, and the publishers' totals.

Each question was once asked of the detailed tables and gave a figure that was too large, too small or of another thing.
"""

import duckdb
import pandas as pd
import polars as pl
import pytest

from assets.compare.question import member_states
from tests.conftest import Built
from warehouse.codes import UNION
from warehouse.contracts import contracts
from warehouse.headline import headline_indicators

MEMBERS = member_states()
OMIT_ZERO = [
    name
    for name, entry in headline_indicators().items()
    if any(each.complete or each.omits_zero for each in entry.sources)
]


@pytest.fixture(scope="module")
def headline(built: Built) -> pd.DataFrame:
    return pd.read_parquet(built.release / "tables" / "headline.parquet")


def ask(headline: pd.DataFrame, indicator: str, **chosen: object) -> pd.DataFrame:
    """Return the rows of an indicator with these values, as a filter in pandas does."""
    found = headline[headline.indicator == indicator]
    for field, value in chosen.items():
        found = found[found[field] == value]
    return found


# Question, and the publisher's own total.
TOTALS = [
    # Eurostat, migr_asyappctza: published for the Union, the sum of its members, and of a state
    ("asylum_applicants", {"partner": "CHN", "year": 2024, "jurisdiction": UNION}, 7_000),
    ("asylum_applicants", {"partner": "CHN", "year": 2012, "scope": "member"}, 4_145),
    ("asylum_applicants", {"partner": "CHN", "year": 2015, "jurisdiction": "FRA"}, 3_030),
    ("asylum_applicants", {"partner": "CHN", "year": 2024, "jurisdiction": "DEU"}, 1_185),
    # the sum of women, men and unknown, because no total is published after 2016
    ("asylum_applicants", {"partner": "CHN", "year": 2023, "jurisdiction": "DEU"}, 690),
    ("asylum_applicants", {"year": 2019, "jurisdiction": "DEU"}, 165_685),
    # UNHCR, applications without appeals and reviews
    ("asylum_applications", {"partner": "CHN", "year": 2024, "jurisdiction": "DEU"}, 1_185),
    # UNHCR, population
    ("refugees", {"partner": "CHN", "year": 2025, "jurisdiction": "FRA"}, 16_353),
    ("refugees", {"partner": "CHN", "year": 2025, "scope": "member"}, 23_146),
    ("refugees", {"partner": "CHN", "year": 2025, "jurisdiction": UNION}, 23_146),
    # Eurostat, demo_gind: residents on 1 January
    ("population", {"jurisdiction": "DEU", "year": 2023}, 83_118_501),
    ("found_illegally_present", {"jurisdiction": "DEU", "year": 2022}, 198_310),
    # the Union of 27 without the Union of 28, which is published next to it
    ("found_illegally_present", {"year": 2015, "scope": "union"}, 2_085_465),
    ("first_time_asylum_applicants", {"year": 2015, "scope": "union"}, 1_216_915),
    # the total of a newer edition, which the partners of the older one exceed
    ("refused_entry", {"jurisdiction": "FRA", "year": 2016}, 8_580),
    # Eurostat, migr_imm8 of March 2026, which revises Germany (1,943,445 before) and France (417,613)
    ("immigration", {"jurisdiction": "DEU", "year": 2022}, 1_977_121),
    ("immigration", {"jurisdiction": "FRA", "year": 2023}, 467_548),
    # Eurostat, tps00177: the members, and the published figure of the Union
    ("emigration", {"year": 2022, "scope": "member"}, 2_645_362),
    ("emigration", {"year": 2022, "jurisdiction": UNION}, 2_645_362),
    ("first_permits", {"jurisdiction": "DEU", "year": 2023}, 662_888),
    # Eurostat, tps00171: the published total of the Union equals the sum over members and citizenships of migr_resvalid
    ("valid_permits", {"year": 2022, "scope": "member"}, 24_182_745),
    ("valid_permits", {"partner": "CHN", "year": 2019, "jurisdiction": "FRA"}, 115_798),
    # Eurostat, educ_uoe_mobs02: the published figure of the Union
    ("inbound_mobile_students", {"partner": "CHN", "year": 2024, "jurisdiction": UNION}, 91_712),
    # United Nations, International Migrant Stock 2024
    ("international_migrants", {"partner": "CHN", "year": 2024, "scope": "member"}, 1_004_177),
    ("international_migrants", {"partner": "CHN", "year": 2024, "scope": "union"}, 1_004_177),
    ("international_migrants", {"jurisdiction": "DEU", "year": 2024}, 16_750_084),
    # United Nations, World Population Prospects 2024: the members and their sum
    ("net_migration", {"year": 2023, "scope": "member"}, 1_304_104),
    ("net_migration", {"year": 2023, "jurisdiction": UNION}, 1_304_104),
    ("net_migration", {"year": 2022, "jurisdiction": UNION}, 4_206_655),
    # Commission, visa statistics: applications in China at Italian consulates, and Germany's total of all countries
    ("visa_applications", {"partner": "CHN", "year": 2019, "jurisdiction": "ITA"}, 564_537),
    ("visa_applications", {"year": 2024, "jurisdiction": "DEU"}, 1_512_675),
    ("visa_applications", {"partner": "CHN", "year": 2024, "jurisdiction": UNION}, 1_624_461),
    # Commission: the total of the consulates of all Schengen states in China
    ("visa_applications", {"partner": "CHN", "year": 2019, "scope": "schengen"}, 2_971_032),
    ("visa_applications", {"partner": "CHN", "year": 2023, "scope": "schengen"}, 1_117_365),
    ("visa_applications", {"partner": "CHN", "year": 2024, "scope": "schengen"}, 1_779_255),
    ("visas_issued", {"year": 2024, "jurisdiction": "FRA"}, 2_549_735),
    ("visas_refused", {"year": 2014, "jurisdiction": "BEL"}, 37_120),
    # National Bureau of Statistics: 流动人口 and 人户分离 are two concepts
    ("floating_population", {"year": 2021}, 384_670_000),
    ("hukou_separated", {"year": 2021}, 504_290_000),
    # Ministry of Education: a stock and a flow
    ("students_abroad", {"year": 2018}, 1_533_900),
    ("students_gone_abroad", {"year": 2017}, 608_400),
]


@pytest.mark.parametrize(("indicator", "chosen", "published"), TOTALS)
def test_the_sum_of_what_was_asked_is_the_published_total(
    headline: pd.DataFrame, indicator: str, chosen: dict[str, object], published: float
) -> None:
    found = ask(headline, indicator, **chosen)
    assert found.value.sum() == pytest.approx(published, abs=0.5)


@pytest.mark.parametrize(
    ("indicator", "chosen"),
    [
        ("asylum_seekers", {"jurisdiction": "DEU", "year": 1992}),  # not counted before 2000; the publisher states 0
        ("ordered_to_leave", {"jurisdiction": "AUT", "year": 2014}),  # 0 for each partner and no total
        ("first_permits", {"jurisdiction": "DEU", "year": 2024}),  # of a few citizenships only
    ],
)
def test_what_was_not_counted_is_no_figure(headline: pd.DataFrame, indicator: str, chosen: dict[str, object]) -> None:
    assert ask(headline, indicator, **chosen).value.isna().all()


def test_a_figure_is_one_row(headline: pd.DataFrame) -> None:
    assert not headline.duplicated(["indicator", "jurisdiction", "partner", "year"]).any()


def test_no_union_figure_of_another_source_than_its_members(headline: pd.DataFrame) -> None:
    net = ask(headline, "net_migration", scope="union")
    assert set(net.made) == {"members"}
    assert -932_653 not in set(net.value)


def test_partners_add_up_to_the_total_of_a_jurisdiction(headline: pd.DataFrame) -> None:
    known = headline[headline.all_partners.notna()]
    sums = known.groupby(["indicator", "jurisdiction", "year"]).agg(
        value=("value", "sum"), total=("all_partners", "first"), rows=("value", "size")
    )
    assert len(sums) > 5_000
    assert ((sums.value - sums.total).abs() <= sums.total.abs() * 0.01 + (sums.rows + 1) * 2.5).all()


def test_one_filter_gives_the_total_of_each_jurisdiction_once(headline: pd.DataFrame) -> None:
    once = headline[headline.partner.isin(["_R", "_T"]) & headline.all_partners.notna()]
    known = headline[headline.all_partners.notna()].drop_duplicates(["indicator", "jurisdiction", "year"])
    assert len(once) == len(known)
    assert not headline.partner.eq("_Z").any()
    applicants = ask(once, "asylum_applicants", year=2023)
    members = applicants[applicants.scope == "member"].all_partners
    assert len(members) == len(MEMBERS)
    assert members.sum() == pytest.approx(applicants[applicants.scope == "union"].all_partners.item(), rel=0.001)


def test_what_few_members_have_is_flagged_and_the_union_has_a_row_that_names_the_others(headline: pd.DataFrame) -> None:
    found = ask(headline, "first_permits", partner="CHN", year=2022)
    members = found[found.scope == "member"]
    assert sorted(members.jurisdiction) == MEMBERS
    assert members[members.value.notna()]["flags"].str.contains("few_members").all()
    assert members[members.value.isna()].missing_reason.notna().all()
    union = found[found.scope == "union"].iloc[0]
    assert (pd.isna(union.value), union.missing_reason) == (True, "incomplete")
    assert len(union.missing_members.split(";")) == members.value.isna().sum() > 20


def test_a_sum_of_members_without_a_figure_of_the_union_is_of_most_members_or_flagged(headline: pd.DataFrame) -> None:
    chinese = headline[(headline.partner == "CHN") & headline.value.notna()]
    unions = chinese[chinese.scope == "union"].set_index(["indicator", "year"]).index
    members = chinese[(chinese.scope == "member") & ~chinese["flags"].str.contains("few_members", na=False)]
    sizes = members.groupby(["indicator", "year"]).size()
    # Sets in which a member without a row has 0 may be small.
    omits_zero = sizes.index.get_level_values("indicator").isin(OMIT_ZERO)
    assert sizes[~sizes.index.isin(unions) & ~omits_zero].min() > len(MEMBERS) / 2


def test_own_nationals_have_one_code(headline: pd.DataFrame) -> None:
    for indicator in ("immigration", "population_by_citizenship"):
        found = ask(headline, indicator)
        assert not (found.partner == found.jurisdiction).any()
        assert (found.partner == "NAT").any()


def test_a_computed_figure_of_the_union_has_its_rule_and_its_sources(headline: pd.DataFrame) -> None:
    computed = headline[headline.made == "members"]
    assert computed.definition.notna().all()
    assert computed.because.str.match(r"Sum of the figures of the member states: \d+ of 2[67] \(.+/.+\)\.").all()


def test_immigration_is_the_same_in_both_tables(built: Built, headline: pd.DataFrame) -> None:
    figures = built.table("comparison").filter(pl.col("dataset").str.starts_with("eurostat/"), measure="immigration")
    found = figures.filter(scope="member").drop_nulls("value").collect()
    assert found.height > 400
    totals = ask(headline, "immigration", scope="member").dropna(subset="all_partners")
    one_each = totals.drop_duplicates(["jurisdiction", "year"]).set_index(["jurisdiction", "year"]).all_partners
    for jurisdiction, year, value in found.select("jurisdiction", "year", "value").iter_rows():
        assert one_each[jurisdiction, year] == value


def test_students_of_2017_are_no_figure_between_two_stocks(headline: pd.DataFrame) -> None:
    assert ask(headline, "students_abroad", year=2017).empty


def test_foreign_residents_of_china_show_hong_kong_macao_and_taiwan_in_rows_of_their_own(
    headline: pd.DataFrame,
) -> None:
    found = ask(headline, "international_migrants", jurisdiction="CHN", year=2024)
    assert found.value.sum() == pytest.approx(1_638_718)
    nearby = found[found.partner.isin(["HKG", "MAC", "TWN"])]
    assert nearby.value.sum() == pytest.approx(651_265)
    assert set(found.definition.dropna()) == {"foreign_citizens_and_refugees"}


@pytest.mark.parametrize("indicator", ["bilateral_remittances", "migrants_dead", "migrants_missing"])
def test_what_is_only_a_part_is_flagged(headline: pd.DataFrame, indicator: str) -> None:
    found = ask(headline, indicator).dropna(subset="value")
    assert len(found) > 0
    assert found["flags"].str.contains("partial").all()


def test_deaths_of_recorded_incidents_have_no_total(headline: pd.DataFrame) -> None:
    assert ask(headline, "migrants_dead").all_partners.isna().all()


def test_states_outside_the_comparison_are_flagged_where_only_some_partners_are_held(headline: pd.DataFrame) -> None:
    america = ask(headline, "refugees", jurisdiction="USA", year=2024)
    assert america["flags"].str.contains("partial").all()


def test_names_are_in_both_languages_next_to_the_codes(headline: pd.DataFrame) -> None:
    row = ask(headline, "refugees", jurisdiction="DEU", partner="CHN", year=2024).iloc[0]
    names = ["indicator_en", "indicator_zh", "jurisdiction_en", "jurisdiction_zh", "partner_en", "partner_zh"]
    assert row[names].tolist() == ["Refugees", "难民", "Germany", "德国", "China", "中国"]


def test_every_indicator_with_rows_has_a_headline_figure(built: Built, headline: pd.DataFrame) -> None:
    known = built.table("coverage").filter(pl.col("observations") > 0).collect()["indicator"].unique()
    shown = {headline_indicators()[name].of or name for name in headline.indicator.unique()}
    # Indicators whose only figures are of half-years, quarters or kinds of documents have no figure of a year.
    assert set(known) - shown <= {"documents_issued", "entries_foreigners_growth", "host_community"}


def test_marked_rows_of_the_detailed_tables_are_the_headline_figures(built: Built) -> None:
    marked = pl.col("headline") & (pl.col("year") == 2022) & (pl.col("jurisdiction") == "DEU")
    found = built.table("enforcement").filter(marked, indicator="found_illegally_present").collect()
    # What no partner has is not marked: unknown citizenship, and the rounding of each partner to 5.
    assert 0.98 * 198_310 < found["value"].sum() <= 198_310
    assert "_T" not in found["partner"]
    people = built.table("population").filter(marked, indicator="population").collect()
    assert people.height == 1


def test_a_view_has_names_next_to_the_codes(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.release)
    with duckdb.connect() as opened:
        opened.execute((built.release / "views.sql").read_text("utf-8"))
        names = "SELECT DISTINCT jurisdiction_en, partner_en FROM asylum_labelled"
        asked = f"{names} WHERE jurisdiction = 'DEU' AND partner = 'CHN'"
        assert opened.sql(asked).fetchall() == [("Germany", "China")]


def test_the_safe_query_of_every_table_gives_rows_unless_the_table_is_empty(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built.release)
    with duckdb.connect() as opened:
        opened.execute((built.release / "views.sql").read_text("utf-8"))
        for table, declared in contracts().items():
            rows = len(opened.execute(f"FROM ({declared.safe_query}) LIMIT 1").fetchall())
            assert rows or built.table(table).collect().is_empty(), table


def test_the_safe_query_of_statistics_has_one_row_for_a_figure(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.release)
    with duckdb.connect() as opened:
        opened.execute((built.release / "views.sql").read_text("utf-8"))
        found = opened.execute(contracts()["enforcement"].safe_query).pl()
    figure = found.filter(indicator="found_illegally_present", jurisdiction="DEU", partner="CHN", year=2022)
    assert figure.height == 1


@pytest.mark.parametrize(
    ("measure", "indicator"),
    [
        ("asylum_applicants_chinese", "asylum_applicants"),
        ("valid_permits_chinese", "valid_permits"),
        ("students_from_china", "inbound_mobile_students"),
        ("chinese_born", "international_migrants"),
        ("refused_entry_chinese", "refused_entry"),
        ("illegally_present_chinese", "found_illegally_present"),
        ("schengen_visas_lodged_in_china", "visa_applications"),
    ],
)
def test_the_comparison_has_the_figures_of_the_union_that_the_headline_figures_have(
    built: Built, measure: str, indicator: str
) -> None:
    headline = built.table("headline").filter(indicator=indicator, jurisdiction=UNION, partner="CHN").collect()
    figures = built.table("comparison").filter(
        pl.col("measure") == measure, pl.col("jurisdiction") == UNION, pl.col("value").is_not_null()
    )
    compared = figures.collect().filter(pl.col("year").is_first_distinct())
    years = headline.filter(pl.col("year") >= 2008, pl.col("year") <= 2024, pl.col("value").is_not_null())
    both = years.join(compared, on="year", how="left", suffix="_compared")
    assert both.height > 0
    assert both.filter(pl.col("value").ne_missing(pl.col("value_compared"))).select("year", "value").rows() == []
