"""The descriptions of a release in common standards are read by the tools of those standards."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import ROOT
from tests.support.frames import rows
from tests.support.small_release import SOURCE, description_of, publish_release
from warehouse.contracts import Contract, contract, contracts
from warehouse.errors import ContractError
from warehouse.exports import dcat, sdmx
from warehouse.exports.about import TITLE
from warehouse.exports.documents import contents_of
from warehouse.exports.documents import documents as release_documents
from warehouse.releases import Release, TableFacts

NAME = "2026-11-24.1"
POPULATION = rows(
    "population",
    {"jurisdiction": "AUT", "value": 12.5, "value_min": 12.0},
    {"jurisdiction": "BEL", "value": 0.0},
    {"jurisdiction": "CHN", "value": None, "missing_reason": "not_published"},
)
ABOUT = replace(
    description_of(NAME),
    sources=[SOURCE, replace(SOURCE, dataset="unhcr/population", title="Refugees & others", publisher="UNHCR")],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a release with a table of statistics and one of the ledger, and the documents in it."""
    entry = publish_release(tmp_path, NAME, {"population": POPULATION, "unmatched_code": rows("unmatched_code")})
    for name, text in documents(tmp_path / NAME, entry).items():
        (tmp_path / NAME / name).write_text(text, encoding="utf-8")
    return tmp_path / NAME


def documents(folder: Path, entry: Release) -> dict[str, str]:
    return release_documents(contracts().values(), entry.tables, ABOUT, contents_of(folder, entry.tables))


def read(folder: Path, name: str) -> dict[str, object]:
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_frictionless_validates_the_data_package(folder: Path) -> None:
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])
    assert report.stats["tasks"] == 2


def test_croissant_validates_and_its_records_are_read(folder: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not dataset.metadata.issues.errors
    assert [item.id for item in dataset.metadata.record_sets] == ["population", "unmatched_code"]
    records = list(dataset.records(record_set="population"))
    assert [record["population/jurisdiction"] for record in records] == [b"AUT", b"BEL", b"CHN"]
    assert records[1]["population/value"] == 0.0


def test_dcat_ap_has_what_dcat_ap_requires(folder: Path) -> None:
    rdflib = pytest.importorskip("rdflib", reason="rdflib is not installed")
    graph = rdflib.Graph().parse(data=read(folder, "dcat-ap.jsonld"), format="json-ld", base="https://example.org/r/")
    dcat, dct = rdflib.Namespace("http://www.w3.org/ns/dcat#"), rdflib.namespace.DCTERMS
    (dataset,) = graph.subjects(rdflib.RDF.type, dcat.Dataset)
    assert all(graph.value(dataset, field) is not None for field in (dct.title, dct.description, dct.publisher))
    distributions = list(graph.objects(dataset, dcat.distribution))
    assert len(distributions) == 2
    assert all(graph.value(each, dcat.accessURL) is not None for each in distributions)
    population = rdflib.URIRef("https://example.org/r/tables/population.parquet")
    assert graph.value(population, dct.license) == rdflib.URIRef(SOURCE.licence_url)
    assert SOURCE.attribution in str(graph.value(graph.value(population, dct.rights), rdflib.RDFS.label))
    size = (folder / "tables" / "population.parquet").stat().st_size
    assert graph.value(population, dcat.byteSize).toPython() == size


def test_rows_under_two_licences_have_no_single_licence() -> None:
    other = replace(SOURCE, dataset="unhcr/population", licence_url="https://example.org/other")
    mixed = replace(ABOUT, sources=[SOURCE, other])
    facts = {"population": TableFacts(3, 10, "ab" * 32, "1.0.0", {})}
    held = {"population": [SOURCE.dataset, other.dataset]}
    content = json.dumps(dcat.document([contract("population")], facts, mixed, held))
    assert "dct:license" not in content
    assert "https://example.org/other" in content


def test_schema_org_has_the_address_of_each_table(folder: Path) -> None:
    content = read(folder, "schema-org.jsonld")
    assert content["@type"] == "Dataset"
    assert content["license"] == [SOURCE.licence_url]
    downloads = content["distribution"]
    assert isinstance(downloads, list)
    assert [item["contentUrl"] for item in downloads] == ["tables/population.parquet", "tables/unmatched_code.parquet"]
    assert all((folder / item["contentUrl"]).is_file() for item in downloads)


def test_a_table_is_cited_with_the_publishers_of_its_rows_only(folder: Path) -> None:
    lines = (folder / "CITATION.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == (
        f"The Corridor project (2026). {TITLE}, release {NAME} [Data set]. From figures of: Eurostat; UNHCR."
    )
    (line,) = [line for line in lines if "(table population," in line]
    assert line.endswith("From figures of: Eurostat.")


def test_bibtex_has_an_entry_for_the_release_and_for_each_source(folder: Path) -> None:
    text = (folder / "CITATION.bib").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("@")] == [
        f"@misc{{corridor-{NAME},",
        "@misc{eurostat-demo_pjan,",
        "@misc{unhcr-population,",
    ]
    assert r"Refugees \& others" in text
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_the_documents_are_the_same_bytes_in_another_process(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.warehouse.test_standards import *;"
        "from warehouse import releases; from warehouse.storage.local import LocalPlace;"
        "folder = Path(sys.argv[1]); made = documents(folder, releases.find(LocalPlace(folder.parent)));"
        "assert made == {n: (folder / n).read_text(encoding='utf-8') for n in made}"
    )
    for seed, locale in (("1", "C"), ("2", "zh_CN.UTF-8")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale}
        command = [sys.executable, "-c", code, str(folder)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_pysdmx_reads_the_rows_with_their_structure(tmp_path: Path) -> None:
    io = pytest.importorskip("pysdmx.io", reason="pysdmx is not installed")
    pytest.importorskip("rfc3339_validator", reason="pysdmx is installed without its extra json")
    declared = contract("population")
    (tmp_path / "population.csv").write_bytes(sdmx.data_csv(POPULATION, declared))
    (tmp_path / "population.json").write_bytes(sdmx.structure_json(declared, ABOUT.created))
    (dataset,) = io.get_datasets(tmp_path / "population.csv", tmp_path / "population.json")
    assert dataset.short_urn == f"Dataflow=CORRIDOR:POPULATION({declared.version})"
    assert [c.id for c in dataset.structure.components.dimensions] == [
        *(sdmx.concept(name) for name in declared.key if name != "period"),
        "TIME_PERIOD",
    ]
    assert dataset.data["REF_AREA"].to_list() == ["AUT", "BEL", "CHN"]
    assert dataset.data["TIME_PERIOD"].to_list() == ["2024"] * 3
    values = dataset.data["OBS_VALUE"]
    assert [None if math.isnan(value) else value for value in values.astype(float)] == [12.5, 0.0, None]
    sex = next(c for c in dataset.structure.components.dimensions if c.id == "SEX")
    assert {"M", "F", "_T"} <= {code.id for code in sex.enumeration}


@pytest.mark.parametrize("declared", [c for c in contracts().values() if c.kind == "statistics"], ids=lambda c: c.table)
def test_pysdmx_reads_the_structure_of_every_table_of_statistics(declared: Contract, tmp_path: Path) -> None:
    io = pytest.importorskip("pysdmx.io", reason="pysdmx is not installed")
    pytest.importorskip("rfc3339_validator", reason="pysdmx is installed without its extra json")
    (tmp_path / "structure.json").write_bytes(sdmx.structure_json(declared, ABOUT.created))
    message = io.read_sdmx(tmp_path / "structure.json")
    (structure,) = message.get_data_structure_definitions()
    assert len(structure.components) == len(declared.columns)


@pytest.mark.parametrize(
    ("freq", "written"), [("A", "2024"), ("S", "2024-S2"), ("Q", "2024-Q3"), ("M", "2024-07"), ("D", "2024-07-01")]
)
def test_a_period_is_written_by_its_frequency(freq: str, written: str) -> None:
    frame = rows("population", {"freq": freq}).with_columns(period=pl.date(2024, 7, 1))
    lines = sdmx.data_csv(frame, contract("population")).decode().splitlines()
    assert dict(zip(lines[0].split(","), lines[1].split(","), strict=True))["TIME_PERIOD"] == written


def test_a_table_of_another_kind_is_no_dataflow() -> None:
    with pytest.raises(ContractError, match="jurisdiction is not a table of statistics"):
        sdmx.structure_json(contract("jurisdiction"), ABOUT.created)
