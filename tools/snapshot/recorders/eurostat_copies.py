"""Recorder of Eurostat: figures in public repositories whose authors had downloaded them for a study of their own.

Most copies are excerpts. Their authors kept some columns and dropped flags and rows, so that a missing row is neither
a zero nor a missing value. An excerpt never answers a request: it is a closed edition.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import polars as pl

from sources import reading
from tools.snapshot.corpus import read_r_file
from tools.snapshot.new_payload import utc
from tools.snapshot.r_files import read_rds
from tools.snapshot.recorders.eurostat_editions import (
    GEO_CODES,
    Edition,
    json_stat,
    labelled,
    records,
    survey,
    tsv,
)

# Figures by sex, and by level of education, are recorded for these partners; the totals for all partners.
_DETAILED = ("TOTAL", "WRL_X_REP", "NAT", "FOR_STLS", "FOR", "EU27_2020_FOR", "NEU27_2020_FOR", "CN", "HK", "MO", "TW")
_NATIX = "github.com/natix-x/Data-mining-in-Migration-Analysis"
_EXCERPT = "an excerpt without flags and without the rows that have no value"
_EXCERPT_WITHOUT_ZEROS = "an excerpt without flags, without the rows that have no value and without zeros"
_COUNTED = {"freq": "A", "agedef": "REACH", "age": "TOTAL", "unit": "NR", "sex": "T"}
_PERMITS = {"freq": "A", "reason": "TOTAL", "duration": "TOTAL", "unit": "PER"}
_FOUND = {"freq": "A", "reason": "TOTAL", "apprehen": "TOTAL", "sex": "T", "age": "TOTAL", "unit": "PER"}
_EVERY_CODE = {
    "eurostat_cn/migr_pop3ctb/ToddLab__eurostat_migr_row_fr_sample.json": "c_birth",
    "eurostat/migr_pop1ctz/ToddLab__eurostat_migr1ctz_row_fr_sample.json": "citizen",
}
_REASONS = {
    "Education reasons": "EDUC",
    "Employment reasons": "EMP",
    "Remunerated activities reasons": "EMP",
    "Family reasons": "FAM",
    "Other reason": "OTH",
    "Other": "OTH",
    "Refugee status": "RFG",
    "Subsidiary protection": "SPROT",
    "Subsidiary protection status": "SPROT",
    "Illegal entry": "ENTRY_NLEG",
    "Overstay": "OSTAY",
}


def editions(corpus: Path) -> dict[str, list[Edition]]:
    """Return the editions of each dataset."""
    finds = corpus / "finds/eurostat"
    citizens = _labels(corpus)
    return {
        "migr_resvalid": [
            _valid_permits(finds, citizens),
            _valid_permits_by_reason(finds, citizens),
            _valid_permits_of_france(finds, citizens),
        ],
        "tps00171": [_valid_permits_table(finds)],
        "migr_imm1ctz": [_immigrants(finds, citizens)],
        "migr_imm8": [_immigrants_in_all(finds)],
        "demo_pjan": [_population(finds)],
        "tps00176": [_spreadsheet(finds, "tps00176", "2021-04-27", utc(2021, 4, 27, 21), "immigration")],
        "tps00024": [_spreadsheet(finds, "tps00024", "2021-04-08", utc(2021, 4, 8, 21), "acquisitions of citizenship")],
        "migr_pop1ctz": [_citizens(finds, citizens), _groups_of_citizens(finds)],
        "migr_pop3ctb": [_foreign_born(finds)],
        "educ_uoe_mobs02": [_students(finds)],
        "migr_eirtn": [_returned(finds, citizens)],
        "migr_eipre": [_found(finds, citizens), _found_by_reason(finds, citizens)],
        "migr_resfirst": [_first_permits_for_work(finds, citizens)],
        "tps00191": [_table(finds, "tps00191/jatofi__assylum_applications_raw.csv", utc(2025, 4, 7, 9))],
        "tps00193": [_table(finds, "tps00193/jatofi__assylum_applications_accepted_raw.csv", utc(2025, 4, 3, 9))],
        "lfsq_ugan": [survey(finds, "lfsq/natix-x__unemployment_by_citizenship_quarter_data.csv", "lfsq_ugan")],
        "migr_imm5prv": [_transcribed(finds, "migr_imm5prv/code-4you__imm5prv_2024_CN_and_EU27FOR_transcribed.tsv")],
        "migr_emi3nxt": [_transcribed(finds, "migr_emi3nxt/code-4you__emi3nxt_2024_CN_and_EU27FOR_transcribed.tsv")],
        "migr_asydcfsta": [_decisions_of_france(finds)],
    }


@cache
def _labels(corpus: Path) -> dict[str, str]:
    """Return Eurostat's code of each citizenship by its label, from two responses with every code."""
    found = {"British overseas countries and territories": "UK_OCT"}
    for file, dimension in _EVERY_CODE.items():
        response = json.loads((corpus / file).read_text(encoding="utf-8"))
        found |= {label: code for code, label in response["dimension"][dimension]["category"]["label"].items()}
    return found


def _figures(
    copy: pl.DataFrame,
    columns: Mapping[str, str],
    codes: Mapping[str, Mapping[str, str]],
    constant: Mapping[str, str],
    *,
    missing: bool = False,
) -> pl.DataFrame:
    """Return an excerpt in the columns of an edition; ``missing`` keeps the rows without a value.

    ``columns`` has the column of the copy for each dimension, for ``time`` and for ``value``, ``codes`` the codes of
    its labels, and ``constant`` the dimensions that are the same in all rows. Countries that are not requested are left
    out. Raises ``LookupError`` for any other label without a code.
    """
    named = copy.select(pl.col(column).cast(pl.String).alias(name) for name, column in columns.items())
    named = named.filter(pl.col("geo").is_in([*GEO_CODES, *GEO_CODES.values()]))
    named = named if missing else named.drop_nulls("value")
    for name, each in codes.items():
        if unknown := set(named[name]) - each.keys():
            raise LookupError(f"labels of {name} without a code: {sorted(unknown)}")
    coded = named.with_columns(pl.col(name).replace_strict(dict(each)) for name, each in codes.items())
    dimensions = [name for name in columns if name not in ("geo", "time", "value")]
    return coded.select(
        *(pl.lit(code).alias(name) for name, code in constant.items() if name not in dimensions),
        *dimensions,
        "geo",
        "time",
        pl.col("value").fill_null("").str.replace(r"\.0$", ""),
        pl.lit("").alias("flag"),
        pl.lit("").alias("conf"),
    )


def _excerpt(as_of: datetime, what: str, through: str, figures: pl.DataFrame, *, zeros: bool = True) -> Edition:
    """Return an excerpt; ``zeros`` is false if its author dropped them."""
    kind = _EXCERPT if zeros else _EXCERPT_WITHOUT_ZEROS
    text = f"Eurostat, {what} as of {as_of:%-d %B %Y} or before, {kind}, through {through}"
    return Edition(f"{as_of:%Y-%m-%d}", as_of, text, figures, stamped=False, excerpt=True)


def _text_table(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def _valid_permits(finds: Path, citizens: Mapping[str, str]) -> Edition:
    """Return valid permits of every citizenship; the columns of population and of rates are not Eurostat's."""
    copy = _text_table(finds / "migr_resvalid/natix-x__migrants_all_valid_permits_by_citizenship.csv")
    columns = {"citizen": "Country of citizenship", "geo": "geo", "time": "year", "value": "Migrants number"}
    figures = _figures(copy, columns, {"citizen": citizens, "geo": GEO_CODES}, _PERMITS)
    return _excerpt(utc(2025, 5, 12), "valid permits by citizenship", _NATIX, figures)


def _valid_permits_by_reason(finds: Path, citizens: Mapping[str, str]) -> Edition:
    copy = _text_table(finds / "migr_resvalid/natix-x__reasons_valid_permits.csv")
    columns = {
        "reason": "Reason",
        "citizen": "Country of citizenship",
        "geo": "geo",
        "time": "year",
        "value": "number_of_permits",
    }
    codes = {"reason": _REASONS, "citizen": citizens, "geo": GEO_CODES}
    figures = _figures(copy, columns, codes, _PERMITS)
    return _excerpt(utc(2025, 6, 6), "valid permits by reason", _NATIX, figures)


def _valid_permits_of_france(finds: Path, citizens: Mapping[str, str]) -> Edition:
    """Return valid permits in France by citizenship: in all, from a response, and by reason, from an extract."""
    rows = _text_table(finds / "migr_resvalid/Letisouza__FR_migr_resvalid_residence_all_valid_.csv")
    in_all = records(rows.fill_null("").to_dicts(), ("freq", "reason", "duration", "unit", "citizen"))
    extract = finds / "migr_resvalid/Letisouza__FR_migr_resvalid_residence_all_valid_2.csv"
    copy = pl.read_csv(extract, infer_schema=False, encoding="latin-1")
    copy = copy.filter(pl.col("Value") != ":").with_columns(pl.col("Value").str.replace_all(",", ""))
    columns = {"reason": "REASON", "citizen": "CITIZEN", "geo": "GEO", "time": "TIME", "value": "Value"}
    old = {"China including Hong Kong": "CN", "Côte d'Ivoire": "CI", "Palestine": "PS", "Vietnam": "VN"}
    names = {**citizens, **old}
    by_reason = _figures(copy, columns, {"reason": _REASONS, "citizen": names, "geo": GEO_CODES}, _PERMITS)
    return Edition(
        "2021-03-26",
        utc(2021, 3, 26, 10),
        "Eurostat, valid permits by citizenship and reason in France as of 26 March 2021, the reasons from an extract "
        "of the Data Explorer, through github.com/Letisouza/Knocking-on-France-s-Door",
        pl.concat([in_all, by_reason.select(in_all.columns)]),
        excerpt=True,
    )


def _valid_permits_table(finds: Path) -> Edition:
    edition = ("2025-01-27", utc(2025, 1, 27, 22), "valid permits by reason as of 27 January 2025")
    through = "github.com/jatofi-official/migration-eu-analysis"
    return labelled(finds, "tps00171/jatofi__permits_tps00171.csv", edition, through, _REASONS)


def _immigrants(finds: Path, citizens: Mapping[str, str]) -> Edition:
    copy = _text_table(finds / "migr_imm1ctz/natix-x__immigration_by_citizenship.csv")
    columns = {"citizen": "Country of citizenship", "geo": "geo", "time": "year", "value": "Migrants number"}
    figures = _figures(copy, columns, {"citizen": citizens, "geo": GEO_CODES}, _COUNTED)
    return _excerpt(utc(2025, 5, 19), "immigration by citizenship", _NATIX, figures)


def _immigrants_in_all(finds: Path) -> Edition:
    copy = read_rds(finds / "migr_imm8/miihcr__eu_immigration_panel.rds")
    figures = _figures(copy, {"geo": "id", "time": "year", "value": "immigrants"}, {}, _COUNTED | {"agedef": "COMPLET"})
    return _panel("immigration", figures)


def _population(finds: Path) -> Edition:
    copy = read_rds(finds / "migr_imm8/miihcr__eu_immigration_panel.rds")
    constant = {"freq": "A", "unit": "NR", "age": "TOTAL", "sex": "T"}
    return _panel("population", _figures(copy, {"geo": "id", "time": "year", "value": "population"}, {}, constant))


def _panel(what: str, figures: pl.DataFrame) -> Edition:
    return _excerpt(utc(2026, 3, 20), what, "github.com/miihcr/eu-immigration-dashboard", figures)


def _spreadsheet(finds: Path, name: str, day: str, as_of: datetime, what: str) -> Edition:
    """Return a spreadsheet of the Data Browser, with codes where it has labels."""
    sheet = reading.read(finds / name / f"tpodgorski91__{name}_spreadsheet.xlsx").frame.collect()
    ages = {"Age reached during the year": "REACH", "Age in completed years": "COMPLET"}
    figures = sheet.filter(pl.col("geo").cast(pl.String).is_in([*GEO_CODES])).select(
        pl.lit("A").alias("freq"),
        pl.lit("TOTAL").alias("citizen"),
        pl.col("agedef").cast(pl.String).replace_strict(ages).alias("agedef"),
        pl.lit("TOTAL").alias("age"),
        pl.lit("NR").alias("unit"),
        pl.lit("T").alias("sex"),
        pl.col("geo").cast(pl.String).replace_strict(GEO_CODES),
        pl.col("time").cast(pl.String),
        pl.col("value").cast(pl.Int64).cast(pl.String).fill_null(""),
        pl.col("flag").cast(pl.String).fill_null(""),
        pl.lit("").alias("conf"),
    )
    text = (
        f"Eurostat, {what} as of {as_of:%-d %B %Y}, from a spreadsheet of the Data Browser, "
        "through github.com/tpodgorski91/EU_migration"
    )
    return Edition(day, as_of, text, figures)


def _citizens(finds: Path, citizens: Mapping[str, str]) -> Edition:
    """Return residents by citizenship, and by sex for the citizenships of ``_DETAILED``."""
    columns = {"citizen": "citizen", "geo": "geo", "time": "year", "value": "number of citizens in country"}
    codes = {"citizen": citizens, "geo": GEO_CODES}
    constant = {"freq": "A", "age": "TOTAL", "unit": "NR"}
    all_ = _figures(
        _text_table(finds / "migr_pop1ctz/natix-x__population_by_citizenship.csv"),
        columns,
        codes,
        constant | {"sex": "T"},
    )
    by_sex = _figures(
        _text_table(finds / "migr_pop1ctz/natix-x__population_by_citizenship_sex.csv"),
        {"citizen": "citizen", "sex": "sex", "geo": "geo", "time": "TIME_PERIOD", "value": "OBS_VALUE"},
        codes | {"sex": {"Females": "F", "Males": "M"}},
        constant,
    ).filter(pl.col("citizen").is_in(_DETAILED))
    figures = pl.concat([all_, by_sex.select(all_.columns)])
    return _excerpt(utc(2025, 3, 13, 22), "residents by citizenship", _NATIX, figures)


def _groups_of_citizens(finds: Path) -> Edition:
    return Edition(
        "2025-04-01",
        utc(2025, 4, 1),
        "Eurostat, residents by group of citizenships and sex as of 1 April 2025 or before, "
        "through github.com/jatofi-official/migration-eu-analysis",
        tsv(finds / "migr_pop1ctz/jatofi__mandatory_table_raw.tsv"),
        stamped=False,
        excerpt=True,
    )


def _foreign_born(finds: Path) -> Edition:
    return Edition(
        "2026-08-10-foreign-born",
        utc(2026, 8, 10, 9),
        "Eurostat, foreign-born residents as of 10 August 2026, "
        "through github.com/raymondkuo/migration-healthcare-attitudes-evidence",
        json_stat(finds / "migr_pop3ctb/raymondkuo__eurostat_migr_pop3ctb.json"),
    )


def _students(finds: Path) -> Edition:
    """Return students of all levels together from every origin, and by sex and level from those of ``_DETAILED``.

    The copy has no code where Eurostat has ``NA``, Namibia, because R reads this code as a missing value.
    """
    copy = read_r_file(finds / "educ_uoe_mobs02/lisawls__eu_mobility_prev_diploma_2026-04-21.rds")
    copy = copy.with_columns(
        pl.col("partner").cast(pl.String).fill_null("NA"), pl.col("time_period").cast(pl.Int64), pl.col("values")
    )
    total = (pl.col("isced11") == "ED5-8") & (pl.col("sex") == "T")
    detailed = pl.col("partner").is_in(_DETAILED) & ((pl.col("isced11") == "ED5-8") | (pl.col("sex") == "T"))
    names = ("freq", "unit", "partner", "sex", "isced11", "geo")
    columns = {name: name for name in names} | {"time": "time_period", "value": "values"}
    figures = _figures(copy.filter(total | detailed), columns, {}, {}, missing=True)
    return Edition(
        "2026-04-21",
        utc(2026, 4, 21),
        "Eurostat, students by origin as of 21 April 2026, an excerpt without flags, "
        "through github.com/lisawls/missionJE",
        figures,
        stamped=False,
        excerpt=True,
    )


def _returned(finds: Path, citizens: Mapping[str, str]) -> Edition:
    """Return persons returned; the copy calls them persons ordered to leave, but its notebook reads MIGR_EIRTN."""
    copy = _text_table(finds / "migr_eirtn/natix-x__returned_to_third_country_by_citizen.csv")
    value = "Third Country Nationals Ordered to Leave"
    columns = {"citizen": "citizen", "geo": "geo", "time": "year", "value": value}
    constant = {"freq": "A", "age": "TOTAL", "sex": "T", "c_dest": "Third country", "unit": "PER"}
    figures = _figures(copy, columns, {"citizen": citizens, "geo": GEO_CODES}, constant)
    what = "persons returned to a third country by citizenship"
    return _excerpt(utc(2024, 9, 20, 21), what, _NATIX, figures, zeros=False)


def _found(finds: Path, citizens: Mapping[str, str]) -> Edition:
    copy = _text_table(finds / "migr_eipre/natix-x__illegally_present_by_citizen.csv")
    columns = {"citizen": "citizen", "geo": "geo", "time": "year", "value": "Illegal Third Country Nationals"}
    figures = _figures(copy, columns, {"citizen": citizens, "geo": GEO_CODES}, _FOUND)
    what = "persons found to be illegally present by citizenship"
    return _excerpt(utc(2025, 5, 25), what, _NATIX, figures, zeros=False)


def _found_by_reason(finds: Path, citizens: Mapping[str, str]) -> Edition:
    copy = _text_table(finds / "migr_eipre/natix-x__illegally_present_by_citizen_reason.csv")
    value = "Illegal Third Country Nationals"
    columns = {"reason": "reason", "citizen": "citizen", "geo": "geo", "time": "year", "value": value}
    codes = {"reason": _REASONS, "citizen": citizens, "geo": GEO_CODES}
    figures = _figures(copy, columns, codes, _FOUND)
    what = "persons found to be illegally present by citizenship and reason"
    return _excerpt(utc(2025, 4, 1), what, _NATIX, figures, zeros=False)


def _first_permits_for_work(finds: Path, citizens: Mapping[str, str]) -> Edition:
    """Return first permits for work of the citizenships that are most numerous in each country.

    The copy has 0 for a missing value, and its group ``Other`` may contain aggregates: both are left out.
    """
    path = finds / "migr_resfirst/birthrateio__eurostat-work-permits-citizenship.json"
    copy = pl.DataFrame(
        [
            (citizen, country["geo"], str(year["year"]), str(value))
            for country in json.loads(path.read_text(encoding="utf-8"))["countries"]
            for year in country["years"]
            for citizen, value in year["groups"].items()
            if citizen != "Other" and value
        ],
        ["citizen", "geo", "time", "value"],
        orient="row",
    )
    figures = _figures(copy, {name: name for name in copy.columns}, {"citizen": citizens}, _PERMITS | {"reason": "EMP"})
    what = "first permits for work by citizenship, the most numerous ones in each country"
    return _excerpt(utc(2026, 8, 12), what, "github.com/mauro3x3/birthrateio", figures, zeros=False)


def _table(finds: Path, file: str, as_of: datetime) -> Edition:
    """Return a table of totals on asylum as a response with labels."""
    what = "asylum applicants" if file.startswith("tps00191") else "final decisions that grant Geneva Convention status"
    edition = (f"{as_of:%Y-%m-%d}", as_of, f"{what} as of {as_of:%-d %B %Y}")
    own = {
        "Extra-EU27 (from 2020)": "EXT_EU27_2020",
        "Asylum applicant": "ASY_APP",
        "Geneva Convention status": "GENCONV",
    }
    return labelled(finds, file, edition, "github.com/jatofi-official/migration-eu-analysis", own)


def _transcribed(finds: Path, file: str) -> Edition:
    """Return moves from and to China, and from and to other members of the Union, in 2024."""
    copy = pl.read_csv(finds / file, separator="\t", infer_schema=False)
    names = ("freq", "partner", "agedef", "age", "unit", "sex", "geo", "time", "value")
    figures = _figures(copy, {name: name for name in names}, {}, {})
    what = "previous" if "imm5prv" in file else "next"
    return Edition(
        "2026-07-02",
        utc(2026, 7, 2, 9),
        f"Eurostat, moves by country of {what} residence in 2024 as of 2 July 2026, transcribed by hand without flags, "
        "through github.com/code-4you/world-migration-flows",
        figures,
        stamped=False,
        excerpt=True,
    )


def _decisions_of_france(finds: Path) -> Edition:
    """Return positive and negative first-instance decisions in France."""
    copy = _text_table(finds / "migr_asydcfsta/Letisouza__FR_migr_asydcfsta_asilo.csv").fill_null("")
    copy = copy.filter(pl.col("age").is_in(["TOTAL", "Y_LT18"]))
    return Edition(
        "2021-06-03",
        utc(2021, 6, 3, 9),
        "Eurostat, first-instance decisions in France as of 3 June 2021, "
        "through github.com/Letisouza/Knocking-on-France-s-Door",
        records(copy.to_dicts(), ("freq", "unit", "citizen", "sex", "age", "decision")),
        excerpt=True,
    )
