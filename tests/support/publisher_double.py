"""A double of the publishers: one server on 127.0.0.1 that responds like Eurostat and the international organisations.

The double contains invented rows of figures. Each route is a function from these rows and the query to a body. Another
publisher needs a field of ``Double`` and a line in ``ROUTES``.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import xlsxwriter

from sources import catalogue
from sources.catalogue.model import Dataset, Paging, Promise, Publisher
from sources.request import Limits
from tests.support.loopback import Loopback, Script, begin, reply, serve

Query = Mapping[str, list[str]]
Row = dict[str, Any]

LIMITS = Limits(per_second=500, max_bytes=200_000, max_unpacked=400_000, timeout=5, retries=2, backoff=0.01)


@dataclass
class Double:
    """The rows of the publishers, and how their server behaves.

    ``instead`` has scripts that answer in place of a route whose address contains the key: the first script the first
    request, and so on; the last script answers all further ones. With None the route answers. ``tagged`` is true if
    responses have an ETag; ``modified`` is their Last-Modified, or blank.
    """

    eurostat: dict[str, list[Row]] = field(default_factory=dict)
    unhcr: dict[str, list[Row]] = field(default_factory=dict)
    worldbank: dict[str, list[Row]] = field(default_factory=dict)
    workbooks: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    instead: dict[str, list[Script | None]] = field(default_factory=dict)
    tagged: bool = True
    modified: str = ""
    url: str = ""
    server: Loopback = field(default_factory=lambda: Loopback(""))
    statuses: list[int] = field(default_factory=list)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        for key, scripts in self.instead.items():
            if key in unquote(handler.path) and (script := scripts.pop(0) if len(scripts) > 1 else scripts[0]):
                script(handler)
                return
        self.answer_by_route(handler)

    def answer_by_route(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer with the body of the route."""
        body, media_type = self._route(urlsplit(handler.path))
        if body is None:
            reply(b"not found", 404)(handler)
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        unchanged = self.tagged and handler.headers.get("If-None-Match") == tag
        self.statuses.append(304 if unchanged else 200)
        if unchanged:
            begin(handler, 304, ETag=tag)
        else:
            headers = {"ETag": tag} if self.tagged else {}
            headers |= {"Last_Modified": self.modified} if self.modified else {}
            reply(body, 200, None, Content_Type=media_type, **headers)(handler)

    def _route(self, address: SplitResult) -> tuple[bytes | None, str]:
        """Return the body of the route of an address, and its media type; None without a route."""
        for pattern, media_type, route in ROUTES:
            if found := re.fullmatch(pattern, unquote(address.path)):
                return route(self, found.groups(), parse_qs(address.query)), media_type
        return None, ""

    def reset(self) -> None:
        """Restore the first rows, and remove all scripts and stored requests."""
        fresh = filled_double()
        self.eurostat, self.unhcr, self.worldbank = fresh.eurostat, fresh.unhcr, fresh.worldbank
        self.workbooks, self.instead, self.tagged = fresh.workbooks, {}, True
        self.tables, self.pages = fresh.tables, fresh.pages
        self.requested_addresses()

    def requested_addresses(self) -> list[str]:
        """Return the requested addresses since the last call."""
        addresses = [unquote(received.path) for received in self.server.received]
        self.server.received.clear()
        self.statuses.clear()
        return addresses


@contextmanager
def run_double(double: Double) -> Iterator[Double]:
    """Run the server of a double."""
    with serve(double) as server:
        double.url, double.server = server.url, server
        yield double


# Routes


def _eurostat(double: Double, path: Sequence[str], query: Query) -> bytes | None:
    """Return SDMX-CSV 1.0 of the SDMX 3.0 API: the rows whose dimensions are among the codes of each ``c[dim]``."""
    rows = double.eurostat.get(path[0])
    if rows is None:
        return None
    filters = {key[2:-1]: set(values[0].split(",")) for key, values in query.items() if key.startswith("c[")}
    return sdmx_csv(path[0], [row for row in rows if all(row[dim] in codes for dim, codes in filters.items())])


def _statistics(double: Double, path: Sequence[str], query: Query) -> bytes | None:
    """Return JSON-stat of the Statistics API: the rows whose dimensions are among the requested codes."""
    rows = double.eurostat.get(path[0])
    if not rows:
        return None
    selected = [row for row in rows if all(row[dim] in query[dim] for dim in query.keys() & row.keys())]
    fields = {name: "time" if name == "TIME_PERIOD" else name for name in rows[0] if name != "OBS_VALUE"}
    codes = {name: list(dict.fromkeys(str(row[name]) for row in selected)) for name in fields}
    value = {}
    for row in selected:
        index = 0
        for name, values in codes.items():
            index = index * len(values) + values.index(str(row[name]))
        value[str(index)] = row["OBS_VALUE"]
    dimension = {
        fields[name]: {"label": name, "category": {"index": values, "label": {code: code for code in values}}}
        for name, values in codes.items()
    }
    head = {"version": "2.0", "class": "dataset", "label": path[0], "updated": "2026-07-09T23:00:00+0200"}
    shape = {"id": list(dimension), "size": [len(values) for values in codes.values()], "dimension": dimension}
    return json.dumps(head | {"value": value} | shape | {"extension": {"id": path[0].upper()}}).encode()


def sdmx_csv(code: str, rows: Sequence[Row]) -> bytes:
    """Return rows in Eurostat's SDMX-CSV; without rows only a header."""
    after = ("OBS_VALUE", "OBS_FLAG", "CONF_STATUS")
    first = rows[0] if rows else {"migr_resfirst": permit("", "", 0, 0), "demo_pjan": inhabitants("", 0, 0)}[code]
    names = [name for name in first if name not in (*after, "TIME_PERIOD")]
    lines = [["DATAFLOW", "LAST UPDATE", *names, "TIME_PERIOD", *after]]
    for row in rows:
        cells = [str(row.get(name, "")) for name in (*names, "TIME_PERIOD", *after)]
        lines.append([f"ESTAT:{code.upper()}(1.0)", "09/07/26 23:00:00", *cells])
    return "".join(",".join(line) + "\n" for line in lines).encode()


def _unhcr(double: Double, path: Sequence[str], query: Query) -> bytes | None:
    """Return a page of the population API, of ``limit`` items."""
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
    """Return a page of the indicators API."""
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


def _oecd(double: Double, path: Sequence[str], _: Query) -> bytes | None:
    """Return CSV with codes and labels; None without rows, for which ``usual`` answers 404."""
    areas, citizens, _freq, measure, *others = path[1].split(".")
    if len(others) != 4:
        return None
    filters = {"REF_AREA": areas, "CITIZENSHIP": citizens, "MEASURE": measure}
    rows = [
        row
        for row in double.tables.get("oecd", [])
        if all(not codes or row[name] in codes.split("+") for name, codes in filters.items())
    ]
    return _csv(rows) if rows else None


def _ilostat(double: Double, _: Sequence[str], query: Query) -> bytes | None:
    """Return CSV with labels only and a byte order mark."""
    rows = [row for row in double.tables.get("ilostat", []) if query["id"][0] == row["id"]]
    areas = query["ref_area"][0].split(" ")  # a plus sign that is not encoded
    selected = [row for row in rows if row["area"] in areas]
    return b"\xef\xbb\xbf" + _csv([{k: v for k, v in row.items() if k not in ("id", "area")} for row in selected])


def _uis(double: Double, _: Sequence[str], query: Query) -> bytes | None:
    """Return the records of the requested indicators and units; each has its own parameter."""
    records = [
        row
        for row in double.tables.get("uis", [])
        if row["indicatorId"] in query["indicator"] and row["geoUnit"] in query["geoUnit"]
    ]
    return json.dumps({"hints": [], "records": records, "indicatorMetadata": []}).encode()


def _data360(double: Double, _: Sequence[str], query: Query) -> bytes | None:
    """Return at most ``top`` records from ``skip`` on, and the number of all records."""
    rows = [row for row in double.tables.get("data360", []) if row["INDICATOR"] == query["INDICATOR"][0]]
    skip, top = int(query.get("skip", ["0"])[0]), int(query["top"][0])
    return json.dumps({"count": len(rows), "value": rows[skip : skip + top]}).encode()


def _portal(double: Double, path: Sequence[str], query: Query) -> bytes | None:
    """Return a page of the UN Data Portal."""
    rows = [row for row in double.tables.get("portal", []) if str(row["locationId"]) in path[1].split(",")]
    page, size = int(query.get("pageNumber", ["1"])[0]), int(query["pageSize"][0])
    items = rows[(page - 1) * size : page * size]
    head = {"pageNumber": page, "pageSize": size, "pages": -(-len(rows) // size), "total": len(rows)}
    return json.dumps(head | {"data": items}).encode()


def _text(double: Double, path: Sequence[str], _: Query) -> bytes | None:
    return double.workbooks.get(path[0])


def _map(double: Double, _: Sequence[str], __: Query) -> bytes | None:
    """Return the page of Frontex with links to its workbooks."""
    links = "".join(
        f'<a href="/assets/Migratory_routes/{name}">detections</a>' for name in double.workbooks if "/" in name
    )
    return f"<!DOCTYPE html><html><body>{links}</body></html>".encode()


def _csv(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV with a header and quoted texts."""
    lines = [",".join(rows[0])] if rows else ["ref_area.label,time,obs_value"]
    lines += [
        ",".join(str(v) if isinstance(v, int | float) or not v else f'"{v}"' for v in row.values()) for row in rows
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _page(double: Double, path: Sequence[str], _: Query) -> bytes | None:
    """Return the page of a publisher of prose with this path."""
    return double.pages.get(path[0])


Route = Callable[[Double, Sequence[str], Query], bytes | None]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROUTES: tuple[tuple[str, str, Route], ...] = (
    (r"/eurostat/api/dissemination/sdmx/3\.0/data/dataflow/ESTAT/(\w+)/1\.0", "text/csv", _eurostat),
    (r"/eurostat/api/dissemination/statistics/1\.0/data/(\w+)", "application/json", _statistics),
    (r"/population/v1/([\w-]+)/", "application/json", _unhcr),
    (r"/v2/country/([\w;]+)/indicator/([\w.]+)", "application/json", _worldbank),
    (r"/development/desa/pd/.*/files/(\w+)\.xlsx", XLSX, _workbook),
    (r"/public/rest/data/OECD\.ELS\.IMD,(\w+@\w+),1\.0/(.+)", "application/vnd.sdmx.data+csv", _oecd),
    (r"/data/indicator/", "text/csv", _ilostat),
    (r"/api/public/data/indicators", "application/json", _uis),
    (r"/data360/data", "application/json", _data360),
    (r"/dataportalapi/api/v1/data/indicators/(\d+)/locations/([\d,]+)/start/\d+/end/\d+", "application/json", _portal),
    (r"/PPgp/wpp2024/main/data-raw/(\w+\.txt)", "text/plain", _text),
    (r"/sites/g/files/tmzbdl601/files/report-migrant-incident/(\w+)\.xlsx", XLSX, _workbook),
    (r"/what-we-do/monitoring-and-risk-analysis/migratory-map/", "text/html", _map),
    (r"/assets/Migratory_routes/(.+)", XLSX, _workbook),
    (r"(/sites/dataportal\.unodc\.org/files/.*\.xlsx)", XLSX, _page),
    (r"(/.*(?:html|/|tip-victims))", "text/html", _page),
)


# Rows, and the data of the publishers at the beginning of a test


def permit(citizen: str, geo: str, year: int, value: object, **others: object) -> Row:
    """Return a row of first permits, all reasons and durations together."""
    dimensions = {"freq": "A", "reason": "TOTAL", "citizen": citizen, "duration": "TOTAL", "unit": "PER", "geo": geo}
    return dimensions | {"TIME_PERIOD": year, "OBS_VALUE": value} | others


def inhabitants(geo: str, year: int, value: object) -> Row:
    """Return a row of the population on 1 January."""
    dimensions = {"freq": "A", "unit": "NR", "age": "TOTAL", "sex": "T", "geo": geo}
    return dimensions | {"TIME_PERIOD": year, "OBS_VALUE": value}


def displaced(origin: str, asylum: str, year: int, refugees: object) -> Row:
    """Return a row of persons of concern to UNHCR by origin and asylum."""
    sides = {f"{side}_{kind}": code for side, code in (("coo", origin), ("coa", asylum)) for kind in ("iso", "name")}
    ids = {"coo_id": 1, "coa_id": 2, "coo": origin, "coa": asylum}
    return {"year": year} | ids | sides | {"refugees": refugees, "asylum_seekers": "0"}


def indicator(code: str, country: tuple[str, str], year: int, value: object) -> Row:
    """Return a row of a World Bank indicator."""
    two, three = country
    named = {"indicator": {"id": code, "value": code}, "country": {"id": two, "value": three}}
    text = {"unit": "", "obs_status": "", "decimal": 0}
    return named | {"countryiso3code": three, "date": str(year), "value": value} | text


def stock(china: int, sheet: str = "Table 1") -> bytes:
    """Return a workbook of the International Migrant Stock by destination, with rows for the world and China."""
    buffer = BytesIO()
    blocks = ("both sexes combined", "males", "females")
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})
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


def inflow(citizen: str, area: str, year: int, value: object, measure: tuple[str, str]) -> Row:
    """Return a row of the International Migration Database, each code with its label."""
    return {
        "STRUCTURE": "DATAFLOW",
        "STRUCTURE_ID": "OECD.ELS.IMD:DSD_MIG@DF_MIG(1.0)",
        "STRUCTURE_NAME": "International migration database",
        "ACTION": "I",
        "REF_AREA": area,
        "Reference area": area,
        "CITIZENSHIP": citizen,
        "Citizenship": citizen,
        "FREQ": "A",
        "Frequency of observation": "Annual",
        "MEASURE": measure[0],
        "Measure": measure[1],
        "SEX": "_T",
        "Sex": "Total",
        "BIRTH_PLACE": "_Z",
        "Place of birth": "Not applicable",
        "EDUCATION_LEV": "_Z",
        "Education level": "Not applicable",
        "UNIT_MEASURE": "PS",
        "Unit of measure": "Persons",
        "TIME_PERIOD": year,
        "Time period": "",
        "OBS_VALUE": value,
        "Observation value": "",
        "OBS_STATUS": "A",
        "Observation status": "Normal value",
        "UNIT_MULT": 0,
        "Unit multiplier": "Units",
        "DECIMALS": 0,
        "Decimals": "Zero",
    }


def worker(area: str, label: str, value: object, status: str = "") -> Row:
    """Return a row of ILOSTAT with labels; ``id`` and ``area`` are the values that a request names."""
    return {
        "id": "MST_XWAP_SEX_AGE_CCT_NB_A",
        "area": area,
        "ref_area.label": label,
        "source.label": "LFS - EU Labour Force Survey",
        "indicator.label": "Working-age population by sex, age and citizenship (thousands)",
        "sex.label": "Female",
        "classif1.label": "Age (Aggregate bands): 25-54",
        "classif2.label": "Citizenship: Foreign citizens",
        "time": "2024",
        "obs_value": value,
        "obs_status.label": status,
        **{f"note_{of}.label": "" for of in ("classif", "indicator", "source")},
    }


def students(indicator: str, unit: str, year: int, value: object, magnitude: str | None = None) -> Row:
    """Return a record of the UNESCO Institute for Statistics."""
    named = {"indicatorId": indicator, "geoUnit": unit, "year": year}
    return named | {"value": value, "magnitude": magnitude, "qualifier": None}


def bilateral(indicator: str, area: str, other: str, value: object) -> Row:
    """Return a record of KNOMAD in Data360."""
    unused = dict.fromkeys(("SEX", "AGE", "URBANISATION"), "_T") | dict.fromkeys(
        ("COMP_BREAKDOWN_2", "COMP_BREAKDOWN_3"), "_Z"
    )
    named = {"OBS_VALUE": value, "TIME_PERIOD": "2021", "REF_AREA": area, "COMP_BREAKDOWN_1": f"WB_KNOMAD_{other}"}
    rest = {"DATABASE_ID": "WB_KNOMAD", "INDICATOR": indicator, "FREQ": "A", "UNIT_MEASURE": "USD_CUR", "UNIT_MULT": 0}
    return named | rest | unused | {"OBS_STATUS": "A", "OBS_CONF": "PU", "LATEST_DATA": True}


def projection(location: int, year: int, value: object) -> Row:
    """Return a record of the UN Data Portal."""
    named = {"locationId": location, "location": str(location), "iso3": None, "indicatorId": 65, "indicator": "Net"}
    when = {"timeId": year - 1949, "timeLabel": str(year), "timeMid": year + 0.5}
    who = {"sexId": 3, "sex": "Both sexes", "ageId": 188, "ageLabel": "Total", "ageStart": 0, "ageEnd": -1}
    what = {
        "sourceId": 46,
        "source": "World Population Prospects",
        "revision": 0,
        "variantId": 4,
        "variantLabel": "Median",
    }
    return named | when | who | what | {"categoryId": 0, "category": "Not applicable", "value": value}


def book(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Return a workbook; each sheet is a list of rows. The same rows always give the same bytes."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        workbook.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return buffer.getvalue()


def filled_double() -> Double:
    """Return a double with a few rows of each publisher; all figures are invented."""
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


# Responses of Eurostat that are not data

ASYNC_ID = "98de05ea-540a-43d3-903b-7c9e14faf808"
_SOAP = "<S:Fault xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><faultcode>{}</faultcode><faultstring>{}</faultstring></S:Fault>"
_TOO_BIG = (
    "EXTRACTION_TOO_BIG: The requested extraction is too big, estimated 420709314 rows, max authorised is 5000000"
)
_FOOTER = """<?xml version="1.0"?><message:GenericData xmlns:message="m" xmlns:footer="f" xmlns:com="c"><footer:Footer>
<footer:Message code="413" severity="Infomation"><com:Text>
Due to the large query the response will be written to a file.</com:Text>
</footer:Message></footer:Footer></message:GenericData>"""
_ENVELOPE = """<?xml version="1.0"?><env:Envelope xmlns:env="e"><env:Body>
<ns0:{part}Response xmlns:ns0="n" xmlns:ns1="o">{what}</ns0:{part}Response></env:Body></env:Envelope>"""

# Every form of refusal of a request because of its size.
TOO_LARGE = {
    "413 and a SOAP fault": reply(_SOAP.format(413, _TOO_BIG).encode(), 413, Content_Type="application/xml"),
    "a SOAP fault on 200": reply(_SOAP.format(413, _TOO_BIG).encode(), Content_Type="application/xml"),
    "a footer on 200": reply(_FOOTER.encode(), Content_Type="application/xml"),
    "a warning on 200": reply(
        b'{"warning":{"status":413,"label":"ASYNCHRONOUS_RESPONSE. Your request will be treated asynchronously."}}',
        Content_Type="application/json",
    ),
    "413 and an error": reply(
        json.dumps({"error": [{"status": 413, "id": 413, "label": _TOO_BIG}]}).encode(), 413, Retry_After="1"
    ),
}


def asynchronous_response() -> Script:
    """Announce a response that is computed later: an envelope with its id, although the request asks for CSV."""
    what = f"<ns1:queued><id>{ASYNC_ID}</id><status>SUBMITTED</status></ns1:queued>"
    return reply(_ENVELOPE.format(part="sync", what=what).encode(), Content_Type="application/xml")


def status(code: str) -> Script:
    """Report the status of the announced response."""
    what = f"<ns1:status><ns1:key>{ASYNC_ID}</ns1:key><ns1:status>{code}</ns1:status></ns1:status>"
    return reply(_ENVELOPE.format(part="async", what=what).encode(), Content_Type="application/xml")


def contents(**days: str) -> Script:
    """Send the table of contents as text: folders have one field less, titles are indented, every field is quoted."""
    names = ("title", "code", "type", "last update of data", "last table structure change", "data start", "data end")
    lines = [[*names, "values"], ["Database by themes", "data", "folder", " ", " ", " ", " "]]
    lines += [[f"        {code}", code, "dataset", day, day, "2008", "2025", "1"] for code, day in days.items()]
    text = "\r\n".join("\t".join(f'"{field}"' for field in line) for line in lines)
    return reply(f"{text}\r\n".encode(), Content_Type="text/plain;charset=UTF-8")


# The catalogue with the addresses of the double

# Parameters that set the number of items on a page.
SIZES = ("limit", "top", "pageSize")


def publishers_at(double: Double, limits: Limits = LIMITS) -> dict[str, Publisher]:
    """Return publishers of the catalogue with the double's address, a few of their datasets and small slices."""
    real = catalogue.publishers()
    small: dict[str, dict[str, dict[str, object]]] = {
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
                # Two items on a page, so that every test has several pages.
                "params": {name: "2" if name in SIZES else value for name, value in endpoint.params.items()},
                "paging": endpoint.paging and _paging(endpoint.paging),
                "promise": endpoint.promise and _promise(url, endpoint.promise),
            }
        )
        for name, endpoint in publisher.endpoints.items()
    }
    changed: dict[str, Dataset] = {
        name: publisher.datasets[name].model_copy(update={"editions": [], **update})
        for name, update in datasets.items()
    }
    # The double has no table of contents, so every request is made.
    reached = {"endpoints": endpoints, "hosts": ["127.0.0.1"], "limits": limits, "contents": None, "cron": None}
    return publisher.model_copy(update={**reached, "datasets": changed})


def publisher_at(double: Double, name: str, datasets: Mapping[str, Mapping[str, object]]) -> Publisher:
    """Return one publisher of the catalogue with the double's address and these datasets, with these changes."""
    return _at(double.url, catalogue.publishers()[name], datasets, LIMITS)


def _paging(paging: Paging) -> Paging:
    return paging.model_copy(update={"step": paging.step and 2})


def _promise(url: str, promise: Promise) -> Promise:
    """Return the settings of asynchronous responses with a limit of a tenth of a second."""
    there = {name: re.sub(r"^https://[^/]+", url, getattr(promise, name)) for name in ("status", "data")}
    return promise.model_copy(update={**there, "pause": 0.01, "patience": 0.1})


def with_address(publisher: Publisher, old: str, new: str) -> Publisher:
    """Return the entry of a publisher with another beginning of its addresses."""
    endpoints = {
        key: endpoint.model_copy(update={"url": endpoint.url.replace(old, new)})
        for key, endpoint in publisher.endpoints.items()
    }
    return publisher.model_copy(update={"endpoints": endpoints})
