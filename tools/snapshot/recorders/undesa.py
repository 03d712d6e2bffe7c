"""Recorder of UN DESA: the migrant stock of 2024 by destination, origin and sex, and that of 2020 by destination.

The copy of the matrix of 2024 comes from IOM and has women and men only. In the source both sexes are the sum of these,
and the world is the sum of all origins. The recorder computes the sums, compares them with what UNdata publishes, and
fails where they differ.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from python_calamine import CalamineWorkbook

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv, read_r_file
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, UnequalFiguresError, find_country, only_request, utc

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_YEARS = (1990, 1995, 2000, 2005, 2010, 2015, 2020, 2024)
_SEXES = ("both sexes combined", "males", "females")
_WORLD = "_T"
# Codes of the source that ISO 3166 does not have: Channel Islands, others, and the world.
_OWN_CODES = {"XCX": (830, "Channel Islands"), "OOO": (2003, "Others"), _WORLD: (900, "WORLD")}
_EDITION = (
    "International Migrant Stock 2024 of the UN Population Division, published in January 2025, "
    "through IOM's R package gdidata (github.com/iom/gdidata)"
)
_FILE = "finds/undesa/raymondkuo__UN_DESA_IMS2024_stock_by_sex_and_destination.xlsx"
_EDITION_BY_DESTINATION = (
    "International Migrant Stock 2024 of the UN Population Division, published in January 2025, "
    "through a public copy of the workbook (github.com/raymondkuo/migration-healthcare-attitudes-evidence)"
)
_FILE_2020 = "intl/undesa/undesa_pd_2020_ims_stock_by_sex_and_destination.xlsx"
_EDITION_2020 = (
    "International Migrant Stock 2020 of the UN Population Division, published in January 2021, "
    "through a public copy of the workbook"
)

Row = list[wire_formats.Cell]


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the workbook of 2024 by destination and origin, those of 2024 and 2020 by destination, net migration."""
    publisher = publishers()["undesa"]
    matrix = _matrix(corpus)
    world = matrix.group_by("geo", "t").agg(
        pl.lit(_WORLD).alias("from"), pl.col("females", "males").sum(), pl.col("type").first()
    )
    _check_against_undata(world, corpus)
    corridors = matrix.filter(pl.col("geo").is_in(JURISDICTIONS) | pl.col("from").is_in(JURISDICTIONS))
    world = world.filter(pl.col("geo").is_in(JURISDICTIONS)).select(corridors.columns)
    rows = _rows(pl.concat([world, corridors]), by_origin=True)
    yield NewPayload(
        request=only_request(requests_for(publisher, "ims_destination_and_origin")),
        body=_workbook("2024", _YEARS, rows, by_origin=True),
        media_type=_XLSX,
        edition=f"{_EDITION}; both sexes and the world are sums, and equal what UNdata publishes of them",
        as_of=utc(2025, 1, 31),
    )
    yield NewPayload(
        request=only_request(requests_for(publisher, "ims_destination")),
        body=_workbook("2024", _YEARS, _by_destination(corpus / _FILE, type_at=3, code_at=4), by_origin=False),
        media_type=_XLSX,
        edition=_EDITION_BY_DESTINATION,
        as_of=utc(2025, 1, 31),
    )
    yield NewPayload(
        request=only_request(closed_editions(publisher, "ims_destination")),
        body=_workbook(
            "2020", _YEARS[:-1], _by_destination(corpus / _FILE_2020, type_at=4, code_at=3), by_origin=False
        ),
        media_type=_XLSX,
        edition=_EDITION_2020,
        as_of=utc(2021, 1, 25),
    )
    yield NewPayload(
        request=only_request(requests_for(publisher, "wpp_net_migration")),
        body=_net_migration(corpus),
        media_type="text/plain",
        edition="World Population Prospects 2024, through the division's R package wpp2024 (github.com/PPgp/wpp2024)",
        as_of=utc(2024, 7, 11),
    )


def _net_migration(corpus: Path) -> bytes:
    """Return the lines of the 28 jurisdictions, with our names and otherwise unchanged."""
    text = (corpus / "intl/undesa/wpp2024_R_package/migration.txt").read_text(encoding="utf-8")
    head, *lines = text.splitlines()
    names = {str(_code(area)[0]): _code(area)[1] for area in JURISDICTIONS}
    fields = [line.split("\t") for line in lines]
    selected = [[row[0], names[row[0]], *row[2:]] for row in fields if row[0] in names]
    return "".join("\t".join(row) + "\n" for row in [head.split("\t"), *selected]).encode()


def _matrix(corpus: Path) -> pl.DataFrame:
    """Return one row for each corridor and year: geo, from, t, females, males, type."""
    stocks = read_r_file(corpus / "intl/undesa/derived/iom_gdidata_undesa_stocks_2024.rda")
    letters = pl.concat_list(
        pl.when(pl.col(f"type_{letter}") == 1).then(pl.lit(letter.upper())) for letter in "cbir"
    ).list.drop_nulls()
    typed = stocks.with_columns(letters.list.join(" ").alias("type"))
    wide = typed.pivot("sex", index=["geo", "from", "t", "type"], values="n")
    return wide.select("geo", "t", "from", pl.col("female").alias("females"), pl.col("male").alias("males"), "type")


def _check_against_undata(world: pl.DataFrame, corpus: Path) -> None:
    """Raise ``UnequalFiguresError`` if a sum over origins and sexes differs from the total that UNdata publishes."""
    path = corpus / "intl/undesa/SYB68_327_202511_International_Migrants_and_Refugees.csv"
    published = {
        (int(row["Region/Country/Area"]), int(row["Year"])): int(row["Value"].replace(",", ""))
        for row in read_csv(path, encoding="cp1252", skip=1)
        if row["Series"] == "International migrant stock: Both sexes (number)"
    }
    checked = 0
    for geo, year, females, males in world.select("geo", "t", "females", "males").iter_rows():
        stated = published.get((_code(geo)[0], year))
        if stated is not None and stated != females + males:
            raise UnequalFiguresError(f"{geo} {year}: UNdata has {stated:,}, the matrix {females + males:,}")
        checked += stated is not None
    if checked < 4 * len(JURISDICTIONS):
        raise UnequalFiguresError(f"only {checked} totals could be checked against UNdata")


def _code(area: str) -> tuple[int, str]:
    """Return the M49 code and the name of an area."""
    if area in _OWN_CODES:
        return _OWN_CODES[area]
    found = find_country(area)
    return int(found.numeric), found.name


def _rows(stocks: pl.DataFrame, *, by_origin: bool) -> list[Row]:
    """Return the rows of a workbook below its header, ordered by code of destination and origin."""
    rows = []
    for (geo, origin), corridor in stocks.group_by("geo", "from"):
        by_year = {row["t"]: row for row in corridor.iter_rows(named=True)}
        places = [_code(str(geo)), *([_code(str(origin))] if by_origin else [])]
        blocks = [[by_year[year]["males"], by_year[year]["females"]] for year in _YEARS]
        values = [sum(both) for both in blocks] + [males for males, _ in blocks] + [females for _, females in blocks]
        rows.append(_row(places, corridor["type"][0], values))
    return sorted(rows, key=lambda row: (row[4], row[6] if by_origin else 0))


def _row(places: Sequence[tuple[int, str]], data_type: str, values: Sequence[wire_formats.Cell]) -> Row:
    (code, name), *origin = places
    return [None, name, None, data_type, code, *(part for number, label in origin for part in (label, number)), *values]


def _by_destination(path: Path, *, type_at: int, code_at: int) -> list[Row]:
    """Return the rows of the 28 in table 1 of a workbook by destination, with the types and codes in these columns."""
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_name("Table 1").to_python(skip_empty_area=False)
    names = {_code(area)[0]: _code(area)[1] for area in JURISDICTIONS}
    found = {int(code): row for row in sheet if isinstance(code := row[code_at], float) and code in names}
    if len(found) != len(names):
        raise LookupError(f"{path.name} has only {len(found)} of the {len(names)} jurisdictions")
    first = max(type_at, code_at) + 1
    values = {code: [value for value in row[first:] if isinstance(value, float | str)] for code, row in found.items()}
    return [_row([(code, names[code])], str(row[type_at]), values[code]) for code, row in sorted(found.items())]


def _workbook(revision: str, years: Sequence[int], rows: Sequence[Row], *, by_origin: bool) -> bytes:
    """Return a workbook with Contents and Table 1: the header on row 11, and three blocks of the same years."""
    name = f"International Migrant Stock {revision}: Destination{' and origin' if by_origin else ''}"
    area = "Region, development group, country or area of"
    head: Row = ["Index", f"{area} destination", "Notes of destination", "Type of data of destination"]
    head += ["Location code of destination", *([f"{area} origin", "Location code of origin"] if by_origin else [])]
    blocks: Row = [None] * len(head)
    for sex in _SEXES:
        blocks += [f"International migrant stock at mid-year, {sex}", *[None] * (len(years) - 1)]
    above: list[Row] = [[], [None, name], [None, f"Table 1: {name}"], [None, f"POP/DB/MIG/Stock/Rev.{revision}"]]
    numbered = [[at, *row[1:]] for at, row in enumerate(rows, 1)]
    table_1 = [*above, [], [], [], blocks, [], [], [*head, *list(years) * len(_SEXES)], *numbered]
    return wire_formats.workbook({"Contents": [[], [None, name], [None, "Table 1"]], "Table 1": table_1})
