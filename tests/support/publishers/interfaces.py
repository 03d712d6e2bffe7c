"""The interfaces of the organisations in 2025 and 2026: UNHCR, World Bank, OECD, ILOSTAT, UIS, the UN Data Portal."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from tests.support.publishers.server import Answer, Asked, Route, words
from tests.support.publishers.states import FORBIDDEN, JSON, SIZE, STATES, YEARS, csv_answer, json_answer

# UNHCR. Its own codes are another country's ISO code in places; "0" is none and "-" not reported.

UNHCR_CODES = {
    "CHN": "CHI",
    "DEU": "GFR",
    "ESP": "SPA",
    "NLD": "NET",
    "PRT": "POR",
    "GRC": "GRE",
    "IRL": "IRE",
    "AUT": "AUS",
}
ORIGINS = {"CHN": "China", "SYR": "Syrian Arab Rep.", "AFG": "Afghanistan", "XXA": "Stateless", "": "Unknown "}
UNHCR_FIELDS: Mapping[str, dict[str, object]] = {
    "population": {"refugees": 50, "asylum_seekers": 15, "returned_refugees": "0", "idps": "0", "returned_idps": "0"}
    | {"stateless": "0", "ooc": "0", "oip": "-", "hst": "0"},
    "asylum-applications": {"procedure_type": "G", "app_type": "N", "dec_level": "FI", "app_pc": "P", "applied": 30},
    "asylum-decisions": {"procedure_type": "G", "dec_level": "FI", "dec_pc": "P", "dec_recognized": 10, "dec_other": 5}
    | {"dec_rejected": 10, "dec_closed": 5, "dec_total": 30},
    "solutions": {"returned_refugees": "0", "resettlement": 5, "naturalisation": "0", "returned_idps": "0"},
    "demographics": {"pop_type": "REF", "f_0_4": 5, "f_5_11": 5, "f_12_17": 5, "f_18_59": 5, "f_60": 5, "f_other": "0"}
    | {"f_total": 25, "m_0_4": 5, "m_5_11": 5, "m_12_17": 5, "m_18_59": 5, "m_60": 5, "m_other": "0", "m_total": 25}
    | {"total": 50},
}


def unhcr(asked: Asked) -> Answer:
    """The Refugee Population Statistics API. Without ``cf_type=ISO`` a filter by ISO codes finds nothing."""
    name = asked.path.strip("/").removeprefix("population/v1/")
    if name not in UNHCR_FIELDS:
        return json_answer({"message": "not found"}, 404)
    rows = list(_displaced(name))
    for side in ("coa", "coo"):
        if wanted := asked.one(side):
            key = f"{side}_iso" if asked.one("cf_type") == "ISO" else side
            rows = [row for row in rows if row[key] in wanted.split(",")]
        elif f"{side}_all" not in asked.query:
            rows = [{**row, f"{side}_iso": "-", f"{side}_name": "-", side: "-"} for row in rows[:1]]
    first = int(asked.one("yearFrom", "0") or 0)
    rows = [row for row in rows if int(str(row["year"])) >= first]
    size, page = int(asked.one("limit", "100")), int(asked.one("page", "1"))
    items = rows[(page - 1) * size : page * size]
    envelope: dict[str, object] = {"page": page, "short-url": "abc123", "maxPages": -(-len(rows) // size)}
    if name in ("asylum-applications", "asylum-decisions"):
        envelope["total"] = {"applied": len(rows)}
    elif name == "population":
        envelope["total"] = []
    return json_answer(envelope | {"items": items})


def _displaced(name: str) -> Iterator[dict[str, object]]:
    pairs = [(origin, asylum) for origin in ORIGINS for asylum in STATES if origin != asylum]
    pairs += [("CHN", "USA"), ("CHN", "AUS")]
    for origin, asylum in pairs:
        for year in YEARS:
            row: dict[str, object] = {"year": year}
            for side, iso in (("coo", origin), ("coa", asylum)):
                label = ORIGINS.get(iso) or STATES.get(iso, ("", 0, iso))[2]
                code = "UNK" if not iso else UNHCR_CODES.get(iso, iso)
                row |= {f"{side}_id": 1 + sum(map(ord, iso)), f"{side}_name": label, side: code, f"{side}_iso": iso}
            yield row | UNHCR_FIELDS[name]


# World Bank

INDICATORS = {
    "SM.POP.NETM": -310,
    "SP.POP.TOTL": 100_000_000,
    "SP.URB.TOTL.IN.ZS": 2,
    "SM.POP.TOTL": 20_000,
    "SM.POP.TOTL.ZS": 1,
    "BX.TRF.PWKR.CD.DT": 1_000_000,
    "BX.TRF.PWKR.DT.GD.ZS": 0.01,
    "BM.TRF.PWKR.CD.DT": 2_000_000,
    "SM.POP.RHCR.EA": 500,
    "SM.POP.RHCR.EO": 50,
}
BANK = {
    **{iso: (two, name) for iso, (two, _, name) in STATES.items()},
    "EUU": ("EU", "European Union"),
    "WLD": ("1W", "World"),
}
INVALID = {"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}
DELETED = {
    "id": "175",
    "key": "Invalid format",
    "value": "The indicator was not found. It may have been deleted or archived.",
}


def worldbank(asked: Asked) -> Answer:
    """The indicators API. An error has status 200; one unknown country refuses the request for all."""
    parts = asked.path.strip("/").split("/")
    if len(parts) != 5 or asked.one("format") != "json":
        return Answer(b'<?xml version="1.0" encoding="utf-8"?><wb:error/>', "text/xml")
    countries, code = parts[2].split(";"), parts[4]
    if code not in INDICATORS:
        return json_answer([{"message": [DELETED]}])
    if any(country not in BANK for country in countries):
        return json_answer([{"message": [INVALID]}])
    years = YEARS[-int(asked.one("mrv")) :] if asked.one("mrv") else YEARS
    rows = [_indicator(code, country, year) for country in countries for year in reversed(years)]
    size, page = int(asked.one("per_page", "50")), int(asked.one("page", "1"))
    pages = -(-len(rows) // size)
    head = {
        "page": page,
        "pages": pages,
        "per_page": size,
        "total": len(rows),
        "sourceid": "2",
        "lastupdated": "2026-07-01",
    }
    return json_answer([head, rows[(page - 1) * size : page * size]])


def _indicator(code: str, country: str, year: int) -> dict[str, object]:
    two, name = BANK[country]
    value = INDICATORS[code] * SIZE.get(country, sum(SIZE.values()))
    return {
        "indicator": {"id": code, "value": code},
        "country": {"id": two, "value": name},
        "countryiso3code": country,
        "date": str(year),
        "value": value if code.endswith("ZS") is False or value <= 100 else 60.5,
        "unit": "",
        "obs_status": "",
        "decimal": 0,
    }


def data360(asked: Asked) -> Answer:
    """Data360: at most 1,000 records from ``skip`` on, and the number of all records."""
    code = asked.one("INDICATOR")
    rows = (
        [_corridor(code, a, b) for a in (*STATES, "WLD") for b in STATES if a != b]
        if code.startswith("WB_KNOMAD_")
        else []
    )
    skip, top = int(asked.one("skip", "0")), min(int(asked.one("top", "1000")), 1000)
    return json_answer({"count": len(rows), "value": rows[skip : skip + top]})


def _corridor(code: str, area: str, other: str) -> dict[str, object]:
    return {
        "OBS_VALUE": str(SIZE.get(area, 700) * SIZE[other]),
        "TIME_FORMAT": "602",
        "UNIT_MULT": "0",
        "COMMENT_OBS": None,
        "OBS_STATUS": "A",
        "OBS_CONF": "PU",
        "AGG_METHOD": None,
        "DECIMALS": "0",
        "COMMENT_TS": "Bilateral estimates",
        "DATA_SOURCE": "KNOMAD",
        "LATEST_DATA": True,
        "DATABASE_ID": "WB_KNOMAD",
        "INDICATOR": code,
        "REF_AREA": area,
        "SEX": "_T",
        "AGE": "_T",
        "URBANISATION": "_T",
        "COMP_BREAKDOWN_1": f"WB_KNOMAD_{other}",
        "COMP_BREAKDOWN_2": "_Z",
        "COMP_BREAKDOWN_3": "_Z",
        "TIME_PERIOD": "2021",
        "FREQ": "A",
        "UNIT_MEASURE": "PS" if code.endswith("MIG") else "USD_CUR",
        "UNIT_TYPE": None,
    }


# OECD: the structures of 2026. DF_MIG is by citizenship, DF_MIG_POPF by country of birth.

OECD_MEASURES = {
    "B11": "Inflows of foreign population",
    "B12": "Outflows of foreign population",
    "B13": "Inflows of asylum seekers",
    "B14": "Stocks of foreign-born population",
    "B15": "Stocks of foreign population",
    "B16": "Acquisitions of nationality by country of former nationality",
}
OECD_REPORTERS = words(
    "AUT BEL CZE DEU DNK ESP EST FIN FRA GRC HUN IRL ITA LTU LUX LVA NLD POL PRT SVK SVN SWE USA JPN"
)
OECD_LABELS = {
    "W": "World",
    "W_X": "World unspecified",
    "EEA": "European Economic Area",
    "EU15": "European Union (15 countries)",
}
OECD_LABELS |= {
    "A4": "Caribbean",
    "STLS": "Stateless",
    "XKV": "Kosovo",
    "HKG": "Hong Kong, China",
    "MAC": "Macau, China",
}
OECD_LABELS |= {"TWN": "Chinese Taipei", "USA": "United States", "JPN": "Japan", "ANT_F": "Former Netherlands Antilles"}
OECD_LABELS |= {
    "CSK_F": "Former Czechoslovakia",
    "SCG_F": "Former Serbia and Montenegro",
    "SUN_F": "Former USSR",
    "YUG_F": "Former Yugoslavia",
}
OECD_LABELS |= {iso: name for iso, (_, _, name) in STATES.items()} | {"CHN": "China (People’s Republic of)"}
OECD_ORIGINS = ["W", "W_X", "EEA", "EU15", "A4", "STLS", "XKV", "HKG", "MAC", "TWN", "USA", *STATES]
OECD_VANISHED = ["ANT_F", "CSK_F", "SCG_F", "SUN_F", "YUG_F"]
NO_RECORDS = Answer(b"NoRecordsFound", "text/plain", 404)
OECD_HEAD = ["STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION"]
OECD_TAIL = [("OBS_STATUS", "Observation status"), ("UNIT_MULT", "Unit multiplier"), ("DECIMALS", "Decimals")]
MIG = [
    ("REF_AREA", "Reference area"),
    ("CITIZENSHIP", "Citizenship"),
    ("FREQ", "Frequency of observation"),
    ("MEASURE", "Measure"),
]
MIG += [
    ("SEX", "Sex"),
    ("BIRTH_PLACE", "Place of birth"),
    ("EDUCATION_LEV", "Education level"),
    ("UNIT_MEASURE", "Unit of measure"),
]
POPF = [MIG[0], ("BIRTH_COUNTRY", "Country of birth"), *MIG[2:]]


OECD_CATEGORIES = {"WO": "Work", "AC": "Accompanying family of workers", "FA": "Family"}
OECD_CATEGORIES |= {"FR": "Free movements", "HU": "Humanitarian", "OT": "Other"}
# Dataflow → its title, its dimensions with their labels, and the codes of the last of them that differ between rows.
OECD_WHOLE: dict[str, tuple[str, list[tuple[str, str]], dict[str, str], dict[str, tuple[str, str]]]] = {
    "OECD.ELS.IMD,DSD_MIG_INT@DF_MIG_INT_PER,1.0": (
        "Standardised inflows of permanent-type migrants",
        [
            *(("REF_AREA", "Reference area"), ("FREQ", "Frequency of observation"), ("MEASURE", "Measure")),
            *(("MIGRATION_TYPE", "Entry category"), ("UNIT_MEASURE", "Unit of measure")),
        ],
        OECD_CATEGORIES,
        {"MEASURE": ("MIG_FLW", "Migration flows by category"), "UNIT_MEASURE": ("PS", "Persons")},
    ),
    "OECD.ELS.IMD,DSD_MIG@DF_MIG_NUP_SEX,1.0": (
        "Labour market outcomes of immigrants - Employment, unemployment, and participation rates by sex",
        MIG,
        {"FB": "Foreign-born", "NB": "Native-born"},
        {
            "CITIZENSHIP": ("_Z", "Not applicable"),
            "MEASURE": ("LF_RATE", "Labour force participation rate"),
            "SEX": ("_T", "Total"),
            "EDUCATION_LEV": ("_Z", "Not applicable"),
            "UNIT_MEASURE": ("PT_POP_SUB", "Percentage of population in the same subgroup"),
        },
    ),
}


def _oecd_whole(flow: str, asked: Asked) -> Answer:
    """A whole dataflow, as it was recorded in 2025: no value of Israel, and the Union in the second one."""
    title, dims, codes, fixed = OECD_WHOLE[flow]
    varying = "MIGRATION_TYPE" if "INT" in flow else "BIRTH_PLACE"
    columns = [*dims, ("TIME_PERIOD", "Time period"), ("OBS_VALUE", "Observation value"), *OECD_TAIL]
    areas = {area: OECD_LABELS[area] for area in OECD_REPORTERS} | {"ISR": "Israel"}
    if "NUP" in flow:
        areas["EU27_2020"] = "European Union (27 countries from 01/02/2020)"
    constant = {"FREQ": ("A", "Annual"), "OBS_STATUS": ("A", "Normal value"), "UNIT_MULT": ("0", "Units")} | fixed
    lines: list[list[object]] = [[*OECD_HEAD, *(part for column in columns for part in column)]]
    structure = flow.replace(",", ":", 1).replace(",1.0", "(1.0)")
    for area, name in areas.items():
        for code, label in codes.items():
            for year in (year for year in YEARS if str(year) >= asked.one("startPeriod", "0")):
                row = constant | {
                    "REF_AREA": (area, name),
                    varying: (code, label),
                    "TIME_PERIOD": (str(year), ""),
                    "OBS_VALUE": ("" if area == "ISR" else "61.5", ""),
                    "DECIMALS": ("1", "One"),
                }
                lines.append(["DATAFLOW", structure, title, "I", *(part for name, _ in columns for part in row[name])])
    return csv_answer(lines)


def oecd(asked: Asked) -> Answer:
    """Data of the migration dataflows."""
    path = asked.path.removeprefix("/public/rest/")
    kind, _, rest = path.partition("/")
    flow, _, key = rest.partition("/")
    if kind == "data" and flow in OECD_WHOLE and key in ("", "all"):
        return _oecd_whole(flow, asked)
    if flow not in ("OECD.ELS.IMD,DSD_MIG@DF_MIG,1.0", "OECD.ELS.IMD,DSD_MIG_F@DF_MIG_POPF,1.0"):
        return NO_RECORDS
    dims = POPF if "POPF" in flow else MIG
    if kind == "data":
        # A plus sign in a path is itself, whether or not it is encoded.
        return _oecd_data(flow, dims, key, asked)
    return NO_RECORDS


def _oecd_data(flow: str, dims: Sequence[tuple[str, str]], key: str, asked: Asked) -> Answer:
    wanted: list[list[str]] = [[] for _ in dims]
    if key not in ("", "all"):
        # Public clients report that DF_MIG_POPF has no data for any key but the empty one.
        if "POPF" in flow:
            return NO_RECORDS
        parts = key.split(".")
        wanted = [part.split("+") if part else [] for part in (*parts, *[""] * len(dims))][: len(dims)]
    rows = [
        row
        for row in _oecd_rows(dims)
        if all(not codes or row[name][0] in codes for (name, _), codes in zip(dims, wanted, strict=True))
    ]
    first = asked.one("startPeriod", "0")
    rows = [row for row in rows if not row["TIME_PERIOD"][0] or row["TIME_PERIOD"][0] >= first]
    if not rows:
        return NO_RECORDS
    labelled = asked.one("format") == "csvfilewithlabels"
    columns = [*dims, ("TIME_PERIOD", "Time period"), ("OBS_VALUE", "Observation value"), *OECD_TAIL]
    title = "International migration database" + (" - stocks of foreign-born population" if "POPF" in flow else "")
    structure = flow.replace(",", ":", 1).replace(",1.0", "(1.0)")
    head = [name for name in OECD_HEAD if labelled or name != "STRUCTURE_NAME"]
    start = ["DATAFLOW", structure, *([title] if labelled else []), "I"]
    lines: list[list[object]] = [
        [*head, *(part for column in columns for part in (column if labelled else column[:1]))]
    ]
    lines += [
        [*start, *(part for name, _ in columns for part in (row[name] if labelled else row[name][:1]))] for row in rows
    ]
    return csv_answer(lines)


def _oecd_rows(dims: Sequence[tuple[str, str]]) -> Iterator[dict[str, tuple[str, str]]]:
    """Cells as code and label; one of them has attributes only, without a period."""
    born = any(name == "BIRTH_COUNTRY" for name, _ in dims)
    who = "BIRTH_COUNTRY" if born else "CITIZENSHIP"
    measures = ["B14"] if born else [code for code in OECD_MEASURES if code != "B14"]
    fixed = {
        "FREQ": ("A", "Annual"),
        "BIRTH_PLACE": ("_Z", "Not applicable"),
        "EDUCATION_LEV": ("_Z", "Not applicable"),
    }
    fixed |= {
        "UNIT_MEASURE": ("PS", "Persons"),
        "OBS_STATUS": ("A", "Normal value"),
        "UNIT_MULT": ("0", "Units"),
        "DECIMALS": ("0", "Zero"),
    }
    origins = [*OECD_ORIGINS, *(OECD_VANISHED if born else [])]
    for measure in measures:
        named = {"MEASURE": (measure, OECD_MEASURES[measure])}
        for area in OECD_REPORTERS:
            at = {"REF_AREA": (area, OECD_LABELS[area])}
            for origin in origins:
                # A country's row for itself, its native-born population, is in the stock by country of birth only.
                if origin == area and not born:
                    continue
                weight = 1000 if origin == "W" else 2
                for sex, label, share in (("_T", "Total", 2), ("F", "Female", 1)):
                    for year in YEARS:
                        figure = (str(weight * share * SIZE.get(area, 40)), "")
                        yield (
                            fixed
                            | named
                            | at
                            | {
                                who: (origin, OECD_LABELS[origin]),
                                "SEX": (sex, label),
                                "TIME_PERIOD": (str(year), ""),
                                "OBS_VALUE": figure,
                            }
                        )
        empty = dict.fromkeys(("TIME_PERIOD", "OBS_VALUE", "OBS_STATUS"), ("", ""))
        yield (
            fixed
            | named
            | {"REF_AREA": ("FRA", "France"), who: ("CHN", OECD_LABELS["CHN"]), "SEX": ("_T", "Total")}
            | empty
        )


# ILOSTAT

SURVEYS = {
    "MST_XWAP_SEX_AGE_CCT_NB_A": "Working-age population by sex, age and citizenship (thousands)",
    "MST_TEMP_SEX_AGE_CCT_NB_A": "Employment by sex, age and citizenship (thousands)",
    "MST_XWAP_SEX_AGE_CBR_NB_A": "Working-age population by sex, age and place of birth (thousands)",
    "MST_TEAP_SEX_AGE_CBR_NB_A": "Labour force by sex, age and place of birth (thousands)",
    "MST_TEMP_SEX_AGE_CBR_NB_A": "Employment by sex, age and place of birth (thousands)",
    "MST_TUNE_SEX_AGE_CBR_NB_A": "Unemployment by sex, age and place of birth (thousands)",
}
ILO_HEAD = [f"{name}.label" for name in ("ref_area", "source", "indicator", "sex", "classif1", "classif2")]
ILO_HEAD += [
    "time",
    "obs_value",
    *[f"{name}.label" for name in ("obs_status", "note_classif", "note_indicator", "note_source")],
]


def ilostat(asked: Asked) -> Answer:
    """The export with labels. Areas are joined by ``+`` as sent: ``%2B`` is a part of one value, which is unknown."""
    if not asked.by_a_browser:
        return FORBIDDEN
    sent = dict(part.partition("=")[::2] for part in urlsplit(asked.address).query.split("&"))
    areas = [unquote(area) for area in sent.get("ref_area", "").split("+")]
    title = SURVEYS.get(asked.one("id"))
    lines: list[list[object]] = [list(ILO_HEAD)]
    if title is None:
        return csv_answer([["No data"]])
    by = "Citizenship" if "_CCT_" in asked.one("id") else "Place of birth"
    own, other = ("National citizens", "Foreign citizens") if by == "Citizenship" else ("Native-born", "Foreign-born")
    years = YEARS if asked.one("latestyear") != "true" else YEARS[-1:]
    for area in (area for area in areas if area in STATES and area != "CHN"):
        for year in years:
            for sex in ("Male", "Female"):
                for age in ("15-24", "25-54", "55-64", "65+"):
                    for who, value in ((own, 900.125), (other, 12.5)):
                        where = [
                            STATES[area][2],
                            "LFS - EU Labour Force Survey",
                            title,
                            sex,
                            f"Age (Aggregate bands): {age}",
                        ]
                        note = "Repository: Eurostat special tabulation"
                        lines.append(
                            [*where, f"{by}: {who}", str(year), value, "" if value > 20 else "Unreliable", "", "", note]
                        )
    return csv_answer(lines, b"\xef\xbb\xbf", quoted=True)


# UNESCO Institute for Statistics


def uis(asked: Asked) -> Answer:
    """The records of the requested indicators and units; each has its own parameter."""
    known = {"26637": 100, "OE.5T8.40510": 120, "MENF.5T8": -20, "MOR.5T8.40510": 3.5, "MSEP.5T8": 9.25}
    wrong = [code for code in asked.query.get("indicator", []) if code not in known]
    if wrong:
        return json_answer({"message": f"indicator {wrong[0]} does not exist"}, 400)
    first = int(asked.one("start", "0"))
    records = [
        {
            "indicatorId": code,
            "geoUnit": unit,
            "year": year,
            "value": known[code] * SIZE[unit],
            "magnitude": None,
            "qualifier": None,
        }
        for code in asked.query["indicator"]
        for unit in asked.query.get("geoUnit", STATES)
        if unit in STATES
        for year in YEARS
        if year >= first
    ]
    return json_answer({"hints": [], "records": records, "indicatorMetadata": []})


def portal(asked: Asked) -> Answer:
    """The Data Portal: 401 with an empty body without a token."""
    if not asked.headers.get("authorization", "").startswith("Bearer "):
        return Answer(b"", JSON, 401)
    locations = [int(code) for code in asked.path.split("/locations/")[1].split("/")[0].split(",")]
    names = {code: name for _, code, name in STATES.values()}
    rows = [_projection(code, names[code], year) for code in locations if code in names for year in YEARS]
    size, page = int(asked.one("pageSize", "20")), int(asked.one("pageNumber", "1"))
    pages = -(-len(rows) // size)
    head = {
        "pageNumber": page,
        "pageSize": size,
        "previousPage": None,
        "nextPage": None,
        "pages": pages,
        "total": len(rows),
    }
    return json_answer(head | {"data": rows[(page - 1) * size : page * size]})


def _projection(code: int, name: str, year: int) -> dict[str, object]:
    row: dict[str, object] = {"locationId": code, "location": name, "iso3": None, "iso2": None, "locationTypeId": 4}
    row |= {"indicatorId": 65, "indicator": "Total net-migration", "indicatorDisplayName": "Total net-migration"}
    row |= {
        "sourceId": 46,
        "source": "World Population Prospects",
        "revision": 0,
        "variantId": 4,
        "variantShortName": "Median",
    }
    row |= {
        "variant": "Median",
        "variantLabel": "Median",
        "timeId": year - 1949,
        "timeLabel": str(year),
        "timeMid": year + 0.5,
    }
    row |= {"categoryId": 0, "category": "Not applicable", "estimateTypeId": 1, "estimateType": "Model-based Estimates"}
    row |= {"estimateMethodId": 2, "estimateMethod": "Interpolation", "sexId": 3, "sex": "Both sexes", "ageId": 188}
    return row | {"ageLabel": "Total", "ageStart": 0, "ageEnd": -1, "ageMid": 0, "value": -500.0 * code}


ROUTES: Mapping[str, Route] = {
    "api.unhcr.org": unhcr,
    "api.worldbank.org": worldbank,
    "data360api.worldbank.org": data360,
    "sdmx.oecd.org": oecd,
    "rplumber.ilo.org": ilostat,
    "api.uis.unesco.org": uis,
    "population.un.org": portal,
}
