"""National Bureau of Statistics of China: tables that clients of its data service, and of the one before, kept.

The newest vintage is written as the service of 2026 answers, the earlier ones as ``easyquery`` did. In what was kept of
the old service 0 stands for a node without data, and a blank for one that was not asked for.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request
from tools.snapshot import wire
from tools.snapshot.sources import Recorded, table, utc

Row = dict[str, str]
# Value as text by indicator, area of twelve digits, and year.
Values = dict[tuple[str, str, str], str]

_COPY = "through tables that a client of it keeps (github.com/HLTangbinbin/HLTangbinbin.github.io)"
_NEW = f"the data service of the National Bureau of Statistics as it answered on 2026-04-12, {_COPY}"
_NEW_AS_OF = utc(2026, 4, 12)
# The last day of the month, where no more is known.
_OLD = {
    "2024-11": utc(2024, 11, 30),
    "2025-09": utc(2025, 9, 30),
    "2025-11": utc(2025, 11, 30),
    "2026-03": utc(2026, 3, 31),
}
_CODES = {"population": "A0301", "vital_rates": "A0302", "tourism": "A0K01"}


def recorded(corpus: Path) -> Iterator[Recorded]:
    """The answer to every request that the copies can answer, and every closed edition."""
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
        if entry.endpoint == "communiques":  # prose, which another module writes
            continue
        answer = _series if entry.endpoint == "series" else _stream
        for request in requests_for(publisher, name):
            yield _recorded(request, answer(request, values, names, areas), _NEW, _NEW_AS_OF)
        place = "_province" if name.endswith("_province") else ""
        code = _CODES[name.removesuffix("_province")]
        asked = entry.filters["indicator"]
        rows = [row for row in old[place] if row["old_code"].startswith(code) and row["new_indicator_id"] in asked]
        for request in closed_editions(publisher, name):
            edition = f"easyquery.htm of the National Bureau of Statistics as of {request.slice}, {_COPY}"
            yield _recorded(request, _edition(request, rows, names), edition, _OLD[request.slice])


def _rows(path: Path) -> list[Row]:
    return table(path, delimiter="\t")


def _recorded(request: Request, body: bytes, edition: str, as_of: datetime) -> Recorded:
    return Recorded(request, body, "application/json", edition, as_of)


def _area(code: str) -> str:
    """The area code of the new service, which has zeros for the nation."""
    return "000000000000" if code == "100000" else f"{code}000000"


def _stream(request: Request, values: Values, names: dict[str, tuple[str, str]], areas: dict[str, str]) -> bytes:
    """What was kept of an answer by period; periods of which nothing was kept are left out."""
    asked: dict[str, Any] = orjson.loads(request.body)
    ids, codes = asked["indicatorIds"], [da["value"] for da in asked["das"]]
    years = sorted({year for indicator, area, year in values if indicator in ids and area in codes}, reverse=True)
    return wire.nbs_stream(
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
    """What was kept of an answer about one indicator in one area; a year of which nothing was kept is blank."""
    asked: dict[str, Any] = orjson.loads(request.body)
    indicator, area = asked["id"], asked["da"]
    name, unit = names[indicator]
    kept = {dt[:4]: values.get((indicator, area, dt[:4]), "") for dt in asked["dts"]}
    return wire.nbs_series(area, name.removesuffix(f" ({unit})"), unit, kept)


def _edition(request: Request, rows: Sequence[Row], names: dict[str, tuple[str, str]]) -> bytes:
    """A vintage of the old service: 0 was no data, and what is blank was not asked for."""
    kept = f"old_service_{request.slice}"
    nodes: list[tuple[dict[str, str], float | None]] = []
    for row in rows:
        if row[kept]:
            at = {"zb": row["old_code"], "sj": row["year"]}
            if "region6" in row:
                at = {"zb": row["old_code"], "reg": row["region6"], "sj": row["year"]}
            nodes.append((at, float(row[kept]) or None))
    series = {row["old_code"]: names[row["new_indicator_id"]] for row in rows}
    plain = {code: (name.removesuffix(f" ({unit})"), unit) for code, (name, unit) in series.items()}
    return wire.nbs_easyquery(nodes, plain)
