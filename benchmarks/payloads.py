"""Generators of payloads of any size in the formats of the publishers. The same size always gives the same bytes.

The dimensions are those of a real table. The figures come from a seeded random generator and have no meaning.
"""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import xlsxwriter

PERIODS = [f"{year}-{month:02}" for year in range(2008, 2026) for month in range(1, 13)]
DIMENSIONS = {
    "freq": ["M"],
    "unit": ["PER"],
    "citizen": [chr(65 + at // 26) + chr(65 + at % 26) for at in range(200)],
    "sex": ["T", "M", "F"],
    "age": ["TOTAL", "Y_LT14", "Y14-17", "Y18-34", "Y35-64", "Y_GE65", "UNK"],
    "applicant": ["FRST", "TOTAL"],
    "geo": [chr(65 + at % 26) + chr(75 + at // 26) for at in range(32)],
}
SERIES = int(np.prod([len(codes) for codes in DIMENSIONS.values()]))
MISSING, FLAGGED = 0.2, 0.1
_CHUNK = 4_000
_LEVEL = 1  # the fastest level of compression


def _keys(start: int, stop: int) -> dict[str, pl.Series]:
    """Return the dimensions of the series from ``start`` to ``stop``; the last dimension changes fastest."""
    at = np.arange(start, stop)
    keys: dict[str, pl.Series] = {}
    for name, codes in reversed(DIMENSIONS.items()):
        keys[name] = pl.Series(name, codes).gather(at % len(codes))
        at = at // len(codes)
    return dict(reversed(keys.items()))


def _figures(seed: int, count: int) -> tuple[pl.Series, pl.Series]:
    """Return values, some of them missing, and flags, most of them empty."""
    random = np.random.default_rng(seed)
    value = pl.Series("value", (random.lognormal(4, 2.5, count) // 5 * 5).astype(np.int64))
    flag = np.where(random.random(count) < FLAGGED, random.choice(["b", "p", "e", "d", "bu"], count), "")
    return value.set(pl.Series(random.random(count) < MISSING), None), pl.Series("flag", flag)


def _chunks(observations: int) -> Iterator[tuple[int, int]]:
    series = -(-observations // len(PERIODS))
    if series > SERIES:
        raise ValueError(f"there are at most {SERIES * len(PERIODS):,} observations")
    for start in range(0, series, _CHUNK):
        yield start, min(series, start + _CHUNK)


def eurostat_tsv(path: Path, observations: int) -> None:
    """Write a bulk file of monthly asylum applicants: one series a line, compressed, ``:`` for a missing value."""
    with gzip.GzipFile(path, "wb", _LEVEL, mtime=0) as file:
        file.write(
            (",".join(DIMENSIONS) + "\\TIME_PERIOD\t" + "\t".join(f"{name} " for name in PERIODS) + "\r\n").encode()
        )
        for start, stop in _chunks(observations):
            value, flag = _figures(start, (stop - start) * len(PERIODS))
            field = value.cast(pl.String).fill_null(":") + " " + flag
            frame = pl.DataFrame(_keys(start, stop)).select(pl.concat_str("*", separator=",").alias("key"))
            columns = [
                field[at * frame.height : (at + 1) * frame.height].alias(name) for at, name in enumerate(PERIODS)
            ]
            file.write(
                frame.with_columns(columns)
                .write_csv(include_header=False, separator="\t", quote_style="never", line_terminator="\r\n")
                .encode()
            )


def _records(observations: int) -> Iterator[pl.DataFrame]:
    """Yield frames with one record for each observation."""
    for start, stop in _chunks(observations):
        value, flag = _figures(start, (stop - start) * len(PERIODS))
        series = pl.DataFrame(_keys(start, stop))
        yield (
            series.select(pl.all().repeat_by(len(PERIODS)).explode()).with_columns(
                pl.Series("TIME_PERIOD", PERIODS * series.height), value, flag
            )
        )


def _csv(path: Path, frames: Iterator[pl.DataFrame], end: str = "\n") -> None:
    with gzip.GzipFile(path, "wb", _LEVEL, mtime=0) as file:
        for number, frame in enumerate(frames):
            text = frame.write_csv(include_header=number == 0, line_terminator=end, quote_style="never")
            file.write(text.encode())


def sdmx_csv(path: Path, observations: int) -> None:
    """Write Eurostat's SDMX-CSV 1.0: compressed, with the dataflow and its last update in every record."""
    flow = pl.lit("ESTAT:MIGR_ASYAPPCTZM(1.0)").alias("DATAFLOW"), pl.lit("24/11/25 11:00:00").alias("LAST UPDATE")
    renamed = pl.col("value").alias("OBS_VALUE"), pl.col("flag").alias("OBS_FLAG"), pl.lit("").alias("CONF_STATUS")
    frames = (frame.select(*flow, *DIMENSIONS, "TIME_PERIOD", *renamed) for frame in _records(observations))
    _csv(path, frames, "\r\n")


def sdmx_csv_2(path: Path, observations: int) -> None:
    """Write SDMX-CSV 2.0 in the form of the standard, which ``sdmx1`` can read.

    ``sdmx1`` refuses the OECD's form, which has ``DATAFLOW`` in capitals, and Eurostat's, which has no ``ACTION``.
    """
    start = {"STRUCTURE": "dataflow", "STRUCTURE_ID": "ESTAT:MIGR_ASYAPPCTZM(1.0)", "ACTION": "I"}
    columns = [pl.lit(text).alias(name) for name, text in start.items()]
    columns += [*map(pl.col, DIMENSIONS), pl.col("TIME_PERIOD"), pl.col("value").alias("OBS_VALUE")]
    columns += [pl.col("flag").alias("OBS_FLAG"), pl.lit("").alias("CONF_STATUS")]
    _csv(path, (frame.select(columns) for frame in _records(observations)))


def ilostat_csv(path: Path, observations: int) -> None:
    """Write CSV of ILOSTAT's bulk service: compressed, with codes."""
    columns = [
        pl.col("geo").alias("ref_area"),
        pl.lit("BA:529").alias("source"),
        pl.lit("MST_XWAP_SEX_AGE_CCT_NB").alias("indicator"),
        ("SEX_" + pl.col("sex")).alias("sex"),
        ("AGE_AGGREGATE_" + pl.col("age")).alias("classif1"),
        ("CCT_" + pl.col("citizen") + pl.col("applicant")).alias("classif2"),
        pl.col("TIME_PERIOD").alias("time"),
        (pl.col("value") / 1000).alias("obs_value"),
        pl.col("flag").alias("obs_status"),
        pl.lit("").alias("note_indicator"),
        pl.lit("R1:2461").alias("note_source"),
    ]
    _csv(path, (frame.select(columns) for frame in _records(observations)))


def json_stat(path: Path, observations: int) -> None:
    """Write Eurostat's JSON-stat 2.0: one object with values by index, one with flags, both without order."""
    codes = DIMENSIONS | {"time": PERIODS}
    others = SERIES // len(codes["citizen"]) * len(PERIODS)
    codes["citizen"] = codes["citizen"][: -(-observations // others)]
    size = others * len(codes["citizen"])
    value, flag = _figures(size, size)
    frame = pl.DataFrame([value, flag]).with_row_index().sample(fraction=1, shuffle=True, seed=1)
    index = '"' + pl.col("index").cast(pl.String) + '":'
    values = frame.drop_nulls("value").select((index + pl.col("value").cast(pl.String)).str.join(",")).item()
    flags = frame.filter(pl.col("flag") != "").select((index + '"' + pl.col("flag") + '"').str.join(",")).item()
    dimension = {
        name: {
            "label": name,
            "category": {
                "index": dict(zip(values, range(len(values)), strict=True)),
                "label": {code: f"Label {code}" for code in values},
            },
        }
        for name, values in codes.items()
    }
    rest = {"id": list(codes), "size": list(map(len, codes.values())), "dimension": dimension}
    path.write_text(
        '{"version":"2.0","class":"dataset","label":"Applicants","source":"ESTAT","updated":"2025-11-24T11:00:00+0100",'
        f'"value":{{{values}}},"status":{{{flags}}},{orjson.dumps(rest).decode()[1:]}',
        encoding="utf-8",
    )


def unhcr_json(path: Path, observations: int) -> None:
    """Write a response of UNHCR's population API: nine measures in each item, some of them the text "0" or "-"."""
    random = np.random.default_rng(observations)
    measures = (
        "refugees",
        "asylum_seekers",
        "returned_refugees",
        "idps",
        "returned_idps",
        "stateless",
        "ooc",
        "oip",
        "hst",
    )
    at = np.arange(-(-observations // len(measures)))
    codes = [f"{chr(65 + one % 26)}{chr(65 + one // 26)}{chr(65 + one % 7)}" for one in range(230)]
    columns: dict[str, list[Any]] = {"year": (2000 + at // len(codes) ** 2).tolist()}
    for name, of in (("coo", at % len(codes)), ("coa", at // len(codes) % len(codes))):
        code = [codes[one] for one in of.tolist()]
        columns |= {f"{name}_id": of.tolist(), f"{name}_name": [f"Country {one}" for one in code]}
        columns |= {name: code, f"{name}_iso": code}
    for name in measures:
        drawn, kind = random.lognormal(4, 2.5, len(at)).astype(int).tolist(), random.integers(0, 10, len(at)).tolist()
        columns[name] = [one if sort < 6 else "0" if sort < 8 else "-" for one, sort in zip(drawn, kind, strict=True)]
    items = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    path.write_bytes(orjson.dumps({"page": 1, "short-url": "", "maxPages": 1, "total": [], "items": items}))


def worldbank_json(path: Path, observations: int) -> None:
    """Write a response of the World Bank's API: a page and its rows, each with indicator, country, date and value."""
    frame = pl.concat(_records(observations)).head(observations)
    term = pl.struct(pl.lit("SM.POP.NETM").alias("id"), pl.lit("Net migration").alias("value")).alias("indicator")
    country = pl.struct(pl.col("geo").alias("id"), ("Country " + pl.col("geo")).alias("value")).alias("country")
    rows = frame.select(
        term,
        country,
        (pl.col("geo") + "X").alias("countryiso3code"),
        pl.col("TIME_PERIOD").alias("date"),
        "value",
        pl.lit("").alias("unit"),
        pl.col("flag").alias("obs_status"),
        pl.lit(0).alias("decimal"),
    )
    page = {
        "page": 1,
        "pages": 1,
        "per_page": observations,
        "total": observations,
        "sourceid": "2",
        "lastupdated": "2025-10-07",
    }
    path.write_text(f"[{orjson.dumps(page).decode()},{rows.write_json()}]", encoding="utf-8")


def eurostat_xlsx(path: Path, observations: int) -> None:
    """Write a workbook of Eurostat's data browser: a sheet for each citizenship, flags to the right of the values."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": datetime(2025, 11, 24, tzinfo=UTC)})
        each = len(DIMENSIONS["geo"]) * len(PERIODS)
        for number in range(-(-observations // each)):
            value, flag = _figures(number, each)
            fields = [(":" if figure is None else figure, mark) for figure, mark in zip(value, flag, strict=True)]
            series = [fields[at : at + len(PERIODS)] for at in range(0, each, len(PERIODS))]
            sheet = book.add_worksheet(f"Sheet {number + 1}")
            head = [
                ["Data extracted on 24/11/2025 11:47:37 from [ESTAT]"],
                ["Dataset: ", "Asylum applicants [MIGR_ASYAPPCTZM__custom_1]"],
                ["Last updated: ", "24/11/2025 11:00"],
                [""],
                ["Country of citizenship", "", DIMENSIONS["citizen"][number]],
                [""],
                ["TIME", *(text for period in PERIODS for text in (period, ""))],
                ["GEO (Labels)"],
            ]
            rows = [[geo, *chain(*shown)] for geo, shown in zip(DIMENSIONS["geo"], series, strict=True)]
            for at, row in enumerate([*head, *rows, [""], ["Special value"], [":", "not available"]]):
                sheet.write_row(at, 0, row)
