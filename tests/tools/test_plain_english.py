"""The check of plain English finds figurative words in our own text and skips quotations and patterns."""

from pathlib import Path

import pytest

from tools import plain_english
from tools.plain_english import findings

FIGURATIVE = (
    "The first source that has a figure speaks.",
    "The others stand in a second table.",
    "The law says when it begins.",
    "Nobody is told twice.",
    "A source that knows the code.",
    "The table wants a decision.",
    "A column beside another.",
    "Members set apart by a protocol.",
    "The number alone decides.",
    "Of several sources the first is used.",
    "The total: of those that have one.",
    "Every code of whatever list.",
    "The payloads remember their request.",
    "A blank field is no cell.",
)
PLAIN = (
    "The document states when the law enters into force.",
    "Known codes are translated; the others are kept.",
    "An analyst may say that a figure is wrong.",
    "Persons living alone, in a stand-alone flat.",
    "The title is “what the law says”.",
    "The column `said` and the parameter ``apart`` are read.",
    "All values apart from the first.",
    "The Standing Committee adopts the law of the household.",
    "The pattern begins with {alone} and the figure.",
    "The figure is no longer known, because there is no table and a part is no whole.",
)


def _python(folder: Path, text: str, name: str = "module.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("sentence", FIGURATIVE)
def test_finds_figurative_sentences_in_docstrings_comments_and_messages(tmp_path: Path, sentence: str) -> None:
    for text in (f'"""{sentence}"""\n', f"# {sentence}\n", f'def f() -> None:\n    raise ValueError("{sentence}")\n'):
        assert findings(_python(tmp_path, text))


@pytest.mark.parametrize("sentence", PLAIN)
def test_accepts_plain_sentences(tmp_path: Path, sentence: str) -> None:
    assert findings(_python(tmp_path, f'"""{sentence}"""\n# {sentence}\n')) == []


def test_reports_the_line_of_the_word_in_a_long_docstring(tmp_path: Path) -> None:
    path = _python(tmp_path, '"""Return a table.\n\nThe second source\nspeaks.\n"""\n')
    assert [(finding.line, finding.words) for finding in findings(path)] == [(4, "speaks")]


def test_reports_names_of_functions_arguments_and_variables(tmp_path: Path) -> None:
    path = _python(tmp_path, "def _said(apart: int) -> int:\n    told = apart\n    return told\n")
    assert [finding.words for finding in findings(path)] == ["_said", "apart", "told"]


def test_strings_of_tests_are_the_words_of_others(tmp_path: Path) -> None:
    text = 'BODY = "the ministry said that it stands"\n'
    assert findings(_python(tmp_path, text))
    assert findings(_python(tmp_path, text, "tests/test_body.py")) == []


def test_patterns_are_no_sentences(tmp_path: Path) -> None:
    assert findings(_python(tmp_path, 'PATTERN = r"the ministry said that \\d+ persons"\n')) == []


def test_formatted_messages_are_read_as_one_sentence(tmp_path: Path) -> None:
    path = _python(tmp_path, 'def f(name: str) -> str:\n    return f"the table {name} says nothing of it"\n')
    assert [finding.words for finding in findings(path)] == ["says"]


def test_reads_descriptions_and_comments_of_yaml_and_skips_the_words_of_publishers(tmp_path: Path) -> None:
    path = tmp_path / "entry.yaml"
    path.write_text(
        "# The entry knows all.\n"
        "notes: >\n  Two values are given and\n  stand side by side.\n"
        "pattern: the workers who stand here\n"
        "text: the ministry said that it is so\n",
        encoding="utf-8",
    )
    assert [(finding.line, finding.words) for finding in findings(path)] == [(1, "knows"), (4, "stand")]


def test_reads_the_descriptions_of_code_lists(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("code,label,description\na,the law says,It speaks of a year.\n", encoding="utf-8")
    assert [(finding.line, finding.words) for finding in findings(path)] == [(2, "speaks")]


def test_reads_markdown_without_its_code(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "# Title\n\nThe page tells it.\n\n```sql\n-- what it says\n```\n\nThe key `said`.\n", encoding="utf-8"
    )
    assert [(finding.line, finding.words) for finding in findings(path)] == [(3, "tells")]


def test_the_check_is_itself_in_plain_english() -> None:
    assert findings(Path(plain_english.__file__)) == []


def test_prints_each_finding_and_exits_with_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _python(tmp_path, "# A source speaks.\n")
    monkeypatch.setattr("sys.argv", ["plain_english", str(path)])
    with pytest.raises(SystemExit) as exit_:
        plain_english.main()
    assert exit_.value.code == 1
    assert capsys.readouterr().out == f"{path}:1: 'speaks'; better: uses, contains, covers\n"
