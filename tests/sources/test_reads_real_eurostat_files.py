"""Real files of Eurostat, each read a second time with independent code."""

import csv
import gzip
import json
import math
import random
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from sources.errors import FormatError
from sources.reading import opened, recognise
from tests.conftest import CORPUS

pytestmark = pytest.mark.corpus

SUFFIXES = (".csv", ".tsv", ".tsv.gz", ".json", ".xlsx")
MADE_BY_OTHERS = ("_errors/", "__CN_rows.csv", "iom-gdidata")
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

# The content of a cell: the number or None, and the flag or "".
Found = tuple[float | None, str]


def data_files() -> list[str]:
    files = [file for folder in ("eurostat", "eurostat_cn") for file in sorted((CORPUS / folder).glob("*/*"))]
    names = [file.relative_to(CORPUS).as_posix() for file in files if file.name.endswith(SUFFIXES)]
    return [name for name in names if not any(made in name for made in MADE_BY_OTHERS)]


def number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def in_csv(path: Path) -> Iterator[Found]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    for record in csv.DictReader(text.splitlines(keepends=True)):
        value = record["OBS_VALUE"] if "OBS_VALUE" in record else record["Value"]
        yield number(value), record.get("OBS_FLAG") or record.get("Flag and Footnotes") or ""


def in_tsv(path: Path) -> Iterator[Found]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    for one in text.splitlines()[1:]:
        for field in one.split("\t")[1:]:
            value, _, flag = field.rstrip().partition(" ")
            if value:
                yield number(value), flag


def in_json(path: Path) -> Iterator[Found]:
    item: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "value" in item:
        values, status = item["value"], item.get("status", {})
        yield from ((values.get(at), status.get(at, "")) for at in values.keys() | status.keys())
    else:
        old = next(iter(item.values()))
        for value, sign in zip(old["value"], old["status"]["value"], strict=True):
            yield value, "" if sign == ":" else sign or ""


def in_spreadsheet(path: Path) -> Iterator[Found]:
    with zipfile.ZipFile(path) as package:
        strings = [
            "".join(part.text or "" for part in one.iter(f"{SPREADSHEET}t"))
            for one in ElementTree.fromstring(package.read("xl/sharedStrings.xml"))
        ]
        sheets = ElementTree.fromstring(package.read("xl/workbook.xml")).iter(f"{SPREADSHEET}sheet")
        targets = {
            link.get("Id"): link.get("Target", "").removeprefix("/xl/")
            for link in ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
        }
        for sheet in sheets:
            if re.fullmatch(r"Sheet \d+", sheet.get("name", "")):
                link = next(value for key, value in sheet.items() if key.endswith("}id"))
                yield from in_sheet(ElementTree.fromstring(package.read(f"xl/{targets[link]}")), strings)


def in_sheet(sheet: ElementTree.Element, strings: list[str]) -> Iterator[Found]:
    begun = False
    for row in sheet.iter(f"{SPREADSHEET}row"):
        texts: dict[int, str] = {}
        for cell in row.iter(f"{SPREADSHEET}c"):
            text = "".join(part.text or "" for tag in ("v", "t") for part in cell.iter(SPREADSHEET + tag))
            letters = re.sub(r"\d", "", cell.get("r", ""))
            at = sum((ord(letter) - 64) * 26**place for place, letter in enumerate(reversed(letters)))
            texts[at] = strings[int(text)] if cell.get("t") == "s" and text else text
        if texts.get(1) in ("Special value", "Available flags:"):
            return
        if begun:
            yield from ((number(text), texts.get(at + 1, "")) for at, text in texts.items() if at % 2 == 0 and text)
        begun |= texts.get(1) == "GEO (Labels)"


def again(path: Path) -> list[Found]:
    reading = {".csv": in_csv, ".tsv": in_tsv, ".gz": in_tsv, ".json": in_json, ".xlsx": in_spreadsheet}[path.suffix]
    return list(reading(path))


@pytest.mark.parametrize("name", data_files())
def test_a_real_file_is_read_whole(corpus: Path, name: str) -> None:
    expected = again(corpus / name)
    with opened(corpus / name) as path:
        frame = recognise(path).read(path).frame.collect()
    assert frame.height == len(expected)
    assert frame["value"].count() == sum(value is not None for value, _ in expected)
    assert math.isclose(frame["value"].sum(), math.fsum(value for value, _ in expected if value is not None))
    assert Counter(frame["flag"].drop_nulls()) == Counter(flag for _, flag in expected if flag)
    assert frame["locator"].is_unique().all()
    assert not frame.select(pl.exclude("value", "raw", "flag", "conf").null_count() > 0).row(0).count(True)


@pytest.mark.parametrize("name", data_files())
def test_a_figure_of_a_real_file_is_found_again(corpus: Path, name: str) -> None:
    with opened(corpus / name) as path:
        module = recognise(path)
        frame = module.read(path).frame.collect()
        find = module.finder(path)
        for value, raw, locator in random.Random(1).choices(frame.select("value", "raw", "locator").rows(), k=50):
            shown = find(locator).split(" ")[0]
            assert shown.startswith(raw or "") if value is None else number(shown) == value


@pytest.mark.parametrize("folder", ["eurostat", "eurostat_cn"])
def test_the_number_of_values_is_that_counted_at_the_collection_of_the_files(corpus: Path, folder: str) -> None:
    with (corpus / folder / "provenance.tsv").open(encoding="utf-8", newline="") as file:
        counted = {row["file"]: row["n_observations"] for row in csv.DictReader(file, delimiter="\t")}
    names = [name.partition("/")[2] for name in data_files() if name.startswith(f"{folder}/")]
    read = {}
    for name in names:
        if counted[name].isdigit():
            with opened(corpus / folder / name) as path:
                read[name] = recognise(path).read(path).frame.collect()["value"].count()
    assert read == {name: int(counted[name]) for name in read}
    assert len(read) > 5


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("footer.xml", "a text in place of data: Due to the large query"),
        ("footer2.xml", "a text in place of data: Due to the large query"),
        ("CL_FREQ.xml", "HTML or XML: '<"),
    ],
)
def test_sdmx_ml_without_figures_is_refused_with_what_it_contains(corpus: Path, name: str, reason: str) -> None:
    with (
        opened(corpus / "eurostat" / "_sdmx_ml" / f"khaeru__{name}") as path,
        pytest.raises(FormatError, match=reason),
    ):
        recognise(path).read(path)


def test_sdmx_ml_of_eurostat_is_read(corpus: Path) -> None:
    with opened(corpus / "eurostat" / "_sdmx_ml" / "khaeru__footer2.zip") as packed:
        generic = recognise(packed).read(packed)
        values = generic.frame.filter(geo="AL").select("time", "value", "flag").sort("time").collect()
    assert (generic.dataset, values.rows()[-1]) == ("nama_10_gdp", ("2017", 9820.6, "e"))
    found = recognise(path := corpus / "eurostat" / "_sdmx_ml" / "khaeru__NAMA_10_GDP-ss.xml").read(path)
    assert (found.format, found.dataset) == ("sdmx_xml", "NAMA_10_GDP")
    rows = found.frame.select("geo", "na_item", "unit", "freq", "time", "value").collect().rows()
    assert rows[0] == ("LU", "B1GQ", "CP_MEUR", "A", "2012", 46526.2)
    assert len(rows) == 4


def test_a_file_of_oecd_is_read_by_the_same_rules(corpus: Path) -> None:
    path = next((corpus / "intl" / "oecd").glob("*csvfilewithlabels.csv"))
    found = recognise(path).read(path)
    assert (found.format, found.dataset, found.coded) == ("sdmx_csv", "DSD_MIG@DF_MIG", True)
    assert found.frame.collect().height == len(again(path))
    assert found.labels["ref_area"]["GRC"] == "Greece"
