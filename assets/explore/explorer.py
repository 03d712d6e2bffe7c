"""``explorer.html``: one page with all figures to choose, compare and take away, in English and Chinese.

The page loads nothing. Its data are JSON, compressed in chunks and written in base64; the script decodes a chunk when a
view needs it.
"""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from gzip import compress
from hashlib import sha256
from importlib.resources import files
from typing import Any

import orjson
import polars as pl

from assets.explore import explorer_data as figures
from assets.explore.explorer_law import law
from assets.explore.explorer_measures import measure_list
from warehouse.codes import CHINA, UNION, chinese
from warehouse.exports.about import ABSTRACT, CREATOR, TITLE, About
from warehouse.rows import Tables
from warehouse.templates import template
from warehouse.yaml_text import parse_yaml

PAGE = "explorer.html"
# The code lists whose names the page shows.
WORDS = (
    *("theme", "unit", "grade", "attribute", "flag", "missing_reason", "made", "aggregation", "definition"),
    *("publisher", "waiver", "travel_document", "cooperation_type", "mirror", "instrument_type", "confidence", "event"),
)
SCRIPTS = ("data.js", "elements.js", "chart.js", "controls.js", "compare.js", "take.js", "places.js", "main.js")


def page(tables: Tables, about: About) -> str:
    """The page of a release."""
    listed = measure_list(tables)
    chunks = {name: _packed(data) for name, data in _chunks(tables, about, listed)}
    script = "\n".join(_file(name) for name in SCRIPTS)
    return template("assets.explore", "explorer_page", "explorer.html").render(
        title=TITLE,
        about=about,
        style=_file("explorer.css"),
        script=script,
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        start=_packed(_start(tables, about, listed)),
        chunks=chunks,
        noscript=[texts()[language]["no_script"] for language in ("en", "zh")],
    )


def _chunks(tables: Tables, about: About, listed: list[dict[str, Any]]) -> Iterator[tuple[str, object]]:
    """Name and data of each chunk."""
    corridor: dict[str, Any] = {}
    totals: dict[str, Any] = {}
    states = set(figures.places())
    for name, data in figures.by_indicator(tables, listed):
        yield f"i-{name}", data
        own = [
            series for series in data["series"] if series[1] == CHINA or (series[0] == CHINA and series[1] in states)
        ]
        if own:
            corridor[name] = {"facts": data["facts"], "series": own}
        every = [series for series in data["series"] if series[1] == figures.ALL_PARTNERS]
        if every:
            totals[name] = {"facts": data["facts"], "series": every}
    yield "corridor", corridor
    yield "totals", totals
    yield "comparison", figures.comparison(tables)
    yield "alternatives", figures.alternatives(tables)
    yield "law", law(tables, about.created.date())


def _start(tables: Tables, about: About, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """What every view needs: the release, the words in both languages, the jurisdictions, measures and datasets."""
    partners = {code for entry in listed for code in entry["partners"]}
    areas = tables["jurisdiction"].select("jurisdiction", "name_en", "name_zh").sort("jurisdiction").collect()
    names = {row[0]: [row[1], row[2] or row[1]] for row in areas.iter_rows()}
    names[UNION] = [texts()[language]["union"] for language in ("en", "zh")]
    words: dict[str, Any] = {}
    rows = tables["code"].filter(pl.col("code_list").is_in(WORDS)).sort("code_list", "code").collect()
    for code_list, code, *both in rows.select("code_list", "code", "name_en", "name_zh").iter_rows():
        words.setdefault(code_list, {})[code] = [both[0], both[1] or both[0]]
    fields = ("dataset", "title", "publisher", "licence", "homepage", "attribution", "edition")
    datasets = tables["dataset"].select(fields).sort("dataset").collect()
    return {
        "release": about.name,
        "created": str(about.created.date()),
        "mode": about.mode,
        "title": TITLE,
        "creator": CREATOR,
        "abstract": ABSTRACT,
        "texts": texts(),
        "places": figures.places(),
        "names": {code: names.get(code, [code, code]) for code in sorted({*figures.places(), *partners})},
        "measures": [entry | {"chinese": _chinese(entry["id"])} for entry in listed],
        "words": words,
        "datasets": {
            row[0]: [[row[1], chinese.texts("datasets").get(row[0], row[1])], *row[2:]] for row in datasets.iter_rows()
        },
        "reasons": _reasons(tables),
        "facts": figures.FACTS,
    }


def _chinese(measure: str) -> list[str | None] | None:
    """What a measure is and what it must not be used for, in Chinese. None if it has no text."""
    counted = chinese.texts("indicators").get(measure)
    return list(chinese_meanings().get(measure, ())) or ([counted, None] if counted else None)


def _reasons(tables: Tables) -> dict[str, list[str]]:
    """The reasons that the page shows, in both languages, by the text in the tables."""
    found = {
        text
        for table in ("headline", "comparison", "coverage_gap")
        for text in tables[table].select(pl.col("because").drop_nulls().unique()).collect()["because"]
    }
    shown = {text: chinese.reason(text) for text in sorted(found)}
    return {text: both for text, both in shown.items() if both}


def _packed(data: object) -> str:
    """Data as JSON, compressed, in base64. The same data have the same text."""
    return b64encode(compress(orjson.dumps(data), 9, mtime=0)).decode()


@cache
def texts() -> dict[str, dict[str, str]]:
    """The sentences of the page in each language."""
    return dict(parse_yaml(_file("texts.yaml")))


@cache
def chinese_meanings() -> dict[str, list[str]]:
    """The meaning in Chinese of each measure, and what it must not be used for."""
    return dict(parse_yaml(_file("measures.zh.yaml")))


def _file(name: str) -> str:
    return files(__package__).joinpath("explorer_page", name).read_text(encoding="utf-8")
