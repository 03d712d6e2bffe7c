"""SDMX-ML and SDMX-JSON: the arrangements that services send, read as the same cells."""

import json
from pathlib import Path

import pytest

from sources import reading
from sources.errors import FormatError

MESSAGE = 'xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"'
NAMES = f'{MESSAGE} xmlns:c="common" xmlns:g="generic" xmlns:s="specific" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
FLOW = '<c:Structure><Ref agencyID="ESTAT" id="MIGR_X" version="1.0" class="DataStructure"/></c:Structure>'
# Two years of Austria, the second without value, and one year of Belgium.
EXPECTED = [
    ("A", "AT", "2023", 5.0, None, "b"),
    ("A", "AT", "2024", None, None, None),
    ("A", "BE", "2023", 7.5, None, None),
]


def header(axis: str = "TIME_PERIOD") -> str:
    structure = f'<m:Structure structureID="s" dimensionAtObservation="{axis}">{FLOW}</m:Structure>'
    return f"<m:Header><m:ID>1</m:ID>{structure}</m:Header>"


def message(root: str, data: str, axis: str = "TIME_PERIOD") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><m:{root} {NAMES}>{header(axis)}{data}</m:{root}>'


def value(**parts: str) -> str:
    return "".join(f'<g:Value id="{part}" value="{code}"/>' for part, code in parts.items())


def generic(geo: str, *observations: str) -> str:
    key = f"<g:SeriesKey>{value(freq='A', geo=geo)}</g:SeriesKey>"
    attributes = f"<g:Attributes>{value(TIME_FORMAT='P1Y', COMMENT='none')}</g:Attributes>"
    return f"<g:Series>{key}{attributes}{''.join(observations)}</g:Series>"


def observed(dimension: str, number: str, flag: str = "") -> str:
    flags = f"<g:Attributes>{value(OBS_FLAG=flag)}</g:Attributes>" if flag else ""
    return f'<g:Obs><g:ObsDimension value="{dimension}"/><g:ObsValue value="{number}"/>{flags}</g:Obs>'


GENERIC = message(
    "GenericData",
    '<m:DataSet structureRef="s" action="Replace">'
    + generic("AT", observed("2023", "5", "b"), observed("2024", "NaN"))
    + generic("BE", observed("2023", "7.5"))
    + "</m:DataSet>",
)
GENERIC_BY_GEO = message(
    "GenericData",
    "<m:DataSet>"
    + f"<g:Series><g:SeriesKey>{value(freq='A', TIME_PERIOD='2023')}</g:SeriesKey>{observed('AT', '5', 'b')}"
    + f"{observed('BE', '7.5')}</g:Series>"
    + f"<g:Series><g:SeriesKey>{value(freq='A', TIME_PERIOD='2024')}</g:SeriesKey>{observed('AT', '')}</g:Series>"
    + "</m:DataSet>",
    axis="geo",
)
SPECIFIC = message(
    "StructureSpecificData",
    '<m:DataSet s:structureRef="s" xsi:type="n:DataSetType" s:action="Replace">'
    '<Series freq="A" geo="AT" DECIMALS="0"><Obs TIME_PERIOD="2023" OBS_VALUE="5" OBS_FLAG="b"/>'
    '<Obs TIME_PERIOD="2024"/></Series><Series geo="BE" freq="A"><Obs OBS_VALUE="7.5" TIME_PERIOD="2023"/></Series>'
    "</m:DataSet>",
)
FLAT = message(
    "StructureSpecificData",
    '<m:DataSet><Obs freq="A" geo="AT" TIME_PERIOD="2023" OBS_VALUE="5" OBS_FLAG="b"/>'
    '<Obs freq="A" geo="AT" TIME_PERIOD="2024" OBS_VALUE="NaN"/>'
    '<Obs freq="A" geo="BE" TIME_PERIOD="2023" OBS_VALUE="7.5"/></m:DataSet>',
    axis="AllDimensions",
)
VERSION_2 = (
    '<GenericData xmlns="http://www.SDMX.org/resources/SDMXML/schemas/v2_0/message" xmlns:g="generic">'
    "<Header><ID>1</ID></Header><DataSet><g:KeyFamilyRef>MIGR_X</g:KeyFamilyRef>"
    + "".join(
        f'<g:Series><g:SeriesKey><g:Value concept="FREQ" value="A"/><g:Value concept="GEO" value="{geo}"/>'
        f"</g:SeriesKey>{observations}</g:Series>"
        for geo, observations in (
            (
                "AT",
                '<g:Obs><g:Time>2023</g:Time><g:ObsValue value="5"/><g:Attributes><g:Value concept="OBS_STATUS" '
                'value="b"/></g:Attributes></g:Obs><g:Obs><g:Time>2024</g:Time></g:Obs>',
            ),
            ("BE", '<g:Obs><g:Time>2023</g:Time><g:ObsValue value="7.5"/></g:Obs>'),
        )
    )
    + "</DataSet></GenericData>"
)
LINKS = [{"rel": "dataflow", "urn": "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=ESTAT:MIGR_X(1.0)"}]
FREQ = {"id": "FREQ", "values": [{"id": "A", "name": "Annual"}]}
GEO = {"id": "GEO", "values": [{"id": "AT", "name": "Austria"}, {"id": "BE", "name": "Belgium"}]}
YEARS = {"id": "TIME_PERIOD", "values": [{"id": "2023"}, {"id": "2024"}]}
FLAGS = {"observation": [{"id": "OBS_STATUS", "values": [{"id": "b"}]}]}
JSON_1 = {
    "header": {"id": "1"},
    "dataSets": [
        {
            "action": "Information",
            "series": {
                "0:0": {"observations": {"0": [5, 0], "1": [None]}},
                "0:1": {"observations": {"0": [7.5, None]}},
            },
        }
    ],
    "structure": {
        "links": LINKS,
        "dimensions": {"dataSet": [], "series": [FREQ, GEO], "observation": [YEARS]},
        "attributes": FLAGS,
    },
}
JSON_2 = {
    "meta": {"id": "1"},
    "data": {
        "dataSets": [{"structure": 0, "observations": {"0:0:0": ["5", 0], "0:0:1": ["NaN"], "0:1:0": [7.5]}}],
        "structures": [
            {
                "links": LINKS,
                "dimensions": {"observation": [FREQ, GEO, {**YEARS, "values": [{"value": "2023"}, {"value": "2024"}]}]},
                "measures": {"observation": [{"id": "OBS_VALUE"}]},
                "attributes": FLAGS,
            }
        ],
    },
}
ARRANGEMENTS = {
    "generic": GENERIC,
    "generic, by geo": GENERIC_BY_GEO,
    "specific": SPECIFIC,
    "flat": FLAT,
    "version 2.0": VERSION_2,
    "JSON 1.0": json.dumps(JSON_1),
    "JSON 2.0": json.dumps(JSON_2),
}


def written(folder: Path, content: str) -> Path:
    path = folder / "payload"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_every_arrangement_gives_the_same_cells(tmp_path: Path, name: str) -> None:
    cells = reading.read(written(tmp_path, ARRANGEMENTS[name]))
    rows = cells.frame.select("freq", "geo", "time", "value", "raw", "flag").sort("geo", "time").collect().rows()
    assert (rows, cells.dataset, cells.coded) == (EXPECTED, "MIGR_X", True)


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_a_locator_leads_to_the_published_value(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, ARRANGEMENTS[name])
    form = reading.recognise(path)
    found = form.finder(path)
    cells = form.read(path).frame.filter(geo="BE").collect()
    assert [found(locator) for locator in cells["locator"]] == ["7.5"]


def test_a_group_gives_its_magnitude_to_its_series_only(tmp_path: Path) -> None:
    group = '<Group xsi:type="n:Group" geo="AT" UNIT_MULT="3"/>'
    cells = reading.read(written(tmp_path, SPECIFIC.replace("<Series", f"{group}<Series", 1)))
    found = cells.frame.select("geo", "unit_mult").unique().sort("geo").collect().rows()
    assert found == [("AT", "3"), ("BE", None)]


REFUSED = {
    "a document type": (f"<!DOCTYPE x [<!ENTITY a 'b'>]>{SPECIFIC.partition('?>')[2]}", "declares a type or entities"),
    "a cut document": (SPECIFIC[: len(SPECIFIC) - 30], "not complete XML"),
    "a deep document": ("<m:GenericData xmlns:m='m'>" + "<a>" * 60, "within more than 50 others"),
    "a deletion": (SPECIFIC.replace('s:action="Replace"', 's:action="Delete"'), "deletes data"),
    "a repeated key": (SPECIFIC.replace("2024", "2023"), "have a key and period twice"),
    "a value without period": (SPECIFIC.replace(' TIME_PERIOD="2023"/>', "/>"), "has a value and no period"),
    "a text in place of data": (
        message("GenericData", "<f:Footer xmlns:f='f'><f:Message><c:Text>Too large</c:Text></f:Message></f:Footer>"),
        "in place of data: Too large",
    ),
    "a code that no list has": (json.dumps(JSON_1).replace('"0:1"', '"0:9"'), "not have the structure of SDMX-JSON"),
    "a truth in place of a value": (json.dumps(JSON_1).replace("7.5", "true"), "neither a number nor a text"),
    "a key with a part too few": (json.dumps(JSON_2).replace('"0:1:0"', '"0:1"'), "has 2 parts"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(tmp_path: Path, name: str) -> None:
    content, reason = REFUSED[name]
    with pytest.raises(FormatError, match=reason):
        reading.read(written(tmp_path, content)).frame.collect()
