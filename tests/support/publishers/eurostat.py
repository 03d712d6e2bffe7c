"""Eurostat as its dissemination API answers in 2026: SDMX-CSV 1.0 of SDMX 3.0, JSON-stat, constraints and contents.

Orders of dimensions and codes are those of recorded responses and of public clients, by dataset (2024 to 2026). A code
outside of a dataset's constraint is refused with error 150, a name of a dimension that does not exist too.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path
from xml.sax.saxutils import escape

from tests.support.publishers.server import THIS_YEAR, Answer, Asked, words

CSV, XML, JSON = "text/csv", "application/xml", "application/json"

# In the order of the protocol, as the API lists them.
MEMBERS = words("BE BG CZ DK DE EE IE EL ES FR HR IT CY LV LT LU HU MT NL AT PL PT RO SI SK FI SE")
GEO = ["EU27_2020", *MEMBERS]
ALL_GEO = [*GEO, "IS", "LI", "NO", "CH", "UK", "ME", "MK", "AL", "RS", "TR"]

SINGLE_YEARS_OF_FIVE = [f"Y{low}-{low + 4}" for low in range(5, 85, 5)]
LEAF_AGES = ["Y_LT5", *SINGLE_YEARS_OF_FIVE, "Y85-89", "Y90-94", "Y95-99", "Y_GE100", "UNK"]
AGES = ["TOTAL", *LEAF_AGES[:-1], "Y_LT15", "Y15-64", "Y_GE65", "Y_GE85", "UNK"]
ASYLUM_AGES = ["TOTAL", "Y_LT14", "Y14-17", "Y_LT18", "Y18-34", "Y35-64", "Y_GE65", "UNK"]
YEAR_AGES = ["TOTAL", "Y_LT1", *[f"Y{age}" for age in range(1, 100)], "Y_OPEN", "UNK"]

REGIONS = words(
    "EUR AFR AFR_C AFR_E AFR_N AFR_S AFR_W AME AME_N CRB AME_C AME_S ASI ASI_C ASI_E ASI_S ASI_S_E ASI_W "
    "OCE AU_NZ MEL MIC POL"
)
UNIONS = words(
    "EU27_2020_FOR EU28_FOR EU27_2007_FOR EFTA_FOR CC9_23_FOR CC8_22_FOR EXT HDC_EXT MDC_EXT LDC_EXT NEU27_2020_FOR"
)
STATES = words("CN TW IN JP KR US BR SY AF UA RU TR MA NA CZ_SK EX_SU EX_YU RS_ME AN XK PS")
CITIZENS = ["TOTAL", "NAT", "FOR_STLS", "STLS", "RNC", "UNK", "OTH", *UNIONS, "NEU27_2007_FOR_STLS", *REGIONS, *STATES]
BIRTHS = ["TOTAL", "NAT", "FOR", "RNC", "UNK", "OTH", *UNIONS, "NEU27_2007_FOR", *REGIONS, *STATES, "HK", "MO"]
ASYLUM_CITIZENS = [
    "TOTAL",
    "EU27_2020",
    "EXT_EU27_2020",
    "UK_OCT",
    "RNC",
    "STLS",
    "UNK",
    "CK",
    *STATES[:15],
    "XK",
    "PS",
]
PERMIT_CITIZENS = ["TOTAL", "UK_OCT", "RNC", "STLS", "UNK", "HR", "UK", *STATES[:15], "XK", "PS"]
LABOUR_CITIZENS = words("TOTAL NAT FOR EU27_2020_FOR NEU27_2020_FOR NRP STLS")

# Codes with figures; the constraint has the others too.
FILLED = {"TOTAL", "NAT", "FOR_STLS", "FOR", "EU27_2020_FOR", "NEU27_2020_FOR", "CN", "TW", "HK", "MO", "IN", "UNK"}
FILLED |= {"EXT_EU27_2020", "EU27_2020", "NRP", "STLS", "WRL_REST", "CN_X_HK", "WRL_X_REP", "ASI", "EUR"}
PARTNERS = ("citizen", "c_birth", "partner")

# The weight of a code in an invented figure: the weights of parts add up to that of their total.
WEIGHTS: Mapping[str, Mapping[str, int]] = {
    "citizen": {"TOTAL": 1000, "NAT": 900, "FOR_STLS": 98, "FOR": 98, "EU27_2020_FOR": 40, "NEU27_2020_FOR": 58},
    "c_birth": {"TOTAL": 1000, "NAT": 880, "FOR": 118, "EU27_2020_FOR": 50, "NEU27_2020_FOR": 68},
    "sex": {"T": 5, "M": 3, "F": 2, "UNK": 0},
    "partner": {"TOTAL": 1000, "NAT": 900, "FOR": 98, "UNK": 2, "WRL_X_REP": 50, "WRL_REST": 50, "EXT_EU27_2020": 30},
    "age": {"TOTAL": 22, "Y_LT15": 3, "Y15-64": 10, "Y_GE65": 8, "Y_GE85": 4, "Y_LT18": 6, "Y18-34": 4, "Y35-64": 3}
    | {"Y_LT14": 3, "Y14-17": 3, "Y20-64": 9, "Y15-74": 12, "Y15-24": 2, "Y25-54": 6, "Y55-64": 2},
    "reason": {"TOTAL": 10, "FAM": 4, "EDUC": 2, "EMP": 3, "OTH": 1, "RFG": 0, "SPROT": 0, "ENTRY_NLEG": 4, "OSTAY": 5},
    "duration": {"TOTAL": 6, "M3-5": 1, "M6-11": 2, "M_GE12": 3},
    "decision": {"TOTAL": 10, "POS": 6, "POS_RFG": 3, "POS_HUM": 1, "POS_SPROT": 2, "NEG": 4},
    "applicant": {"TOTAL": 4, "FRST": 3, "SSEQ": 1},
    "leg_fram": {"TOTAL": 3, "EU": 1, "NAT": 2},
    "isced11": {"ED5-8": 10, "ED5": 1, "ED6": 4, "ED7": 4, "ED8": 1},
    "apprehen": {"TOTAL": 10, "BRD_EXT": 4, "BCP_SLA": 2, "BCP_S": 1, "BCP_L": 1, "INL": 6},
    "border": {"TOTAL": 6, "LAND": 3, "SEA": 1, "AIR": 2},
    "wstatus": {"POP": 10, "ACT": 7, "EMP": 6, "UNE": 1, "INAC": 3},
}


@dataclass(frozen=True)
class Cube:
    """A dataset: its dimensions in their order with all codes, its periods, and a factor of its invented figures."""

    dims: Mapping[str, Sequence[str]]
    times: Sequence[str]
    factor: int = 1
    updated: str = "09/07/26 23:00:00"
    flags: str = ""

    def row(self, codes: Mapping[str, str], time: str) -> float | None:
        """Return the invented figure of a cell; None where the cell is empty."""
        if any(code not in FILLED for dim, code in codes.items() if dim in PARTNERS):
            return None
        if codes.get("unit") == "PC":
            return {"M": 48.5, "F": 51.5}.get(codes.get("sex", "T"), 50.0)
        geo = codes["geo"]
        if geo not in GEO:
            return None
        of = sum(range(1, 28)) if geo == "EU27_2020" else GEO.index(geo)
        weights = [WEIGHTS.get(dim, {}).get(code, 1) for dim, code in codes.items() if dim != "geo"]
        return of * self.factor * prod(weights)


LISTS: Mapping[str, Sequence[str]] = {
    "geo": ALL_GEO,
    "sex": ["T", "M", "F"],
    "sexes": ["T", "M", "F", "UNK"],
    "age": AGES,
    "asylum_ages": ASYLUM_AGES,
    "single_years": YEAR_AGES,
    "citizen": CITIZENS,
    "c_birth": BIRTHS,
    "asylum": ASYLUM_CITIZENS,
    "permits": PERMIT_CITIZENS,
    "labour": LABOUR_CITIZENS,
    "groups": ["NAT", "FOR", "EU27_2020_FOR", "NEU27_2020_FOR"],
    "residences": [*STATES, "HK", "MO", "TOTAL", "NAT", "FOR", "UNK", *REGIONS],
    "origins": [*STATES, "HK", "WRL_X_REP", "EUR", "ASI", "UNK"],
    "balance": ["WRL_REST", "EXT_EU27_2020", "EU27_2020", "CN_X_HK", "HK", "US", "IN"],
    "agedef": ["COMPLET", "REACH"],
    "decision": ["TOTAL", "POS", "POS_RFG", "POS_HUM", "POS_SPROT", "NEG"],
    "applicant": ["TOTAL", "FRST", "SSEQ"],
    "duration": ["TOTAL", "M3-5", "M6-11", "M_GE12"],
    "reasons": ["TOTAL", "FAM", "EDUC", "EMP", "OTH"],
    "apprehen": ["TOTAL", "BRD_EXT", "BCP_SLA", "BCP_S", "BCP_L", "INL"],
    "isced11": ["ED5-8", "ED5", "ED6", "ED7", "ED8"],
}
LAST = THIS_YEAR - 2
PERIODS = {
    "years": [str(LAST - 2), str(LAST - 1), str(LAST)],
    "stock": [str(LAST - 2), str(LAST - 1), str(LAST), str(LAST + 1)],
    "quarters": [f"{LAST}-Q1", f"{LAST}-Q2", f"{LAST}-Q3"],
    "months": [f"{LAST}-01", f"{LAST}-02", f"{LAST}-03"],
}
TABLE = Path(__file__).with_name("eurostat_datasets.txt")


def datasets() -> dict[str, Cube]:
    """Return the datasets that exist, by their code in lower case."""
    lines = [line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {code: Cube(_dimensions(order), PERIODS[times], int(factor)) for code, times, factor, order in lines}


def _dimensions(order: str) -> dict[str, Sequence[str]]:
    """Return the codes of each dimension."""
    parts = [part.partition("=") for part in order.split(",")]
    return {
        dim: codes.split("+") if codes and codes[0] != "@" else LISTS[codes.removeprefix("@") or dim]
        for dim, _, codes in parts
    }


@dataclass
class Eurostat:
    """The service. A test may change ``tables``; ``strict`` is whether a code outside of a dataset is refused."""

    tables: dict[str, Cube] = field(default_factory=datasets)
    strict: bool = True
    day: str = "09.07.2026"

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request to ec.europa.eu."""
        path = asked.path.removeprefix("/eurostat/api/dissemination")
        for pattern, route in self._routes():
            if found := re.fullmatch(pattern, path):
                return route(asked, *found.groups())
        return _fault(404, 100, "ERR_NOT_FOUND_1: the requested resource is not available")

    def _routes(self) -> Iterator[tuple[str, Callable[..., Answer]]]:
        yield r"/sdmx/3\.0/data/dataflow/ESTAT/(\w+)/1\.0", self._sdmx_csv
        yield r"/statistics/1\.0/data/(\w+)", self._json_stat
        yield r"/sdmx/2\.1/contentconstraint/ESTAT/(\w+)(?:/1\.0)?", self._constraint
        yield r"/catalogue/toc/txt", self._contents

    def _filters(self, asked: Asked, cube: Cube, names: Mapping[str, str]) -> dict[str, list[str]] | Answer:
        """Return the codes that a request asks for, by dimension, or the fault that refuses it."""
        wanted: dict[str, list[str]] = {}
        for name, dim in names.items():
            if dim not in cube.dims:
                return _fault(
                    400, 150, f"INVALID_QUERY_DIMENSION: The following dimensions are not allowed: {dim.upper()}."
                )
            codes = [code for value in asked.query[name] for code in value.split(",")]
            wrong = [code for code in codes if code not in cube.dims[dim]]
            if wrong and self.strict:
                named = ", ".join(f"{dim.upper()}={code}" for code in wrong)
                return _fault(
                    400,
                    150,
                    "INVALID_QUERY_DIMENSION_VALUE: Query is invalid as per its structure's definition. "
                    f"The following values for dimension are not allowed: {named}.",
                )
            wanted[dim] = codes
        return wanted

    def _rows(
        self, cube: Cube, wanted: Mapping[str, Sequence[str]], first: str
    ) -> Iterator[tuple[dict[str, str], str, float]]:
        dims = {dim: [code for code in codes if code in wanted.get(dim, codes)] for dim, codes in cube.dims.items()}
        for choice in product(*dims.values()):
            codes = dict(zip(dims, choice, strict=True))
            for time in (time for time in cube.times if time >= first):
                value = cube.row(codes, time)
                if value is not None:
                    yield codes, time, value

    def _sdmx_csv(self, asked: Asked, code: str) -> Answer:
        """SDMX-CSV 1.0: the rows whose dimensions are among the codes of each ``c[dim]``."""
        cube = self.tables.get(code.lower())
        if cube is None:
            return _fault(404, 100, f"ERR_NOT_FOUND_4: {code.upper()} is not available for dissemination")
        names = {name: name[2:-1] for name in asked.query if name.startswith("c[") and name != "c[TIME_PERIOD]"}
        wanted = self._filters(asked, cube, names)
        if isinstance(wanted, Answer):
            return wanted
        lines = [
            ",".join(["DATAFLOW", "LAST UPDATE", *cube.dims, "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS"])
        ]
        start = f"ESTAT:{code.upper()}(1.0),{cube.updated}"
        first = asked.one("c[TIME_PERIOD]", "ge:0").removeprefix("ge:")
        for codes, time, value in self._rows(cube, wanted, first):
            lines.append(f"{start},{','.join(codes.values())},{time},{value},{cube.flags},")
        return Answer("".join(f"{line}\r\n" for line in lines).encode(), CSV)

    def _json_stat(self, asked: Asked, code: str) -> Answer:
        """JSON-stat 2.0: values by position, with the labels of every code, also of those without a value."""
        cube = self.tables.get(code.lower())
        if cube is None:
            label = f"ERR_NOT_FOUND_4: {code.upper()} is not available for dissemination"
            return Answer(json.dumps({"error": [{"status": 404, "id": 100, "label": label}]}).encode(), JSON, 404)
        others = ("format", "lang", "lastTimePeriod", "sinceTimePeriod", "untilTimePeriod", "time")
        wanted = self._filters(asked, cube, {name: name for name in asked.query if name not in others})
        if isinstance(wanted, Answer):
            text = re.sub(r".*<faultstring>(.*)</faultstring>.*", r"\1", wanted.body.decode(), flags=re.DOTALL)
            return Answer(json.dumps({"error": [{"status": 400, "id": 150, "label": text}]}).encode(), JSON, 400)
        last = int(asked.one("lastTimePeriod", "0"))
        times = list(cube.times[-last:] if last else cube.times)
        dims = {dim: [c for c in codes if c in wanted.get(dim, codes)] for dim, codes in cube.dims.items()} | {
            "time": times
        }
        values = {}
        for position, choice in enumerate(product(*dims.values())):
            codes = dict(zip(dims, choice, strict=True))
            if (value := cube.row({dim: c for dim, c in codes.items() if dim != "time"}, codes["time"])) is not None:
                values[str(position)] = value
        dimension = {
            dim: {
                "label": dim,
                "category": {"index": {c: at for at, c in enumerate(codes)}, "label": {c: c for c in codes}},
            }
            for dim, codes in dims.items()
        }
        head = {
            "version": "2.0",
            "class": "dataset",
            "label": code,
            "source": "ESTAT",
            "updated": "2026-07-09T23:00:00+0200",
        }
        shape = {"id": list(dims), "size": [len(codes) for codes in dims.values()], "dimension": dimension}
        more = {"extension": {"lang": "EN", "id": code.upper(), "agencyId": "ESTAT", "version": "1.0"}}
        return Answer(json.dumps(head | {"value": values} | shape | more).encode(), JSON)

    def _constraint(self, _asked: Asked, code: str) -> Answer:
        """The codes of every dimension for which the dataset has figures."""
        cube = self.tables.get(code.lower())
        if cube is None:
            return _fault(404, 100, f"ERR_NOT_FOUND_3: {code.upper()} is not available for dissemination")
        keys = {**cube.dims, "TIME_PERIOD": cube.times}
        values = "".join(
            f'<c:KeyValue id="{dim}">' + "".join(f"<c:Value>{escape(c)}</c:Value>" for c in codes) + "</c:KeyValue>"
            for dim, codes in keys.items()
        )
        namespaces = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
        return Answer(
            (
                f'<?xml version="1.0" encoding="UTF-8"?><m:Structure xmlns:m="{namespaces}/message" '
                f'xmlns:s="{namespaces}/structure" xmlns:c="{namespaces}/common"><m:Structures><s:Constraints>'
                f'<s:ContentConstraint id="{code.upper()}" agencyID="ESTAT" version="1.0" type="Actual">'
                f'<s:CubeRegion include="true">{values}</s:CubeRegion></s:ContentConstraint></s:Constraints>'
                "</m:Structures></m:Structure>"
            ).encode(),
            XML,
        )

    def _contents(self, _asked: Asked) -> Answer:
        """The table of contents: folders have one field less, titles are indented, every field is quoted."""
        names = [
            "title",
            "code",
            "type",
            "last update of data",
            "last table structure change",
            "data start",
            "data end",
            "values",
        ]
        lines = [names, ["Database by themes", "data", "folder", " ", " ", " ", " "]]
        lines += [
            [f"        {code}", code, "dataset", self.day, self.day, c.times[0], c.times[-1], "1"]
            for code, c in self.tables.items()
        ]
        text = "".join("\t".join(f'"{part}"' for part in line) + "\r\n" for line in lines)
        return Answer(text.encode(), "text/plain;charset=UTF-8")

    # Changes that tests make

    def recode(self, code: str, dim: str, codes: Mapping[str, str]) -> None:
        """Give codes of a dimension other names."""
        cube = self.tables[code]
        dims = {**cube.dims, dim: [codes.get(known, known) for known in cube.dims[dim]]}
        self.tables[code] = replace(cube, dims=dims)

    def restructure(self, code: str, old: str, new: str) -> None:
        """Give a dimension another name, in its place."""
        cube = self.tables[code]
        self.tables[code] = replace(cube, dims={new if dim == old else dim: c for dim, c in cube.dims.items()})


def _fault(status: int, number: int, text: str) -> Answer:
    """The SOAP fault with which the SDMX endpoints refuse a request, in every format."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><S:Fault xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<faultcode>{number}</faultcode><faultstring>{escape(text, {chr(39): '&apos;'})}</faultstring></S:Fault>"
    )
    return Answer(body.encode(), XML, status)
