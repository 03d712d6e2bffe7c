"""What the recorders of Eurostat share: editions, and readers of public copies of responses with codes or labels."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import UnequalFiguresError, find_country, utc

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
LABELS = {
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


@dataclass(frozen=True)
class Edition:
    """Figures of one day in codes, all as text: the dimensions, ``geo``, time, value, flag and conf."""

    id: str
    as_of: datetime
    text: str
    figures: pl.DataFrame
    stamped: bool = True
    excerpt: bool = False


def json_stat(*paths: Path) -> pl.DataFrame:
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


def records(rows: Sequence[Mapping[str, str]], dimensions: Sequence[str]) -> pl.DataFrame:
    """Return records of SDMX-CSV in the columns of an edition."""
    columns = {name: name for name in (*dimensions, "geo")} | {"time": "TIME_PERIOD", "value": "OBS_VALUE"}
    columns |= {"flag": "OBS_FLAG", "conf": "CONF_STATUS"}
    data = {name: [row.get(column, "") for row in rows] for name, column in columns.items()}
    value = pl.col("value").str.replace(r"\.0$", "")
    return pl.DataFrame(data, dict.fromkeys(columns, pl.String())).with_columns(value)


def labelled(
    folder: Path,
    file: str,
    edition: tuple[str, datetime, str],
    through: str = "github.com/natix-x",
    own: Mapping[str, str] | None = None,
) -> Edition:
    """Return a response with labels where others have codes, and with a time stamp; ``_UNCODED`` is left out.

    ``own`` has the codes of labels that are not in ``LABELS``.
    """
    codes = LABELS | dict(own or {})
    rows = [row for row in read_csv(folder / file) if not _UNCODED & set(row.values())]
    names = [name for name in rows[0] if name.islower() and name != "geo"]
    coded = [
        {name: codes.get(value, value) if name in names else value for name, value in row.items()}
        | {"geo": GEO_CODES[row["geo"]]}
        | ({"sex": "T"} if row.get("sex") == "Total" else {})
        for row in rows
        if row["geo"] in GEO_CODES
    ]
    day, as_of, what = edition
    return Edition(day, as_of, f"Eurostat, {what}, through {through}", records(coded, names))


def survey(folder: Path, file: str, dataset: str = "") -> Edition:
    """Return a CSV response with codes and labels that does not contain the time of its last update."""
    rows = read_csv(folder / file)
    names = [name for name in rows[0] if re.fullmatch(r"[a-z]+", name) and name != "geo"]
    what = dataset or file.partition("/")[0]
    return Edition(
        "2025-06",
        utc(2025, 6, 1),
        f"Eurostat, {what} of an unknown day in the spring of 2025, through github.com/natix-x",
        records(rows, names),
        stamped=False,
    )


def tsv(path: Path) -> pl.DataFrame:
    """Return the cells of a TSV of the API in the columns of an edition; an empty cell is not an observation."""
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


def codes_of(areas: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Return Eurostat's codes of areas that are given in ISO 3166 alpha-3."""
    own = {"GRC": "EL", "GBR": "UK", "XKX": "XK", **own}
    return {area: own.get(area) or find_country(area).alpha_2 for area in areas}
