"""Bad payloads: each is archived and reported, the last good payload stays in use, and other data is published."""

import gzip
import hashlib
import json
import re
import shutil
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets import stages
from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from assets.normalise.codes import Origin
from assets.normalise.statistics import observations_of
from sources import catalogue, reading
from sources.errors import SourceError
from tests.support import publisher_double
from tests.support.loopback import Script, endless, reply, unframed
from tests.support.publisher_double import (
    LIMITS,
    Double,
    displaced,
    filled_double,
    inhabitants,
    permit,
    sdmx_csv,
    stock,
)
from tests.support.unchecked import publish_unchecked

PERMITS, POPULATION, REFUGEES = "eurostat/migr_resfirst", "eurostat/demo_pjan", "unhcr/population"
BANK, STOCK = "worldbank/SP.POP.TOTL", "undesa/ims_destination"
KEYS = {POPULATION: "demo_pjan", PERMITS: "c[geo]=AT", REFUGEES: "/population/", BANK: "/v2/", STOCK: ".xlsx"}
MAINTENANCE = b"<!DOCTYPE html>\n<html><head><title>Down for maintenance</title></head></html>"


@dataclass(frozen=True)
class Setup:
    """A workspace with a good release, and the publishers that it requests data from."""

    workspace: Workspace
    publishers: Double

    def ask(self, name: str) -> tuple[list[str], list[str]]:
        """Request the dataset and read it; return the failures of reception and of reading."""
        received = receive(self.workspace, catalogue.datasets()[name][0], name.partition("/")[2])
        return list(received.failures), stages.observations(self.workspace, name).failures

    def rows(self, name: str) -> pl.DataFrame:
        return stages.observations(self.workspace, name).frame.sort("payload", "locator").collect()

    def released(self) -> dict[str, bytes]:
        root = self.workspace.data / "releases"
        files = (path for path in sorted(root.rglob("*")) if path.is_file())
        return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    workspace = Workspace(tmp_path_factory.mktemp("good") / "data", "live")
    with publisher_double.run_double(filled_double()) as publishers, pytest.MonkeyPatch.context() as patch:
        entries = publisher_double.publishers_at(publishers)
        patch.setattr(catalogue, "publishers", lambda: entries)
        setup = Setup(workspace, publishers)
        assert [setup.ask(name) for name in catalogue.datasets()] == [([], [])] * 5
        publish_unchecked(workspace)
        yield setup


@pytest.fixture
def setup(good: Setup, tmp_path: Path) -> Setup:
    shutil.copytree(good.workspace.data, tmp_path / "data")
    good.publishers.reset()
    return Setup(Workspace(tmp_path / "data", "live"), good.publishers)


def utf8(*rows: str) -> bytes:
    head = "DATAFLOW,LAST UPDATE,freq,unit,age,sex,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS"
    lines = [head, *(f"ESTAT:DEMO_PJAN(1.0),09/07/26 23:00:00,{row}" for row in rows)]
    return "".join(f"{line}\n" for line in lines).encode()


WHOLE = sdmx_csv("demo_pjan", [inhabitants("AT", year, year) for year in range(2000, 2020)])
ITEM = json.dumps(displaced("CHN", "AUT", 2020, 7))


def unhcr(items: str, pages: int = 1) -> bytes:
    return f'{{"page":1,"short-url":"","maxPages":{pages},"total":[],"items":{items}}}'.encode()


def packed(**members: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def with_sheet(sheet: bytes) -> bytes:
    """The migrant stock workbook with another XML text as its second sheet."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(stock(500))) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            here = member.filename == "xl/worksheets/sheet2.xml"
            new.writestr(member.filename, sheet if here else old.read(member))
    return buffer.getvalue()


def lying() -> bytes:
    """A workbook whose second sheet unpacks to much more than the size that the zip states."""
    sheet = b"<worksheet><sheetData>" + b'<row r="1"><c r="A1"><v>1</v></c></row>' * 40_000
    return with_sheet(sheet).replace(struct.pack("<I", len(sheet)), struct.pack("<I", 5_000))


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY file SYSTEM "file:///etc/passwd">]>'
)
IN_A_SHEET = (
    LAUGHS + b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    b'<c r="A1" t="inlineStr"><is><t>&c;&file;</t></is></c></row></sheetData></worksheet>'
)
ROW = "A,NR,TOTAL,T,AT,2020"

# Refused on reception: dataset, response, the archived bytes if all are kept, pattern of the message.
ON_RECEPTION: dict[str, tuple[str, Script, bytes | None, str]] = {
    "maintenance page": (
        POPULATION,
        reply(MAINTENANCE),
        MAINTENANCE,
        "is HTML instead of CSV.*maintenance",
    ),
    "maintenance page for a workbook": (STOCK, reply(MAINTENANCE), MAINTENANCE, "is HTML instead of XLSX"),
    "fault": (POPULATION, reply(b"<S:Fault><faultstring>413 TOO_BIG"), b"<S:Fault><faultstring>413 TOO_BIG", "TOO_BIG"),
    "entities": (
        POPULATION,
        reply(LAUGHS + b"<x>&c;</x>"),
        LAUGHS + b"<x>&c;</x>",
        "is XML instead of CSV",
    ),
    "warning": (
        POPULATION,
        reply(b'{"warning":{"status":500}}'),
        b'{"warning":{"status":500}}',
        "is JSON instead of CSV",
    ),
    "error": (REFUGEES, reply(b'{"error":["no"]}'), b'{"error":["no"]}', "the response is a message instead of data"),
    "error of the bank": (
        BANK,
        reply(b'[{"message":[{"id":"175","key":"Invalid","value":"deleted"}]}]'),
        b'[{"message":[{"id":"175","key":"Invalid","value":"deleted"}]}]',
        "is a message instead of data.*deleted",
    ),
    "half a gzip": (
        POPULATION,
        reply(gzip.compress(WHOLE, mtime=0)[:-9]),
        gzip.compress(WHOLE, mtime=0)[:-9],
        "gzip of the response breaks off",
    ),
    "half a gzip as transport": (
        POPULATION,
        unframed(gzip.compress(WHOLE)[:-9], Content_Encoding="gzip"),
        None,
        "gzip of the response breaks off",
    ),
    "gzip bomb": (
        POPULATION,
        reply(gzip.compress(bytes(20_000_000), mtime=0)),
        gzip.compress(bytes(20_000_000), mtime=0),
        "unpacks to more bytes than the limit of 400,000",
    ),
    "gzip bomb as transport": (
        POPULATION,
        reply(gzip.compress(bytes(20_000_000)), Content_Encoding="gzip"),
        None,
        "unpacks to more bytes than the limit of 400,000",
    ),
    "endless": (POPULATION, endless(), None, "more bytes than the limit of 200,000"),
    "cut connection": (POPULATION, reply(WHOLE, length=9_999), None, "breaks off after"),
    "empty": (POPULATION, reply(b""), b"", "the response is empty"),
    "half a JSON": (REFUGEES, reply(unhcr(f"[{ITEM}]")[:-9]), unhcr(f"[{ITEM}]")[:-9], "page 1 has no number of pages"),
    "nested JSON": (REFUGEES, reply(unhcr("[" * 50_000)), unhcr("[" * 50_000), "page 1 has no number of pages"),
    "NaN": (BANK, reply(b'[{"pages":1},[NaN]]'), b'[{"pages":1},[NaN]]', "page 1 has no number of pages"),
    "more pages than can be": (
        REFUGEES,
        reply(unhcr(f"[{ITEM}]", 10**9)),
        unhcr(f"[{ITEM}]", 10**9),
        "1,000,000,000 pages",
    ),
    "the first page again and again": (
        REFUGEES,
        reply(unhcr(f"[{ITEM}]", 3)),
        unhcr(f"[{ITEM}]", 3),
        "page=2.*an earlier page came again",
    ),
    "no number of pages": (BANK, reply(b"[[1], [2]]"), b"[[1], [2]]", "page 1 has no number of pages at /0"),
    "not found": (POPULATION, reply(b"gone", 404), b"gone", "status 404: gone"),
}

# Refused on reading: dataset, body, pattern of the message.
ON_READING: dict[str, tuple[str, bytes, str]] = {
    "UTF-16": (POPULATION, WHOLE.decode().encode("utf-16"), "it is UTF-16 text where UTF-8 was expected"),
    "ISO-8859-1": (
        POPULATION,
        utf8(f"{ROW},5,,", "A,NR,TOTAL,T,C\u00f4te,2020,5,,").decode().encode("latin-1"),
        "line 3 is not utf-8",
    ),
    "half a CSV": (POPULATION, WHOLE[:-30], r"line 21\) has 9 fields, the header has 11|cut off"),
    "a CSV cut within its last field": (POPULATION, utf8(f"{ROW},512345,,")[:-6], "cut off|fields where the header"),
    "a longer record": (POPULATION, utf8(f"{ROW},5,,", f"{ROW},5,,,"), r"line 3\) has 12 fields, the header has 11"),
    "a header only": (POPULATION, utf8(), "it is empty where 6 observations were before"),
    "two values for one key": (
        POPULATION,
        utf8(f"{ROW},5,,", f"{ROW},6,,"),
        r"1 keys more than one value, first .*AUT.* \(record 2, field 9; record 3, field 9\)",
    ),
    "a dimension less": (POPULATION, utf8(f"{ROW},5,,").replace(b"sex,", b"").replace(b",T,", b","), "lacks sex"),
    "a dimension more": (
        POPULATION,
        utf8(f"{ROW},5,,").replace(b"sex,", b"sex,colour,").replace(b",T,", b",T,red,"),
        "has colour, which the catalogue entry does not name",
    ),
    "another unit": (
        POPULATION,
        utf8(f"{ROW},5,,").replace(b",NR,", b",THS,"),
        r"unit is 'THS' at .*\(record 2, field 9\)",
    ),
    "no period": (POPULATION, utf8(f"{ROW}X,5,,"), r"'2020X' is not a period.*\(record 2, field 9\)"),
    "the wrong table": (POPULATION, sdmx_csv("migr_resfirst", [permit("CN", "AT", 2020, 1)]), "has .*citizen"),
    "a key twice in JSON": (
        REFUGEES,
        unhcr("[" + ITEM.replace("{", '{"year": 1999, ', 1) + "]"),
        "has a key twice: .*year",
    ),
    "items of two kinds": (REFUGEES, unhcr(f'[{ITEM}, {{"year": 2020}}]'), "item 2 has other fields than the first"),
    "no items": (REFUGEES, unhcr("[]", 0), "it is empty where 12 observations were before"),
    "no rows of the bank": (
        BANK,
        b'[{"page":0,"pages":0,"per_page":0,"total":0,"sourceid":null,"lastupdated":null},null]',
        "it is empty where 3 observations were before",
    ),
    "rows of another kind": (BANK, b'[{"page":1,"pages":1,"total":1},[{"value":"x"}]]', "row 1 has other fields"),
    "zip bomb as workbook": (
        STOCK,
        packed(**{"[Content_Types].xml": b"", "xl/worksheets/sheet1.xml": bytes(20_000_000)}),
        "unpacks to more than 400,000 bytes",
    ),
    "a zip that lies of its size": (STOCK, lying(), "damaged"),
    "a cell in the furthest corner": (
        STOCK,
        with_sheet(
            b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
        ),
        "the workbook has more than 8,000,000 cells, counted from A1 to the last cell",
    ),
    "a cell in the furthest column": (
        STOCK,
        with_sheet(
            b'<worksheet><sheetData><row r="1"><c s="0" r = \'XFD1\'><v>1</v></c></row></sheetData></worksheet>'
        ),
        "no sheet has a header of years",
    ),
    "binary workbook": (STOCK, packed(**{"[Content_Types].xml": b"", "xl/workbook.bin": b""}), "a binary workbook"),
    "zip of nothing known": (STOCK, packed(a=b"1", b=b"2"), "a zip with one table was expected"),
    "a member of a zip that is not where it should be": (
        STOCK,
        b"PK\x03\x05".join(packed(metadata_a=b"1", b=b"2").rsplit(b"PK\x03\x04", 1)),
        "damaged zip",
    ),
    "damaged zip": (STOCK, stock(500)[:-200], "damaged zip"),
    "damaged workbook": (STOCK, packed(**{"[Content_Types].xml": b"<x"}), "not a complete workbook"),
    "a workbook without its sheets": (STOCK, stock(500, "Table 9"), "no format recognises.* its sheets are .*Table 9"),
    "a workbook without its table": (
        STOCK,
        with_sheet(b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>'),
        "no sheet has a header of years",
    ),
    "entities in a sheet": (STOCK, with_sheet(IN_A_SHEET), "sheet 'Table 1' is damaged.*unrecognized entity"),
}


def request_of(name: str) -> str:
    """A pattern for the beginning of every message: publisher, dataset, slice if any, address."""
    return re.escape(name) + r"(\[[^\]]+\])? \(http://127\.0\.0\.1:\d+/\S+\)(, payload [0-9a-f]{12})?: "


@pytest.mark.parametrize("case", ON_RECEPTION)
def test_a_response_that_is_no_payload_is_refused_on_reception(case: str, setup: Setup) -> None:
    name, script, kept, message = ON_RECEPTION[case]
    before, released = setup.rows(name), setup.released()
    setup.publishers.instead[KEYS[name]] = [script]
    received, read = setup.ask(name)
    assert len(received) == 1
    assert read == []
    assert re.match(request_of(name), received[0])
    assert re.search(message, received[0])
    last = setup.workspace.archive.fetches()[-1]
    assert last.error == received[0]
    assert (last.payload is not None) == (kept is not None)
    if last.payload and kept is not None:
        assert setup.workspace.archive.payload_path(last.payload).read_bytes() == kept
    nothing_changed(setup, name, before, released)


@pytest.mark.parametrize("case", ON_READING)
def test_an_unreadable_payload_leaves_the_last_good_one_in_use(case: str, setup: Setup) -> None:
    name, body, message = ON_READING[case]
    before, released = setup.rows(name), setup.released()
    setup.publishers.instead[KEYS[name]] = [reply(body)]
    received, read = setup.ask(name)
    assert received == []
    assert len(read) == 1
    assert re.match(request_of(name), read[0])
    assert re.search(message, read[0])
    last = setup.workspace.archive.fetches()[-1]
    assert setup.workspace.archive.payload_path(str(last.payload)).read_bytes() == body
    assert str(last.payload).startswith(read[0].partition("payload ")[2][:12])
    nothing_changed(setup, name, before, released)


def nothing_changed(setup: Setup, name: str, before: pl.DataFrame, released: dict[str, bytes]) -> None:
    """Check that the rows and the release are unchanged, and that the next good response is used as before."""
    assert setup.rows(name).equals(before)
    assert not publish_unchecked(setup.workspace).new
    assert setup.released() == released
    setup.publishers.instead.clear()
    assert setup.ask(name) == ([], [])
    assert setup.rows(name).equals(before)


def test_a_bad_slice_does_not_stop_other_slices(setup: Setup) -> None:
    before = setup.rows(PERMITS).filter(jurisdiction="AUT")
    rows = setup.publishers.eurostat["migr_resfirst"]
    setup.publishers.eurostat["migr_resfirst"] = [row | {"OBS_VALUE": 999} for row in rows]
    setup.publishers.instead[KEYS[PERMITS]] = [reply(MAINTENANCE)]
    received, read = setup.ask(PERMITS)
    assert read == []
    assert [re.match(request_of(PERMITS), line) is not None for line in received] == [True]
    after = setup.rows(PERMITS)
    assert after.filter(jurisdiction="AUT").equals(before)
    assert after.filter(jurisdiction="DEU")["value"].unique().to_list() == [999.0]


def test_an_unknown_code_is_counted_and_other_rows_are_published(setup: Setup) -> None:
    setup.publishers.eurostat["migr_resfirst"].append(permit("QQ9", "AT", 2022, 3))
    setup.publishers.eurostat["migr_resfirst"].append(permit("IN", "AT", 2022, 4))
    assert setup.ask(PERMITS) == ([], [])
    assert setup.rows(PERMITS).filter(partner="IND")["value"].to_list() == [4.0]
    unmatched = stages.table(setup.workspace, "unmatched_code").frame.collect().row(0, named=True)
    assert (unmatched["dataset"], unmatched["dimension"]) == (PERMITS, "citizen")
    assert (unmatched["source_code"], unmatched["cells"]) == ("QQ9", 1)


@pytest.mark.parametrize("name", [POPULATION, REFUGEES, BANK])
def test_an_empty_first_response_of_a_whole_dataset_is_a_failure(name: str, good: Setup, tmp_path: Path) -> None:
    setup = Setup(Workspace(tmp_path, "live"), good.publishers)
    good.publishers.reset()
    good.publishers.eurostat["demo_pjan"] = []
    good.publishers.unhcr["population"] = []
    good.publishers.worldbank["SP.POP.TOTL"] = []
    received, read = setup.ask(name)
    assert (received, len(read)) == ([], 1)
    assert "it is empty" in read[0]
    assert stages.observations(setup.workspace, name).payloads == {}
    assert setup.rows(name).is_empty()
    good.publishers.reset()
    assert setup.ask(name) == ([], [])
    assert not setup.rows(name).is_empty()


def test_a_truncated_body_is_requested_again_even_if_its_validator_matches(setup: Setup) -> None:
    setup.publishers.eurostat["demo_pjan"].append(inhabitants("AT", 2023, 9_100_000))
    whole = sdmx_csv("demo_pjan", setup.publishers.eurostat["demo_pjan"])
    tag = f'"{hashlib.sha256(whole).hexdigest()[:16]}"'
    setup.publishers.instead[KEYS[POPULATION]] = [unframed(whole[:-30], ETag=tag)]
    received, read = setup.ask(POPULATION)
    assert (received, len(read)) == ([], 1)
    setup.publishers.instead.clear()
    setup.publishers.requested_addresses()
    assert setup.ask(POPULATION) == ([], [])
    assert setup.publishers.statuses == [200]
    assert setup.rows(POPULATION).height == 7


def test_two_equal_rows_become_one_observation_with_the_first_locator(setup: Setup) -> None:
    setup.publishers.instead[KEYS[POPULATION]] = [reply(utf8(f"{ROW},5,,", f"{ROW},5,,"))]
    assert setup.ask(POPULATION) == ([], [])
    assert setup.rows(POPULATION)["locator"].to_list() == [131081]


GOOD = {
    ("eurostat", "demo_pjan"): WHOLE,
    ("unhcr", "population"): unhcr(f"[{ITEM}, {ITEM}]"),
    ("undesa", "ims_destination"): stock(500),
}
PIECES = (b"", b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"null", b"{}", b"[", b"1e999", b"-", b"9" * 400, b"<", b"&x;")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.sampled_from(sorted(GOOD)),
    where=st.floats(0, 1, exclude_max=True),
    gone=st.integers(0, 20),
    piece=st.sampled_from(PIECES),
)
def test_any_damage_gives_observations_or_a_one_line_error(
    tmp_path: Path, which: tuple[str, str], where: float, gone: int, piece: bytes
) -> None:
    publisher, name = which
    body, at = GOOD[which], int(where * len(GOOD[which]))
    path = tmp_path / "payload"
    path.write_bytes(body[:at] + piece + body[at + gone :])
    message = ""
    try:
        with reading.opened(path, max_unpacked=LIMITS.max_unpacked) as plain:
            vintage = Origin("a" * 64, datetime(2026, 1, 2, tzinfo=UTC))
            observations_of(reading.read(plain), catalogue.publishers()[publisher], name, vintage)
    except (SourceError, AssetError) as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
