"""Sentences made from the declared statements keep their figures, or lose them, when their words are varied."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.prose.article import Article, normalised
from sources.prose.language.vocabulary import PROVINCES, vocabulary
from sources.prose.reader import interpreted
from sources.prose.statements import Coded, Form, Statement, statements

DAY = date(2032, 6, 30)
YEAR = "2031"
Read = set[tuple[str, str, float]]


@dataclass(frozen=True)
class Sentence:
    """A sentence of a statement in its parts."""

    publisher: str
    name: str
    time: str
    verb: str
    subject: str
    unit: str

    def text(self, figure: str = "1234.5万", time: str | None = None, before: str = "", inside: str = "") -> str:
        """The sentence with its figure, optionally with another time or with words before or in it."""
        opening = self.time if time is None else time
        return f"{opening}{before}{self.verb}{inside}{self.subject}{figure}{self.unit}"


def read(publisher: str, text: str, title: str = "") -> Read:
    cells = interpreted(Article(normalised(text), normalised(title)), statements()[publisher], DAY)
    return {(row["statement"], row["time"], row["value"]) for row in cells.frame.collect().to_dicts()}


def spelled(phrase: str, declared: Statement) -> str:
    """A wording of a phrase: the first of its alternatives, without its optional words."""
    codes = {source.group: next(iter(source.codes)) for source in declared.fields.values() if isinstance(source, Coded)}
    while "[" in phrase:
        phrase = re.sub(r"\[[^\[\]]*\]", "", phrase)
    phrase = re.sub(r"\{([^{}|]*)\|?[^{}]*\}", r"\1", phrase)
    phrase = re.sub(r"<(\w+)>", lambda match: codes[match[1]], phrase)
    return phrase.replace("#", "30")


def plain(form: Form, declared: Statement) -> bool:
    """Whether a form can be read in a sentence of its own."""
    counted = form.units and form.units[0] not in ("%", "‰", "岁", "元", "美元", "小时", "平方米")
    whole = not form.of and not form.needs_note and not form.counted and bool(form.subject) and bool(counted)
    return whole and declared.row is None and declared.context is None and declared.period is None


@cache
def sentences() -> tuple[Sentence, ...]:
    found = []
    for publisher, known in statements().items():
        for name, declared in known.statements.items():
            form = declared.all_forms[0]
            if (
                not plain(form, declared)
                or form.subject[0].isascii()
                or declared.periods
                or form.topics[:1] == ["这一年"]
            ):
                continue
            verb = vocabulary().verbs[form.verb[0]][0] if form.verb else ""
            found.append(
                Sentence(publisher, name, f"{YEAR}年", verb, spelled(form.subject[0], declared), form.units[0])
            )
    return tuple(one for one in found if (one.name, YEAR, 12_345_000.0) in read(one.publisher, one.text()))


SENTENCES = st.deferred(lambda: st.sampled_from(sentences()))
FIGURES = st.decimals(min_value=1, max_value=9999, places=1).map(lambda number: f"{number}万")
MODIFIERS = (
    *(
        "老年人",
        "学生",
        "女性",
        "未成年",
        "异地",
        "线上",
        "境外",
        "临时",
        "首次申领的",
        "团体",
        "自助通道",
        "快捷通关",
        "企业",
        "五类",
        "新增",
    ),
    *(
        "不予",
        "减少",
        "拟",
        "将",
        "预计",
        "争取",
        "疑似",
        "因公",
        "持普通签证的",
        "过夜",
        "高技能",
        "返乡",
        "失业",
        "参保",
        "脱贫",
        "鑫淼",
    ),
    *(
        "第二代",
        "城镇户籍",
        "已婚",
        "无国籍",
        "东盟",
        "欧洲",
        "东部",
        "省内某市",
        "航空",
        "水运",
        "陆路",
        "邮轮",
        "涉外",
        "跨境电商",
    ),
)
SPANS = (
    *(
        "过去五年,",
        "近三年,",
        "近3年来,",
        "最近十年",
        "五年来,",
        "七年多来,",
        "三年间,",
        "这三年",
        "五年共",
        "连续五年",
    ),
    *(
        "“十四五”以来,",
        "党的十八大以来,",
        "党的二十大以来,",
        "改革开放以来,",
    ),
    *(
        "新中国成立以来,",
        "本届政府任期内,",
        "本届任期,",
        "2028年以来,",
        "自2028年6月起,",
        "2028年至今,",
        "自2031年3月新规实施以来,",
    ),
    *(
        "年均",
        "2031年年均",
        "月均",
        "日均",
        "2031年日均",
        "平均每月",
        "每年",
        "单日",
        "首年,",
        "上周,",
        "本周",
        "近期,",
    ),
    *(
        "2031年春节假期,",
        "2031年国庆期间,",
        "春运期间,",
        "“五一”假期,",
        "2031年暑运",
        "2031年5月1日,",
    ),
    *(
        "截至2031年8月底,",
        "截至8月31日,",
        "截止2031年9月,",
        "2031年8月底,",
        "2031年初,",
        "2031年5月中旬,",
        "20XX年",
        "19年",
    ),
)
RANGES = {f"2027{dash}2031年": "2027/2031" for dash in ("-", "—", "–", "~", "～", "至", "到", "年至", "年-", "年—")}
# Spans whose first and last day, month or year the text states.
DATED = {
    "“十三五”时期": "2016/2020",
    "十四五期间": "2021/2025",
    "2031年10月1日至8日": "2031-10-01/2031-10-08",
    "2031年春节假期(1月23日至29日,共7天)": "2031-01-23/2031-01-29",
    "2029年12月17日至2030年12月16日": "2029-12-17/2030-12-16",
    "2031年1月1日至6月30日": "2031-S1",
    "自2030年12月17日新规实施以来,截至2031年6月30日": "2030-12-17/2031-06-30",
    "“十五五”以来,截至2031年6月底": "2026/2031-06",
}
PARTS = (
    *PROVINCES,
    *(
        "深圳",
        "珠海市",
        "罗湖口岸",
        "满洲里口岸",
        "港珠澳大桥口岸",
        "某边检总站",
        "粤港澳大湾区",
        "长三角",
        "浦东机场",
        "我省",
        "本市",
        "全区",
    ),
    *("香港", "澳门居民", "台胞", "韩国籍", "亚洲", "东盟国家", "发展中国家", "世界", "东北地区", "边境县"),
)


def test_the_declarations_give_many_sentences() -> None:
    assert len(sentences()) > 60
    assert {one.publisher for one in sentences()} >= {"nia", "nbs", "mps", "spp", "spc", "moe", "mofcom", "nhc"}


@settings(max_examples=400, deadline=None)
@given(SENTENCES, st.sampled_from(MODIFIERS), st.booleans())
def test_an_undeclared_word_makes_the_sentence_unread(sentence: Sentence, word: str, before: bool) -> None:
    text = sentence.text(before=word) if before else sentence.text(inside=word)
    assert read(sentence.publisher, text) == set(), text


@settings(max_examples=400, deadline=None)
@given(SENTENCES, SENTENCES, st.sampled_from([",", ";", "。"]))
def test_the_order_of_clauses_does_not_change_their_figures(one: Sentence, other: Sentence, mark: str) -> None:
    if one.publisher != other.publisher or one.subject in other.subject or other.subject in one.subject:
        return
    first, second = one.text("1234.5万"), other.text("2345.6万")
    expected = read(one.publisher, first) | read(one.publisher, second)
    assert read(one.publisher, f"{first}{mark}{second}") <= expected
    assert read(one.publisher, f"{first}。{second}") == read(one.publisher, f"{second}。{first}") == expected


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(SENTENCES, st.integers(10_000, 99_999))
def test_a_number_has_one_value_however_it_is_written(sentence: Sentence, number: int) -> None:
    whole = number * 10_000
    yi, wan = divmod(number, 10_000)
    forms = (f"{number}万", f"{number / 10_000:.4f}亿", f"{whole}", f"{whole:,}", f"{whole:,}".replace(",", " "))
    wide = f"{number}万".translate({ord(str(digit)): ord("０") + digit for digit in range(10)})
    for figure in (*forms, f"{yi}亿{wan}万", wide, f"{number} 万"):
        assert read(sentence.publisher, sentence.text(figure)) == {(sentence.name, YEAR, float(whole))}, figure


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(SENTENCES, FIGURES, st.integers(0, 5), st.integers(0, 9))
def test_a_changed_digit_changes_only_the_value(sentence: Sentence, figure: str, at: int, digit: int) -> None:
    places = [place for place, char in enumerate(figure) if char.isdigit()]
    place = places[at % len(places)]
    changed = f"{figure[:place]}{digit}{figure[place + 1 :]}"
    if changed.startswith("0"):
        return
    before, after = (read(sentence.publisher, sentence.text(each)) for each in (figure, changed))
    assert {one[:2] for one in before} == {one[:2] for one in after} == {(sentence.name, YEAR)}
    assert {one[2] for one in after} == {round(float(changed[:-1]) * 10_000, 3)}


@pytest.mark.parametrize("span", SPANS)
def test_a_span_of_time_gives_no_figure_of_a_year(span: str) -> None:
    for sentence in sentences():
        kind = statements()[sentence.publisher].statements[sentence.name]
        found = read(sentence.publisher, sentence.text(time=span))
        stocks = {(sentence.name, period, 12_345_000.0) for period in ("2031-08", "2031-09")}
        allowed = stocks if kind.kind == "stock" else set()
        assert found <= allowed, sentence.text(time=span)


@pytest.mark.parametrize("span", RANGES)
def test_a_range_of_years_is_that_range_or_unread(span: str) -> None:
    for sentence in sentences():
        found = read(sentence.publisher, sentence.text(time=f"{span},"))
        assert found <= {(sentence.name, RANGES[span], 12_345_000.0)}, sentence.text(time=span)
        if statements()[sentence.publisher].statements[sentence.name].kind == "flow":
            assert found, sentence.text(time=span)


@pytest.mark.parametrize("span", DATED)
def test_a_span_with_its_days_is_that_span_or_unread(span: str) -> None:
    for sentence in sentences():
        found = read(sentence.publisher, sentence.text(time=f"{span},"))
        if statements()[sentence.publisher].statements[sentence.name].kind == "stock":
            assert {one[1] for one in found} <= {DATED[span].rpartition("/")[2]}, sentence.text(time=span)
        else:
            assert found == {(sentence.name, DATED[span], 12_345_000.0)}, sentence.text(time=span)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(SENTENCES, st.sampled_from(PARTS), st.sampled_from(["", ",", "的", "全年"]))
def test_a_part_of_the_nation_is_not_the_nation(sentence: Sentence, part: str, mark: str) -> None:
    for text in (sentence.text(before=f"{part}{mark}"), f"{part}{mark}{sentence.text()}"):
        assert sentence.name not in {name for name, _, _ in read(sentence.publisher, text)}, text
    if "全国" not in sentence.subject:
        assert read(sentence.publisher, f"{part}情况\n{sentence.text()}", f"{part}情况") == set()


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(SENTENCES, st.sampled_from(["", "万", "岁", "元", "%", "倍", "个百分点", "万元", "天", "万份", "亿吨", "公里"]))
def test_another_unit_or_none_is_not_read(sentence: Sentence, unit: str) -> None:
    if unit.endswith(sentence.unit):
        return
    text = sentence.text("39.4").removesuffix(sentence.unit) + unit
    assert read(sentence.publisher, text) == set(), text


@settings(max_examples=300, deadline=None)
@given(
    SENTENCES,
    st.sampled_from(["的71%", "申请", "以下", ",不含边民", "(试点地区)", "中的一部分", "/日", "~2000万", "至2000万"]),
)
def test_a_figure_whose_clause_goes_on_is_not_read(sentence: Sentence, rest: str) -> None:
    text = f"{sentence.text()}{rest}"
    if rest[0] in "~至":
        text = sentence.text(f"1234.5{rest}")
    assert read(sentence.publisher, text) == set(), text


@settings(max_examples=200, deadline=None)
@given(SENTENCES)
def test_counts_are_whole(sentence: Sentence) -> None:
    assert read(sentence.publisher, sentence.text("39.4")) == set()


@pytest.mark.slow
def test_no_variation_of_any_statement_gives_a_false_figure() -> None:
    tried = 0
    for sentence in sentences():
        for word in MODIFIERS:
            for text in (sentence.text(before=word), sentence.text(inside=word)):
                # A continent is a part that a statement declares: it counts foreign students by continent.
                of_continent = {("foreign_students_continent", YEAR, 12_345_000.0)} if word == "欧洲" else set[object]()
                assert read(sentence.publisher, text) <= of_continent, text
                tried += 1
        for part in PARTS:
            for mark in ("", ",", "的", "全年"):
                text = f"{part}{mark}{sentence.text()}"
                assert sentence.name not in {name for name, _, _ in read(sentence.publisher, text)}, text
                tried += 1
    assert tried > 20_000


def english() -> Iterator[tuple[str, str, str]]:
    """Publisher, statement and frame of sentences in English, with the figure after or before what is counted."""
    for publisher, known in statements().items():
        for name, declared in known.statements.items():
            for form in declared.all_forms:
                units = [unit for unit in form.units if unit.isascii()][:2]
                wordings = [
                    *(
                        f"the {{inside}}{spelled(phrase, declared)} was 12.345 million {{unit}}"
                        for phrase in form.subject
                    ),
                    *(f"{{inside}}12.345 million {{unit}} {spelled(phrase, declared)}" for phrase in form.after),
                ]
                for wording, unit in product(wordings, units):
                    frame = f"In {YEAR}, {{before}}{wording.replace('{unit}', unit)}{{after}}."
                    if frame.isascii():
                        yield publisher, name, re.sub(" +", " ", frame)


@cache
def english_sentences() -> tuple[tuple[str, str], ...]:
    plain_figures = (
        (publisher, frame)
        for publisher, name, frame in english()
        if (name, YEAR, 12_345_000.0) in read(publisher, frame.format(before="", inside="", after=""))
    )
    return tuple(plain_figures)


ENGLISH_CHANGES = {
    "before": (
        "Shanghai's |in Guangdong, |at Beijing airport, |among women, |on average, |each day, |the world's |by sea, "
        "|over the past five years, |it is expected that |during the Spring Festival, |since 2012, |from 2021 to 2025, "
    ),
    "inside": (
        "young |female |daily average |new |registered |rural |skilled |Korean |estimated |elderly |insured |illegal "
        "|non-|remaining |increase of the |share of the |growth of the "
    ),
    "after": (
        " in Shanghai| via airports| aged 16 to 24| from the EU| by air| a day| on average| under the transit policy"
        "| fewer than in 2030| more than in 2030| per month| since 2013| short of the target| over five years| each"
        "| in the eastern region| for tourism| among men| including border residents| with children| and dependants"
        "| over the past five years| as of June| on May 1"
    ),
}


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(st.deferred(lambda: st.sampled_from(english_sentences())), st.data())
def test_an_undeclared_english_word_makes_the_sentence_unread(sentence: tuple[str, str], data: st.DataObject) -> None:
    publisher, frame = sentence
    place = data.draw(st.sampled_from(sorted(ENGLISH_CHANGES)))
    words = {"before": "", "inside": "", "after": ""}
    words[place] = data.draw(st.sampled_from(ENGLISH_CHANGES[place].split("|")))
    assert read(publisher, frame.format(**words)) == set(), frame.format(**words)


AFTERTHOUGHTS = (
    *(
        ",为五年累计数",
        ",是过去五年的总和",
        ",均来自广东",
        ",指深圳口岸",
        ",仅指水路",
    ),
    *(
        ",这是深圳的数据",
        ",以上为广东数据",
        ",为2020年以来累计",
        ",属预测数",
        ",该数为目标值",
    ),
    *(
        ",即2026至2031年合计",
        "(即五年合计)",
        ",均为女性",
        ",全部为老年人",
        ",系五年合计",
    ),
    *(
        ",不含港澳台",
        "中的女性",
        "的一半",
        "以内",
        "的预期",
    ),
)


@settings(max_examples=150, deadline=None)
@given(SENTENCES, st.sampled_from(AFTERTHOUGHTS))
def test_what_defines_a_figure_after_it_makes_it_unread(sentence: Sentence, words: str) -> None:
    assert read(sentence.publisher, f"{sentence.text()}{words}。") == set(), f"{sentence.text()}{words}"
