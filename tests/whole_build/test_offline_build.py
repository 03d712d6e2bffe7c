"""One whole offline build as a new user runs it: the content of the release, and the result of a second build."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

from assets.compare.grades import ATTRIBUTES
from assets.core.workspace import Workspace
from expectations import rules_of
from pipelines.explain.trace import Tracer
from tests.conftest import Built, corridor
from warehouse.contracts import contract, contracts
from warehouse.measures import measures

STATISTICS = [name for name, declared in contracts().items() if declared.kind == "statistics"]


def test_the_release_has_every_table_with_the_schema_of_its_contract(built: Built) -> None:
    for name, declared in contracts().items():
        frame = built.table(name)
        assert frame.collect_schema() == declared.polars_schema, name


def test_the_release_is_large_enough_to_be_used(built: Built) -> None:
    rows = {name: built.table(name).select(pl.len()).collect().item() for name in contracts()}
    assert len([name for name, count in rows.items() if count]) >= 12
    assert sum(rows[name] for name in STATISTICS) >= 60_000


def test_keys_are_unique_and_rows_sorted_by_them(built: Built) -> None:
    for name, declared in contracts().items():
        keys = built.table(name).select(declared.key).collect()
        assert keys.is_unique().all(), name
        assert keys.equals(keys.sort(declared.key)), name


def test_a_missing_value_has_a_reason_and_a_value_has_none(built: Built) -> None:
    for name in STATISTICS:
        frame = built.table(name)
        wrong = frame.filter(pl.col("value").is_null() == pl.col("missing_reason").is_null())
        assert wrong.collect().is_empty(), name


def test_the_build_prints_the_folder_of_the_release_and_what_was_not_fetched(built: Built) -> None:
    assert str(built.release) in built.output
    (line,) = [line for line in built.output.splitlines() if line.startswith("not fetched:")]
    assert "eurostat/migr_emi2" in line
    assert "unhcr" not in line
    for name in contracts():
        assert name in built.output


def test_the_tables_state_what_was_not_fetched(built: Built) -> None:
    modes = dict(built.table("dataset").select("dataset", "mode").collect().iter_rows())
    assert modes["eurostat/migr_emi2"] == "not_fetched"
    assert modes["unhcr/population"] == "snapshot"
    blue_cards = built.table("coverage").filter(pl.col("indicator") == "eu_blue_cards").collect()
    assert blue_cards["coverage"].unique().to_list() == ["not_fetched"]


def test_coverage_has_every_jurisdiction_indicator_and_year(built: Built) -> None:
    coverage = built.table("coverage").collect()
    jurisdictions, indicators = coverage["jurisdiction"].n_unique(), coverage["indicator"].n_unique()
    assert jurisdictions == 29
    assert coverage.height == jurisdictions * indicators * coverage["year"].n_unique()
    assert coverage.filter(pl.col("coverage") == "value")["observations"].min() == 1


def test_the_documents_of_a_release_are_there(built: Built) -> None:
    package = json.loads((built.release / "datapackage.json").read_text())
    assert {resource["name"] for resource in package["resources"]} == set(contracts())
    for name in ("CHANGELOG.md", "CITATION.cff", "LICENSES.md", "quality/index.html"):
        assert (built.release / name).stat().st_size > 200, name
    assert "snapshot" in package["description"]


@pytest.mark.parametrize(
    ("table", "where", "value"),
    [
        # United Nations Population Division, International Migrant Stock 2024: foreign citizens in China
        ("migrant_stock", {"jurisdiction": "CHN", "partner": "_T", "sex": "_T", "period": "2024"}, 1_638_718),
        ("migrant_stock", {"jurisdiction": "CHN", "partner": "_T", "sex": "_T", "period": "2020"}, 1_415_116),
        # KNOMAD, Bilateral Migration Matrix 2021 and Bilateral Remittance Matrix 2021
        ("migrant_stock", {"jurisdiction": "DEU", "partner": "CHN", "publisher": "worldbank"}, 155_595),
        # Eurostat, migr_pop1ctz of 2026-09-22: Chinese citizens in France
        (
            "migrant_stock",
            {"jurisdiction": "FRA", "partner": "CHN", "dataset": "eurostat/migr_pop1ctz", "sex": "_T"},
            103_068,
        ),
        # Eurostat, migr_resfirst of 2026-09-11: first permits to Chinese citizens in Ireland
        (
            "residence_permit",
            {"jurisdiction": "IRL", "partner": "CHN", "reason": "_T", "duration": "_T", "period": "2023"},
            6_632,
        ),
        # World Bank, SM.POP.NETM of 2024-06-28
        ("migration_flow", {"jurisdiction": "CHN", "indicator": "net_migration", "period": "2022"}, -293_846),
    ],
)
def test_a_known_figure_is_in_the_release(built: Built, table: str, where: dict[str, str], value: float) -> None:
    conditions = [
        pl.col(name).dt.year() == int(wanted) if name == "period" else pl.col(name) == wanted
        for name, wanted in where.items()
    ]
    found = built.table(table).filter(*conditions).collect()
    assert value in found["value"].to_list()


@pytest.mark.slow
def test_a_thousand_random_observations_are_found_in_their_payloads(built: Built) -> None:
    rows = pl.concat(
        [built.table(name).select("dataset", "payload", "locator", "value").collect() for name in STATISTICS]
    )
    chosen = rows[random.Random(2008).sample(range(rows.height), 1000)]
    tracer = Tracer(Workspace(built.data))
    wrong = [(row, trace) for row in chosen.iter_rows(named=True) if not (trace := tracer.trace(row)).agrees]
    assert not wrong, wrong[:3]


def test_observations_of_every_payload_format_are_found_in_their_payloads(built: Built) -> None:
    tracer = Tracer(Workspace(built.data))
    formats = set()
    for name in STATISTICS:
        for row in built.table(name).unique("payload").collect().iter_rows(named=True):
            trace = tracer.trace(row)
            assert trace.agrees, trace
            formats.add(trace.format)
    assert len(formats) >= 5


def test_every_table_has_an_outcome_of_each_check_of_its_list(built: Built) -> None:
    for declared in contracts().values():
        if declared.table != "release":
            (path,) = (built.data / "stage_cache" / "checks" / declared.table).glob("*/outcomes.json")
            outcomes = json.loads(path.read_text())
            rules = [(rule.name, rule.severity, rule.reason) for rule in rules_of(declared)]
            assert [(o["name"], o["severity"], o["reason"]) for o in outcomes] == rules


def test_a_second_build_without_changes_publishes_no_release(built: Built) -> None:
    before = (built.data / "releases" / "index.json").read_bytes()
    ledger = (built.data / "archive" / "ledger.jsonl").read_text().count("\n")
    done = corridor("build", "--data", str(built.data), "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["new"], report["failures"]) == (0, False, [])
    assert (built.data / "releases" / "index.json").read_bytes() == before
    # The embedded snapshot changes only with the software, so an unchanged one is not requested again.
    assert (built.data / "archive" / "ledger.jsonl").read_text().count("\n") == ledger


def test_verify_finds_a_flipped_byte_in_a_table_and_in_a_payload(built: Built, tmp_path: Path) -> None:
    assert corridor("verify", "--data", str(built.data)).returncode == 0
    payload = next(path for path in sorted((built.data / "archive").glob("??/*")))
    table = built.release / "tables" / "remittance.parquet"
    for path in (payload, table):
        whole = path.read_bytes()
        mode = path.stat().st_mode
        path.chmod(0o644)
        path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
        try:
            done = corridor("verify", "--data", str(built.data))
        finally:
            path.write_bytes(whole)
            path.chmod(mode)
        assert done.returncode == 1
        assert path.name in done.stderr


def test_figures_of_one_indicator_have_the_unit_of_the_indicator(built: Built) -> None:
    units = dict(built.table("indicator").select("indicator", "unit").collect().iter_rows())
    for name in STATISTICS:
        for indicator, unit in built.table(name).select("indicator", "unit").unique().collect().iter_rows():
            assert unit == units[indicator], indicator


def test_a_table_declares_its_key_in_its_parquet_footer(built: Built) -> None:
    import pyarrow.parquet as pq

    metadata = pq.read_schema(built.release / "tables" / "asylum.parquet").metadata
    assert metadata[b"key"].decode().split(",") == list(contract("asylum").key)


def test_every_jurisdiction_has_a_value_or_a_reason_for_every_measure_and_year(built: Built) -> None:
    rows = built.table("comparison").filter(pl.col("aggregation") == "state").collect()
    assert rows["jurisdiction"].n_unique() == 28
    assert set(rows["measure"]) == set(measures())
    assert set(range(2008, 2026)) <= set(rows["year"])
    assert rows.height == 28 * len(measures()) * rows["year"].n_unique()
    assert rows.filter(pl.col("value").is_null() == pl.col("missing_reason").is_null()).is_empty()
    assert rows.drop_nulls("value")["measure"].n_unique() >= 35


def test_every_grade_follows_from_the_counting_rules(built: Built) -> None:
    """Compute each grade again from the published registry only."""
    names = {"basis": "counting_basis"}
    rules = {
        (row["indicator"], row["definition"]): {name: row[names.get(name, name)] for name in ATTRIBUTES}
        for row in built.table("counting_rule").collect().iter_rows(named=True)
    }
    own = {(name, source.dataset): source.concept for name, entry in measures().items() for source in entry.sources}
    picked = built.table("comparison").filter(pl.col("parts") == 1, pl.col("value").is_not_null()).collect()
    assert picked.height > 5000
    for row in picked.iter_rows(named=True):
        entry = measures()[row["measure"]]
        like = rules.get((entry.sources[0].indicator, entry.like))
        if like is None or row["aggregation"] == "computed":
            continue
        rule = dict(rules[row["indicator"], row["definition"]])
        rule["concept"] = own[row["measure"], row["dataset"]] or rule["concept"]
        differing = [name for name in ATTRIBUTES if rule[name] != like[name]]
        if "member_missing" in (row["flags"] or "") and "excludes" not in differing:
            differing.append("excludes")  # the published figure of the Union may not contain the member
        assert row["grade"] == max([ATTRIBUTES[name] for name in differing], default="A"), row
        assert (row["grade_reasons"] or "") == ";".join(differing), row


def test_the_floating_population_is_never_comparable_with_movers_between_member_states(built: Built) -> None:
    rows = built.table("comparison").filter(pl.col("measure") == "internal_mobility", pl.col("value").is_not_null())
    graded = dict(rows.select("jurisdiction", "grade").unique().collect().iter_rows())
    assert graded["CHN"] == "A"
    assert graded["DEU"] == "D"
    reasons = rows.filter(pl.col("jurisdiction") == "DEU").collect()["grade_reasons"].to_list()
    assert all(text.startswith("phenomenon;") for text in reasons)


def test_the_comparison_has_the_figures_of_its_sources(built: Built) -> None:
    """China's 1,638,718 of 2024 and 354 applications of 2020 were read by a person in the publishers' files."""
    rows = built.table("comparison").filter(pl.col("jurisdiction") == "CHN").collect()
    found = {(row["measure"], row["year"]): row["value"] for row in rows.iter_rows(named=True)}
    assert found["foreign_born", 2024] == 1_638_718
    assert found["asylum_applicants", 2020] == 354
    assert found["internal_mobility", 2020] == 375_816_759
