"""Visa rules by day, computed from announcements. The third-party matrix is used only for checking."""

import csv
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.law.visas import announced_by, rule_on, transit_rule_on
from sources import reading
from sources.catalogue import publishers
from sources.errors import FormatError
from sources.formats.delimited import law_csv
from sources.snapshot import FOLDER
from tests.conftest import Built, corridor
from tests.support.law_payloads import read_law_rows, write_payload
from tools.snapshot.recorders import visa

MEMBERS = visa._MEMBERS
NEVER_WAIVED = {"CZE", "LTU"}
DAYS = st.dates(date(2019, 11, 1), date(2026, 12, 31))


@cache
def rules() -> pl.DataFrame:
    return read_law_rows(FOLDER / "citations/visa_rules/2026-11.csv.gz", "citations/visa_rules").observations


def answer(
    nationality: str, jurisdiction: str, day: date, travel_document: str = "ORDINARY", known: date = date.max
) -> tuple[object, object]:
    found = rule_on(announced_by(rules(), known), nationality, jurisdiction, day, travel_document)
    assert found is not None, (nationality, jurisdiction, day)
    return found["waiver"], found["stay_days"]


def transit(nationality: str, day: date) -> tuple[object, object]:
    found = transit_rule_on(rules(), nationality, "CHN", day)
    assert found is not None, (nationality, day)
    return found["waiver"], found["stay_days"]


@pytest.mark.parametrize(
    ("nationality", "day", "expected"),
    [
        ("FRA", date(2019, 11, 23), ("none", None)),
        ("FRA", date(2023, 11, 30), ("none", None)),
        ("FRA", date(2023, 12, 1), ("unilateral", 15)),
        ("FRA", date(2024, 11, 29), ("unilateral", 15)),
        ("FRA", date(2024, 11, 30), ("unilateral", 30)),
        ("IRL", date(2024, 3, 13), ("none", None)),
        ("IRL", date(2024, 3, 14), ("unilateral", 15)),
        ("POL", date(2024, 7, 1), ("unilateral", 15)),
        ("CYP", date(2024, 10, 14), ("none", None)),
        ("DNK", date(2024, 11, 7), ("none", None)),
        ("DNK", date(2024, 11, 8), ("unilateral", 15)),
        ("BGR", date(2024, 11, 29), ("none", None)),
        ("BGR", date(2024, 11, 30), ("unilateral", 30)),
        ("SWE", date(2025, 11, 9), ("none", None)),
        ("SWE", date(2025, 11, 10), ("unilateral", 30)),
        ("DEU", date(2026, 12, 31), ("unilateral", 30)),
        ("DEU", date(2027, 1, 1), ("none", None)),
        ("CZE", date(2026, 6, 1), ("none", None)),
        ("LTU", date(2026, 6, 1), ("none", None)),
    ],
)
def test_china_waives_the_visa_from_the_announced_day(
    nationality: str, day: date, expected: tuple[str, int | None]
) -> None:
    assert answer(nationality, "CHN", day) == expected


@given(st.sampled_from(MEMBERS), DAYS)
def test_a_chinese_ordinary_passport_needs_a_visa_for_every_member_on_every_day(member: str, day: date) -> None:
    assert answer("CHN", member, day) == ("none", None)


@given(st.sampled_from(MEMBERS), DAYS)
def test_every_member_and_day_has_a_rule_and_no_waiver_is_interrupted(member: str, day: date) -> None:
    waiver, stay = answer(member, "CHN", day)
    assert (stay is None) == (waiver == "none")
    if waiver == "unilateral" and day < date(2026, 12, 31):
        assert answer(member, "CHN", day + timedelta(1))[0] == "unilateral"
    if member in NEVER_WAIVED:
        assert waiver == "none"


@given(st.sampled_from(MEMBERS), DAYS, DAYS)
def test_what_was_known_on_a_day_does_not_depend_on_later_announcements(member: str, day: date, known: date) -> None:
    later = rules().with_columns(
        announced=pl.lit(known + timedelta(1)), announced_to=pl.lit(None, pl.Date), stay_days=7
    )
    then = announced_by(rules(), known)
    more = announced_by(pl.concat([rules(), later.cast(rules().schema)]), known)
    assert rule_on(more, member, "CHN", day) == rule_on(then, member, "CHN", day)


def test_before_the_extension_was_announced_the_waiver_ended_in_november_2024() -> None:
    day = date(2024, 12, 1)
    assert answer("FRA", "CHN", day, known=date(2024, 5, 6))[0] == "none"
    assert answer("FRA", "CHN", day, known=date(2024, 5, 7)) == ("unilateral", 15)
    assert answer("FRA", "CHN", day, known=date(2024, 11, 22)) == ("unilateral", 30)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2019, 12, 1), ("transit", 6)),
        (date(2020, 3, 27), ("transit", 6)),
        (date(2020, 3, 28), ("transit_suspended", None)),
        (date(2023, 1, 7), ("transit_suspended", None)),
        (date(2023, 1, 8), ("transit", 6)),
        (date(2024, 12, 16), ("transit", 6)),
        (date(2024, 12, 17), ("transit", 10)),
    ],
)
def test_transit_has_its_own_rules(day: date, expected: tuple[str, int | None]) -> None:
    assert {transit(member, day) for member in MEMBERS} == {expected}
    assert answer("CZE", "CHN", day) == ("none", None)


def test_diplomatic_passports_are_waived_on_both_sides_since_2016_and_ordinary_ones_are_not() -> None:
    for pair in (("CHN", "DEU"), ("DEU", "CHN")):
        assert rule_on(rules(), *pair, date(2016, 3, 2), travel_document="DIPLOMATIC") is None
        assert answer(*pair, date(2016, 3, 3), travel_document="DIPLOMATIC") == ("mutual", 90)
    # The agreement does not cover Ireland, which has an older agreement of its own without a stated length of stay.
    assert answer("CHN", "IRL", date(2020, 1, 1), travel_document="DIPLOMATIC") == ("mutual", None)


def test_a_pair_without_a_rule_has_no_result() -> None:
    assert rule_on(rules(), "DEU", "FRA", date(2024, 1, 1)) is None
    assert rule_on(rules(), "CHN", "CHN", date(2024, 1, 1)) is None


def test_a_contradicted_source_is_never_used() -> None:
    waived = rules().filter(pl.col("partner") == "SVK", pl.col("waiver") == "unilateral").tail(1)
    doubted = waived.with_columns(partner=pl.lit("CZE"), confidence=pl.lit("low"))
    found = rule_on(pl.concat([rules(), doubted]), "CZE", "CHN", date(2026, 3, 1))
    assert found is not None
    assert found["waiver"] == "none"


def test_no_waiver_of_the_table_contradicts_the_answer_for_its_day() -> None:
    waivers = rules().filter(pl.col("waiver") == "unilateral")
    assert set(waivers["confidence"]) == {"high"}
    assert not set(waivers["partner"]) & {"CZE", "LTU"}
    assert answer("CZE", "CHN", date(2026, 3, 1)) == ("none", None)


def test_every_rule_has_a_source_other_than_the_matrix() -> None:
    sources = rules().select(pl.concat_str("source", "source_url").str.to_lowercase().alias("text"))["text"]
    assert not sources.str.contains("passport.?index|ilyankou|imorte").any()
    ended = rules().drop_nulls("announced_to")
    assert (ended["announced_to"] >= ended["valid_from"]).all()
    exact = rules().filter(pl.col("date_precision") == "day")
    assert (exact["announced"] <= exact["valid_from"]).all()


@pytest.mark.parametrize("source", ["", "general knowledge"])
def test_a_rule_without_a_citable_source_is_refused(tmp_path: Path, source: str) -> None:
    row = dict.fromkeys(visa.HEADER, "") | {"nationality": "DNK", "valid_from": "2024-11-08", "source": source}
    text = ",".join(visa.HEADER) + "\n" + ",".join(row.values()) + "\n"
    with pytest.raises(FormatError, match="record 2"):
        reading.read(write_payload(tmp_path, text))


def test_every_locator_finds_its_rule() -> None:
    with reading.opened(FOLDER / "citations/visa_rules/2026-11.csv.gz") as plain:
        find = law_csv.finder(plain)
        for day, locator in rules().select("valid_from", "locator").sample(20, seed=1).iter_rows():
            assert find(locator) == day.isoformat()


def test_no_rule_is_read_twice() -> None:
    declared = publishers()["citations"].datasets["visa_rules"].record
    assert declared is not None
    assert (
        not rules()
        .select("partner", "jurisdiction", "travel_document", "waiver", "valid_from", "source")
        .is_duplicated()
        .any()
    )


@pytest.mark.corpus
class TestTheMatrixBearsWitness:
    """Compares every snapshot of the matrix with the rules. Its date is the day of observation."""

    def agree(self, passport: str, destination: str, code: str, day: date) -> bool:
        waiver, stay = answer(passport, destination, day)
        # The codes for a required visa changed over time; during the pandemic they were replaced by a ban.
        if code in ("0", "VR", "visa required", "covid ban"):
            return waiver == "none"
        return waiver == "unilateral" and str(stay) == code

    def test_rules_agree_with_the_history_of_all_snapshots(self, corpus: Path) -> None:
        path = corpus / "legal/derived/visa_requirement_history_EU27_CHN.tsv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        wrong = [
            (row["passport"], row["destination"], row[seen])
            for row in rows
            for seen in ("first_seen_snapshot", "last_seen_snapshot")
            if not self.agree(row["passport"], row["destination"], row["requirement"], date.fromisoformat(row[seen]))
        ]
        assert len(rows) > 200
        assert wrong == []

    @pytest.mark.parametrize(
        ("name", "day"),
        [
            ("ilyankou_2019-11-23_passport-index-tidy-iso3", date(2019, 11, 23)),
            ("ilyankou_2020-03-09_passport-index-tidy-iso3", date(2020, 3, 9)),
            ("ilyankou_2024-05-08_passport-index-tidy-iso3", date(2024, 5, 8)),
            ("ilyankou_2024-10-28_passport-index-tidy-iso3", date(2024, 10, 28)),
            ("ilyankou_2024-12-04_passport-index-tidy-iso3", date(2024, 12, 4)),
            ("ilyankou_2025-01-02_passport-index-tidy-iso3", date(2025, 1, 2)),
            ("ilyankou_passport-index-tidy-iso3", date(2025, 1, 12)),
            ("imorte_passport-index-tidy-iso3", date(2026, 2, 17)),
        ],
    )
    def test_rules_agree_with_each_snapshot(self, corpus: Path, name: str, day: date) -> None:
        with (corpus / f"legal/visa/{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            _, *rows = csv.reader(file)
        pairs = {(row[0], row[1]): row[2] for row in rows}
        asked = [pair for member in MEMBERS for pair in ((member, "CHN"), ("CHN", member))]
        assert [pair for pair in asked if not self.agree(*pair, pairs[pair], day)] == []

    def test_a_snapshot_gives_the_same_rows_in_any_order_and_code(self, corpus: Path, tmp_path: Path) -> None:
        plain = corpus / "legal/visa/ilyankou_2024-10-28_passport-index-tidy-iso3.csv"
        wide = pl.read_csv(plain, infer_schema=False)
        areas = pl.read_csv(Path("warehouse/codes/areas.csv"), infer_schema=False).drop_nulls("iso2")
        two = dict(areas.select("area", "iso2").iter_rows())
        turned = wide.select("Requirement", *(pl.col(n).replace(two).alias(n) for n in ("Destination", "Passport")))
        turned.write_csv(tmp_path / "turned.csv")
        wide.pivot("Destination", index="Passport", values="Requirement").write_csv(tmp_path / "matrix.csv")
        read = [
            set(
                read_law_rows(path, "passportindex/matrix")
                .observations.drop_nulls("coded_value")
                .select("partner", "jurisdiction", "coded_value")
                .iter_rows()
            )
            for path in (plain, tmp_path / "turned.csv", tmp_path / "matrix.csv")
        ]
        assert read[0] == read[1] == read[2]
        pairs = [row for row in read[0] if "CHN" in row[:2] and row[0] != row[1]]
        assert len(pairs) == 54
        assert [row for row in pairs if not self.agree(row[0], row[1], row[2], date(2024, 10, 28))] == []

    def test_rules_agree_with_the_immigration_administration(self, corpus: Path) -> None:
        spelled = {"EL": "GRC"}
        areas = pl.read_csv(Path("warehouse/codes/areas.csv"), infer_schema=False).select("iso2", "area").drop_nulls()
        codes = dict(areas.iter_rows()) | spelled
        with (corpus / "china/visa_policy/eu_visa_free_to_china.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                member = codes[row["eurostat_geo"]]
                waiver, stay = answer(member, "CHN", date(2026, 9, 17))
                expected = ("unilateral", 30) if row["scheme"] == "unilateral" else ("none", None)
                assert (waiver, stay) == expected, member
                assert transit(member, date(2026, 9, 17)) == ("transit", 10)
                if row["in_force_from"]:
                    begins = date.fromisoformat(row["in_force_from"])
                    assert answer(member, "CHN", begins)[0] == "unilateral", member
                    assert answer(member, "CHN", begins - timedelta(1))[0] == "none", member


def test_explain_prints_whether_a_visa_was_needed_and_the_rule(built: Built) -> None:
    data = ("--data", str(built.data))
    done = corridor("explain", "visa_rule", "partner=DEU", "jurisdiction=CHN", "--on", "2024-05-08", *data)
    assert done.returncode == 0, done.stderr
    assert "needed no visa for up to 15 days on 2024-05-08 (high confidence)." in done.stdout
    assert "24 November 2023" in done.stdout
    done = corridor("explain", "visa_rule", "partner=DEU", "jurisdiction=CHN", "--on", "2027-01-01", *data)
    assert "last waiver that a source announces ends on 2026-12-31" in " ".join(done.stdout.split())
    done = corridor("explain", "visa_rule", "partner=CHN", "jurisdiction=IRL", "--on", "2024-05-08", *data)
    assert "needed a visa on 2024-05-08" in done.stdout
    done = corridor("explain", "visa_rule", "partner=China", "--on", "2024-05-08", *data)
    assert done.returncode == 1
    assert "alpha-3" in done.stderr
    wrong = ("partner=DEU", "jurisdiction=CHN", "travel_document=PASSPORT")
    done = corridor("explain", "visa_rule", *wrong, "--on", "2024-05-08", *data)
    assert done.returncode == 1
    words = " ".join(done.stderr.split())
    assert "PASSPORT is not a travel document; use one of DIPLOMATIC, HKG_PASSPORT, MAC_PASSPORT, ORDINARY" in words


def test_a_release_holds_the_rules(built: Built) -> None:
    released = built.table("visa_rule").collect()
    assert released.height == rules().height
    assert rule_on(released, "ITA", "CHN", date(2025, 6, 1)) is not None
