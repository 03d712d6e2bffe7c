"""The explorer of a release: self-contained, whole in both languages, and equal to the tables, in a real browser."""

import gzip
import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import duckdb
import polars as pl
import pytest
from justhtml import JustHTML
from selectolax.lexbor import LexborHTMLParser

from assets.explore import explorer, explorer_measures
from tests.conftest import Built
from tests.support.browser_tab import Tab, opened
from warehouse.codes import chinese
from warehouse.exports import headline_csv
from warehouse.measures import measures

pytestmark = pytest.mark.xdist_group("built")
SCRIPT = "\n".join(
    files("assets.explore").joinpath("explorer_page", name).read_text(encoding="utf-8") for name in explorer.SCRIPTS
)


def source(built: Built) -> str:
    return (built.release / explorer.PAGE).read_text("utf-8")


def test_the_page_is_small_valid_and_loads_nothing(built: Built) -> None:
    text = source(built)
    assert len(text.encode()) <= 3_000_000
    assert JustHTML(text, collect_errors=True).errors == []
    tree = LexborHTMLParser(text)
    assert not tree.css("iframe, img, object, embed, video, audio, base, form, script[src]")
    assert [link.attributes["href"] for link in tree.css("link")] == ["data:,"]
    assert not re.search(r"@import|url\(", tree.css_first("style").text())  # type: ignore[union-attr]


def test_a_page_with_too_many_figures_has_the_largest_partners(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer_measures, "MOST_ROWS", 100_000)
    tables = {name: built.table(name) for name in ("headline", "comparison", "measure", "indicator")}
    listed = {entry["id"]: entry["partners"] for entry in explorer_measures.measure_list(tables)}
    assert listed["refugees"][:2] == ["_T", "CHN"]
    assert {"SYR", "UKR"} <= set(listed["refugees"])
    assert sum(map(len, listed.values())) < 2_000


def test_only_the_script_of_the_page_may_run(built: Built) -> None:
    tree = LexborHTMLParser(source(built))
    (script,) = tree.css("script:not([type])")
    policy = str(tree.css_first("meta[http-equiv]").attributes["content"])  # type: ignore[union-attr]
    digest = b64encode(sha256(script.text().encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}'; " in policy
    assert "</script" not in SCRIPT


def test_both_languages_have_every_sentence_that_the_script_uses() -> None:
    texts = explorer.texts()
    assert set(texts["en"]) == set(texts["zh"])
    for key, text in texts["en"].items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", texts["zh"][key])), key
    page = files("assets.explore").joinpath("explorer_page", "explorer.html").read_text(encoding="utf-8")
    used = set(re.findall(r"\bt\(\"(\w+)\"", SCRIPT)) | set(re.findall(r'data-t="(\w+)"', page))
    assert used - {"nav_"} <= set(texts["en"])
    unused = [key for key in texts["en"] if key not in used and not re.search(rf"\b{key}\b", SCRIPT + page)]
    made = ("nav_", "view_", "phase_", "choose_", "example_", "about_", "set_", "file_")
    assert [key for key in unused if not key.startswith(made)] == ["no_script"]


def test_every_measure_is_explained_in_chinese() -> None:
    assert set(measures()) <= set(explorer.chinese_meanings())


def test_every_title_description_and_reason_of_the_page_has_a_chinese_text(built: Built) -> None:
    names = ("headline", "comparison", "coverage_gap", "measure", "indicator", "dataset")
    tables = {name: built.table(name) for name in names}
    described = [entry["id"] for entry in explorer_measures.measure_list(tables) if entry["description"]]
    assert set(described) <= {*chinese.texts("indicators"), *explorer.chinese_meanings()}
    assert set(tables["dataset"].collect()["dataset"]) <= set(chinese.texts("datasets"))
    reasons = {
        text for name in names[:3] for text in tables[name].select("because").drop_nulls().unique().collect()["because"]
    }
    assert [text for text in sorted(reasons) if chinese.reason(text) is None] == []


@pytest.mark.parametrize(
    ("english", "shown"),
    [
        ("No figure for DEU;CHN", ["No figure for Germany, China.", "缺少数字：德国、中国。"]),
        ("Not received: eurostat/migr_acq.", ["Not received: eurostat/migr_acq.", "未收到：eurostat/migr_acq。"]),
        (
            "A figure is missing in the formula foreign_born ÷ population × 100",
            [
                "A figure is missing in the formula Foreign-born residents ÷ Population × 100.",
                "计算式中缺少数字：外国出生居民 ÷ 人口 × 100。",
            ],
        ),
        ("A sentence that nobody has translated.", None),
    ],
)
def test_a_reason_with_codes_has_their_names_in_both_languages(english: str, shown: list[str] | None) -> None:
    assert chinese.reason(english) == shown


def test_the_csv_file_has_the_rows_of_the_table_with_names(built: Built, tmp_path: Path) -> None:
    packed = (built.release / headline_csv.FILE).read_bytes()
    text = gzip.decompress(packed)
    names = text[: text.index(b"\n")].decode().split(",")
    assert {"indicator_zh", "jurisdiction_en", "partner_zh", "dataset", "known_from"} <= set(names)
    assert {"missing_reason", "because", "value_min", "value_max", "flags", "definition"} <= set(names)
    values = pl.read_csv(io.BytesIO(text), columns=["value"], schema_overrides={"value": pl.Float64})["value"]
    assert values.equals(built.table("headline").select("value").collect()["value"], null_equal=True)
    headline_csv.write(built.release / "tables" / "headline.parquet", tmp_path / "again.csv.gz")
    assert (tmp_path / "again.csv.gz").read_bytes() == packed


@pytest.fixture(scope="module")
def tab(built: Built, chromium: int) -> Iterator[Tab]:
    """The explorer, opened from the file system."""
    with opened(chromium, (built.release / explorer.PAGE).as_uri()) as page:
        page.wait_for("document.documentElement.dataset.shown")
        yield page


def show(tab: Tab, address: str) -> None:
    """Show a view, as a link to it does."""
    tab.asked(f"history.replaceState(null, '', {address!r}), readAddress(), show()")
    assert tab.asked("problems") == []


PLACES = "CHN,EU27_2020,DEU,FRA,ROU"
QUERIES = {
    "comparison": "#compare?m=foreign_born&l=en&j=" + PLACES,
    "one partner": "#compare?m=asylum_applicants&p=CHN&l=en&j=" + PLACES,
    "all partners": "#compare?m=international_migrants&l=en&j=" + PLACES,
}


@pytest.mark.parametrize("address", QUERIES.values(), ids=QUERIES)
def test_the_csv_and_both_queries_have_the_same_figures(
    built: Built, tab: Tab, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(tab, address)
    entry = "measureById.get(state.measures[0])"
    text = str(tab.asked(f"csv({entry}, chosenSets({entry}))")).removeprefix("\ufeff")
    shown = pl.read_csv(io.StringIO(text), infer_schema_length=None).drop_nulls("value")
    expected = dict(zip(zip(shown["jurisdiction"], shown["year"], strict=True), shown["value"], strict=True))
    assert len(expected) > 10
    assert shown["citation"].str.contains(f"Release {built.release.name}").all()
    monkeypatch.chdir(built.release)
    found = duckdb.sql(str(tab.asked(f"duckdb({entry})"))).pl().drop_nulls("value")
    assert dict(zip(zip(found["jurisdiction"], found["year"], strict=True), found["value"], strict=True)) == expected
    names: dict[str, object] = {}
    exec(str(tab.asked(f"pandas({entry})")), names)
    rows = names["rows"].dropna(subset="value")  # type: ignore[attr-defined]
    assert dict(zip(zip(rows["jurisdiction"], rows["year"], strict=True), rows["value"], strict=True)) == expected


def test_no_text_of_the_csv_is_a_formula_and_numbers_stay_numbers(tab: Tab) -> None:
    fields = ["=1+1", "@SUM(A1)", "-2+3", "-", -5.5, 'a "b"', None]
    written = [tab.asked(f"quoted({json.dumps(field)})") for field in fields]
    assert written == ["'=1+1", "'@SUM(A1)", "'-2+3", "-", "-5.5", '"a ""b"""', ""]


def test_no_line_crosses_a_break_or_joins_figures_that_are_not_comparable(built: Built, tab: Tab) -> None:
    show(tab, "#compare?m=internal_mobility&j=CHN,EU27_2020,DEU&l=en")
    joined = tab.asked(
        "chosenSets(measureById.get('internal_mobility'), ['CHN'])"
        ".flatMap((points) => parts(points.filter((point) => point.value !== null)).map((part) => part.point.year))"
    )
    rows = built.table("comparison").filter(measure="internal_mobility", jurisdiction="CHN").collect()
    breaks = rows.filter(pl.col("flags").str.contains("break"))["year"].to_list()
    assert breaks
    assert isinstance(joined, list)
    assert not set(joined) & set(breaks)
    # Figures with grade D are in a chart of their own.
    assert tab.asked("document.querySelectorAll('.panel svg[role=img]').length") == 2


def test_what_is_chosen_in_the_form_is_in_the_address_and_back_undoes_it(tab: Tab) -> None:
    show(tab, "#compare?m=foreign_born&j=CHN,DEU&l=en")
    choices = (
        "document.querySelector('[data-keep=\"m-refugees\"]').click()",
        "document.querySelector('[data-keep=\"p-FRA\"]').click()",
        "{ const list = document.querySelector('[data-keep=partner]');"
        " list.value = 'SYR'; list.dispatchEvent(new Event('change')) }",
        "document.querySelector('[data-keep=v-ranking]').click()",
    )
    for at, choice in enumerate(choices):
        tab.asked(choice)
        tab.wait_for(f"document.querySelectorAll('.panel').length === 2 && history.length > {at}")
    tab.wait_for("document.querySelectorAll('.panel .ranking').length === 2")
    assert "m=refugees,foreign_born&p=SYR&j=CHN,DEU,FRA" in str(tab.asked("location.hash"))
    assert tab.asked("document.querySelectorAll('.panel h2')[0].textContent") == "Refugees, partner: Syria"
    tab.asked("history.back()")
    tab.wait_for("document.querySelectorAll('.panel svg[role=img]').length === 2")
    assert tab.asked("problems") == []


def test_an_address_with_unknown_codes_shows_what_is_known(tab: Tab) -> None:
    show(tab, "#compare?m=foreign_born,%E0%A4%A&p=<script>&j=XXX,DEU&y=1-99999&v=none&l=xx")
    assert tab.asked("state.places.join() + state.measures.join() + state.view") == "DEUforeign_bornlines"
    assert tab.asked("document.querySelectorAll('#main script').length") == 0


def test_a_missing_figure_has_its_reason_in_its_place(tab: Tab) -> None:
    show(tab, "#compare?m=foreign_born&j=DEU&v=table&l=en&y=2008-2010")
    cells = tab.asked("[...document.querySelectorAll('.panel td')].map((cell) => cell.textContent)")
    assert isinstance(cells, list)
    assert any(re.match(r"[\d,]+B", cell) for cell in cells)
    assert "Not fetched" in cells


def test_a_figure_opens_its_source_by_keyboard(tab: Tab) -> None:
    show(tab, "#compare?m=foreign_born&j=DEU&l=en")
    tab.asked("document.querySelector('.reader').focus()")
    tab.press("ArrowLeft")
    tab.press("Enter")
    facts = str(tab.asked("document.querySelector('dialog[open]').innerText"))
    for name in ("Grade", "Counted as", "Source", "Licence", "Known since", "corridor explain comparison"):
        assert name in facts


def test_figures_of_one_jurisdiction_have_no_grade(tab: Tab) -> None:
    show(tab, "#compare?m=migrant_workers&j=CHN&v=table&l=en")
    assert "Only one jurisdiction has figures" in str(tab.asked("document.querySelector('.panel').innerText"))
    assert tab.asked("document.querySelectorAll('.panel .g').length") == 0


def test_aggregates_and_figures_that_are_not_comparable_have_no_rank(built: Built, tab: Tab) -> None:
    show(tab, "#compare?m=foreign_born&j=all&v=ranking&t=2024&l=en")
    ranked = tab.asked("[...document.querySelectorAll('.ranking ol:first-child .who')].map((name) => name.textContent)")
    rows = built.table("comparison").filter(measure="foreign_born", year=2024).collect()
    assert isinstance(ranked, list)
    assert len(ranked) == rows["rank"].count()
    assert "EU-27" not in ranked


VIEWS = ["#compare?m=foreign_born&j=all&v=map", "#country/CHN?", "#country/EU27_2020?", "#corridor/DEU?", "#about?"]


@pytest.mark.parametrize("address", VIEWS)
def test_a_view_in_chinese_has_no_unmarked_english(tab: Tab, address: str) -> None:
    show(tab, f"{address}&l=zh")
    text = tab.asked(
        "{ const copy = document.body.cloneNode(true);"
        " copy.querySelectorAll('[lang=en], code, pre, script, noscript, a, option').forEach((each) => each.remove());"
        " copy.textContent }"
    )
    assert re.findall(r"(?:[A-Za-z]{2,}[ ,]+){4,}[a-z]{2,}", str(text)) == []
    assert tab.asked("document.documentElement.lang") == "zh-Hans"


@pytest.mark.parametrize("width", [360, 800, 1920])
def test_no_view_is_wider_than_the_screen(built: Built, chromium: int, width: int) -> None:
    with opened(chromium, (built.release / explorer.PAGE).as_uri(), width) as page:
        page.wait_for("document.documentElement.dataset.shown")
        assert page.asked("performance.getEntriesByType('resource').map((entry) => entry.name)") == []
        for address in [*VIEWS, *QUERIES.values()]:
            show(page, address)
            assert page.asked("document.documentElement.scrollWidth") <= width, address  # type: ignore[operator]
            assert page.asked("document.querySelectorAll('h1').length") == 1
