"""A publishers' double: one server on 127.0.0.1 that answers like Eurostat, UNHCR, the World Bank and the UN.

Its shelves hold rows of figures made up for the tests, and each of its routes is a function from shelves and what is
asked to a body. Another publisher is another shelf and another line in ``ROUTES``.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import xlsxwriter

from sources import catalogue
from sources.catalogue import Dataset, Publisher
from sources.request import Limits
from tests.loopback import Loopback, Script, begin, reply, serve

Query = Mapping[str, list[str]]
Row = dict[str, Any]

LIMITS = Limits(per_second=500, max_bytes=200_000, max_unpacked=400_000, timeout=5, retries=2, backoff=0.01)


@dataclass
class Double:
    """What the publishers have, and how they behave.

    ``instead`` are scripts that answer in the place of a route whose address contains the key: the first for the
    first request, and so on; the last stays. None lets the route answer. ``tagged`` says whether answers have an ETag.
    """

    eurostat: dict[str, list[Row]] = field(default_factory=dict)
    unhcr: dict[str, list[Row]] = field(default_factory=dict)
    worldbank: dict[str, list[Row]] = field(default_factory=dict)
    workbooks: dict[str, bytes] = field(default_factory=dict)
    instead: dict[str, list[Script | None]] = field(default_factory=dict)
    tagged: bool = True
    url: str = ""
    server: Loopback = field(default_factory=lambda: Loopback(""))
    statuses: list[int] = field(default_factory=list)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        address = unquote(handler.path)
        for key, scripts in self.instead.items():
            if key in address and (script := scripts.pop(0) if len(scripts) > 1 else scripts[0]):
                script(handler)
                return
        self._usual(handler, address)

    def _usual(self, handler: BaseHTTPRequestHandler, address: str) -> None:
        parts = urlsplit(address)
        for pattern, media_type, route in ROUTES:
            if found := re.fullmatch(pattern, parts.path):
                body = route(self, found.groups(), parse_qs(urlsplit(handler.path).query))
                break
        else:
            body = None
        if body is None:
            reply(b"no such thing", 404)(handler)
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        validators = {"ETag": tag} if self.tagged else {}
        if self.tagged and handler.headers.get("If-None-Match") == tag:
            self.statuses.append(304)
            begin(handler, 304, **validators)
            return
        self.statuses.append(200)
        reply(body, Content_Type=media_type, **validators)(handler)

    def asked(self) -> list[str]:
        """The addresses that were asked for since the last call."""
        addresses = [unquote(received.path) for received in self.server.received]
        self.server.received.clear()
        self.statuses.clear()
        return addresses


@contextmanager
def running(double: Double) -> Iterator[Double]:
    """The double, listening."""
    with serve(double) as server:
        double.url, double.server = server.url, server
        yield double


# Routes


def _eurostat(double: Double, path: Sequence[str], query: Query) -> bytes | None:
    """SDMX-CSV 1.0 of the SDMX 3.0 API: the rows whose dimensions are among the codes of each ``c[dim]``."""
    rows = double.eurostat.get(path[0])
    if rows is None:
        return None
    filters = {key[2:-1]: set(values[0].split(",")) for key, values in query.items() if key.startswith("c[")}
    return sdmx_csv(path[0], [row for row in rows if all(row[dim] in codes for dim, codes in filters.items())])


def sdmx_csv(code: str, rows: Sequence[Row], dimensions: Sequence[str] = ("freq",)) -> bytes:
    """Rows in Eurostat's SDMX-CSV; without rows only a header, of ``dimensions``."""
    after = ("OBS_VALUE", "OBS_FLAG", "CONF_STATUS")
    names = [name for name in (rows[0] if rows else dimensions) if name not in (*after, "TIME_PERIOD")]
    lines = [["DATAFLOW", "LAST UPDATE", *names, "TIME_PERIOD", *after]]
    for row in rows:
        cells = [str(row.get(name, "")) for name in (*names, "TIME_PERIOD", *after)]
        lines.append([f"ESTAT:{code.upper()}(1.0)", "09/07/26 23:00:00", *cells])
    return "".join(",".join(line) + "\n" for line in lines).encode()


def _unhcr(double: Double, path: Sequence[str], query: Query) -> bytes | None:
    """A page of the population API, of ``limit`` items."""
    rows = double.unhcr.get(path[0])
    if rows is None:
        return None
    for side in ("coa", "coo"):
        if side in query:
            rows = [row for row in rows if row[f"{side}_iso"] in query[side][0].split(",")]
    page, size = int(query.get("page", ["1"])[0]), int(query["limit"][0])
    items = rows[(page - 1) * size : page * size]
    envelope = {"page": page, "short-url": "", "maxPages": -(-len(rows) // size), "total": [], "items": items}
    return json.dumps(envelope).encode()


def _worldbank(double: Double, path: Sequence[str], query: Query) -> bytes | None:
    """A page of the indicators API."""
    countries = path[0].split(";")
    rows = [row for row in double.worldbank.get(path[1], []) if row["countryiso3code"] in countries]
    if path[1] not in double.worldbank:
        return json.dumps([{"message": [{"id": "120", "key": "Invalid value", "value": "not found"}]}]).encode()
    page, size = int(query.get("page", ["1"])[0]), int(query["per_page"][0])
    pages = -(-len(rows) // size)
    head = {"page": page if pages else 0, "pages": pages, "per_page": size, "total": len(rows), "sourceid": "2"}
    items = rows[(page - 1) * size : page * size]
    return json.dumps([head | {"lastupdated": "2026-07-01"}, items or None]).encode()


def _workbook(double: Double, path: Sequence[str], _: Query) -> bytes | None:
    return double.workbooks.get(path[0])


Route = Callable[[Double, Sequence[str], Query], bytes | None]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROUTES: tuple[tuple[str, str, Route], ...] = (
    (r"/eurostat/api/dissemination/sdmx/3\.0/data/dataflow/ESTAT/(\w+)/1\.0", "text/csv", _eurostat),
    (r"/population/v1/([\w-]+)/", "application/json", _unhcr),
    (r"/v2/country/([\w;]+)/indicator/([\w.]+)", "application/json", _worldbank),
    (r"/development/desa/pd/.*/files/(\w+)\.xlsx", XLSX, _workbook),
)


# Rows, and what the publishers have when a test begins


def permit(citizen: str, geo: str, year: int, value: object, **others: object) -> Row:
    """First permits, all reasons and durations together."""
    dimensions = {"freq": "A", "reason": "TOTAL", "citizen": citizen, "duration": "TOTAL", "unit": "PER", "geo": geo}
    return dimensions | {"TIME_PERIOD": year, "OBS_VALUE": value} | others


def inhabitants(geo: str, year: int, value: object) -> Row:
    """Population on 1 January."""
    dimensions = {"freq": "A", "unit": "NR", "age": "TOTAL", "sex": "T", "geo": geo}
    return dimensions | {"TIME_PERIOD": year, "OBS_VALUE": value}


def displaced(origin: str, asylum: str, year: int, refugees: object) -> Row:
    """Persons of concern to UNHCR, by both sides."""
    sides = {f"{side}_{kind}": code for side, code in (("coo", origin), ("coa", asylum)) for kind in ("iso", "name")}
    ids = {"coo_id": 1, "coa_id": 2, "coo": origin, "coa": asylum}
    return {"year": year} | ids | sides | {"refugees": refugees, "asylum_seekers": "0"}


def indicator(code: str, country: tuple[str, str], year: int, value: object) -> Row:
    """A value of a World Bank indicator."""
    two, three = country
    named = {"indicator": {"id": code, "value": code}, "country": {"id": two, "value": three}}
    text = {"unit": "", "obs_status": "", "decimal": 0}
    return named | {"countryiso3code": three, "date": str(year), "value": value} | text


def stock(china: int, sheet: str = "Table 1") -> bytes:
    """A workbook of the International Migrant Stock by destination, with one row for the world and one for China."""
    buffer = BytesIO()
    blocks = ("both sexes combined", "males", "females")
    with xlsxwriter.Workbook(buffer) as book:
        contents, table = book.add_worksheet("Contents"), book.add_worksheet(sheet)
        contents.write(1, 4, "International Migrant Stock 2024: Destination")
        table.write(2, 4, "Table 1: International migrant stock at mid-year by sex and by destination")
        table.write(3, 4, "POP/DB/MIG/Stock/Rev.2024")
        for at, block in enumerate(blocks):
            table.write(7, 5 + 5 * at, f"International migrant stock at mid-year, {block}")
        names = ["", "Region, development group, country or area", "Notes", "Location code", "Type of data"]
        table.write_row(10, 0, [*names, *((2005, 2010, 2015, 2020, 2024) * 3)])
        table.write_row(11, 0, [1, "WORLD", "", 900, "", *range(1000, 1015)])
        table.write_row(12, 0, [2, "China*", 3, 156, "C", *(china + at for at in range(15))])
    return buffer.getvalue()


def stocked() -> Double:
    """A double with a little of everything; all figures are made up."""
    return Double(
        eurostat={
            "migr_resfirst": [permit(c, g, y, 100 + y % 7) for g in ("AT", "DE") for c in ("CN", "US") for y in YEARS],
            "demo_pjan": [inhabitants(g, y, 9_000_000 + y) for g in ("AT", "DE") for y in YEARS],
        },
        unhcr={"population": [displaced("CHN", asylum, y, y % 100) for asylum in ("AUT", "DEU") for y in YEARS]},
        worldbank={
            "SP.POP.TOTL": [indicator("SP.POP.TOTL", c, y, 10_000 + y) for c in (("CN", "CHN"),) for y in YEARS]
        },
        workbooks={"undesa_pd_2024_ims_stock_by_sex_and_destination": stock(500)},
    )


YEARS = (2020, 2021, 2022)


# The catalogue at the double


def entries(double: Double, limits: Limits = LIMITS) -> dict[str, Publisher]:
    """The catalogue's publishers with a few of their datasets, asked for in small slices at the double."""
    real = catalogue.publishers()
    small = {
        "eurostat": {
            "demo_pjan": {"filters": {"geo": ["AT", "DE"], "age": ["TOTAL"], "sex": ["T"]}},
            "migr_resfirst": {"filters": {"geo": ["AT", "DE"]}, "split": {"geo": 1}},
        },
        "undesa": {"ims_destination": {}},
        "unhcr": {"population": {"alternatives": [{"coa": ["AUT", "DEU"], "coo_all": ["true"]}]}},
        "worldbank": {"SP.POP.TOTL": {"filters": {"country": ["CHN"]}}},
    }
    return {name: _at(double.url, real[name], datasets, limits) for name, datasets in small.items()}


def _at(url: str, publisher: Publisher, datasets: Mapping[str, Mapping[str, object]], limits: Limits) -> Publisher:
    endpoints = {
        name: endpoint.model_copy(
            update={
                "url": re.sub(r"^https://[^/]+", url, endpoint.url),
                # Pages of two, so that every test has several.
                "params": endpoint.params | ({"limit": "2"} if "limit" in endpoint.params else {}),
            }
        )
        for name, endpoint in publisher.endpoints.items()
    }
    changed: dict[str, Dataset] = {
        name: publisher.datasets[name].model_copy(update={"editions": [], **update})
        for name, update in datasets.items()
    }
    hosts = ["127.0.0.1"]
    return publisher.model_copy(
        update={"endpoints": endpoints, "hosts": hosts, "limits": limits, "datasets": changed, "cron": None}
    )


def with_limits(entries_: Mapping[str, Publisher], **changes: float) -> dict[str, Publisher]:
    """The same publishers with other limits."""
    return {
        name: publisher.model_copy(update={"limits": replace(publisher.limits, **changes)})  # type: ignore[arg-type]
        for name, publisher in entries_.items()
    }
