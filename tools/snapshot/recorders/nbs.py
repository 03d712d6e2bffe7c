"""Recorder of the National Bureau of Statistics of China, from tables that a client of its data services keeps.

The newest vintage has the format of the service of 2026, the earlier ones that of its predecessor ``easyquery``. In the
tables of the old service 0 means a node without data, and a blank a node that was not requested.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import NewPayload, utc

Row = dict[str, str]
# The value as text by indicator, area code of twelve digits, and year.
Values = dict[tuple[str, str, str], str]

_COPY = "through tables that a client of it keeps (github.com/HLTangbinbin/HLTangbinbin.github.io)"
_NEW = f"the data service of the National Bureau of Statistics as it answered on 2026-04-12, {_COPY}"
_NEW_AS_OF = utc(2026, 4, 12)
# The last day of the month, because the day is not known.
_OLD = {
    "2024-11": utc(2024, 11, 30),
    "2025-09": utc(2025, 9, 30),
    "2025-11": utc(2025, 11, 30),
    "2026-03": utc(2026, 3, 31),
}
_CODES = {"population": "A0301", "vital_rates": "A0302", "tourism": "A0K01"}


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the response to every request that the copies can answer, and every closed edition."""
    folder = corpus / "china/nbs_new/derived"
    nation = [
        *_rows(folder / "nation_population_2026-04-12.tsv"),
        *_rows(folder / "nation_tourism_2026-04-12.tsv"),
    ]
    provinces = _rows(folder / "province_population_2026-04-12.tsv")
    names = {row["indicator_id"]: (row["name_zh"], row["unit"]) for row in (*nation, *provinces)}
    areas = {f"{row['region_code6']}000000": row["region"] for row in provinces} | {"000000000000": "全国"}
    values = {
        (row["indicator_id"], _area(row["region_code6"]), row["date"]): row["value"] for row in (*nation, *provinces)
    }
    old = {
        "": _rows(folder / "nation_old_vs_new_vintages.tsv"),
        "_province": _rows(folder / "province_old_vs_new_vintages.tsv"),
    }
    publisher = publishers()["nbs"]
    for name, entry in publisher.datasets.items():
        if entry.endpoint == "communiques":  # prose: recorded by ``china_prose``
            continue
        response = _series if entry.endpoint == "series" else _stream
        for request in requests_for(publisher, name):
            yield _payload(request, response(request, values, names, areas), _NEW, _NEW_AS_OF)
        place = "_province" if name.endswith("_province") else ""
        code = _CODES[name.removesuffix("_province")]
        requested = entry.filters["indicator"]
        rows = [row for row in old[place] if row["old_code"].startswith(code) and row["new_indicator_id"] in requested]
        for request in closed_editions(publisher, name):
            edition = f"easyquery.htm of the National Bureau of Statistics as of {request.slice}, {_COPY}"
            yield _payload(request, _edition(request, rows, names), edition, _OLD[request.slice])


def _rows(path: Path) -> list[Row]:
    return read_csv(path, delimiter="\t")


def _payload(request: Request, body: bytes, edition: str, as_of: datetime) -> NewPayload:
    return NewPayload(request, body, "application/json", edition, as_of)


def _area(code: str) -> str:
    """Return the area code of the new service, which has zeros for the nation."""
    return "000000000000" if code == "100000" else f"{code}000000"


def _stream(request: Request, values: Values, names: dict[str, tuple[str, str]], areas: dict[str, str]) -> bytes:
    """Return a response by period from the values that the copy has; periods without values are left out."""
    query: dict[str, Any] = orjson.loads(request.body)
    ids, codes = query["indicatorIds"], [da["value"] for da in query["das"]]
    years = sorted({year for indicator, area, year in values if indicator in ids and area in codes}, reverse=True)
    return wire_formats.nbs_stream(
        [
            {
                "code": f"{year}YY",
                "name": f"{year}年",
                "values": [
                    {
                        "_id": indicator,
                        "value": values.get((indicator, area, year), ""),
                        "i_showname": f"{names[indicator][0]} ",
                        "du_name": names[indicator][1],
                        "da": area,
                        "da_name": areas[area],
                    }
                    for indicator in ids
                    for area in codes
                ],
            }
            for year in years
        ]
    )


def _series(request: Request, values: Values, names: dict[str, tuple[str, str]], _: dict[str, str]) -> bytes:
    """Return a response for one indicator in one area; a year that the copy lacks is blank."""
    query: dict[str, Any] = orjson.loads(request.body)
    indicator, area = query["id"], query["da"]
    name, unit = names[indicator]
    by_year = {dt[:4]: values.get((indicator, area, dt[:4]), "") for dt in query["dts"]}
    return wire_formats.nbs_series(area, name.removesuffix(f" ({unit})"), unit, by_year)


def _edition(request: Request, rows: Sequence[Row], names: dict[str, tuple[str, str]]) -> bytes:
    """Return a vintage of the old service: 0 means no data, and a blank was not requested."""
    column = f"old_service_{request.slice}"
    nodes: list[tuple[dict[str, str], float | None]] = []
    for row in rows:
        if row[column]:
            at = {"zb": row["old_code"], "sj": row["year"]}
            if "region6" in row:
                at = {"zb": row["old_code"], "reg": row["region6"], "sj": row["year"]}
            nodes.append((at, float(row[column]) or None))
    series = {row["old_code"]: names[row["new_indicator_id"]] for row in rows}
    plain = {code: (name.removesuffix(f" ({unit})"), unit) for code, (name, unit) in series.items()}
    return wire_formats.nbs_easyquery(nodes, plain)
