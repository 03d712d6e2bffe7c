"""Declared statements read their examples. On real wordings they give the right figure or none, never a wrong one."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sources.errors import CatalogueError, SourceError
from sources.prose import reader
from sources.prose.statements import Coded, Example, Statement, load, statements
from warehouse import codes
from warehouse.contracts import contract, fields

EVERY = [
    pytest.param(publisher, name, example, id=f"{publisher}-{name}-{number}")
    for publisher, known in statements().items()
    for name, declared in known.statements.items()
    for number, example in enumerate(declared.examples)
]
LISTED = ("nia", "nbs", "moe", "mofcom", "mps", "spp")


def read(folder: Path, publisher: str, text: str, published: str | None = None) -> list[dict[str, Any]]:
    path = folder / "text"
    path.write_text(text, encoding="utf-8")
    day = date.fromisoformat(published) if published else None
    return reader.read_statements(path, publisher, day).frame.collect().to_dicts()


@pytest.mark.parametrize(("publisher", "name", "example"), EVERY)
def test_every_statement_reads_its_examples(tmp_path: Path, publisher: str, name: str, example: Example) -> None:
    rows = [row for row in read(tmp_path, publisher, example.text, example.published) if row["statement"] == name]
    assert (example.value, example.period) in [(row["value"], row["time"]) for row in rows]
    declared = statements()[publisher].statements[name]
    assert {row["unit"] for row in rows} == {declared.unit}
    assert {row["definition"] for row in rows} == {declared.definition}


def entered() -> Iterator[tuple[str, Statement]]:
    """Statements whose figures enter a table."""
    for known in statements().values():
        yield from ((declared.table, declared) for declared in known.statements.values() if declared.table)


def test_every_figure_that_enters_a_table_is_in_its_codes() -> None:
    for table, declared in entered():
        for name, value in declared.fixed.items():
            listed = fields()[name].codes
            source = declared.fields.get(name)
            values = set(source.codes.values()) if isinstance(source, Coded) else {value}
            if listed and name in contract(table).field_names:
                assert values <= codes.members(listed), (declared.reads, name)


def test_every_figure_that_enters_a_table_has_the_unit_of_its_indicator() -> None:
    units = dict(codes.indicators().select("indicator", "unit").iter_rows())
    for _, declared in entered():
        assert units[declared.indicator] == declared.unit
        assert declared.growth is None or units[declared.growth] == "percent_change"


def test_a_statement_without_a_subject_is_refused() -> None:
    text = """
publisher: nia
issuers: [x]
statements:
  bad:
    {reads: x, zh: x, indicator: x, unit: x, definition: x, units: 人次,
     examples: [{text: x, value: 1, period: "2031"}]}
"""
    with pytest.raises(CatalogueError, match="needs a subject"):
        load(text, "bad.yaml")


def test_a_statement_that_is_declared_twice_is_refused() -> None:
    text = "publisher: nia\nissuers: [x]\nstatements:\n  one: {}\n  one: {}\n"
    with pytest.raises(CatalogueError, match="has the key one twice"):
        load(text, "bad.yaml")


PUBLISHERS = {
    "国家移民管理局 (National Immigration Administration)": "nia",
    "国家统计局 (NBS)": "nbs",
    "国家统计局 (National Bureau of Statistics)": "nbs",
    "国家统计局《中国统计年鉴》 (NBS China Statistical Yearbook, MPS data)": "nbs",
    "商务部 (MOFCOM)": "mofcom",
    "教育部 (Ministry of Education)": "moe",
    "公安部 (Ministry of Public Security)": "mps",
    "最高人民检察院 (SPP)": "spp",
}
SCALES = {"亿": 10**8, "万": 10**4, "million": 10**6}


def facts(corpus: Path) -> list[dict[str, str]]:
    names, *lines = (line.split("\t") for line in (corpus / "china/facts.tsv").read_text("utf-8").splitlines())
    return [fact for line in lines if (fact := dict(zip(names, line, strict=True)))["publisher"] in PUBLISHERS]


def day_of(text: str) -> str:
    year, month, day = ([*re.findall(r"\d+", text), "1", "1"])[:3]
    return f"{year}-{int(month):02}-{int(day):02}"


# True wordings that state less than they need to be read, cut out of their documents as they are. They stay unread.
INCOMPLETE = {
    "我国农民工总量为22542万": "no unit",
    "外出农民工数量为14041万,占农民工总量的62.3%": "no unit",
    "本地农民工数量为8501万,占农民工总量的37.7%": "no unit",
    "2011年,全国人户分离的人口为2.71亿,比上年增加977万人": "no unit",
    "流动人口为2.30亿,比上年增加828万人": "no unit",
    "比上年增加977万人": "no subject",
    "口岸总数增至65个": "no whole: there are ports without visa-free transit, too",
    "139538万人,比上年末增加530万人": "no subject",
    "男性736286人": "no whole: foreigners and residents of Hong Kong, Macao and Taiwan have men, too",
    "女性694409人": "no whole",
    "女性为443671人": "no whole",
    "拐卖儿童案件3519起": "no verb: cases are filed and solved",
    "批准逮捕...7886件19998人,同比分别增长116.1%和94.5%": "words are left out",
}


def judged(folder: Path, fact: dict[str, str]) -> str:
    """Whether the fact is right among what is read of its phrase below its title, wrong, or unread."""
    phrase = fact["exact_phrase_zh"].removeprefix("[EN] ")
    try:
        rows = read(folder, PUBLISHERS[fact["publisher"]], f"{fact['title']}\n{phrase}", day_of(fact["date"]))
    except SourceError:
        return "unread"
    scale = next((by for word, by in SCALES.items() if fact["unit"].startswith(word)), 1)
    value = float(Decimal(fact["value"]) * scale)
    ours = [row for row in rows if abs(row["value"] - value) <= 1e-9 * abs(value)]
    periods = [row["time"] for row in ours]
    if fact["period"].replace("-H", "-S") in periods:
        return "right"
    return "wrong" if ours else "unread"


@pytest.mark.corpus
def test_on_true_wordings_nearly_all_is_right_and_nothing_wrong(corpus: Path, tmp_path: Path) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    wrong = []
    for fact in facts(corpus):
        verdict = judged(tmp_path, fact)
        if fact["exact_phrase_zh"] in INCOMPLETE:
            assert verdict == "unread", fact["exact_phrase_zh"]
            continue
        wrong += [fact["exact_phrase_zh"]] if verdict == "wrong" else []
        if fact["confidence"] == "high":
            counted[PUBLISHERS[fact["publisher"]], verdict] += 1
    for publisher in LISTED:
        total = sum(number for (name, _), number in counted.items() if name == publisher)
        right = counted[publisher, "right"] / total
        print(f"{publisher}: {right:.1%} of {total} right, {counted[publisher, 'wrong'] / total:.1%} wrong")  # noqa: T201
        assert right >= 0.97, publisher
    assert sum(number for (_, verdict), number in counted.items() if verdict == "right") >= 0.98 * counted.total()
    assert wrong == []
