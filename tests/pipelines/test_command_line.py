"""The command line: unusual arguments, JSON, errors in one sentence, and documents that show existing commands."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import typer.main

from pipelines.cli import app
from tests.conftest import ROOT, Built, corridor
from tests.support.dagster_server import wait_until

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "warehouse/README.md", "docs/questions.md", "Makefile", ".ci/run")
SDMX = (
    "DATAFLOW,LAST UPDATE,freq,citizen,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n"
    "ESTAT:MIGR_NEW(1.0),09/07/26 23:00:00,A,CN,PER,IE,2023,6632,u\n"
    "ESTAT:MIGR_NEW(1.0),09/07/26 23:00:00,A,CN,PER,IE,2024,,bu\n"
)


def used(text: str) -> list[tuple[str, list[str]]]:
    """Every command of Corridor in a document, with its options."""
    lines = re.findall(r"(?:^|[`\s/])corridor ([a-z][a-z-]*)((?:[ \t]+[^`\n#;,)]+)?)", text, flags=re.MULTILINE)
    return [(name, re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest)) for name, rest in lines if name in COMMANDS]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_in_the_documents_exists_with_its_options(document: str) -> None:
    for name, options in used((ROOT / document).read_text(encoding="utf-8")):
        known = {
            option for parameter in COMMANDS[name].params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert set(options) <= known, f"corridor {name} {options}"


def test_every_command_is_in_a_document() -> None:
    shown = {name for document in DOCUMENTS for name, _ in used((ROOT / document).read_text(encoding="utf-8"))}
    assert shown == set(COMMANDS)


def test_every_command_and_option_has_a_help_text() -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", "given"), f"{name} {parameter.name}"


def test_help_loads_no_large_library() -> None:
    code = "import sys, pipelines.cli; print({'polars', 'dagster', 'pandas', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_read_accepts_a_dataset_that_is_not_in_the_catalogue(tmp_path: Path) -> None:
    payload, out = tmp_path / "payload.csv", tmp_path / "cells.parquet"
    payload.write_text(SDMX)
    done = corridor("read", "eurostat/migr_new", str(payload), "-o", str(out), "--json")
    report = json.loads(done.stdout)
    assert (report["format"], report["cells"], report["values"], report["flagged"]) == ("sdmx_csv", 2, 1, 2)
    frame = pl.read_parquet(out)
    assert frame["flag"].to_list() == ["u", "bu"]
    assert frame["value"].to_list() == [6632.0, None]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html><head><title>Maintenance</title>", "HTML or XML"),
        (b"", "empty"),
        (b"\x1f\x8b\x08\x00half", "damaged"),
        (b"PK\x03\x04half", "damaged zip"),
        (SDMX.encode()[:-30], "line 3"),
        (b"a,b\n1,2\n", "no format recognises"),
    ],
)
def test_read_reports_an_error_in_one_sentence(tmp_path: Path, content: bytes, expected: str) -> None:
    payload, out = tmp_path / "payload", tmp_path / "cells.parquet"
    payload.write_bytes(content)
    done = corridor("read", "eurostat/migr_new", str(payload), "-o", str(out))
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["read", "eurostat/x", "missing.csv"], "there is no file missing.csv"),
        (["import", "eurostat/nothing", "README.md"], "the catalogue has no dataset eurostat/nothing"),
        (["import", "resfirst", "README.md"], "the catalogue has no dataset resfirst"),
        (["build", "--only", "nothing-like-it"], "no dataset's name contains"),
        (["explain", "asylun"], "did you mean asylum"),
        (["explain", "asylum", "colour=red"], "no FIELD=VALUE of asylum"),
        (["explain", "asylum", "partner=CHN"], "no release latest"),
    ],
)
def test_a_wrong_argument_gives_an_error_with_the_remedy(tmp_path: Path, arguments: list[str], expected: str) -> None:
    options = [] if arguments[0] == "read" else ["--data", str(tmp_path / "data")]
    done = corridor(*arguments, *options)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_folder_without_permission_to_write_is_named_in_the_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    done = corridor("build", "--data", str(blocked / "data"))
    assert done.returncode == 1
    assert str(blocked) in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_build_publishes_nothing(tmp_path: Path) -> None:
    # A shell that starts the tests in the background lets them ignore interrupts, and children inherit that.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pipelines.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "build", "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ledger = tmp_path / "data" / "archive" / "ledger.jsonl"
    wait_until(lambda: ledger.exists() or None, 120, "the first fetch")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (130, "")
    assert errors.strip().endswith("error: interrupted; no published release was changed")
    assert not (tmp_path / "data" / "releases").exists()


def test_sources_lists_every_dataset_with_licence_cadence_and_mode(built: Built) -> None:
    rows = json.loads(corridor("sources", "--json", "--data", str(built.data)).stdout)
    by_name = {row["dataset"]: row for row in rows}
    assert by_name["unhcr/population"]["licence"] == "CC-BY-4.0"
    assert by_name["unhcr/population"]["mode"] == "snapshot"
    assert by_name["eurostat/tps00177"]["mode"] == "not_fetched"
    assert all(row["cadence"] and row["table"] for row in rows)
    assert "unhcr/population" in corridor("sources", "--data", str(built.data)).stdout


def test_releases_lists_the_release(built: Built) -> None:
    rows = json.loads(corridor("releases", "--json", "--data", str(built.data)).stdout)
    assert rows[-1]["path"] == str(built.release)
    assert rows[-1]["mode"] == "snapshot"


def test_explain_traces_a_row_to_the_text_in_its_payload(built: Built) -> None:
    where = ["jurisdiction=FRA", "partner=CHN", "sex=_T", "period=2018", "dataset=eurostat/migr_pop1ctz"]
    report = json.loads(corridor("explain", "migrant_stock", *where, "--json", "--data", str(built.data)).stdout)
    (row,) = report["rows"]["shown"]
    assert row["value"] == 103068.0
    (place,) = row["stands_in"]
    assert place["text"].split(" ")[0] == "103068"
    assert place["agrees"] is True
    assert place["licence"].startswith("CC-BY-4.0")
    assert Path(place["file"]).is_file()
    assert place["edition"]


def test_explain_traces_a_figure_of_the_comparison_and_both_figures_of_a_mirror(built: Built) -> None:
    where = {
        "comparison": ["measure=chinese_born", "jurisdiction=DEU", "year=2024"],
        "mirror_flow": ["mirror=birth_and_citizenship", "jurisdiction=FRA", "year=2018"],
    }
    texts = {}
    for table, conditions in where.items():
        report = json.loads(corridor("explain", table, *conditions, "--json", "--data", str(built.data)).stdout)
        (row,) = report["rows"]["shown"]
        assert all(place["agrees"] for place in row["stands_in"])
        texts[table] = [float(place["text"].split(" ")[0]) for place in row["stands_in"]]
        assert corridor("explain", table, *conditions, "--data", str(built.data)).returncode == 0
    assert texts == {"comparison": [168_314], "mirror_flow": [113_442, 103_068]}


@pytest.mark.parametrize("what", ["asylum", "refugees", "unhcr/population", "coverage"])
def test_explain_accepts_tables_indicators_and_datasets(built: Built, what: str) -> None:
    done = corridor("explain", what, "--data", str(built.data))
    assert done.returncode == 0, done.stderr
    assert what in done.stdout


@pytest.mark.slow
def test_an_imported_payload_is_read_by_the_next_build(tmp_path: Path) -> None:
    header = "DATAFLOW,LAST UPDATE,freq,citizen,agedef,age,unit,sex,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS"
    row = "ESTAT:TPS00177(1.0),29/11/24 11:00:00,A,TOTAL,COMPLET,TOTAL,NR,T,AT,2022,74000,,"
    payload = tmp_path / "tps00177.csv"
    payload.write_text(f"{header}\n{row}\n")
    data = ["--data", str(tmp_path / "data")]
    assert corridor("import", "eurostat/tps00177", str(payload), "--published", "2024-11-29", *data).returncode == 0
    done = corridor("build", "--only", "tps00177", "--json", *data)
    report = json.loads(done.stdout)
    assert "eurostat/tps00177" not in report["not_fetched"]
    flows = pl.read_parquet(Path(report["path"]) / "tables" / "migration_flow.parquet")
    emigration = flows.filter(pl.col("indicator") == "emigration")
    assert emigration.select("jurisdiction", "value").rows() == [("AUT", 74000.0)]


def test_doctor_finds_this_installation_in_order(built: Built) -> None:
    done = corridor("doctor", "--json", "--data", str(built.data))
    assert done.returncode == 0, done.stdout
    assert {finding["what"] for finding in json.loads(done.stdout)} >= {"Python", "packages", "ledger", "releases"}


def test_doctor_reports_a_damaged_index(tmp_path: Path) -> None:
    index = tmp_path / "releases" / "index.json"
    index.parent.mkdir()
    index.write_text("{")
    done = corridor("doctor", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "index.json is damaged" in done.stdout
