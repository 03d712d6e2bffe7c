"""Recorder of Eurostat: all figures in public copies of responses of its API and of extracts of the old Data Explorer.

If copies of several days could answer a request, the newest one answers it. The figures of the others for its countries
become closed editions.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv, read_r_file
from tools.snapshot.new_payload import NewPayload, UnequalFiguresError, find_country, utc

_MEDIA = "text/csv"
# Eurostat's code by the label in old and new extracts, for the countries and aggregates that are recorded.
GEO_CODES = {
    "Belgium": "BE",
    "Bulgaria": "BG",
    "Czech Republic": "CZ",
    "Czechia": "CZ",
    "Denmark": "DK",
    "Germany (until 1990 former territory of the FRG)": "DE",
    "Germany": "DE",
    "Estonia": "EE",
    "Ireland": "IE",
    "Greece": "EL",
    "Spain": "ES",
    "France": "FR",
    "Croatia": "HR",
    "Italy": "IT",
    "Cyprus": "CY",
    "Latvia": "LV",
    "Lithuania": "LT",
    "Luxembourg": "LU",
    "Hungary": "HU",
    "Malta": "MT",
    "Netherlands": "NL",
    "Austria": "AT",
    "Poland": "PL",
    "Portugal": "PT",
    "Romania": "RO",
    "Slovenia": "SI",
    "Slovakia": "SK",
    "Finland": "FI",
    "Sweden": "SE",
    "European Union - 27 countries (from 2020)": "EU27_2020",
    "European Union (27 countries)": "EU27_2007",
    "European Union (28 countries)": "EU28",
}
_LABELS = {
    "Annual": "A",
    "Total": "TOTAL",
    "Person": "PER",
    "Illegal entry": "ENTRY_NLEG",
    "Overstay": "OSTAY",
    "Other reason": "OTH",
    "Between border crossing points - at land": "BCP_L",
    "Between border crossing points - at sea": "BCP_S",
    "At the border crossing point – at sea, land, air": "BCP_SLA",
    "In the external border area": "BRD_EXT",
    "In the inland area": "INL",
    "Number": "NR",
    "Thousand persons": "THS_PER",
    "Males": "M",
    "Females": "F",
    "From 15 to 74 years": "Y15-74",
    "Reporting country": "NAT",
    "Percentage": "PC",
    "Foreign country": "FOR",
    "Foreign country and stateless": "FOR_STLS",
    "European Free Trade Association except reporting country": "EFTA_FOR",
    "Stateless": "STLS",
    "No response": "NRP",
    "EU27 countries (from 2020) except reporting country": "EU27_2020_FOR",
    "Non-EU27 countries (from 2020) nor reporting country": "NEU27_2020_FOR",
    "Population on 1 January - total": "JAN",
}
# A group whose code is unknown, because no copy of a response with codes contains it.
_UNCODED = {"Non-EU27 countries (from 2020) nor EFTA countries"}
_EXTRACT = (
    "Eurostat, extract of the Data Explorer of April 2017, through github.com/dw-data/quantify-europe_asylum-seekers"
)

_DAY_OF_EXTRACTS = utc(2017, 4, 26)
_LATE_EXTRACT = (
    "Eurostat, extract of the Data Explorer of an unknown day with the third quarter of 2017 as the last one, without "
    "flags, through github.com/georgeblck/refugee-distribution"
)


@dataclass(frozen=True)
class Edition:
    """Figures of one day in codes, all as text: the dimensions, ``geo``, time, value, flag and conf."""

    id: str
    as_of: datetime
    text: str
    figures: pl.DataFrame
    stamped: bool = True


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield every payload of Eurostat."""
    for name, editions in _api_editions(corpus).items():
        yield from _assign_to_requests(name, editions)
    yield from _extracts(corpus)


def _api_editions(corpus: Path) -> dict[str, list[Edition]]:
    """Return by dataset the figures in copies of responses of the API."""
    return {
        "migr_pop1ctz": [*_france(corpus, "migr_pop1ctz"), _foreigners(corpus)],
        "migr_pop3ctb": _france(corpus, "migr_pop3ctb"),
        "migr_resfirst": [
            _ireland(corpus, "migr_resfirst"),
            _belarus(corpus, "migr_resfirst"),
            _permits_by_reason(corpus),
        ],
        "demo_poppcctz": [
            _women_and_men(corpus, "demo_poppcctz/natix-x__proportion_of_population_by_sex_and_citizenship.csv")
        ],
        "demo_poppcctb": [
            _women_and_men(corpus, "demo_poppcctb/natix-x__proportion_of_population_by_sex_and_country_of_birth.csv")
        ],
        "migr_resvalid": [_ireland(corpus, "migr_resvalid"), _belarus(corpus, "migr_resvalid")],
        "migr_reslong": [_ireland(corpus, "migr_reslong")],
        "migr_asyappctza": [_applicants(corpus), _applicants_in_total(corpus)],
        "migr_eipre": [_found(corpus), _default_view(corpus, "migr_eipre/natix-x__migrants_illegally_present.csv")],
        "migr_eirfs": [_default_view(corpus, "migr_eirfs/natix-x__migrants_refused_entry_at_the_border.csv")],
        "tps00176": [_immigration(corpus)],
        "demo_pjan": [_population(corpus)],
        "tps00170": [_all_permits(corpus)],
        "migr_acq": [_naturalised(corpus)],
        "migr_asyappctzm": [_monthly_applicants(corpus)],
        "migr_asytpsm": [_protected(corpus)],
        "lfsa_ergan": [_survey(corpus, "lfsa_ergan/natix-x__employment_rates_yearly.csv"), _employment_rates(corpus)],
        "lfsa_urgan": [_survey(corpus, "lfsa_urgan/natix-x__unemployment_rates_yearly.csv")],
        "lfsa_pganws": [_survey(corpus, "lfsa_pganws/natix-x__population_by_sex_age_labour_status_foreigners.csv")],
        "lfsa_egan": [_survey(corpus, "lfsa_egan/natix-x__employment_by_citizenship.csv")],
        "lfsa_ugan": [_unemployed(corpus)],
        "demo_pjanbroad": [_working_age(corpus)],
        "demo_gind": [_recent_population(corpus)],
    }


def _assign_to_requests(name: str, editions: Sequence[Edition]) -> Iterator[NewPayload]:
    """Yield for each request the newest figures of its countries, and the rest of each edition as a closed edition."""
    publisher = publishers()["eurostat"]
    remaining = {edition.id: edition.figures for edition in editions}
    for request in requests_for(publisher, name):
        inside = pl.col("geo").is_in(dict(request.params)["c[geo]"].split(","))
        candidates = [edition for edition in editions if _has_codes(request, edition.figures)]
        if candidates:
            newest = max(candidates, key=lambda edition: edition.as_of)
            yield _payload(request, newest, newest.figures.filter(inside))
            remaining[newest.id] = remaining[newest.id].filter(~inside)
    editions_by_id = {request.slice: request for request in closed_editions(publisher, name)}
    requested = publisher.datasets[name].filters["geo"]
    for edition in editions:
        figures = remaining[edition.id].filter(pl.col("geo").is_in(requested))
        if figures.height:
            yield _payload(editions_by_id[edition.id], edition, figures)


def _has_codes(request: Request, figures: pl.DataFrame) -> bool:
    """Whether a figure has requested codes in every dimension, so that the response to the request contains it."""
    requested = {name[2:-1]: codes.split(",") for name, codes in request.params if name.startswith("c[")}
    matching = [pl.col(name).is_in(codes) for name, codes in requested.items() if name in figures.columns]
    return figures.filter(pl.all_horizontal(matching)).height > 0


def _payload(request: Request, edition: Edition, figures: pl.DataFrame) -> NewPayload:
    body = wire_formats.sdmx_csv(request.dataset, edition.as_of if edition.stamped else None, figures)
    return NewPayload(request, body, _MEDIA, edition.text, edition.as_of)


def _json_stat(*paths: Path) -> pl.DataFrame:
    """Return the figures of JSON-stat responses with the same dimensions, without duplicates.

    A status without a value is kept. Raises ``UnequalFiguresError`` if two responses contradict each other.
    """
    tables = [_json_stat_table(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    figures = pl.concat(tables).unique()
    if figures.height > figures.select(pl.exclude("value", "flag", "conf")).unique().height:
        raise UnequalFiguresError(f"responses contradict each other: {[path.name for path in paths]}")
    return figures


def _json_stat_table(response: dict[str, Any]) -> pl.DataFrame:
    names, sizes = response["id"], response["size"]
    indices = [response["dimension"][name]["category"]["index"] for name in names]
    codes = [sorted(index, key=index.__getitem__) for index in indices]
    value, status = response["value"], response.get("status", {})
    rows = []
    for key in sorted({*value, *status}, key=int):
        index, cell_codes = int(key), []
        for size, dimension_codes in zip(reversed(sizes), reversed(codes), strict=True):
            index, place = divmod(index, size)
            cell_codes.append(dimension_codes[place])
        flag, _, conf = status.get(key, "").partition("|")
        rows.append([*reversed(cell_codes), _text(value.get(key)), flag, conf])
    return pl.DataFrame(rows, [*names, "value", "flag", "conf"], orient="row")


def _text(value: float | None) -> str:
    return "" if value is None else str(wire_formats.plain(value))


def _france(corpus: Path, name: str) -> list[Edition]:
    """Return the stocks of France by citizenship or country of birth, from one response for each sex."""
    text = "Eurostat, {} in France as of {:%-d %B %Y}, through github.com/EdizKesici/ToddLab"
    older, newer = utc(2026, 8, 10, 9), utc(2026, 9, 22, 21)
    if name == "migr_pop1ctz":
        paths = [
            corpus / "eurostat/migr_pop1ctz/ToddLab__eurostat_migr1ctz_row_fr_sample.json",
            corpus / "eurostat_cn/migr_pop1ctz/ToddLab__eurostat_migr1ctz_row_fr_f_sample.json",
        ]
        return [Edition("2026-09-22", newer, text.format("all and women by citizenship", newer), _json_stat(*paths))]
    folder = corpus / "eurostat_cn/migr_pop3ctb"
    both = _json_stat(folder / "ToddLab__eurostat_migr_row_fr_sample.json")
    men = _json_stat(folder / "ToddLab__eurostat_migr3ctb_row_fr_m_sample.json")
    return [
        Edition("2026-09-22", newer, text.format("men by country of birth", newer), men),
        Edition("2026-08-10", older, text.format("both sexes by country of birth", older), both),
    ]


def _foreigners(corpus: Path) -> Edition:
    """Return foreign citizens and stateless persons together, in every country."""
    return Edition(
        "2026-08-10",
        utc(2026, 8, 10, 9),
        "Eurostat, foreigners and stateless persons as of 10 August 2026, "
        "through github.com/raymondkuo/migration-healthcare-attitudes-evidence",
        _json_stat(corpus / "eurostat/migr_pop1ctz/raymondkuo__eurostat_migr_pop1ctz.json"),
    )


def _ireland(corpus: Path, name: str) -> Edition:
    """Return Chinese citizens in Ireland."""
    (path,) = (corpus / "eurostat_cn" / name).glob("*RECONSTRUCTED.json")
    return Edition(
        "2026-09-11",
        utc(2026, 9, 11, 9),
        "Eurostat, Chinese citizens in Ireland as of 11 September 2026, through github.com/mhbvr/irish-migration-stats",
        _json_stat(path),
    )


def _belarus(corpus: Path, name: str) -> Edition:
    """Return citizens of Belarus in every country."""
    paths = sorted((corpus / "eurostat" / name).glob("sergeionlyart__*.json"))
    return Edition(
        "2026-07-09",
        utc(2026, 7, 9, 21),
        "Eurostat, citizens of Belarus as of 9 July 2026, through public copies of answers of the Statistics API",
        _json_stat(*paths),
    )


def _applicants(corpus: Path) -> Edition:
    """Return asylum applicants by sex and citizenship. The copy has no rows of 0.

    The copy calls them first-time applicants, but they are all applicants: their sums over sexes equal Eurostat's
    totals of all applicants where these are known. Raises ``UnequalFiguresError`` if a sum does not.
    """
    copy = read_r_file(corpus / "eurostat_cn/migr_asyappctza/iom-gdidata__eu_asyapp.rda")
    geos = _codes(copy["geo"].unique().to_list(), {"EU27": "EU27_2020"})
    citizens = _codes(copy["nat"].unique().to_list(), {"OOO": "UNK", "STL": "STLS"})
    figures = copy.select(
        pl.lit("A").alias("freq"),
        pl.col("nat").replace_strict(citizens).alias("citizen"),
        pl.col("sex").replace_strict({"female": "F", "male": "M", "unknown": "UNK"}).alias("sex"),
        pl.lit("PER").alias("unit"),
        pl.lit("TOTAL").alias("age"),
        pl.lit("ASY_APP").alias("asyl_app"),
        pl.col("geo").replace_strict(geos),
        pl.col("t").cast(pl.Int64).cast(pl.String).alias("time"),
        pl.col("n").cast(pl.Int64).cast(pl.String).alias("value"),
        pl.lit("").alias("flag"),
        pl.lit("").alias("conf"),
    )
    _check_applicants(figures, _applicants_in_total(corpus).figures)
    return Edition(
        "2025-05-26",
        utc(2025, 5, 26),
        "Eurostat, asylum applicants by sex and citizenship, zeros left out, as of 26 May 2025 or before, "
        "through IOM's R package gdidata (github.com/iom/gdidata)",
        figures,
        stamped=False,
    )


def _check_applicants(by_sex: pl.DataFrame, total: pl.DataFrame) -> None:
    """Raise ``UnequalFiguresError`` unless sums over sexes up to 2023 equal the totals; they are rounded to 5."""
    keys = ["geo", "citizen", "time"]
    summed = by_sex.group_by(keys).agg(pl.col("value").cast(pl.Int64).sum().alias("sum"))
    known = total.filter(pl.col("citizen") != "TOTAL", pl.col("time") <= "2023").select(
        *keys, pl.col("value").cast(pl.Float64)
    )
    wrong = known.join(summed, keys).filter((pl.col("sum") - pl.col("value")).abs() > 10)
    if wrong.height:
        raise UnequalFiguresError(f"applicants by sex do not add up to their total: {wrong.row(0)}")


def _applicants_in_total(corpus: Path) -> Edition:
    """Return all applicants of all citizenships together, and those of Ukraine."""
    rows = read_csv(corpus / "eurostat/migr_asyappctza/natix-x__asylum_applicants_total.csv")
    return Edition(
        "2025-03",
        utc(2025, 3, 3),
        "Eurostat, asylum applicants in total and of Ukraine as of March 2025, through github.com/natix-x",
        _records(rows, ("freq", "citizen", "sex", "unit", "age", "asyl_app")),
        stamped=False,
    )


def _found(corpus: Path) -> Edition:
    """Return persons found to be illegally present, of all citizenships together, by reason and place."""
    paths = sorted((corpus / "eurostat/migr_eipre").glob("raymondkuo__*.json"))
    return Edition(
        "2026-05-12",
        utc(2026, 5, 12, 9),
        "Eurostat, persons found to be illegally present as of 12 May 2026, "
        "through github.com/raymondkuo/migration-healthcare-attitudes-evidence",
        _json_stat(*paths),
    )


def _default_view(corpus: Path, file: str) -> Edition:
    """Return a default view of the Data Browser: totals of all citizenships, with labels where others have codes."""
    rows = read_csv(corpus / "eurostat" / file)
    names = [name for name in rows[0] if name.islower() and name != "geo"]
    coded = [
        {name: _LABELS.get(value, value) if name in names else value for name, value in row.items()}
        | {"geo": GEO_CODES[row["geo"]], "sex": "T"}
        for row in rows
        if row["geo"] in GEO_CODES
    ]
    return Edition(
        "2025-03",
        utc(2025, 3, 3),
        "Eurostat, default view of the Data Browser as of March 2025, through github.com/natix-x",
        _records(coded, names),
        stamped=False,
    )


def _immigration(corpus: Path) -> Edition:
    rows = read_csv(corpus / "eurostat/tps00176/cagrigoksu__estat_tps00176_en.csv")
    return Edition(
        "2024-11-29",
        utc(2024, 11, 29, 10),
        "Eurostat, immigration as of 29 November 2024, through github.com/cagrigoksu/eu_migration_web_api",
        _records(rows, ("freq", "citizen", "agedef", "age", "unit", "sex")),
    )


def _population(corpus: Path) -> Edition:
    """Return the population on 1 January, from an extract with labels and without flags."""
    rows = [
        {
            "freq": "A",
            "unit": "NR",
            "age": "TOTAL",
            "sex": "T",
            "geo": GEO_CODES[row["GEO"]],
            "TIME_PERIOD": row["TIME"],
            "OBS_VALUE": row["Value"].replace(",", ""),
        }
        for row in read_csv(corpus / "eurostat/demo_pjan/georgeblck__demo_pjan_1_Data.csv", encoding="latin-1")
        if row["GEO"] in GEO_CODES and row["Value"] != ":"
    ]
    return Edition(
        "2018",
        utc(2018, 12, 31),
        "Eurostat, extract of the Data Explorer of an unknown day with 2018 as the last year, without flags, "
        "through github.com/georgeblck/refugee-distribution",
        _records(rows, ("freq", "unit", "age", "sex")),
        stamped=False,
    )


def _records(rows: Sequence[Mapping[str, str]], dimensions: Sequence[str]) -> pl.DataFrame:
    """Return records of SDMX-CSV in the columns of an edition."""
    columns = {name: name for name in (*dimensions, "geo")} | {"time": "TIME_PERIOD", "value": "OBS_VALUE"}
    columns |= {"flag": "OBS_FLAG", "conf": "CONF_STATUS"}
    data = {name: [row.get(column, "") for row in rows] for name, column in columns.items()}
    value = pl.col("value").str.replace(r"\.0$", "")
    return pl.DataFrame(data, dict.fromkeys(columns, pl.String())).with_columns(value)


def _labelled(corpus: Path, file: str, edition: tuple[str, datetime, str]) -> Edition:
    """Return a response with labels where others have codes, and with a time stamp; ``_UNCODED`` is left out."""
    rows = [row for row in read_csv(corpus / "eurostat" / file) if not _UNCODED & set(row.values())]
    names = [name for name in rows[0] if name.islower() and name != "geo"]
    coded = [
        {name: _LABELS.get(value, value) if name in names else value for name, value in row.items()}
        | {"geo": GEO_CODES[row["geo"]]}
        | ({"sex": "T"} if row.get("sex") == "Total" else {})
        for row in rows
        if row["geo"] in GEO_CODES
    ]
    day, as_of, what = edition
    return Edition(day, as_of, f"Eurostat, {what}, through github.com/natix-x", _records(coded, names))


def _all_permits(corpus: Path) -> Edition:
    edition = ("2025-03-03", utc(2025, 3, 3, 10), "first permits in all as of 3 March 2025")
    return _labelled(corpus, "tps00170/natix-x__migration_permits_issued.csv", edition)


def _women_and_men(corpus: Path, file: str) -> Edition:
    edition = ("2025-03-13", utc(2025, 3, 13, 22), "shares of women and men as of 13 March 2025")
    return _labelled(corpus, file, edition)


def _undated_tsv(corpus: Path, file: str, what: str) -> Edition:
    """Return a TSV response that does not contain the time of its last update."""
    return Edition(
        "2025-05",
        utc(2025, 5, 1),
        f"Eurostat, {what} of an unknown day in the spring of 2025, through github.com/milmary/MigrationEU_Statistics",
        _tsv(corpus / "eurostat" / file),
        stamped=False,
    )


def _permits_by_reason(corpus: Path) -> Edition:
    """Return all citizenships together, in 2023."""
    return _undated_tsv(
        corpus, "migr_resfirst/milmary__estat_migr_resfirst_filtered.tsv", "first permits by reason in 2023"
    )


def _unemployed(corpus: Path) -> Edition:
    edition = ("2025-03-13", utc(2025, 3, 13, 22), "unemployment by citizenship as of 13 March 2025")
    return _labelled(corpus, "lfsa_ugan/natix-x__unemployment_by_citizenship.csv", edition)


def _recent_population(corpus: Path) -> Edition:
    edition = ("2025-03-27", utc(2025, 3, 27, 22), "population on 1 January as of 27 March 2025")
    return _labelled(corpus, "demo_gind/natix-x__country_population.csv", edition)


def _survey(corpus: Path, file: str) -> Edition:
    """Return a CSV response with codes and labels that does not contain the time of its last update."""
    rows = read_csv(corpus / "eurostat" / file)
    dataset = file.partition("/")[0]
    names = [name for name in rows[0] if re.fullmatch(r"[a-z]+", name) and name != "geo"]
    return Edition(
        "2025-06",
        utc(2025, 6, 1),
        f"Eurostat, {dataset} of an unknown day in the spring of 2025, through github.com/natix-x",
        _records(rows, names),
        stamped=False,
    )


def _protected(corpus: Path) -> Edition:
    """Return citizens of Ukraine under temporary protection."""
    return _survey(corpus, "migr_asytpsm/natix-x__temporary_protection_beneficiaries_monthly.csv")


def _working_age(corpus: Path) -> Edition:
    """Return persons from 15 to 64 years."""
    return _survey(corpus, "demo_pjanbroad/natix-x__population_15_64_age_group.csv")


def _employment_rates(corpus: Path) -> Edition:
    """Return nationals and foreigners from 20 to 64 years."""
    return _undated_tsv(corpus, "lfsa_ergan/milmary__estat_lfsa_ergan_filtered.tsv", "employment rates by citizenship")


def _monthly_applicants(corpus: Path) -> Edition:
    return Edition(
        "2020-10-06",
        utc(2020, 10, 6, 20),
        "Eurostat, asylum applicants by month as of 6 October 2020, through github.com/georgeblck/refugee-distribution",
        _tsv(corpus / "eurostat/migr_asyappctzm/georgeblck__migr_asyappctzm__custom_39520_20201006_200227.tsv"),
        stamped=False,
    )


def _naturalised(corpus: Path) -> Edition:
    """Return Chinese citizens who acquired the citizenship of Ireland."""
    (path,) = (corpus / "eurostat_cn/migr_acq").glob("*RECONSTRUCTED.json")
    return Edition(
        "2026-03-27",
        utc(2026, 3, 27, 10),
        "Eurostat, Chinese citizens naturalised in Ireland as of 27 March 2026, "
        "through github.com/mhbvr/irish-migration-stats",
        _json_stat(path),
    )


def _tsv(path: Path) -> pl.DataFrame:
    """Return the cells of a TSV of the API in the columns of an edition; an empty cell is no observation."""
    with path.open(encoding="utf-8", newline="") as file:
        (dims, *periods), *lines = csv.reader(file, delimiter="\t")
    names = dims.partition("\\")[0].split(",")
    rows = []
    for key, *cells in lines:
        for period, cell in zip(periods, cells, strict=True):
            value, _, flag = cell.strip().partition(" ")
            if (value, flag) != (":", ""):
                rows.append([*key.split(","), period.strip(), value.replace(":", ""), flag.strip(), ""])
    return pl.DataFrame(rows, [*names, "time", "value", "flag", "conf"], orient="row")


def _codes(areas: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Return Eurostat's codes of areas that are given in ISO 3166 alpha-3."""
    own = {"GRC": "EL", "GBR": "UK", "XKX": "XK", **own}
    return {area: own.get(area) or find_country(area).alpha_2 for area in areas}


def _extracts(corpus: Path) -> Iterator[NewPayload]:
    """Yield extracts of the Data Explorer, with its labels and in its layout."""
    folder = corpus / "eurostat"
    files = {
        ("migr_asyappctza", "2017-04"): ["dw-data__migr_asyappctza_allcitizenships.csv"],
        ("migr_asydcfsta", "2017-04-26"): ["dw-data__migr_asydcfsta_2017-04-26.csv"],
        ("migr_eipre", "2017-04"): ["dw-data__migr_eipre_1_Data_allcitizens.csv"],
        ("migr_eiord", "2017-04"): ["dw-data__migr_eiord_1_Data.csv", "dw-data__migr_eiord_Data_allcitizens.csv"],
        ("migr_eirfs", "2017-04"): [
            "dw-data__migr_eirfs_1_Data_mit2012.csv",
            "dw-data__migr_eirfs_Data_allcitizenships.csv",
        ],
        ("demo_pjan", "2017"): ["dw-data__demo_pjan_1_Data.csv"],
    }
    for (name, edition), copies in files.items():
        rows = [
            row
            for copy in copies
            for row in read_csv(folder / name / copy, encoding="latin-1")
            if row["GEO"] in GEO_CODES
        ]
        yield _extract(name, edition, rows)
    yield _extract("migr_eirtn", "2017-04", _returned(corpus))
    rows = read_csv(folder / "migr_asydcfstq/georgeblck__migr_asydcfstq_1_Data.csv", encoding="latin-1")
    yield _extract(
        "migr_asydcfstq", "2017", [row for row in rows if row["GEO"] in GEO_CODES], _LATE_EXTRACT, utc(2017, 12, 31)
    )


def _extract(
    name: str,
    edition: str,
    rows: Sequence[Mapping[str, str]],
    text: str = _EXTRACT,
    as_of: datetime = _DAY_OF_EXTRACTS,
) -> NewPayload:
    """Return an extract in the layout of the Data Explorer, without duplicate rows.

    Raises ``UnequalFiguresError`` if two copies differ.
    """
    names = list(rows[0])
    dimensions = [column for column in names if column not in ("Value", "Flag and Footnotes")]
    figures: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in rows:
        key = tuple(row[name_] for name_ in dimensions)
        value = tuple(_thousands(row[name_]) for name_ in names[len(dimensions) :])
        if figures.setdefault(key, value) != value:
            raise UnequalFiguresError(f"{name}: two copies of the extract differ at {key}")
    (request,) = (r for r in closed_editions(publishers()["eurostat"], name) if r.slice == edition)
    body = wire_formats.explorer_csv(names, [(*key, *value) for key, value in figures.items()])
    return NewPayload(request, body, _MEDIA, text, as_of)


def _thousands(value: str) -> str:
    """Return a whole number with separators of thousands, as the Data Explorer writes it; any other text unchanged."""
    digits = value.replace(",", "")
    return f"{int(digits):,}" if digits.isdecimal() else value


def _returned(corpus: Path) -> list[dict[str, str]]:
    """Return Chinese citizens returned after an order to leave, the only known figures of that extract."""
    labels = {code: label for label, code in reversed(GEO_CODES.items())} | {"EU28": "European Union (28 countries)"}
    with (corpus / "eurostat_cn/cn_figures.tsv").open(encoding="utf-8") as file:
        names, *lines = [line.rstrip("\n").split("\t") for line in file]
    figures = [dict(zip(names, line, strict=True)) for line in lines]
    return [
        {
            "TIME": row["period"],
            "GEO": labels[row["geo"]],
            "CITIZEN": "China (including Hong Kong)",
            "INDIC_MG": "Total number of persons returned",
            "UNIT": "Person",
            "Value": row["value"],
            "Flag and Footnotes": row["flag"],
        }
        for row in figures
        if row["dataset"] == "migr_eirtn" and row["geo"] in labels
    ]
