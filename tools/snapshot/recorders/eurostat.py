"""Recorder of Eurostat: all figures in public copies of responses of its API and of extracts of the old Data Explorer.

If copies of several days could answer a request, the newest one answers it. The figures of the others for its countries
become closed editions.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv, read_r_file
from tools.snapshot.new_payload import NewPayload, UnequalFiguresError, utc
from tools.snapshot.recorders import eurostat_copies
from tools.snapshot.recorders.eurostat_editions import (
    GEO_CODES,
    LABELS,
    Edition,
    codes_of,
    json_stat,
    labelled,
    records,
    survey,
    tsv,
)

_MEDIA = "text/csv"
_EXTRACT = (
    "Eurostat, extract of the Data Explorer of April 2017, through github.com/dw-data/quantify-europe_asylum-seekers"
)

_DAY_OF_EXTRACTS = utc(2017, 4, 26)
_LATE_EXTRACT = (
    "Eurostat, extract of the Data Explorer of an unknown day with the third quarter of 2017 as the last one, without "
    "flags, through github.com/georgeblck/refugee-distribution"
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield every payload of Eurostat."""
    found = _api_editions(corpus)
    for name, editions in eurostat_copies.editions(corpus).items():
        found.setdefault(name, []).extend(editions)
    for name, editions in found.items():
        yield from _assign_to_requests(name, editions)
    yield _emigration()
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
        "lfsa_ergan": [
            survey(corpus / "eurostat", "lfsa_ergan/natix-x__employment_rates_yearly.csv"),
            _employment_rates(corpus),
        ],
        "lfsa_urgan": [survey(corpus / "eurostat", "lfsa_urgan/natix-x__unemployment_rates_yearly.csv")],
        "lfsa_pganws": [
            survey(
                corpus / "eurostat",
                "lfsa_pganws/natix-x__population_by_sex_age_labour_status_foreigners.csv",
                "lfsa_pganws",
            )
        ],
        "lfsa_egan": [survey(corpus / "eurostat", "lfsa_egan/natix-x__employment_by_citizenship.csv")],
        "lfsa_ugan": [_unemployed(corpus)],
        "demo_pjanbroad": [_working_age(corpus)],
        "demo_gind": [_recent_population(corpus)],
    }


def _assign_to_requests(name: str, editions: Sequence[Edition]) -> Iterator[NewPayload]:
    """Yield for each request the newest figures of its countries, and the rest of each edition as a closed edition.

    An excerpt never answers a request.
    """
    publisher = publishers()["eurostat"]
    remaining = {edition.id: edition.figures for edition in editions}
    for request in requests_for(publisher, name):
        inside = pl.col("geo").is_in(dict(request.params)["c[geo]"].split(","))
        candidates = [each for each in editions if not each.excerpt and _has_codes(request, each.figures)]
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


def _france(corpus: Path, name: str) -> list[Edition]:
    """Return the stocks of France by citizenship or country of birth, from one response for each sex."""
    text = "Eurostat, {} in France as of {:%-d %B %Y}, through github.com/EdizKesici/ToddLab"
    older, newer = utc(2026, 8, 10, 9), utc(2026, 9, 22, 21)
    if name == "migr_pop1ctz":
        paths = [
            corpus / "eurostat/migr_pop1ctz/ToddLab__eurostat_migr1ctz_row_fr_sample.json",
            corpus / "eurostat_cn/migr_pop1ctz/ToddLab__eurostat_migr1ctz_row_fr_f_sample.json",
        ]
        return [Edition("2026-09-22", newer, text.format("all and women by citizenship", newer), json_stat(*paths))]
    folder = corpus / "eurostat_cn/migr_pop3ctb"
    both = json_stat(folder / "ToddLab__eurostat_migr_row_fr_sample.json")
    men = json_stat(folder / "ToddLab__eurostat_migr3ctb_row_fr_m_sample.json")
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
        json_stat(corpus / "eurostat/migr_pop1ctz/raymondkuo__eurostat_migr_pop1ctz.json"),
    )


def _ireland(corpus: Path, name: str) -> Edition:
    """Return Chinese citizens in Ireland."""
    (path,) = (corpus / "eurostat_cn" / name).glob("*RECONSTRUCTED.json")
    return Edition(
        "2026-09-11",
        utc(2026, 9, 11, 9),
        "Eurostat, Chinese citizens in Ireland as of 11 September 2026, through github.com/mhbvr/irish-migration-stats",
        json_stat(path),
    )


def _belarus(corpus: Path, name: str) -> Edition:
    """Return citizens of Belarus in every country."""
    paths = sorted((corpus / "eurostat" / name).glob("sergeionlyart__*.json"))
    return Edition(
        "2026-07-09",
        utc(2026, 7, 9, 21),
        "Eurostat, citizens of Belarus as of 9 July 2026, through public copies of answers of the Statistics API",
        json_stat(*paths),
    )


def _applicants(corpus: Path) -> Edition:
    """Return asylum applicants by sex and citizenship. The copy has no rows of 0.

    The copy calls them first-time applicants, but they are all applicants: their sums over sexes equal Eurostat's
    totals of all applicants where these are known. Raises ``UnequalFiguresError`` if a sum does not.
    """
    copy = read_r_file(corpus / "eurostat_cn/migr_asyappctza/iom-gdidata__eu_asyapp.rda")
    geos = codes_of(copy["geo"].unique().to_list(), {"EU27": "EU27_2020"})
    citizens = codes_of(copy["nat"].unique().to_list(), {"OOO": "UNK", "STL": "STLS"})
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
        records(rows, ("freq", "citizen", "sex", "unit", "age", "asyl_app")),
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
        json_stat(*paths),
    )


def _default_view(corpus: Path, file: str) -> Edition:
    """Return a default view of the Data Browser: totals of all citizenships, with labels where others have codes."""
    rows = read_csv(corpus / "eurostat" / file)
    names = [name for name in rows[0] if name.islower() and name != "geo"]
    coded = [
        {name: LABELS.get(value, value) if name in names else value for name, value in row.items()}
        | {"geo": GEO_CODES[row["geo"]], "sex": "T"}
        for row in rows
        if row["geo"] in GEO_CODES
    ]
    return Edition(
        "2025-03",
        utc(2025, 3, 3),
        "Eurostat, default view of the Data Browser as of March 2025, through github.com/natix-x",
        records(coded, names),
        stamped=False,
    )


def _immigration(corpus: Path) -> Edition:
    rows = read_csv(corpus / "eurostat/tps00176/cagrigoksu__estat_tps00176_en.csv")
    return Edition(
        "2024-11-29",
        utc(2024, 11, 29, 10),
        "Eurostat, immigration as of 29 November 2024, through github.com/cagrigoksu/eu_migration_web_api",
        records(rows, ("freq", "citizen", "agedef", "age", "unit", "sex")),
    )


def _emigration() -> NewPayload:
    """Return emigration, whose cells are kept in this folder.

    A public index has the text of the copy, but not its bytes. The cells were transcribed from that text: with those of
    all its countries they give as many bytes as the copy has, and those of the members add up to those of the Union.
    """
    (request,) = closed_editions(publishers()["eurostat"], "tps00177")
    edition = Edition(
        "2024-11-29",
        utc(2024, 11, 29, 10),
        "Eurostat, emigration as of 29 November 2024, transcribed by hand from stored text, "
        "through github.com/cagrigoksu/eu_migration_web_api",
        tsv(Path(__file__).with_name("emigration.tsv")),
    )
    return _payload(request, edition, edition.figures)


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
        records(rows, ("freq", "unit", "age", "sex")),
        stamped=False,
        excerpt=True,
    )


def _all_permits(corpus: Path) -> Edition:
    edition = ("2025-03-03", utc(2025, 3, 3, 10), "first permits in all as of 3 March 2025")
    return labelled(corpus / "eurostat", "tps00170/natix-x__migration_permits_issued.csv", edition)


def _women_and_men(corpus: Path, file: str) -> Edition:
    edition = ("2025-03-13", utc(2025, 3, 13, 22), "shares of women and men as of 13 March 2025")
    return labelled(corpus / "eurostat", file, edition)


def _undated_tsv(corpus: Path, file: str, what: str) -> Edition:
    """Return a TSV response that does not contain the time of its last update."""
    return Edition(
        "2025-05",
        utc(2025, 5, 1),
        f"Eurostat, {what} of an unknown day in the spring of 2025, through github.com/milmary/MigrationEU_Statistics",
        tsv(corpus / "eurostat" / file),
        stamped=False,
    )


def _permits_by_reason(corpus: Path) -> Edition:
    """Return all citizenships together, in 2023."""
    return _undated_tsv(
        corpus, "migr_resfirst/milmary__estat_migr_resfirst_filtered.tsv", "first permits by reason in 2023"
    )


def _unemployed(corpus: Path) -> Edition:
    edition = ("2025-03-13", utc(2025, 3, 13, 22), "unemployment by citizenship as of 13 March 2025")
    return labelled(corpus / "eurostat", "lfsa_ugan/natix-x__unemployment_by_citizenship.csv", edition)


def _recent_population(corpus: Path) -> Edition:
    edition = ("2025-03-27", utc(2025, 3, 27, 22), "population on 1 January as of 27 March 2025")
    return labelled(corpus / "eurostat", "demo_gind/natix-x__country_population.csv", edition)


def _protected(corpus: Path) -> Edition:
    """Return citizens of Ukraine under temporary protection."""
    return survey(
        corpus / "eurostat", "migr_asytpsm/natix-x__temporary_protection_beneficiaries_monthly.csv", "migr_asytpsm"
    )


def _working_age(corpus: Path) -> Edition:
    """Return persons from 15 to 64 years."""
    return survey(corpus / "eurostat", "demo_pjanbroad/natix-x__population_15_64_age_group.csv")


def _employment_rates(corpus: Path) -> Edition:
    """Return nationals and foreigners from 20 to 64 years."""
    return _undated_tsv(corpus, "lfsa_ergan/milmary__estat_lfsa_ergan_filtered.tsv", "employment rates by citizenship")


def _monthly_applicants(corpus: Path) -> Edition:
    return Edition(
        "2020-10-06",
        utc(2020, 10, 6, 20),
        "Eurostat, asylum applicants by month as of 6 October 2020, through github.com/georgeblck/refugee-distribution",
        tsv(corpus / "eurostat/migr_asyappctzm/georgeblck__migr_asyappctzm__custom_39520_20201006_200227.tsv"),
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
        json_stat(path),
    )


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
