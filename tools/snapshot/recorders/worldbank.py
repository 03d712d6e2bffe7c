"""Recorder of the World Bank: indicators of the 28 and the EU, the two KNOMAD matrices, prices of remittances."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
from python_calamine import CalamineWorkbook

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv, read_r_file
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, find_country, only_request, utc

_COPY = "through a public copy of the bank's own bulk file"
# KNOMAD's names of the 28 that differ from those of ISO 3166.
_KNOMAD = {"CZE": "Czech Republic", "NLD": "Netherlands", "SVK": "Slovak Republic"}

# The variables of a public copy of World Development Indicators, and the indicators that they are.
_COPIED = {"nmig": "SM.POP.NETM", "remin": "BX.TRF.PWKR.CD.DT", "remout": "BM.TRF.PWKR.CD.DT"}
_WDI = "World Development Indicators of June 2025, through a public copy of three indicators (github.com/iom/gdidata)"

_SHARE_OF_GDP = "ddf--datapoints--bx_trf_pwkr--by--geo_area--nature--units--year.csv"

Series = dict[tuple[str, str], float]


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the indicators, one of them in two editions, two matrices and the prices of remittances."""
    folder = corpus / "intl/worldbank"
    bulk = _bulk(folder / "API_SM.POP.NETM_DS2_en_csv_v2_3401672.csv", "SM.POP.NETM")
    (before,) = closed_editions(publishers()["worldbank"], "SM.POP.NETM")
    edition = f"World Development Indicators of 2024-06-28, {_COPY}"
    yield replace(_indicator("SM.POP.NETM", bulk, "2024-06-28", edition), request=before)
    copied = read_r_file(corpus / "finds/worldbank/wdi/iom_gdidata__wdi.rda")
    for variable, name in _COPIED.items():
        rows = copied.filter(pl.col("var") == variable).select("geo", "t", "v").iter_rows()
        series = {(geo, str(year)): float(value) for geo, year, value in rows}
        yield _indicator(name, series, "2025-06-19", _WDI, first=1990)
    yield _share_of_gdp(corpus / "finds/unsd_sdg" / _SHARE_OF_GDP)
    yield _migrant_stock(corpus / "finds/worldbank/SM.POP.TOTL/raymondkuo__wb_SM_POP_TOTL.json")
    bulk = _bulk(folder / "API_16_urban-development-raw-2021.csv", "SP.URB.TOTL.IN.ZS")
    yield _indicator("SP.URB.TOTL.IN.ZS", bulk, "2021-09-15", f"World Development Indicators of 2021-09-15, {_COPY}")
    population = {
        (row["Country Code"], row["Year"]): float(row["Value"])
        for row in read_csv(folder / "derived_datasets_population.csv")
    }
    yield _indicator(
        "SP.POP.TOTL",
        population,
        None,
        "World Development Indicators of an unknown day, with values for 2024 and so of July 2025 or later, "
        "through github.com/datasets/population",
    )
    yield from _matrices(folder)
    yield NewPayload(
        request=only_request(closed_editions(publishers()["worldbank"], "remittance_prices")),
        body=_prices(folder / "databank_RPW_corridors_36d1ed87_Data.csv"),
        media_type="text/csv",
        edition="Remittance Prices Worldwide of 2020-12-07, through a public copy (github.com/natesheehan/sdg_10C)",
        as_of=utc(2020, 12, 7),
    )


def _bulk(path: Path, indicator: str) -> Series:
    """Return one indicator of a bulk file by country and year; blank fields are left out."""
    return {
        (row["Country Code"], year): float(value)
        for row in read_csv(path, skip=4)
        if row["Indicator Code"] == indicator
        for year, value in row.items()
        if year and year.isdecimal() and value
    }


def _prices(path: Path) -> bytes:
    """Return the corridors of the 28 that have a price, with the two lines at the end that state title and date."""
    rows = [row for row in read_csv(path) if row["Series Code"] == "ATCR.CORR"]
    sides = ("Sending Countries Code", "Receiving Countries  Code")
    kept = [
        row
        for row in rows
        if any(row[side] in JURISDICTIONS for side in sides)
        and any(value not in ("", "..") for name, value in row.items() if name[:4].isdecimal())
    ]
    blank = "," * (len(rows[0]) - 1)
    trailer = [*[blank] * 3, f"Data from database: Remittance Prices Worldwide (Corridors){blank}"]
    trailer.append(f"Last Updated: 12/07/2020{blank}")
    return b"\xef\xbb\xbf" + wire_formats.plain_csv(kept) + "".join(f"{line}\n" for line in trailer).encode()


def _share_of_gdp(path: Path) -> NewPayload:
    """Return remittances received as a share of GDP, from a copy of the database of the development goals."""
    areas = {int(find_country(area).numeric): area for area in JURISDICTIONS}
    series = {
        (areas[int(row["geo_area"])], row["year"]): float(row["bx_trf_pwkr"])
        for row in read_csv(path)
        if row["geo_area"].isdecimal() and int(row["geo_area"]) in areas
    }
    (edition,) = closed_editions(publishers()["worldbank"], "BX.TRF.PWKR.DT.GD.ZS")
    text = (
        "World Bank figures in the United Nations' database of the Sustainable Development Goals of 2020-10-19, "
        "through a public copy of the series (github.com/open-numbers/ddf--unstats--sdg_indicators)"
    )
    return replace(_indicator(edition.dataset, series, "2020-10-19", text, first=1990), request=edition)


def _migrant_stock(path: Path) -> NewPayload:
    """Return the migrant stock of the 28 and the EU from a response of the API for all countries."""
    page, rows = json.loads(path.read_text(encoding="utf-8"))
    series = {(row["countryiso3code"], row["date"]): row["value"] for row in rows if row["value"] is not None}
    edition = (
        "World Development Indicators of 2026-07-13, through a public copy of a response of the bank's interface "
        "(github.com/raymondkuo/migration-healthcare-attitudes-evidence)"
    )
    return _indicator("SM.POP.TOTL", series, page["lastupdated"], edition, first=2010)


def _indicator(name: str, series: Series, updated: str | None, edition: str, *, first: int = 1960) -> NewPayload:
    """Return a response with every year from ``first`` of every area that has a value."""
    publisher = publishers()["worldbank"]
    indicator = {"id": name, "value": publisher.datasets[name].title}
    last = max(int(year) for _, year in series)
    areas = {area for area, _ in series}
    rows: list[dict[str, object]] = [
        {
            "indicator": indicator,
            "country": {"id": iso2, "value": label},
            "countryiso3code": code,
            "date": str(year),
            "value": wire_formats.plain(value) if (value := series.get((code, str(year)))) is not None else None,
            "unit": "",
            "obs_status": "",
            "decimal": 0,
        }
        for label, code, iso2 in sorted(_country(area) for area in (*JURISDICTIONS, "EUU") if area in areas)
        for year in range(last, first - 1, -1)
    ]
    as_of = utc(*map(int, updated.split("-"))) if updated else utc(2025, 7, 1)
    return NewPayload(
        request=only_request(requests_for(publisher, name)),
        body=wire_formats.worldbank_json(updated, rows),
        media_type="application/json",
        edition=edition,
        as_of=as_of,
    )


def _country(code: str) -> tuple[str, str, str]:
    """Return name, code of three letters and code of two letters."""
    if code == "EUU":
        return "European Union", code, "EU"
    found = find_country(code)
    return found.name, code, found.alpha_2


def _matrices(folder: Path) -> Iterator[NewPayload]:
    publisher = publishers()["worldbank"]
    parts: dict[str, tuple[str, str, str]] = {
        "knomad_migration": (
            "knomad_bilateral_migration_matrix_2021_latest.xlsx",
            "Bilateral migrant stocks in 2021",
            "Destination country (across) - Source country (down)",
        ),
        "knomad_remittance": (
            "knomad_bilateral_remittance_matrix_2021.xlsx",
            "Bilateral remittances for 2021, millions of US$",
            "Remittance-receiving country (across) - Remittance-sending country (down)",
        ),
    }
    ours = {_KNOMAD.get(code, find_country(code).name) for code in JURISDICTIONS}
    for name, (file, title, corner) in parts.items():
        rows = _matrix(folder / file, ours.__contains__)
        yield NewPayload(
            request=only_request(closed_editions(publisher, name)),
            body=wire_formats.workbook({"BRM 2021": [[title], [corner, *rows[0][1:]], *rows[1:]]}),
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            edition="KNOMAD/World Bank bilateral matrices 2021 of December 2022, through a public copy of the workbook",
            as_of=utc(2022, 12, 19),
        )


def _matrix(path: Path, ours: Callable[[str], bool]) -> list[list[wire_formats.Cell]]:
    """Return the matrix in the publisher's orientation, with values where the row or the column is one of ``ours``."""
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    names = [str(name).strip() for name in rows[1]]
    end = next(at for at in range(2, len(rows)) if not str(rows[at][0]).strip())
    labels = [str(row[0]).strip() for row in rows[2:end]]
    if missing := [label for label in labels if ours(label) and label not in names]:
        raise LookupError(f"{path.name} has rows without columns: {missing}")
    kept: list[list[wire_formats.Cell]] = [list(names)]
    for label, row in zip(labels, rows[2:end], strict=True):
        values: list[wire_formats.Cell] = [
            value if isinstance(value, float) and (ours(label) or ours(name)) else None
            for name, value in zip(names[1:], row[1:], strict=True)
        ]
        kept.append([label, *values])
    if sum(map(ours, labels)) != len(JURISDICTIONS):
        raise LookupError(f"{path.name} names only {sum(map(ours, labels))} of the {len(JURISDICTIONS)} jurisdictions")
    return kept
