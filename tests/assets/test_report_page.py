"""The report page: complete in both languages, a source for every number, reproducible, shown in a browser."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl
import pytest
from justhtml import JustHTML
from selectolax.lexbor import LexborHTMLParser, LexborNode

from assets.explore import explorer, report
from assets.explore.elements import number, rate
from assets.explore.i18n import Language, texts
from tests.conftest import ROOT, Built
from tests.support.browser_tab import opened
from warehouse.contracts import contracts
from warehouse.exports.about import About
from warehouse.releases import find
from warehouse.storage.local import LocalPlace

LANGUAGES: list[Language] = ["en", "zh"]
pytestmark = pytest.mark.xdist_group("built")


def page(built: Built, language: Language) -> LexborHTMLParser:
    return LexborHTMLParser((built.release / report.PAGES[language]).read_text("utf-8"))


def about(built: Built) -> About:
    entry = find(LocalPlace(built.data / "releases"))
    return About(entry.name, datetime.fromisoformat(entry.created), entry.mode, [])


def tables(built: Built) -> dict[str, pl.LazyFrame]:
    return {name: built.table(name) for name in contracts()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_short_and_valid_html(built: Built, language: Language) -> None:
    text = (built.release / report.PAGES[language]).read_text("utf-8")
    assert JustHTML(text, collect_errors=True).errors == []
    assert JustHTML(text.replace("</table>", "</p>", 1), collect_errors=True).errors
    assert 30_000 < len(text.encode()) < 200_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_loads_nothing(built: Built, language: Language) -> None:
    tree = page(built, language)
    assert not tree.css("script, iframe, img, object, embed, video, audio, base, form")
    assert [link.attributes["href"] for link in tree.css("link")] == ["data:,"]
    assert not re.search(r"@import|url\((?!#)", " ".join(style.text() for style in tree.css("style")))
    assert not re.search(r"(?:src|xlink:href|srcset)=", tree.html or "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_the_comparison_links_to_its_source_in_the_explorer(built: Built, language: Language) -> None:
    tree = page(built, language)
    rows = [row for row in tree.css("#headline tbody tr:not(.group)") if re.search(r"\d", _text(row, "td.num"))]
    assert len(rows) > 20
    links = [str(link.attributes["href"]) for row in rows for link in row.css("a.n")]
    assert len(links) >= len(rows)
    known = set(built.table("comparison").select("measure", "jurisdiction", "year").collect().iter_rows())
    for link in links:
        measure, place, year = re.fullmatch(  # type: ignore[union-attr]
            rf"explorer\.html#compare\?m=(\w+)&j=(\w+)&y=(\d{{4}})-\3&v=table&f=\3&l={language}", link
        ).groups()
        assert (measure, place, int(year)) in known


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
    assert set(sentences) == set(report.PAGES)
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
        assert page(built, language).css(f"header a[href='{report.PAGES[other]}']")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_equal_those_of_the_tables(built: Built, language: Language) -> None:
    shown = {str(link.attributes["href"]): link.text() for link in page(built, language).css("a.n")}
    figures = built.table("comparison").drop_nulls("value").collect()
    assert len(shown) > 50
    for link, text in shown.items():
        measure, place, year = re.findall(r"[mjf]=(\w+)", link)
        rows = figures.filter(measure=measure, jurisdiction=place, year=int(year))
        assert text in {number(row["value"], row["unit"]) for row in rows.iter_rows(named=True)}, link


def test_a_measure_without_a_figure_of_both_sides_is_only_named(built: Built) -> None:
    tree = page(built, "en")
    listed = [link.text() for link in tree.css("#headline p a")]
    compared = [row.css("th")[0].text() for row in tree.css("#headline tbody tr:not(.group)")]
    assert "Cases of abduction for sale" in listed
    assert not any(name in row for name in listed for row in compared if row.startswith(f"{name}\n"))
    assert len(listed) + len(compared) == built.table("measure").collect().height


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
        "import sys; from pathlib import Path; from tests.conftest import Built;"
        "from assets.explore import explorer, report;"
        "from tests.assets.test_report_page import about, tables; built = Built(Path(sys.argv[1]), '');"
        "[Path(sys.argv[2], name).write_text(text, 'utf-8')"
        " for name, text in (report.pages(tables(built), about(built))"
        " | {explorer.PAGE: explorer.page(tables(built), about(built))}).items()]"
    )
    # The seed of hashes, the time zone and the locale must not change a page.
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C", "PATH": ""}
    command = [sys.executable, "-c", code, str(built.data), str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment, timeout=300)
    for name in (*report.PAGES.values(), explorer.PAGE):
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
    text = report.pages(nothing, about(built))["report.html"]
    assert JustHTML(text, collect_errors=True).errors == []
    assert text.count("Not fetched") == 4


def test_an_unchanged_release_reports_that_no_table_differs(built: Built) -> None:
    frames = tables(built)
    again = replace(about(built), name="9999-12-31.1")
    frames["release"] = pl.concat([frames["release"], frames["release"].with_columns(release=pl.lit(again.name))])
    text = report.pages(frames, again)["report.html"]
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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [400, 1400])
def test_a_browser_shows_the_page_without_further_requests(
    built: Built, chromium: int, language: Language, width: int
) -> None:
    with opened(chromium, (built.release / report.PAGES[language]).as_uri(), width) as tab:
        assert tab.asked("performance.getEntriesByType('resource').map(entry => entry.name)") == []
        # Wide tables scroll in their own boxes. The page itself does not scroll sideways.
        assert tab.asked(f"document.documentElement.scrollWidth <= {width}")
        assert tab.asked(f"document.querySelector('h1').getBoundingClientRect().right <= {width}")
        # No column is so narrow that its words break into single letters.
        names = "[...document.querySelectorAll('tbody th')].filter(name => name.checkVisibility())"
        assert tab.asked(f"{names}.every(name => name.getBoundingClientRect().width > 60)")
        # A number opens the facts of its figure in the explorer.
        number = tab.asked("document.querySelector('#headline a.n').textContent")
        tab.asked("document.querySelector('#headline a.n').click()")
        tab.wait_for("location.pathname.endsWith('explorer.html') && document.documentElement?.dataset.shown")
        assert str(number) in str(tab.asked("document.querySelector('dialog[open]').innerText"))
