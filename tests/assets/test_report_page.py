"""The report page: complete in both languages, a source for every number, reproducible, shown in a browser."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise, zip_longest
from pathlib import Path

import duckdb
import polars as pl
import pytest
from justhtml import JustHTML
from selectolax.lexbor import LexborHTMLParser, LexborNode
from websockets.sync.client import ClientConnection, connect

from assets import explore
from assets.explore.corridor import _current_series, _waiver_spans
from assets.explore.elements import number, rate
from assets.explore.i18n import Language, texts
from tests.conftest import ROOT, Built
from tests.support.ui_screenshots import browser, command
from warehouse.contracts import contract, contracts
from warehouse.exports.about import About
from warehouse.releases import find
from warehouse.storage.local import LocalPlace

LANGUAGES: list[Language] = ["en", "zh"]
pytestmark = pytest.mark.xdist_group("built")


def page(built: Built, language: Language) -> LexborHTMLParser:
    return LexborHTMLParser((built.release / explore.PAGES[language]).read_text("utf-8"))


def about(built: Built) -> About:
    entry = find(LocalPlace(built.data / "releases"))
    return About(entry.name, datetime.fromisoformat(entry.created), entry.mode, [])


def tables(built: Built) -> dict[str, pl.LazyFrame]:
    return {name: built.table(name) for name in contracts()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_valid_html_of_less_than_three_megabytes(built: Built, language: Language) -> None:
    text = (built.release / explore.PAGES[language]).read_text("utf-8")
    assert JustHTML(text, collect_errors=True).errors == []
    assert JustHTML(text.replace("</table>", "</p>", 1), collect_errors=True).errors
    assert 500_000 < len(text.encode()) < 3_000_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_loads_nothing(built: Built, language: Language) -> None:
    tree = page(built, language)
    assert not tree.css("script, iframe, img, object, embed, video, audio, base, form")
    assert [link.attributes["href"] for link in tree.css("link")] == ["data:,"]
    assert not re.search(r"@import|url\((?!#)", " ".join(style.text() for style in tree.css("style")))
    assert not re.search(r"(?:src|xlink:href|srcset)=", tree.html or "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_with_a_number_has_a_source(built: Built, language: Language) -> None:
    tree = page(built, language)
    ids = {str(node.attributes["id"]) for node in tree.css("#register [id], #appendix [id]")}
    rows = [row for row in tree.css("table.figures tbody tr") if re.search(r"\d", _text(row, "td.num"))]
    assert len(rows) > 1000
    for row in rows:
        led = [str(link.attributes["href"]) for link in row.css("a.n")]
        assert led, row.text()
        assert all(link.startswith("#") and link[1:] in ids for link in led), led


def _text(row: LexborNode, cells: str) -> str:
    return " ".join(cell.text() for cell in row.css(cells))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_usable_by_screen_reader_and_keyboard(built: Built, language: Language) -> None:
    tree = page(built, language)
    ids = [str(node.attributes["id"]) for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    inside = {str(a.attributes["href"])[1:] for a in tree.css("a[href^='#']")}
    assert inside <= set(ids), sorted(inside - set(ids))[:5]
    assert str(tree.css("body a")[0].attributes["href"]) == "#main"
    html = tree.css_first("html")
    assert html is not None
    assert html.attributes["lang"] == {"en": "en", "zh": "zh-Hans"}[language]
    plots = tree.css("svg")
    assert len(plots) >= 12
    for plot in plots:
        parent = plot.parent
        assert parent is not None
        assert parent.attributes["role"] == "img"
        assert len(str(parent.attributes["aria-label"])) > 10
    # The numbers of a plot are in a table of the same section.
    for section in ("corridor", "themes", "internal", "coverage"):
        assert tree.css(f"#{section} svg")
        assert tree.css(f"#{section} table")
    assert all(details.css_first("summary") for details in tree.css("details"))
    assert all("tabindex" in box.attributes for box in tree.css(".scroll"))
    levels = [int(str(node.tag)[1]) for node in tree.css("h1, h2, h3, h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_text_has_enough_contrast() -> None:
    style = (ROOT / "assets" / "explore" / "style.css").read_text("utf-8")
    pairs = re.findall(r"background: (#[0-9a-f]{6}); color: (#[0-9a-f]{6})", style)
    plain = re.findall(r"(?:--ink|--soft|--china|--union|--other|[{;] ?color): (#[0-9a-f]{6})", style)
    assert len(pairs) >= 4
    assert len(plain) >= 5
    for ground, ink in [*pairs, *(("#ffffff", ink) for ink in plain)]:
        light, dark = sorted((_luminance(ground), _luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ground, ink)


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_both_languages_have_the_same_texts() -> None:
    sentences = texts()
    assert set(sentences) == set(explore.PAGES)
    assert set(sentences["en"]) == set(sentences["zh"])
    for key, text in sentences["zh"].items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", sentences["en"][key]) or set(
            re.findall(r"{\w+}", text)
        ) == set(re.findall(r"{\w+}", sentences["en"][key])), key
        assert re.search(r"[\u3000-\u9fff\uff00-\uffef]", text) or "language" in key or key == "other_page", key


def test_the_chinese_page_marks_all_english_text(built: Built) -> None:
    tree = page(built, "zh")
    for node in tree.css("[lang=en], code, .mono, style, table a, .trace"):
        node.decompose()
    body = tree.body
    assert body is not None
    english = re.findall(r"(?:[A-Za-z]{2,}[ ,]+){4,}[a-z]{2,}", body.text(separator="\n"))
    # Names that the tables have only in English.
    known = set(built.table("legal_instrument").filter(pl.col("name_zh").is_null()).collect()["name_en"])
    assert [text for text in english if not any(text in name for name in known)] == []
    assert set(texts()["zh"].values()) & set(page(built, "zh").text(separator="\n").split("\n"))


def test_the_pages_link_to_each_other(built: Built) -> None:
    for language, other in zip(LANGUAGES, reversed(LANGUAGES), strict=True):
        assert page(built, language).css(f"header a[href='{explore.PAGES[other]}']")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_equal_those_of_the_tables(built: Built, language: Language) -> None:
    tree = page(built, language)
    names = dict(built.table("jurisdiction").select("jurisdiction", f"name_{language}").collect().iter_rows())
    figures = built.table("comparison").filter(pl.col("measure") == "chinese_born", pl.col("year") == 2024).collect()
    body = {row.css("th")[0].text(): row for row in tree.css("#corridor details table.figures tbody tr")}
    for row in figures.filter(aggregation="state").drop_nulls("value").iter_rows(named=True):
        assert number(row["value"]) in body_row(tree, names[row["jurisdiction"]])
    assert body
    union = figures.filter(jurisdiction="EU27_2020", aggregation="computed")["value"][0]
    assert number(union) in _text(tree.css("#glance")[0], ".big")
    mirror = built.table("mirror_flow").filter(mirror="asylum_applicants").drop_nulls("ratio").collect()
    asylum = [row.text() for row in tree.css("#corridor details table.figures tbody tr")]
    for row in mirror.sample(20, seed=7).iter_rows(named=True):
        for side in ("first_value", "second_value"):
            found = [text for text in asylum if names[row["jurisdiction"]] in text and number(row[side]) in text]
            assert found, row


def body_row(tree: LexborHTMLParser, place: str) -> str:
    (row,) = [
        row
        for row in tree.css("#corridor > details table.figures tbody tr")
        if row.css("th")[0].text() == place and len(row.css("td")) == 7
    ]
    return row.text()


def test_the_page_shows_since_when_china_admits_each_state(built: Built) -> None:
    rules = built.table("visa_rule").filter(jurisdiction="CHN", partner="DEU", travel_document="ORDINARY").collect()
    first = rules.filter(pl.col("waiver") == "unilateral")["valid_from"].min()
    (row,) = [
        row
        for row in page(built, "en").css("#corridor > .scroll table.figures tbody tr")
        if row.css("th")[0].text() == "Germany" and len(row.css("td")) == 6
    ]
    assert row.css("td")[0].text() == str(first)


@pytest.mark.parametrize(
    ("rules", "since"),
    [
        ([("2023-12-01", "2024-11-30"), ("2024-11-30", "2025-12-31"), ("2026-01-01", None)], "2023-12-01"),
        ([("2023-12-01", "2024-11-30"), ("2024-12-02", None)], "2024-12-02"),
        ([("2020-01-01", None), ("2024-01-01", "2024-12-31")], "2020-01-01"),
        ([("2027-01-01", None)], None),
    ],
)
def test_a_waiver_begins_with_its_unbroken_series(rules: list[tuple[str, str | None]], since: str | None) -> None:
    found, _ = _current_series(_waiver_spans(announced(*rules)), date(2026, 11, 24))
    assert (str(found["since"]) if found else None) == since


def announced(*rules: tuple[str, str | None], days: Sequence[int] = (), on: Sequence[str] = ()) -> pl.DataFrame:
    """Waivers of China for one state: first and last day, days of stay, and day of announcement."""
    rows = [
        {
            "partner": "AUT",
            "jurisdiction": "CHN",
            "travel_document": "ORDINARY",
            "waiver": "unilateral",
            "valid_from": date.fromisoformat(begins),
            "announced_to": date.fromisoformat(ends) if ends else None,
            "announced": date.fromisoformat(day) if day else None,
            "stay_days": stay,
            "confidence": "high",
        }
        for (begins, ends), stay, day in zip_longest(rules, days, on)
    ]
    return pl.DataFrame(rows, schema=contract("visa_rule").polars_schema)


def test_the_waiver_announced_last_is_shown() -> None:
    rules = announced(
        ("2024-03-14", "2024-11-30"),
        ("2024-11-30", "2025-12-31"),
        ("2024-12-01", "2025-12-31"),
        days=(15, 30, 15),
        on=("2024-03-07", "2024-11-22", "2024-05-07"),
    )
    spans = _waiver_spans(rules)
    shown = [(str(span["since"]), str(span["until"]), span["stay_days"]) for span in spans]
    assert shown == [
        ("2024-03-14", "2024-11-30", 15),
        ("2024-11-30", "2024-12-01", 30),
        ("2024-12-01", "2026-01-01", 30),
    ]
    began, current = _current_series(spans, date(2025, 6, 1))
    assert began == spans[0]
    assert current == spans[2]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1004177.0, "persons", "1,004,177"),
        (67.89, "percent", "67.9"),
        (-567724.0, "", "−567,724"),
        (2.5, "tier", "2.50"),
    ],
)
def test_a_value_is_formatted_for_its_unit(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


@pytest.mark.parametrize(("value", "text"), [(2.2304, "2.23"), (0.0, "0.00"), (0.0000434, "0.000043"), (-0.4, "−0.4")])
def test_a_small_rate_keeps_two_significant_digits(value: float, text: str) -> None:
    assert rate(value) == text


def test_another_process_writes_the_same_bytes(built: Built, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assets import explore; from tests.conftest import Built;"
        "from tests.assets.test_report_page import about, tables; built = Built(Path(sys.argv[1]), '');"
        "[Path(sys.argv[2], name).write_text(text, 'utf-8')"
        " for name, text in explore.pages(tables(built), about(built)).items()]"
    )
    # The seed of hashes, the time zone and the locale must not change a page.
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C", "PATH": ""}
    command = [sys.executable, "-c", code, str(built.data), str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment, timeout=300)
    for name in explore.PAGES.values():
        assert (tmp_path / name).read_bytes() == (built.release / name).read_bytes(), name


def test_a_release_without_figures_has_a_page_with_the_reasons(built: Built) -> None:
    kept = {"code", "jurisdiction", "measure", "legal_instrument", "dataset", "release"}
    nothing = {name: frame if name in kept else frame.filter(pl.lit(False)) for name, frame in tables(built).items()}
    figures = built.table("comparison")
    empty = {
        name: pl.lit(None, kind)
        for name, kind in figures.collect_schema().items()
        if name in ("value", "rate", "rank", "flags", "missing_reason")
    }
    empty["missing_reason"] = pl.lit("not_fetched")
    nothing["comparison"] = figures.with_columns(**empty)
    text = explore.pages(nothing, about(built))["report.html"]
    assert JustHTML(text, collect_errors=True).errors == []
    assert text.count("Not fetched") > 100
    assert "<svg" not in text


def test_an_unchanged_release_reports_that_no_table_differs(built: Built) -> None:
    frames = tables(built)
    again = replace(about(built), name="9999-12-31.1")
    frames["release"] = pl.concat([frames["release"], frames["release"].with_columns(release=pl.lit(again.name))])
    text = explore.pages(frames, again)["report.html"]
    assert f"No table differs from those of release {built.release.name}." in text


def test_the_views_of_a_release_equal_its_tables(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.release)
    with duckdb.connect() as opened:
        opened.execute(Path("views.sql").read_text("utf-8"))
        views = dict(opened.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall())
        labelled = {name for name in views if name.endswith("_labelled")}
        assert {name.removesuffix("_labelled") for name in labelled} < set(contracts())
        described = {name: text for name, text in views.items() if name not in labelled}
        assert described == {name: declared.description for name, declared in contracts().items()}
        for name in contracts():
            rows = opened.execute(f"SELECT count(*) FROM {name}").fetchone()
            assert rows == (built.table(name).select(pl.len()).collect().item(),), name


@pytest.fixture(scope="module")
def chromium() -> Iterator[int]:
    if shutil.which("chromium") is None:
        pytest.skip("there is no Chromium to look with")
    with browser() as port:
        yield port


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [400, 1400])
def test_a_browser_shows_the_page_without_further_requests(
    built: Built, chromium: int, language: Language, width: int
) -> None:
    asked = urllib.request.Request(f"http://127.0.0.1:{chromium}/json/new?about:blank", method="PUT")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        target = json.load(answer)
    with connect(target["webSocketDebuggerUrl"], max_size=None) as tab:
        command(tab, "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        command(tab, "Page.navigate", url=(built.release / explore.PAGES[language]).as_uri())
        for _ in range(100):
            if _asked(tab, "document.readyState === 'complete' && location.protocol === 'file:'"):
                break
            time.sleep(0.2)
        assert _asked(tab, "performance.getEntriesByType('resource').map(entry => entry.name)") == []
        # Wide tables scroll in their own boxes. The page itself does not scroll sideways.
        assert _asked(tab, f"document.documentElement.scrollWidth <= {width}")
        assert _asked(tab, f"document.querySelector('h1').getBoundingClientRect().right <= {width}")
        assert _asked(
            tab, "[...document.querySelectorAll('svg')].every(svg => svg.getBoundingClientRect().height > 40)"
        )
        # No column is so narrow that its words break into single letters.
        names = "[...document.querySelectorAll('tbody th')].filter(name => name.checkVisibility())"
        assert _asked(tab, f"{names}.every(name => name.getBoundingClientRect().width > 60)")
        # A link to a measure opens the closed block that contains it.
        _asked(tab, "document.querySelector('#headline a[href^=\"#m-\"]').click()")
        assert _asked(tab, "document.querySelector(':target').checkVisibility()")
        command(tab, "Page.close")


def _asked(tab: ClientConnection, expression: str) -> object:
    result = command(tab, "Runtime.evaluate", expression=expression, returnByValue=True)["result"]
    return result.get("value")
