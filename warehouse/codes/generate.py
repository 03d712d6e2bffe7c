"""Writes ``areas.csv`` and ``area_codes.csv`` from ISO 3166-1, the names of Unicode CLDR and our additions.

``areas_own.csv`` holds the areas that are not in ISO 3166-1, the cells in which we differ from it, and its entries that
are neither members nor permanent observers of the United Nations. ``area_codes_own.csv`` holds the codes and spellings
of publishers that cannot be derived. After editing one of the two, run ``python -m warehouse.codes.generate``.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pycountry
from babel import Locale

HERE = Path(__file__).parent
AREA = ("area", "kind", "parent", "name_en", "name_zh", "iso2", "m49", "eu_from", "eu_to", "in_scope", "note")
CODE = ("scheme", "code", "area", "valid_from", "valid_to")

Row = dict[str, str]
Code = tuple[str, str, str]


class Country(NamedTuple):
    """An entry of ISO 3166-1 with its English and Chinese name in CLDR, and all its English names."""

    area: str
    iso2: str
    m49: str
    name_en: str
    name_zh: str
    names: frozenset[str]


def areas() -> list[Row]:
    """All areas, sorted by code. A filled cell of ``areas_own.csv`` replaces the cell from ISO and CLDR."""
    rows = {country.area: _area(country) for country in countries()}
    for own in read_own("areas_own"):
        row = rows.setdefault(own["area"], dict.fromkeys(AREA, "") | {"in_scope": "false"})
        row |= {name: cell for name, cell in own.items() if cell}
        if row["kind"] == "province":
            row["parent"] = row["area"].partition("-")[0]
    return [rows[area] for area in sorted(rows)]


def area_codes() -> list[Row]:
    """All codes of all schemes, sorted. The rows of a code in ``area_codes_own.csv`` replace its derived rows."""
    own = read_own("area_codes_own")
    own_codes = {(row["scheme"], row["code"]) for row in own}
    derived = {*chain.from_iterable(map(_iso_codes, countries())), *_m49_codes(), *_gbt2260_codes()}
    rows = [
        {"scheme": scheme, "code": code, "area": area, "valid_from": "", "valid_to": ""}
        for scheme, code, area in derived
        if (scheme, code) not in own_codes
    ]
    return sorted([*own, *rows], key=lambda row: tuple(row[name] for name in CODE))


def countries() -> list[Country]:
    """The entries of ISO 3166-1 from pycountry, with names from CLDR."""
    english, chinese = Locale("en").territories, Locale("zh", "CN", "Hans").territories
    return [
        Country(
            entry.alpha_3,
            entry.alpha_2,
            entry.numeric,
            english[entry.alpha_2],
            chinese[entry.alpha_2],
            frozenset({english[entry.alpha_2], entry.name, getattr(entry, "common_name", entry.name)}),
        )
        for entry in pycountry.countries
    ]


def read_own(name: str) -> list[Row]:
    """The rows of a CSV file that is edited by hand."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def to_csv(header: Iterable[str], rows: Iterable[Row]) -> str:
    """The rows as CSV, each ended by a line feed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(header), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _area(country: Country) -> Row:
    """The row of a country before ``areas_own.csv`` is applied."""
    return dict.fromkeys(AREA, "") | {
        "area": country.area,
        "kind": "state",
        "name_en": country.name_en,
        "name_zh": country.name_zh,
        "iso2": country.iso2,
        "m49": country.m49,
        "in_scope": "false",
    }


def _iso_codes(country: Country) -> Iterator[Code]:
    """The codes that schemes take from ISO 3166-1, and the English names that publishers may use."""
    yield from ((scheme, country.area, country.area) for scheme in ("iso3", "worldbank"))
    yield from ((scheme, country.iso2, country.area) for scheme in ("iso2", "eurostat", "worldbank"))
    for scheme in ("name", "eurostat", "treaty_name", "unhcr_name", "worldbank_name"):
        yield from ((scheme, name, country.area) for name in country.names)
    # In Data360 the partner of a bilateral figure is a code that only this database uses.
    yield "worldbank_name", f"WB_KNOMAD_{country.area}", country.area


def _m49_codes() -> Iterator[Code]:
    """M49 codes with three digits, and without leading zeros, because workbooks store them as numbers."""
    for row in areas():
        for code in {row["m49"], row["m49"].lstrip("0")} - {""}:
            yield from ((scheme, code, row["area"]) for scheme in ("m49", "undata"))


def _gbt2260_codes() -> Iterator[Code]:
    """GB/T 2260 codes of China's provinces with six digits and with the twelve digits of statistics, and the names."""
    for row in areas():
        if row["kind"] == "province" and row["parent"] == "CHN":
            code = row["area"].partition("-")[2]
            yield from (("gbt2260", written, row["area"]) for written in (code, f"{code}000000", row["name_zh"]))


def main() -> None:
    """Write both files."""
    (HERE / "areas.csv").write_text(to_csv(AREA, areas()), encoding="utf-8")
    (HERE / "area_codes.csv").write_text(to_csv(CODE, area_codes()), encoding="utf-8")


if __name__ == "__main__":
    main()
