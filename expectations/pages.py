"""Data Docs: the results of all tables as a static site, made by Great Expectations and readable without a network."""

import json
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

# Data Docs show the time of the run; a page is of its results alone, so it stands still.
RUN = {"run_name": "tables", "run_time": datetime(2000, 1, 1, tzinfo=UTC).isoformat()}

# Data Docs load scripts, styles and a logo from seven servers, which would learn who reads what and when, and without
# which they are hardly readable. The pages need none of it but a style sheet, which is ours.
REMOTE = re.compile(r"<script\b.*?</script>|<(?:link|img)\b[^>]*>|<footer>.*?</footer>|<style>.*?</style>", re.DOTALL)
# Each part that could be unfolded has a name drawn by lot, and no script to unfold it.
LOT = re.compile(r"(?<=collapse-body)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The time of the run stands on a page in the zone of whoever built it, though it says UTC.
LOCAL = re.compile(r"(?:1999-12-31|2000-01-01)T[0-9:]{8}Z")
# A suite is told by its results; the page of the suite alone is not written.
SUITE = re.compile(r'<a href="[^"]*/expectations/[^"]*" *>([^<]*)</a>')

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem; } th, td { text-align: left; padding: .3rem .6rem; }
th, td { border-bottom: 1px solid #d9dee5; vertical-align: top; } td.number { text-align: right; }
h4, h5, h6 { font-size: 1.05rem; margin: 1.2rem 0 .3rem; } a { color: #14528c; }
ul { columns: 4; padding-left: 1.2rem; }
.badge { background: #eceff3; border-radius: .3rem; padding: 0 .3rem; font-size: .85em; }
.btn-group, .cooltip .top, .ge-breadcrumbs .active, .lead { display: none; }
.ge-breadcrumbs { list-style: none; padding: 0; }
.text-success::before { content: "✓"; color: #1a7f37; } .text-danger::before { content: "✗"; color: #b42318; }
.text-warning::before { content: "!"; color: #8a5a00; } i { font-style: normal; font-weight: bold; }
"""
INDEX = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data quality</title><style>$style</style></head><body><h1>Data quality</h1>
<p>Every expectation that the tables of this release are held to. An error would have held the release back; what is
listed as not met is a warning, shown with the rows that do not meet it.</p>
<table><thead><tr><th>table</th><th>expectations</th><th>not met</th></tr></thead><tbody>
$rows
</tbody></table></body></html>
""")


def write_page(result: Path) -> None:
    """The page of a table beside its result, the ``<table>.json`` that ``validate`` left."""
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    validated = ExpectationSuiteValidationResultSchema().load(json.loads(result.read_text("utf-8")))
    validated.meta["run_id"] = RunIdentifier(**RUN)
    page: str = _view().render(ValidationResultsPageRenderer().render(validated))
    result.with_suffix(".html").write_text(_plain(page), "utf-8")


@cache
def _view() -> Any:  # noqa: ANN401 - Great Expectations is imported when it is needed
    """Great Expectations' view of a page; each one that is made compiles its templates anew."""
    from great_expectations.render.view.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def write_docs(results: Iterable[Path], out: Path) -> Path:
    """The site in the folder ``out`` for results that have their pages beside them; its first page."""
    out.mkdir(parents=True)
    rows = []
    for result in sorted(results, key=lambda path: path.name):
        page = result.with_suffix(".html")
        shutil.copyfile(page, out / page.name)
        rows.append(_row(json.loads(result.read_text("utf-8")), result.stem, page.name))
    index = out / "index.html"
    index.write_text(INDEX.substitute(style=STYLE, rows="\n".join(rows)), "utf-8")
    return index


def _plain(page: str) -> str:
    """A page of Data Docs that asks nobody for anything."""
    still = LOCAL.sub("2000-01-01T00:00:00Z", LOT.sub("", REMOTE.sub("", page)))
    home = SUITE.sub(r"\1", still).replace("../../../../index.html", "index.html")
    return home.replace("</head>", f"<style>{STYLE}</style></head>")


def _row(document: dict[str, Any], table: str, page: str) -> str:
    failed = [result["expectation_config"]["meta"]["rule"] for result in document["results"] if not result["success"]]
    evaluated = document["statistics"]["evaluated_expectations"]
    names = escape(", ".join(dict.fromkeys(failed))) or "none"
    link = f'<a href="{escape(page)}">{escape(table)}</a>'
    return f'<tr><td>{link}</td><td class="number">{evaluated}</td><td>{names}</td></tr>'
