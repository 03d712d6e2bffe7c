"""Known traps of Eurostat's data, for readers who are not careful: one test for each."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.normalise.codes import Normalised, Origin
from assets.normalise.statistics import observations_of
from sources import reading
from sources.catalogue import publishers
from sources.errors import StructureError
from sources.snapshot import payloads

ORIGIN = Origin("e" * 64, datetime(2026, 10, 1, tzinfo=UTC))
AFTER = "TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS"


def read(folder: Path, name: str, dimensions: str, *rows: str) -> Normalised:
    """The observations of SDMX-CSV 1.0 of a dataset with these dimensions in this order."""
    path = folder / f"{name}.csv"
    lines = [f"DATAFLOW,LAST UPDATE,{dimensions},{AFTER}"]
    lines += [f"ESTAT:{name.upper()}(1.0),03/07/26 23:00:00,{row}" for row in rows]
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8")
    return observations_of(reading.read(path), publishers()["eurostat"], name, ORIGIN)


def one(observed: Normalised, *fields: str) -> tuple[object, ...]:
    """These fields of the only observation."""
    assert observed.unmatched.is_empty()
    return observed.observations.select(fields).row(0) if observed.observations.height == 1 else ()


RESFIRST = "freq,reason,citizen,duration,unit,geo"
ERGAN = "freq,unit,sex,age,citizen,geo"


def test_labels_in_code_columns(tmp_path: Path) -> None:
    # The headers of labels=name and labels=id are equal. Declared labels are read, and any other text is not a code.
    row = "Annual,Education reasons,China,From 3 to 5 months,Person,Germany,2023,5,,"
    observed = read(tmp_path, "migr_resfirst", RESFIRST, row)
    assert one(observed, "reason", "partner", "duration", "jurisdiction") == ("EDUC", "CHN", "M3T5", "DEU")
    assert reading.read(tmp_path / "migr_resfirst.csv").coded is False
    unknown = read(
        tmp_path, "migr_resfirst", RESFIRST, row.replace("Education", "Agreeable").replace("From 3", "From 2")
    )
    assert unknown.observations.is_empty()
    assert set(unknown.unmatched["dimension"]) == {"reason", "duration"}


def test_gzip_without_header(tmp_path: Path) -> None:
    read(tmp_path, "migr_resfirst", RESFIRST, "A,TOTAL,CN,TOTAL,PER,IE,2023,6632,,")
    packed = tmp_path / "body"  # neither a name nor a header shows that it is compressed
    packed.write_bytes(gzip.compress((tmp_path / "migr_resfirst.csv").read_bytes()))
    with reading.opened(packed) as path:
        observed = observations_of(reading.read(path), publishers()["eurostat"], "migr_resfirst", ORIGIN)
    assert one(observed, "value") == (6632.0,)


def test_an_empty_200(tmp_path: Path) -> None:
    # A wrong code returns only a header: there is no figure, and it is not 0.
    observed = read(tmp_path, "migr_resfirst", RESFIRST)
    assert observed.observations.is_empty()
    assert observed.unmatched.is_empty()


def test_na_for_namibia_and_no_for_norway(tmp_path: Path) -> None:
    rows = [f"A,TOTAL,{citizen},TOTAL,PER,IE,2023,5,," for citizen in ("NA", "NE", "NO")]
    observed = read(tmp_path, "migr_resfirst", RESFIRST, *rows)
    assert sorted(observed.observations["partner"]) == ["NAM", "NER", "NOR"]


def test_el_uk_and_xk_are_not_iso(tmp_path: Path) -> None:
    observed = read(tmp_path, "migr_pop1ctz", "freq,citizen,age,unit,sex,geo", "A,UK,TOTAL,NR,T,EL,2019,7,,")
    assert one(observed, "jurisdiction", "partner") == ("GRC", "GBR")
    observed = read(tmp_path, "migr_pop1ctz", "freq,citizen,age,unit,sex,geo", "A,XK,TOTAL,NR,T,EL,2019,7,,")
    assert one(observed, "partner") == ("XKX",)


def test_explicit_zero_is_not_missing_and_missing_is_not_zero(tmp_path: Path) -> None:
    rows = ["A,TOTAL,CN,TOTAL,PER,IE,2022,0,,", "A,TOTAL,CN,TOTAL,PER,IE,2023,,,"]
    frame = read(tmp_path, "migr_resfirst", RESFIRST, *rows).observations.sort("period")
    assert frame["value"].to_list() == [0.0, None]
    assert frame["missing_reason"].to_list() == [None, "not_published"]


def test_a_flag_without_a_value_is_kept(tmp_path: Path) -> None:
    rows = ["A,PC,F,Y20-64,NAT,AT,2021,,bu,", "A,PC,F,Y20-64,NAT,AT,2022,,,C"]
    frame = read(tmp_path, "lfsa_ergan", ERGAN, *rows).observations.sort("period")
    assert frame.select("value", "obs_status", "missing_reason", "conf_status").rows() == [
        (None, "BU", "not_published", "F"),
        (None, "O", "suppressed", "C"),
    ]


def test_composite_flags_keep_every_letter(tmp_path: Path) -> None:
    observed = read(tmp_path, "migr_resfirst", RESFIRST, "A,TOTAL,CN,TOTAL,PER,IE,2023,5,bdep,")
    assert one(observed, "obs_status") == ("BDEP",)


def test_the_stamp_is_day_month_year_in_brussels(tmp_path: Path) -> None:
    observed = read(tmp_path, "migr_resfirst", RESFIRST, "A,TOTAL,CN,TOTAL,PER,IE,2023,5,,")
    assert one(observed, "source_updated") == (datetime(2026, 7, 3, 21, tzinfo=UTC),)


def test_a_figure_rounded_to_five_has_bounds_and_zero_may_be_two(tmp_path: Path) -> None:
    name, dimensions = "migr_asytpsm", "freq,citizen,sex,age,unit,geo"
    rows = ["M,UA,T,TOTAL,PER,AT,2022-07,73785,,", "M,UA,T,TOTAL,PER,AT,2022-08,0,,"]
    frame = read(tmp_path, name, dimensions, *rows).observations.sort("period")
    assert frame.select("value_min", "value", "value_max").rows() == [(73783.0, 73785.0, 73787.0), (0.0, 0.0, 2.0)]
    assert frame["freq"].to_list() == ["M", "M"]


def test_dimensions_are_read_by_name_in_any_order(tmp_path: Path) -> None:
    shuffled = "unit,geo,duration,citizen,freq,reason"
    there = read(tmp_path, "migr_resfirst", RESFIRST, "A,EDUC,CN,M_GE12,PER,IE,2023,5,,").observations
    here = read(tmp_path, "migr_resfirst", shuffled, "PER,IE,M_GE12,CN,A,EDUC,2023,5,,").observations
    assert here.equals(there)


def test_a_related_dataset_has_the_same_filter_at_another_position(tmp_path: Path) -> None:
    first = read(tmp_path, "migr_resfirst", RESFIRST, "A,EDUC,CN,M_GE12,PER,IE,2023,5,,")
    valid = read(tmp_path, "migr_resvalid", "freq,duration,reason,unit,citizen,geo", "A,M_GE12,EDUC,PER,CN,IE,2023,5,,")
    fields = ("reason", "duration", "partner", "jurisdiction", "value")
    assert one(first, *fields) == one(valid, *fields) == ("EDUC", "M_GE12", "CHN", "IRL", 5.0)


def test_age_reached_and_age_completed_are_two_rows(tmp_path: Path) -> None:
    rows = [f"A,CN,{how},TOTAL,NR,T,IE,2024,991,," for how in ("REACH", "COMPLET")]
    frame = read(tmp_path, "migr_acq", "freq,citizen,agedef,age,unit,sex,geo", *rows).observations
    assert sorted(frame["age_definition"]) == ["COMPLET", "REACH"]
    assert frame["value"].to_list() == [991.0, 991.0]


@pytest.mark.parametrize(
    ("name", "dimension", "role"),
    [
        ("migr_imm1ctz", "citizen", "citizenship"),
        ("migr_imm3ctb", "c_birth", "country_of_birth"),
        ("migr_imm5prv", "partner", "previous_residence"),
        ("migr_emi3nxt", "partner", "next_residence"),
    ],
)
def test_citizenship_birth_and_residence_are_three_things(tmp_path: Path, name: str, dimension: str, role: str) -> None:
    observed = read(tmp_path, name, f"freq,{dimension},agedef,age,unit,sex,geo", "A,CN,COMPLET,TOTAL,NR,T,IE,2024,5,,")
    assert one(observed, "partner", "partner_role") == ("CHN", role)


def test_hong_kong_is_separate_by_birth_and_in_the_balance_of_payments(tmp_path: Path) -> None:
    born = read(tmp_path, "migr_pop3ctb", "freq,c_birth,age,unit,sex,geo", "A,HK,TOTAL,NR,T,FR,2024,5,,")
    assert one(born, "partner") == ("HKG",)
    sent = read(tmp_path, "bop_rem6", BOP, "A,MIO_EUR,D752,DEB,CN_X_HK,IT,2023,1.5,,")
    assert one(sent, "partner") == ("CHN",)


BOP = "freq,currency,bop_item,stk_flow,partner,geo"


def test_a_credit_is_received_and_a_debit_is_paid(tmp_path: Path) -> None:
    rows = ["A,MIO_EUR,D752,CRE,WRL_REST,IT,2023,650.1,,", "A,MIO_EUR,D752,DEB,WRL_REST,IT,2023,8211.3,,"]
    frame = read(tmp_path, "bop_rem6", BOP, *rows).observations.sort("indicator")
    assert frame.select("indicator", "partner", "partner_role", "value", "unit").rows() == [
        ("personal_transfers_paid", "_T", "destination", 8_211_300_000.0, "EUR"),
        ("personal_transfers_received", "_T", "origin", 650_100_000.0, "EUR"),
    ]


def test_rates_are_per_cent_and_persons_are_thousands(tmp_path: Path) -> None:
    rate = read(tmp_path, "lfsa_ergan", ERGAN, "A,PC,T,Y20-64,FOR,AT,2024,64.1,,")
    assert one(rate, "indicator", "value", "unit") == ("employment_rate", 64.1, "percent")
    dimensions = "freq,unit,sex,citizen,age,wstatus,geo"
    rows = [f"A,THS_PER,T,FOR,Y15-64,{status},AT,2024,64.1,," for status in ("EMP", "UNE", "INAC")]
    frame = read(tmp_path, "lfsa_pganws", dimensions, *rows).observations
    assert sorted(frame["indicator"]) == ["employed", "outside_labour_force", "unemployed"]
    # In floating point 64.1 times 1,000 is 64,099.99999999999.
    assert frame.select("value_min", "value", "value_max", "unit").unique().rows() == [
        (64_050.0, 64_100.0, 64_150.0, "persons")
    ]


def test_a_share_of_acquisitions_has_no_citizenship_but_an_indicator(tmp_path: Path) -> None:
    rows = [f"A,PC,T,{group},IE,2024,2.94,," for group in ("FOR_P_HHAB", "NEU_P_HHAB", "EU_P_HHAB")]
    frame = read(tmp_path, "migr_acqs", "freq,unit,sex,indic_mg,geo", *rows).observations
    assert sorted(frame["partner"]) == ["EU27_2020_FOR", "FOR", "NEU27_2020_FOR"]
    assert frame["unit"].unique().to_list() == ["percent"]


def test_overlapping_age_bands_are_distinguished_from_their_total(tmp_path: Path) -> None:
    rows = [f"A,CN,TOTAL,T,PER,{age},IE,2024,5,," for age in ("TOTAL", "Y_LT18", "Y_LT14", "Y14-17")]
    frame = read(tmp_path, "migr_asyappctza", "freq,citizen,applicant,sex,unit,age,geo", *rows).observations
    assert sorted(frame["age"]) == ["Y14T17", "Y_LT14", "Y_LT18", "_T"]


@pytest.mark.parametrize(
    ("name", "before", "after", "fields"),
    [
        (
            "migr_asyappctza",
            ("freq,citizen,sex,unit,age,asyl_app,geo", "A,CN,T,PER,TOTAL,NASY_APP,DE,2023,5,,"),
            ("freq,citizen,applicant,sex,unit,age,geo", "A,CN,FRST,T,PER,TOTAL,DE,2023,5,,"),
            {"applicant": "FRST"},
        ),
        (
            "migr_asyappctzm",
            ("freq,unit,citizen,sex,age,asyl_app,geo", "M,PER,CN,T,TOTAL,ASY_APP,DE,2020-01,5,,"),
            ("freq,citizen,applicant,sex,unit,age,geo", "M,CN,TOTAL,T,PER,TOTAL,DE,2020-01,5,,"),
            {"applicant": "_T"},
        ),
        (
            "migr_reslong",
            ("freq,citizen,unit,geo", "A,CN,PER,IE,2019,5,,"),
            ("freq,leg_fram,citizen,unit,geo", "A,TOTAL,CN,PER,IE,2019,5,,"),
            {"legal_framework": "_T"},
        ),
        (
            "migr_eipre",
            ("freq,citizen,sex,age,unit,geo", "A,CN,T,TOTAL,PER,DE,2016,5,,"),
            ("freq,reason,apprehen,citizen,sex,age,unit,geo", "A,TOTAL,TOTAL,CN,T,TOTAL,PER,DE,2016,5,,"),
            {"reason": "_T", "apprehension": "_T"},
        ),
        (
            "migr_eirfs",
            ("freq,reason,citizen,unit,geo", "A,TOTAL,CN,PER,DE,2016,5,,"),
            ("freq,border,unit,reason,citizen,geo", "A,TOTAL,PER,TOTAL,CN,DE,2016,5,,"),
            {"border": "_T", "reason": "_T"},
        ),
    ],
)
def test_both_structures_of_a_changed_dataset_give_the_same_observations(
    tmp_path: Path, name: str, before: tuple[str, str], after: tuple[str, str], fields: dict[str, str]
) -> None:
    old, new = (read(tmp_path, name, dimensions, row).observations for dimensions, row in (before, after))
    assert new.select(list(fields)).rows() == [tuple(fields.values())]
    assert old.drop("locator").equals(new.drop("locator"))


def test_the_error_of_a_changed_structure_lists_the_old_and_the_new_dimensions(tmp_path: Path) -> None:
    with pytest.raises(StructureError) as caught:
        read(tmp_path, "migr_resfirst", "freq,purpose,citizen,duration,unit,geo", "A,EDUC,CN,TOTAL,PER,IE,2023,5,,")
    assert str(caught.value) == (
        "the structure of the payload changed: it lacks reason and has purpose, which the catalogue entry does not "
        "name; its dimensions are freq, purpose, citizen, duration, unit, geo, those of the entry citizen, duration, "
        "freq, geo, reason, unit"
    )


@pytest.mark.parametrize("name", ["migr_resbc13", "migr_resbc34", "crim_thb_sex"])
def test_an_unknown_dimension_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StructureError, match="unheard_of, which the catalogue entry does not name"):
        read(tmp_path, name, "freq,unheard_of,citizen,unit,geo", "A,X,CN,PER,IE,2023,5,,")


def test_an_unnamed_dimension_is_read_at_its_total_where_the_entry_allows_it(tmp_path: Path) -> None:
    order = "freq,citizen,c_dest,unheard_of,unit,geo"
    lines = ("Q,CN,TOTAL,VOL,PER,IE,2023-Q1,5,,", "Q,CN,TOTAL,TOTAL,PER,IE,2023-Q1,15,,")
    assert read(tmp_path, "migr_eirtn1", order, *lines).observations["value"].to_list() == [15]
    with pytest.raises(StructureError, match="unheard_of, which the catalogue entry does not name, and no row with"):
        read(tmp_path, "migr_eirtn1", order, lines[0])


def test_an_unknown_detailed_reason_is_counted_and_not_dropped(tmp_path: Path) -> None:
    observed = read(tmp_path, "migr_resocc", RESFIRST, "A,EMP_XYZ,CN,TOTAL,PER,IE,2023,5,,")
    assert observed.observations.is_empty()
    assert observed.unmatched.select("dimension", "source_code", "cells").rows() == [("reason", "EMP_XYZ", 1)]


@pytest.mark.corpus
class TestFiguresEqualThePublicCopies:
    """Sums of datasets of the snapshot equal sums of the public copies, read by another method."""

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("lfsa_urgan", "lfsa_urgan/natix-x__unemployment_rates_yearly.csv"),
            ("lfsa_pganws", "lfsa_pganws/natix-x__population_by_sex_age_labour_status_foreigners.csv"),
            ("lfsa_egan", "lfsa_egan/natix-x__employment_by_citizenship.csv"),
            ("migr_asytpsm", "migr_asytpsm/natix-x__temporary_protection_beneficiaries_monthly.csv"),
            ("demo_pjanbroad", "demo_pjanbroad/natix-x__population_15_64_age_group.csv"),
        ],
    )
    def test_responses_with_codes(self, corpus: Path, name: str, file: str) -> None:
        members = publishers()["eurostat"].datasets[name].filters["geo"]
        theirs = pl.read_csv(corpus / "eurostat" / file, infer_schema=False, truncate_ragged_lines=True)
        theirs = theirs.filter(pl.col("geo").is_in(members))
        values = theirs["OBS_VALUE"].cast(pl.Float64)
        ours = snapshot(name)
        assert ours.height == theirs.height > 900
        assert ours["value"].null_count() == values.null_count()
        assert ours["value"].sum() == pytest.approx(values.sum(), rel=1e-12)

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("demo_poppcctz", "demo_poppcctz/natix-x__proportion_of_population_by_sex_and_citizenship.csv"),
            ("demo_poppcctb", "demo_poppcctb/natix-x__proportion_of_population_by_sex_and_country_of_birth.csv"),
        ],
    )
    def test_women_and_men_among_foreigners(self, corpus: Path, name: str, file: str) -> None:
        theirs = pl.read_csv(corpus / "eurostat" / file, infer_schema=False)
        group = theirs[theirs.columns[3]]
        outside = ("Switzerland", "Norway", "Iceland", "Liechtenstein", "Türkiye")
        theirs = theirs.filter(
            group != "Non-EU27 countries (from 2020) nor EFTA countries", ~pl.col("geo").is_in(outside)
        )
        ours = snapshot(name)
        assert ours.height == theirs.height > 900
        assert ours["value"].sum() == pytest.approx(theirs["OBS_VALUE"].cast(pl.Float64).sum(), rel=1e-12)

    def test_first_permits_by_reason(self, corpus: Path) -> None:
        (path,) = (corpus / "eurostat/migr_resfirst").glob("milmary__*.tsv")
        (ours,) = (
            payload for payload in payloads() if (payload.dataset, payload.slice) == ("migr_resfirst", "2025-05")
        )
        with reading.opened(ours.path) as unpacked:
            found = reading.read(unpacked).frame.collect()
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        theirs = {tuple(key.split(",")[at] for at in (1, 5)): float(value.split(" ")[0]) for key, value in lines}
        by_reason = {(reason, geo): value for reason, geo, value in found.select("reason", "geo", "value").iter_rows()}
        assert len(by_reason) == 5 * 28
        assert by_reason == {key: value for key, value in theirs.items() if key in by_reason}
        parts = found.filter(pl.col("reason") != "TOTAL").group_by("geo").agg(pl.col("value").sum())
        assert {geo: by_reason["TOTAL", geo] for geo, _ in parts.iter_rows()} == dict(parts.iter_rows())

    def test_applicants_by_month(self, corpus: Path) -> None:
        (path,) = (corpus / "eurostat/migr_asyappctzm").glob("*.tsv")
        members = publishers()["eurostat"].datasets["migr_asyappctzm"].filters["geo"]
        total = 0
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            key, *cells = line.split("\t")
            if key.split(",")[-1] in members:
                total += sum(int(cell.split(" ")[0]) for cell in cells if not cell.startswith(":"))
        assert snapshot("migr_asyappctzm")["value"].sum() == total > 10_000_000

    def test_chinese_citizens_naturalised_in_ireland(self, corpus: Path) -> None:
        lines = (corpus / "eurostat_cn/cn_figures.tsv").read_text(encoding="utf-8").splitlines()
        begin = "migr_acq\tIE\tCN\tagedef=REACH;age=TOTAL;"
        rows = [line.split("\t") for line in lines if line.startswith(begin)]
        theirs = {
            (dict(pair.split("=") for pair in row[3].split(";"))["sex"], row[4]): row[5] for row in rows if row[5]
        }
        ours = snapshot("migr_acq").filter(pl.col("value").is_not_null())
        found = {(sex, time): value for sex, time, value in ours.select("sex", "time", "value").iter_rows()}
        assert found["T", "2024"] == found["F", "2024"] + found["M", "2024"] == 991
        assert found == {key: float(value) for key, value in theirs.items() if key in found}


def snapshot(name: str) -> pl.DataFrame:
    """The cells of a dataset in the snapshot, without its closed editions."""
    editions = {edition.id for edition in publishers()["eurostat"].datasets[name].editions}
    frames = []
    for payload in payloads():
        if payload.dataset == name and payload.slice not in editions:
            with reading.opened(payload.path) as path:
                frames.append(reading.read(path).frame.collect())
    return pl.concat(frames)
