"""Fill the archive of a live workspace with payloads of full size, as nights of requests would leave it there.

Each payload answers a request of the catalogue in Eurostat's SDMX-CSV 1.0. Its dimensions and codes are real, its
figures are not: each is a product of one weight for each code, so that parts add up to totals in every dimension. A
share of the cells is absent, as in the real tables.
"""

import gzip
import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from sources import catalogue
from sources.catalogue.model import Dim, Publisher
from sources.protocols.requests import requests_for
from sources.request import Request
from warehouse import codes
from warehouse.archive import Archive, Fetch

PUBLISHER = "eurostat"
# Share of the cells of a table that hold an observation.
DENSITY = 0.67
# Codes that are the sum of all others of their dimension, and codes of groups, which are left out.
TOTALS = ("TOTAL", "T", "Total")
GROUP_SIZE = 2  # a code of an area with more letters is a group of areas
REVISED = 0.002  # share of the cells that each later night revises
POPULATION = 1_000_000  # how much larger populations are than other figures, so that no rate exceeds its population
LAST_YEAR = 2025
PERIODS = {"A": 1, "Q": 4, "M": 12}

NIGHTS = (datetime(2026, 6, 1, 9, tzinfo=UTC), datetime(2026, 9, 1, 9, tzinfo=UTC))


def datasets() -> dict[str, list[Request]]:
    """Dataset → its requests, for the datasets of Eurostat whose requests declare the size of every dimension."""
    publisher = catalogue.publishers()[PUBLISHER]
    return {
        name: requests_for(publisher, name)
        for name, entry in publisher.datasets.items()
        if entry.endpoint == "data" and entry.sizes and entry.observe
    }


def fill(archive: Archive, *, night: int = 0, share: float = 1.0, names: list[str] | None = None) -> int:
    """Store the payloads of a night and their fetches; return the number of observations.

    ``share``: part of the citizenships that each payload contains. ``names``: the datasets, by default all.
    """
    publisher = catalogue.publishers()[PUBLISHER]
    total = 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "payload.csv.gz"
        for name, requests in datasets().items():
            if names is None or name in names:
                for request in requests:
                    frame = _cells(publisher, name, request, night, share)
                    total += frame.height
                    _write(path, name, frame, night)
                    archive.append(_fetch(archive, request, path, night))
    return total


def _cells(publisher: Publisher, name: str, request: Request, night: int, share: float) -> pl.DataFrame:
    """The records of the response to a request."""
    weights = _weights(publisher, name, request, share)
    population = publisher.datasets[name].table == "population"
    frame = pl.DataFrame({"value": [5 * (POPULATION if population else 1)]})
    for dimension, coded in weights.items():
        column = pl.DataFrame({dimension: list(coded), "weight": list(coded.values())})
        frame = frame.join(column, how="cross").with_columns(pl.col("value") * pl.col("weight")).drop("weight")
    frame = frame.filter(_drawn(frame, DENSITY, 1))
    if night:
        frame = frame.with_columns(
            value=pl.col("value") + pl.when(_drawn(frame, REVISED, night + 7)).then(5).otherwise(0)
        )
    flag = pl.when(_drawn(frame, 0.1, 3)).then(pl.lit("p")).otherwise(pl.lit(""))
    return frame.select(*weights, OBS_VALUE="value", OBS_FLAG=flag, CONF_STATUS=pl.lit(""))


def _drawn(frame: pl.DataFrame, share: float, seed: int) -> pl.Series:
    """A seeded choice of a share of the rows."""
    keys = frame.select(pl.exclude("value"))
    return keys.hash_rows(seed) < int(share * (2**64 - 1))


def _weights(publisher: Publisher, name: str, request: Request, share: float) -> dict[str, dict[str, int]]:
    """Dimension → code → weight, in the order of the columns."""
    entry = publisher.datasets[name]
    assert entry.observe is not None
    fields: dict[str, Dim] = {}
    for source in (
        entry.observe.indicator,
        entry.observe.jurisdiction,
        entry.observe.partner,
        *entry.observe.dimensions.values(),
    ):
        if isinstance(source, Dim):
            fields |= dict.fromkeys(source.names, source)
    constants = {dimension: allowed[:1] for dimension, allowed in entry.observe.expect.items()}
    asked = {key: value.split(",") for key, value in _filters(request).items()}
    known: dict[str, list[str]] = {
        dimension: asked.get(dimension, found) for dimension, found in {**constants, **asked}.items()
    }
    for dimension, size in entry.sizes.items():
        if dimension != "time":
            known[dimension] = asked.get(dimension) or _codes(publisher, fields[dimension], size, share)
    freq = constants.get("freq", ["A"])[0]
    known["TIME_PERIOD"] = _periods(freq, entry.sizes.get("time", 1))
    return {dimension: _weighted(found) for dimension, found in known.items()}


def _filters(request: Request) -> dict[str, str]:
    return {key[2:-1]: value for key, value in request.params if key.startswith("c[")}


def _codes(publisher: Publisher, source: Dim, size: int, share: float) -> list[str]:
    """Codes of a dimension that the crosswalk contains: the totals, and other codes up to ``size``."""
    if isinstance(source.codes, str) and source.codes in codes.schemes():
        rows = codes.area_codes().filter(pl.col("scheme") == source.codes, pl.col("valid_to").is_null())
        every = sorted(rows.sort("code").unique("area", keep="first")["code"])
        every = ["TOTAL", *(code for code in every if len(code) == GROUP_SIZE)]
        return every[: max(3, int(size * share))]
    mapping = publisher.codes[source.codes] if isinstance(source.codes, str) else source.codes or {}
    chosen: dict[str, str] = {}
    for code, shared in mapping.items():
        chosen.setdefault(shared, code)
    return list(chosen.values())[:size]


def _periods(freq: str, count: int) -> list[str]:
    steps = PERIODS[freq]
    form = {"A": "{0}", "Q": "{0}-Q{1}", "M": "{0}-{1:02}"}[freq]
    years = range(LAST_YEAR, LAST_YEAR - count - 1, -1)
    every = [form.format(year, step) for year, step in itertools.product(years, range(steps, 0, -1))]
    return sorted(every[:count])


def _weighted(found: list[str]) -> dict[str, int]:
    """A weight for each code; that of a total is the sum of the others, that of the Union is the sum of its members."""
    parts = {code: 1 + at % 3 for at, code in enumerate(found) if code not in TOTALS and not code.startswith("EU")}
    whole = sum(parts.values()) or 1
    return {code: parts.get(code, whole) for code in found}


def _write(path: Path, name: str, frame: pl.DataFrame, night: int) -> None:
    updated = f"{NIGHTS[night]:%d/%m/%y %H:%M:%S}"
    flow = pl.lit(f"ESTAT:{name.upper()}(1.0)").alias("DATAFLOW"), pl.lit(updated).alias("LAST UPDATE")
    with gzip.GzipFile(path, "wb", 1, mtime=0) as file:
        for number, part in enumerate(_parts(frame)):
            text = part.select(*flow, pl.all()).write_csv(
                include_header=number == 0, line_terminator="\r\n", quote_style="never"
            )
            file.write(text.encode())


def _parts(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return frame.iter_slices(200_000) if frame.height else iter([frame])


def _fetch(archive: Archive, request: Request, path: Path, night: int) -> Fetch:
    headers: Mapping[str, str] = {"content-type": "text/csv"}
    return Fetch(
        at=NIGHTS[night],
        transport="live",
        publisher=request.publisher,
        dataset=request.dataset,
        slice=request.slice,
        url=request.full_url,
        params=dict(request.params),
        status=200,
        headers=headers,
        seconds=1.0,
        bytes=path.stat().st_size,
        payload=archive.store(path),
    )
