"""Prose: pages and texts in the structure of the publishers, around figures of our own, give these or nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import reading
from sources.catalogue import publishers
from sources.cells import Cells
from sources.errors import FormatError
from sources.formats.delimited import figures_csv
from sources.prose import reader
from sources.prose.language.quantities import FIGURE, figure
from sources.prose.locators import locate
from sources.prose.statements import Statements, load, statements

PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}"><meta name="SiteName" content="国家移民管理局">
<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="2031-07-16 10:00">
<script>var a = 9;</script></head><body><div class="nav">首页 12367</div>
<div class="content">{body}</div><div class="footer">京ICP备 123456号</div></body></html>"""
TITLE = "国家移民管理局发布2031年上半年移民管理主要数据"
BODY = (
    "<p>上半年，全国移民管理机构累计查验出入境人员３．５０亿人次[1]，同比上升5.1%；其中内地居民1.60亿人次、港澳台居民1.45亿人次、"
    "外国人4500.5万人次。</p><p>免签入境外国人1500余万人次，占入境外国人的71.5%。</p>"
)


def cells(folder: Path, body: str | bytes, publisher: str | None = "nia", published: date | None = None) -> Cells:
    path = folder / "payload"
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return reading.read(path, publisher, published)


def figures(read: Cells) -> dict[tuple[str, str], float]:
    return {(row["statement"], row["time"]): row["value"] for row in read.frame.collect().to_dicts()}


def reasons(read: Cells) -> str:
    assert read.unread is not None
    return " | ".join(read.unread["why"])


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_publisher_date_and_title_of_a_page_are_read(tmp_path: Path, charset: str) -> None:
    read = cells(tmp_path, PAGE.format(charset=charset, title=TITLE, body=BODY).encode(charset), publisher=None)
    assert figures(read) == {
        ("border_inspections", "2031-S1"): 350_000_000,
        ("border_inspections.growth", "2031-S1"): 5.1,
        ("border_inspections_mainland", "2031-S1"): 160_000_000,
        ("border_inspections_hmt", "2031-S1"): 145_000_000,
        ("border_inspections_foreigners", "2031-S1"): 45_005_000,
        ("visa_free_entries", "2031-S1"): 15_000_000,
        ("visa_free_share", "2031-S1"): 71.5,
    }
    assert read.dataset == TITLE
    assert read.updated is not None
    assert read.updated.date() == date(2031, 7, 16)
    assert read.unread is not None
    assert read.unread.is_empty()


def test_every_figure_is_followed_back_to_its_sentence(tmp_path: Path) -> None:
    read = cells(tmp_path, PAGE.format(charset="utf-8", title=TITLE, body=BODY))
    find = reader.finder(tmp_path / "payload")
    for row in read.frame.collect().to_dicts():
        number, _, shown = find(row["locator"]).partition(" ")
        assert float(number) == row["value"]
        assert shown.count("【") == 1
        assert shown.replace("【", "").replace("】", "").strip() == row["phrase"]


def test_a_figure_without_a_span_is_an_error(tmp_path: Path) -> None:
    cells(tmp_path, "2031年查验出入境人员7亿人次。")
    with pytest.raises(FormatError, match="no text"):
        reader.finder(tmp_path / "payload")(locate(5_000, 3))


def test_traditional_characters_are_read(tmp_path: Path) -> None:
    read = cells(tmp_path, "2031年派出各類勞務人員43.1萬人，較上年增長1.2%。", "mofcom")
    assert figures(read) == {("sent", "2031"): 431_000}


@pytest.mark.parametrize(
    ("text", "value", "least", "most"),
    [
        ("6.97亿", 697_000_000, 696_500_000, 697_500_000),
        ("7亿3439万", 734_390_000, 734_385_000, 734_395_000),
        ("1亿2345.6万", 123_456_000, 123_455_500, 123_456_500),
        ("84万5697", 845_697, None, None),
        ("492,185", 492_185, None, None),
        ("9500余", 9500, 9500, None),
        ("300多万", 3_000_000, 3_000_000, None),
        ("5.8万余", 58_000, 58_000, None),
        ("超过100万", 1_000_000, 1_000_000, None),
        ("近6亿", 600_000_000, None, 600_000_000),
        ("约600万", 6_000_000, 5_990_000, 6_010_000),
        ("670 million", 670_000_000, 665_000_000, 675_000_000),
        ("more than 50 thousand", 50_000, 50_000, None),
        ("-2.41", -2.41, -2.415, -2.405),
    ],
)
def test_numerals_have_their_value_and_bounds(text: str, value: float, least: float | None, most: float | None) -> None:
    found = figure(text)
    assert found.value == pytest.approx(value)
    assert found.least == pytest.approx(least)
    assert found.most == pytest.approx(most)


@given(yi=st.integers(1, 99), wan=st.integers(1, 9999), ones=st.integers(0, 9999))
def test_mixed_scales_add_up(yi: int, wan: int, ones: int) -> None:
    assert figure(f"{yi}亿{wan}万").value == yi * 10**8 + wan * 10**4
    assert figure(f"{wan}万{ones:04}").value == wan * 10**4 + ones
    assert figure(f"{yi}.{wan}亿").value == pytest.approx(float(f"{yi}.{wan}") * 10**8)


@given(st.text(alphabet="0123456789.,万亿余约近超 人次,。", max_size=30))
def test_any_text_that_looks_like_a_figure_is_one_or_an_error(text: str) -> None:
    import re

    for match in re.finditer(FIGURE, text):
        assert figure(match.group()).value >= 0


NOT_PAGES = {
    "a redirect by script": "<html><head><script>location.href='/waf?x=1'</script></head><body></body></html>",
    "a block page": "<html><head><title>403 Forbidden</title></head><body><h1>访问被拒绝</h1></body></html>",
    "a page of the firewall": "<html><head><title>服务异常</title></head><body><p>请稍后再试</p></body></html>",
    "a bulletin in pictures": "<html><head><title>一图读懂</title></head><body><img src='a.jpg'></body></html>",
}


@pytest.mark.parametrize("body", NOT_PAGES.values(), ids=NOT_PAGES)
def test_what_is_no_article_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(FormatError, match="where an article was expected"):
        cells(tmp_path, body)


def test_bytes_in_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no encoding"):
        cells(tmp_path, b"<html><body><p>\xff\xff\xfe\x80 2031</p></body></html>")


UNCERTAIN = {
    "a masked year": ("19年农民工监测调查报告\n19年农民工总量达到28001万人。", "nbs", "masked"),
    "no year at all": ("查验出入境人员7亿人次。", "nia", "period"),
    "a holiday": ("春节假期，全国边检机关共查验出入境人员1000万人次。", "nia", "not a calendar period"),
    "two totals": ("2031年查验出入境人员7亿人次，同时查验出入境人员6亿人次。", "nia", "is given as"),
    "advert in the number": ("2031年外国人6488《点此》.2万人次。", "nia", "no statement reads"),
    "spun synonyms": ("2031年寰宇东谈主口14.1亿人。", "nbs", "no statement reads"),
    "one port": ("2031年广东口岸查验出入境人员2亿人次。", "nia", "no statement reads"),
    "a holiday of a year": ("2031年国庆假期，全国边检机关共查验出入境人员1000万人次。", "nia", "not a calendar period"),
    "a holiday before it": ("2031年春节期间，口岸平稳。其中，内地居民700万人次。", "nia", "not a calendar period"),
    "a holiday of this year": (
        "今年春节假期全国边检机关共保障1400.1万人次中外人员出入境。",
        "nia",
        "not a calendar period",
    ),
    "one day of a year": ("2031年2月23日，查验出入境人员268.8万人次，创历史新高。", "nia", "not a calendar period"),
    "since a day": ("2031年5月启动以来，签发普通护照300万本。", "nia", "since a time"),
    "a total of years": ("2031年累计派出各类劳务人员1000万人。", "mofcom", "since a time"),
    "a part of the country": ("2031年东部11省市来华留学生共计34万人。", "moe", "no statement reads"),
    "a province": ("2031年广东省农民工总量3000万人。", "nbs", "no statement reads"),
    "other documents": ("2031年补发普通护照60万本。", "nia", "no statement reads"),
    "those caught": ("2031年查获非法出入境人员2700人次。", "nia", "no statement reads"),
    "two grades together": ("2031年来华留学：硕士和博士研究生共计8万人。", "moe", "no statement reads"),
    "a day's mean": ("2031年日均查验出入境人员190.9万人次。", "nia", "not a calendar period"),
}


@pytest.mark.parametrize(("text", "publisher", "why"), UNCERTAIN.values(), ids=UNCERTAIN)
def test_what_is_not_certain_is_listed_and_not_read(tmp_path: Path, text: str, publisher: str, why: str) -> None:
    read = cells(tmp_path, text, publisher, date(2032, 2, 8) if why == "not a calendar period" else None)
    assert figures(read) == {}
    assert why in reasons(read)


def test_the_day_of_publication_of_a_text_can_be_given(tmp_path: Path) -> None:
    read = cells(tmp_path, "其中内地居民3235.1万人次。", "nia", date(2031, 4, 19))
    assert figures(read) == {("border_inspections_mainland", "2031-Q1"): 32_351_000}


VARIED = {
    "2031年一季度，边检机关检查出入境人员总数突破9000万人次。": ("border_inspections", "2031-Q1", 90_000_000),
    "2031年1-6月，内地居民出境人数达到7800.5万人次。": ("exits_mainland", "2031-S1", 78_005_000),
    "2031年外国人出入境首次超过9千万人次，达9100.5万人次。": ("border_inspections_foreigners", "2031", 91_005_000),
    "截至2031年12月31日，我国农民工总量为30100万人。": ("migrant_workers", "2031", 301_000_000),
    "截至2031年12月31日，我国农民工总量为30100万。": None,
    "“獴猎”行动—2031，上半年侦办妨害国境管理犯罪案件9800余起。": None,
    "农民工月均收入平稳增长，2031年达到4780元，比上年增加165元。": ("income", "2031", 4780),
}


@pytest.mark.parametrize(("text", "expected"), VARIED.items(), ids=range(len(VARIED)))
def test_what_is_worded_otherwise_is_read_right_or_not_at_all(
    tmp_path: Path, text: str, expected: tuple[str, str, float] | None
) -> None:
    read = figures(cells(tmp_path, text, "nbs" if "农民工" in text else "nia"))
    assert read == ({expected[:2]: expected[2]} if expected else {})


def test_entries_with_border_residents_are_a_group_of_their_own(tmp_path: Path) -> None:
    text = "2031年外国人入境2300万人次（含外国边民800万人次）。"
    rows = cells(tmp_path, text).frame.collect().to_dicts()
    assert [(row["person_group"], row["direction"], row["value"]) for row in rows] == [
        ("FOR_WITH_BR", "IN", 23_000_000),
        ("FOR_BR", "IN", 8_000_000),
    ]


def test_a_rounder_figure_of_the_headline_does_not_contradict(tmp_path: Path) -> None:
    text = "2031年农民工总量超3亿人\n2031年农民工总量30100万人，比上年增长0.3%。"
    assert figures(cells(tmp_path, text, "nbs"))["migrant_workers", "2031"] == 301_000_000


def test_visa_free_entries_of_the_two_counts_are_two_series(tmp_path: Path) -> None:
    text = "2024年一季度，以免签方式入境外国人200.1万人次。\n2024年上半年，通过免签入境900.1万人次。"
    rows = cells(tmp_path, text).frame.collect().to_dicts()
    assert [(row["indicator"], row["time"], row["flag"]) for row in rows] == [
        ("visa_free_entries_narrow", "2024-Q1", None),
        ("visa_free_entries", "2024-S1", "B"),
    ]


def test_entries_are_not_crossings_and_compared_years_are_no_periods(tmp_path: Path) -> None:
    text = "2031年三季度，入境外国人800.5万人次，达到2019年同期的95%；与2030年相比，外国人出入境1600.5万人次。"
    assert figures(cells(tmp_path, text)) == {
        ("entries_foreigners", "2031-Q3"): 8_005_000,
        ("border_inspections_foreigners", "2031-Q3"): 16_005_000,
    }


def test_the_most_precise_of_figures_that_agree_is_taken(tmp_path: Path) -> None:
    text = "2031年末流动人口3.85亿人。2031年流动人口为38467万人。"
    assert figures(cells(tmp_path, text, "nbs")) == {("floating", "2031"): 384_670_000}


BROKEN = {
    "migrant workers": ("2031年农民工总量30100万人，其中外出农民工18100万人，本地农民工12100万人。", "nbs"),
    "groups": (
        "2031年查验出入境人员7.00亿人次，其中内地居民3.00亿人次、港澳台居民2.00亿人次、外国人8000万人次。",
        "nia",
    ),
}


@pytest.mark.parametrize(("text", "publisher"), BROKEN.values(), ids=BROKEN)
def test_a_counterfeit_text_is_refused_by_its_sums(tmp_path: Path, text: str, publisher: str) -> None:
    with pytest.raises(FormatError, match="contradict each other"):
        cells(tmp_path, text, publisher)


TWO = """
publisher: nia
issuers: [国家移民管理局]
statements:
  one: &one
    {reads: a, zh: "{}", indicator: a, unit: crossings, definition: d, subject: 出入境人员, units: 人次,
     examples: [{text: x, value: 1, period: "2031"}]}
  two: {<<: *one, indicator: b}
"""


def test_a_figure_that_two_statements_claim_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two: dict[str, Statements] = {"nia": load(TWO, "two.yaml")}
    monkeypatch.setattr(reader, "statements", lambda: two)
    read = cells(tmp_path, "2031年出入境人员7亿人次。")
    assert read.frame.collect().is_empty()
    assert "two statements claim it" in reasons(read)


def test_a_publisher_without_statements_is_named(tmp_path: Path) -> None:
    (tmp_path / "payload").write_text("2031年查验出入境人员7亿人次。", encoding="utf-8")
    with pytest.raises(FormatError, match="eurostat has no statements"):
        reader.read_statements(tmp_path / "payload", "eurostat")
    with pytest.raises(FormatError, match="does not name its publisher"):
        reader.read_statements(tmp_path / "payload")


def line(**changes: str) -> str:
    entry: dict[str, Any] = dict.fromkeys(figures_csv.COLUMNS, "") | {
        "publisher": "nia",
        "title": TITLE,
        "published": "2031-07-16",
        "place": "https://www.nia.gov.cn/c1/content.html",
        "statement": "passports_issued",
        "period": "2031-S1",
        "figure": "1100余万",
        "counted": "本",
    }
    return ",".join((entry | changes).values())


def table(folder: Path, *lines: str) -> Path:
    path = folder / "figures.csv"
    path.write_text("\n".join([",".join(figures_csv.COLUMNS), *lines, ""]), encoding="utf-8")
    return path


def test_a_table_of_figures_gives_the_cells_of_the_prose(tmp_path: Path) -> None:
    path = table(tmp_path, line(), line(statement="border_inspections.growth", figure="-5.1", counted="%", flag="U"))
    passports, change = reading.read(path).frame.collect().to_dicts()
    assert (passports["table"], passports["document"], passports["value"]) == ("visa", "PASSPORT", 11_000_000)
    assert (passports["least"], passports["most"], passports["unit"]) == (11_000_000, None, "documents")
    assert (change["indicator"], change["value"]) == ("border_inspections_growth", -5.1)
    assert change["unit"] == "percent_change"
    assert change["flag"] == "U"
    shown = figures_csv.finder(path)(passports["locator"])
    assert shown.startswith("11000000 签发普通护照【1100余万本】 (ordinary passports issued), 国家移民管理局")


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"statement": "nothing"}, "record 2: nia has no statement nothing"), ({"figure": "many"}, "record 2: 'many'")],
)
def test_a_line_that_is_not_declared_is_refused(tmp_path: Path, changes: dict[str, str], why: str) -> None:
    with pytest.raises(FormatError, match=why):
        reading.read(table(tmp_path, line(**changes)))


def test_every_publisher_of_prose_is_in_the_catalogue() -> None:
    assert set(statements()) <= set(publishers())
