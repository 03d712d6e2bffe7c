"""The command line: unusual arguments, JSON, errors in one sentence, and documents that show existing commands."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import typer.main
from rich.console import Console

from pipelines.cli.app import app
from pipelines.cli.output import progress
from tests.conftest import ROOT, Built, Run, corridor
from tests.support.dagster_server import wait_until

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "warehouse/README.md",
    "docs/questions.md",
    "docs/operations.md",
    "docs/commands.md",
    "Makefile",
    ".ci/run",
)
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
        (["explain", "asylum", "colour=red"], "is not a FIELD=VALUE of asylum"),
        (["explain", "asylum", "partner=chn"], "did you mean CHN?"),
        (["explain", "asylum", "period=notadate"], "period is a date"),
        (["explain", "asylum", "year=lots"], "year is a number"),
        (["explain", "asylum", "partner=CHN"], "no release latest"),
        (["export", "asylun", "folder"], "did you mean asylum"),
        (["accept", "asylun", "some_check", "--because", "it is right"], "does not exist"),
        *((command, "does not exist") for command in (["verify"], ["releases"], ["repair"], ["prune"])),
    ],
)
def test_a_wrong_argument_gives_an_error_with_the_remedy(
    run_here: Run, tmp_path: Path, arguments: list[str], expected: str
) -> None:
    options = [] if arguments[0] == "read" else ["--data", str(tmp_path / "data")]
    done = run_here(*arguments, *options)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["bulid"], "Did you mean 'build'? See `corridor --help`."),
        (["releases", "--jsn"], "--json) See `corridor releases --help`."),
        (["export"], "Missing argument 'TABLE'. See `corridor export --help`."),
        (["keep", "latest", "--because", " "], "state a reason"),
        (["accept", "asylum", "some_check", "--because", ""], "state a reason"),
        (["withdraw", "0a1b", "--because", ""], "state a reason"),
    ],
)
def test_a_wrong_use_is_one_line_that_names_the_help(run_here: Run, arguments: list[str], expected: str) -> None:
    done = run_here(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert expected in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_a_file_and_a_folder_without_data_are_no_data_folder(run_here: Run, tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.touch()
    folder.mkdir()
    assert "is a file and no data folder" in run_here("doctor", "--data", str(file)).stderr
    done = run_here("verify", "--data", str(folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no data of Corridor" in done.stderr


@pytest.mark.parametrize("arguments", [["-h"], ["build", "-h"], ["--version"], ["--show-completion", "bash"]])
def test_help_version_and_completion_answer(run_here: Run, arguments: list[str]) -> None:
    done = run_here(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "corridor" in done.stdout


def test_a_shell_completes_commands_and_tables() -> None:
    def completed(words: str) -> list[str]:
        position = str(len(words.split()) - 1)
        variables = {"_CORRIDOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": position}
        command = [sys.executable, "-m", "pipelines.cli"]
        done = subprocess.run(command, env=os.environ | variables, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert completed("corridor ex") == ["export", "explain"]
    assert completed("corridor export asy") == ["asylum"]


def test_progress_without_a_terminal_is_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 1.0, 12.0, 12.0, 13.0])
    monkeypatch.setattr("pipelines.cli.output.monotonic", lambda: next(times))
    monkeypatch.setattr("pipelines.cli.output.err", Console(stderr=True, force_terminal=False, width=80))
    with progress("verifying") as step:
        step("payloads", 1, 9)
        step("payloads", 7, 9)
        step("payloads", 8, 9)
    assert capsys.readouterr().err.splitlines() == ["verifying", "verifying: payloads (7 of 9)"]


def test_an_interrupt_while_modules_are_loaded_is_one_sentence() -> None:
    code = (
        "import sys, builtins; original = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'typer': raise KeyboardInterrupt\n"
        "    return original(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "from pipelines.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "error: interrupted; no published release was changed\n"


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
    assert by_name["eurostat/migr_emi2"]["mode"] == "not_fetched"
    assert all(row["cadence"] and row["table"] for row in rows)
    assert "unhcr/population" in corridor("sources", "--data", str(built.data)).stdout


def test_status_of_a_complete_build_is_ok_for_people_and_for_monitors(run_here: Run, built: Built) -> None:
    done = run_here("status", "--datasets", "--data", str(built.data))
    assert (done.returncode, done.stderr) == (0, "")
    assert "by the command build: complete" in done.stdout
    assert "unhcr/population: 0 days" in done.stdout
    found = json.loads(run_here("status", "--json", "--data", str(built.data)).stdout)
    assert (found["state"], found["release"]) == ("ok", built.release.name)
    assert found["age_days"]["unhcr/population"] == 0


def test_releases_lists_the_release_and_the_data_folder_may_precede_the_command(run_here: Run, built: Built) -> None:
    rows = json.loads(run_here("--data", str(built.data), "releases", "--json").stdout)
    assert rows[-1]["path"] == str(built.release)
    assert rows[-1]["mode"] == "snapshot"


def test_an_empty_selection_is_an_error_that_names_the_conditions(run_here: Run, built: Built, tmp_path: Path) -> None:
    where = ["partner=CHN", "year=1900"]
    sentence = f"no row of asylum in release {built.release.name} has partner=CHN and year=1900"
    exported = run_here("export", "asylum", str(tmp_path / "out"), *where, "--data", str(built.data))
    assert exported.returncode == 1
    assert sentence in exported.stderr
    assert not (tmp_path / "out").exists()
    explained = run_here("explain", "asylum", *where, "--json", "--data", str(built.data))
    assert explained.returncode == 1
    assert sentence in explained.stderr
    assert json.loads(explained.stdout)["rows"]["matching"] == 0


def test_accept_of_an_unknown_table_names_one_that_is_like_it(run_here: Run, built: Built) -> None:
    done = run_here("accept", "asylun", "some_check", "--because", "it is right", "--data", str(built.data))
    assert done.returncode == 1
    assert done.stderr == "error: there is no table asylun; did you mean asylum?\n"


@pytest.mark.parametrize("command", ["releases", "verify", "status"])
def test_commands_that_people_run_often_load_no_slow_library(built: Built, command: str) -> None:
    code = (
        "import atexit, sys; from pipelines.cli import main\n"
        "slow = {'great_expectations', 'pandas', 'dagster'}\n"
        "atexit.register(lambda: print(slow & {*sys.modules}, file=sys.stderr))\n"
        "main()"
    )
    command_line = [sys.executable, "-c", code, command, "--data", str(built.data)]
    done = subprocess.run(command_line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.endswith("set()\n")


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
    row = "ESTAT:TPS00177(1.0),05/01/26 11:00:00,A,TOTAL,COMPLET,TOTAL,NR,T,AT,2022,74000,,"
    payload = tmp_path / "tps00177.csv"
    payload.write_text(f"{header}\n{row}\n")
    data = ["--data", str(tmp_path / "data")]
    assert corridor("import", "eurostat/tps00177", str(payload), "--published", "2026-01-05", *data).returncode == 0
    done = corridor("build", "--only", "tps00177", "--json", *data)
    report = json.loads(done.stdout)
    flows = pl.read_parquet(Path(report["path"]) / "tables" / "migration_flow.parquet")
    austria = flows.filter(
        indicator="emigration", jurisdiction="AUT", period=date(2022, 1, 1), age_definition="COMPLET"
    )
    assert austria["value"].to_list() == [74000.0]


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
