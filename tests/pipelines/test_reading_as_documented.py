"""The examples of the documents for reading a release run unchanged on a real release."""

import codecs
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from benchmarks import questions
from pipelines.settings import Settings
from tests.conftest import ROOT, Built
from warehouse.contracts import contract
from warehouse.exports import excel

GUIDE = (ROOT / "warehouse" / "README.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(document: str, heading: str, language: str) -> str:
    """The block of code under a heading."""
    part = re.split(rf"^## {re.escape(heading)}$", document, flags=re.MULTILINE)[1]
    found = re.search(rf"```{language}\n(.*?)```", part, flags=re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def folder(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``data``, as the documents assume."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "data").symlink_to(built.data)
    return folder


@pytest.fixture(scope="module")
def answer(built: Built) -> pl.DataFrame:
    asked = built.table("headline").filter(indicator="asylum_applicants", partner="CHN", scope="member")
    found = asked.select("jurisdiction", "year", "value", "unit").collect()
    assert found.height > 100
    # Eurostat publishes 7,000 applicants from China in the 27 member states in 2024.
    assert found.filter(year=2024)["value"].sum() == pytest.approx(7_000, abs=2.5 * 27)
    return found.sort("jurisdiction", "year")


def run(folder: Path, *command: str) -> str:
    """The output for a reader who has set no environment variable of ours."""
    unset = {name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")}
    done = subprocess.run(command, cwd=folder, env=unset, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("heading", ["pandas", "Polars", "R", "DuckDB", "Spark"])
def test_five_lines_are_enough(heading: str) -> None:
    language = {"R": "r", "DuckDB": "sql"}.get(heading, "python")
    assert len([line for line in block(GUIDE, heading, language).splitlines() if line]) == 5


def test_pandas_reads_as_documented(folder: Path, answer: pl.DataFrame) -> None:
    code = block(GUIDE, "pandas", "python")
    shown = run(folder, sys.executable, "-c", f"{code}\nprint(asylum.shape, asylum.value.sum())")
    assert shown.splitlines()[-1].startswith(f"({answer.height}, ")
    assert float(shown.split()[-1]) == answer["value"].sum()


def test_polars_reads_as_documented(folder: Path, answer: pl.DataFrame) -> None:
    shown = run(folder, sys.executable, "-c", block(GUIDE, "Polars", "python"))
    assert f"shape: ({answer.height:_}, 4)" in shown


def test_duckdb_reads_as_documented(folder: Path, answer: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with duckdb.connect() as connection:
        assert connection.execute(block(GUIDE, "DuckDB", "sql")).fetchall() == answer.rows()


def test_r_reads_as_documented(folder: Path, answer: pl.DataFrame) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    script = folder / "read.R"
    script.write_text(f"{block(GUIDE, 'R', 'r')}\ncat(nrow(found))\n")
    assert run(folder, "Rscript", str(script)).endswith(f"{answer.height}")


def test_spark_reads_as_documented(folder: Path, answer: pl.DataFrame) -> None:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    code = block(GUIDE, "Spark", "python").replace(".show()", ".count()").splitlines()
    code[-1] = f"print({code[-1]})"
    shown = run(folder, "env", "SPARK_LOCAL_IP=127.0.0.1", sys.executable, "-c", "\n".join(code))
    assert shown.split()[-1] == str(answer.height)


def test_excel_reads_what_is_exported_as_documented(folder: Path, answer: pl.DataFrame) -> None:
    command = block(GUIDE, "Excel", "sh").split()
    assert command.pop(0) == "corridor"
    run(folder, "env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "pipelines.cli", *command)
    book = CalamineWorkbook.from_path(folder / "sheets" / "headline.xlsx")
    assert book.sheet_names == ["headline", "fields", "codes"]
    head, *rows = book.get_sheet_by_name("headline").to_python()
    assert len(rows) == answer.height
    values = [row[head.index("value")] for row in rows]
    assert sum(value for value in values if isinstance(value, float)) == answer["value"].sum()
    fields = book.get_sheet_by_name("fields").to_python()
    assert [row[0] for row in fields[1:]] == head
    codes = {(row[0], row[1]): row[2] for row in book.get_sheet_by_name("codes").to_python()[1:]}
    assert codes["jurisdiction", "DEU"] == "Germany"


def test_a_csv_file_for_spreadsheets_has_the_names_of_all_codes_as_documented(folder: Path, built: Built) -> None:
    command = block(GUIDE, "CSV", "sh").split()
    assert command.pop(0) == "corridor"
    run(folder, "env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "pipelines.cli", *command)
    content = (folder / "sheets" / "asylum.csv").read_bytes()
    assert content.startswith(codecs.BOM_UTF8)
    rows = pl.read_csv(content, infer_schema=False)
    expected = built.table("asylum").filter(jurisdiction="DEU", partner="CHN", headline=True).collect()
    assert rows["value"].cast(pl.Float64).equals(expected["value"], null_equal=True)
    assert set(rows["jurisdiction_en"]) == {"Germany"}
    assert set(rows["partner_zh"]) == {"中国"}
    coded = [column.name for column in contract("asylum").columns if column.codes]
    filled = [name for name in coded if expected[name].null_count() < expected.height]
    unnamed = [name for name in filled if f"{name}_zh" not in rows.columns or rows[f"{name}_zh"].null_count()]
    assert [name for name in unnamed if expected[name].null_count() == 0] == []


def test_a_workbook_refuses_more_rows_than_a_sheet_holds_and_names_conditions() -> None:
    rows = pl.DataFrame({"year": [2022, 2023, 2023], "headline": [True, True, False]})
    sentence = excel.too_many(rows, contract("asylum"))
    assert sentence.endswith("FIELD=VALUE, headline=true (2 rows) or year=2023 (2 rows)")


def test_the_iceberg_catalog_of_a_build_reads_as_documented(folder: Path) -> None:
    shown = run(folder, sys.executable, "-c", block(GUIDE, "Time travel", "python"))
    assert "shape: (5, " in shown


def test_the_first_answer_in_the_readme_is_that_of_the_release(folder: Path, built: Built) -> None:
    heading = "For analysts: a first answer"
    shown = run(folder, sys.executable, "-c", block(README, heading, "python"))
    assert shown == block(README, heading, "text")
    asked = {"indicator": "international_migrants", "partner": "CHN", "year": 2024}
    born = built.table("headline").filter(**asked).collect()
    states, (union,) = born.filter(scope="member"), born.filter(scope="union")["value"]
    # United Nations Population Division, International Migrant Stock 2024
    assert dict(states.select("jurisdiction", "value").iter_rows())["DEU"] == 168_314
    assert (states.height, states["value"].sum(), union) == (27, 1_004_177, 1_004_177)


def test_the_documents_list_every_setting() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert re.findall(r"`([A-Z_]+)`", "".join(re.findall(r"^\| (`[A-Z_`, ]+) \|", text, flags=re.MULTILINE))) == [
        *Settings.names()
    ]


def test_the_typical_questions_have_one_answer_whoever_is_asked(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "TIMES", 1)
    lines = questions.measure(built.release)
    assert len(lines) == 2 * len(questions.QUESTIONS)
    answers = [line.split("|")[3].strip() for line in lines]
    assert answers[::2] == answers[1::2]
    assert "0" not in answers
