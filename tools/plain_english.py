"""Finds figurative and personifying words in our own text: ``python -m tools.plain_english [FILE ...]``.

The check reads docstrings, comments and names in Python, error messages and descriptions outside the tests, the
descriptions and comments in YAML, the descriptions in the code lists, and Markdown without its code. It prints one line
for each finding and exits with 1 if there is one. Quotations and code in back quotes are skipped, because the words of
a publisher are not ours.
"""

import argparse
import ast
import csv
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
FOLDERS = ("sources", "warehouse", "expectations", "assets", "pipelines", "tools", "tests", "benchmarks", "docs")
SUFFIXES = ("py", "yaml", "md")
OUR_COLUMNS = {"description", "note", "absence_source"}

_THINGS = "cell|check|column|dataset|document|field|figure|file|module|payload|release|row|rule|source|table|vintage"
_CONTENTS = "browser|code|date|day|dataset|folder|month|number|observation|page|request|sha256|terminal|total|value"
# Each pattern with what to write in its place.
BANNED = (
    (r"(?<!-)\b(?:speaks?|spoke|spoken|speaking)\b", "uses, contains, covers"),
    (r"(?<!-)\b(?:stands?|stood)\b(?!-)", "is, holds, contains, is valid for"),
    (r"\b(?:says?|said|saying)\b", "states, reports, contains"),
    (r"\b(?:tells?|told|telling)\b", "returns, reports, distinguishes"),
    (r"\bhears?\b", "receives, reads"),
    (r"\bknows\b", "contains, recognises"),
    (r"\bwants\b", "needs, requires"),
    (r"\bbeside\b", "next to, with, separately"),
    (r"\bapart\b(?! from)", "separate, different, distinguish"),
    (r"(?<!-)\balone\b", "only"),
    (r"\bahead\b", "in advance, before"),
    (r"\banew\b", "again"),
    (r"\bwhatever\b", "any, every"),
    (r"\bbelongs? to nobody\b", "has no owner"),
    (r"\b(?:gives?|gave) its word\b", "states"),
    (rf"(?<=. )(?<![Tt]here )\b(?:is|are|was|were|be) no (?:valid\b|kind\b|(?:{_THINGS}|{_CONTENTS})s?\b)", "is not a"),
    (r"(?<!in-)\bhouse\b(?! of)", "workspace, project"),
    (r"(?:^Of|(?<=[.:;] )[Oo]f) (?:a|an|the|two|several|many|what|which|those|these|its|each|one)\b", "subject first"),
    (rf"\b(?:{_THINGS})s?(?: that| which)? (?:know|want|think|believe|hope|remember|forget|care|live)s?\b", "a fact"),
)
_BANNED = tuple((re.compile(pattern), advice) for pattern, advice in BANNED)

# Persons, unlike tables, have words and knowledge; the household of one person is a term of statistics.
_ALLOWED = re.compile(
    r"\b(?:person|reader|analyst|engineer|maintainer)s? (?:who |may |must |can |has |have )?(?:says?|said|knows)\b"
    r"|\b(?:lives?|living) alone\b"
)
# The key of a statement whose figure is read without its whole.
_ALLOWED_NAMES = frozenset({"alone"})
_QUOTED = re.compile(r'``[^`]*``|`[^`]*`|“[^”]*”|"[^"]*"|\{\w+\}')
# Values in YAML that publishers wrote, or that are patterns for their words.
_NOT_OURS = frozenset({"pattern", "subject", "text", "attribution", "User-Agent"})
_PROSE = re.compile(r"[a-z]+,? [a-z]+,? [a-z]+")


class Finding(NamedTuple):
    """A place with a word that is not plain."""

    line: int
    words: str
    advice: str


class _Text(NamedTuple):
    first: int
    last: int
    text: str


def findings(path: Path) -> list[Finding]:
    """Return what is not plain in a Python, YAML, CSV or Markdown file, in the order of the lines."""
    source = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".yaml":
            parts = _yaml_texts(source)
        case ".csv":
            parts = _csv_texts(source)
        case ".md":
            parts = _markdown_texts(source)
        case _:
            parts = _python_texts(source, is_test="tests" in path.parts)
    lines = source.splitlines()
    found = {finding for part in parts for finding in _in_text(part, lines)}
    if path.suffix == ".py":
        found.update(_in_names(source))
    return sorted(found)


def _in_text(part: _Text, lines: Sequence[str]) -> Iterator[Finding]:
    text = _ALLOWED.sub("", _QUOTED.sub('""', " ".join(part.text.split())))
    for pattern, advice in _BANNED:
        for match in pattern.finditer(text):
            word = match[0].split()[0]
            numbers = range(part.first, part.last + 1)
            line = next((number for number in numbers if re.search(rf"\b{word}\b", lines[number - 1])), part.first)
            yield Finding(line, match[0], advice)


def _in_names(source: str) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                pass
            case ast.Name(id=name, ctx=ast.Store()):
                pass
            case _:
                continue
        words = set(name.lower().split("_"))
        if name not in _ALLOWED_NAMES and any(pattern.fullmatch(word) for word in words for pattern, _ in _BANNED):
            yield Finding(node.lineno, name, "a name that states what it is")


def _python_texts(source: str, *, is_test: bool) -> Iterator[_Text]:
    """Yield comments and docstrings; outside the tests also every other string that reads like a sentence."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield _Text(token.start[0], token.start[0], token.string.lstrip("# "))
    tree = ast.parse(source)
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    in_f_strings = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if node in docstrings:
                yield _Text(node.lineno, node.end_lineno or node.lineno, text)
            case ast.Constant(value=str(text)) if not is_test and node not in in_f_strings and _is_prose(text):
                yield _Text(node.lineno, node.end_lineno or node.lineno, text)
            case ast.JoinedStr(values=values) if not is_test:
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values)
                if _is_prose(text):
                    yield _Text(node.lineno, node.end_lineno or node.lineno, text)


def _is_prose(text: str) -> bool:
    """Return whether a string reads like a sentence: three words in a row and no sign of a pattern."""
    return "\\" not in text and "(?" not in text and _PROSE.search(text) is not None


def _yaml_texts(source: str) -> Iterator[_Text]:
    """Yield the comments and the values that read like sentences, except those that are not ours."""
    for number, line in enumerate(source.splitlines(), 1):
        if comment := re.match(r"[^'\"]*(?:^|\s)#\s(.*)", line):
            yield _Text(number, number, comment[1])
    yield from _values(yaml.compose(source, yaml.CSafeLoader))


def _values(node: yaml.Node | None) -> Iterator[_Text]:
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                if key.value not in _NOT_OURS:
                    yield from _values(value)
        case yaml.SequenceNode():
            for value in node.value:
                yield from _values(value)
        case yaml.ScalarNode() if _is_prose(node.value):
            yield _Text(node.start_mark.line + 1, max(node.end_mark.line, node.start_mark.line + 1), node.value)


def _csv_texts(source: str) -> Iterator[_Text]:
    """Yield the columns of a code list that we have written."""
    rows = csv.DictReader(io.StringIO(source))
    for row in rows:
        for name in OUR_COLUMNS & row.keys():
            yield _Text(rows.line_num, rows.line_num, row[name])


def _markdown_texts(source: str) -> Iterator[_Text]:
    """Yield each line that is not in a block of code."""
    is_code = False
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield _Text(number, number, line)


def _our_files() -> list[Path]:
    folders = [ROOT / folder for folder in FOLDERS]
    files = [path for folder in folders for suffix in SUFFIXES for path in folder.rglob(f"*.{suffix}")]
    files += [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *(ROOT / "warehouse" / "codes").glob("*.csv")]
    return sorted(path for path in files if ROOT / "sources" / "snapshot" not in path.parents or path.suffix == ".py")


def main() -> None:
    """Check the files that are named, or every file of ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="Python, YAML, CSV and Markdown files; default: all")
    count = 0
    for path in parser.parse_args().files or _our_files():
        for finding in findings(path):
            count += 1
            print(f"{path}:{finding.line}: {finding.words!r}; better: {finding.advice}")  # noqa: T201
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
