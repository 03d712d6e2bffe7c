"""The tables that people download from China's statistics bureau, as text in two encodings and as workbook."""

from pathlib import Path

import pytest

from sources import reading
from sources.errors import FormatError
from tests.support.workbooks import workbook

PROVINCES = [
    ["数据库：分省年度数据", "", "", ""],
    ["时间：最近2年", "", "", ""],
    ["指标：年末常住人口(万人)", "", "", ""],
    ["地区", "2024年", "2023年", ""],
    ["北京市", "2183.2", "2185.8", ""],
    ["天津市", "", "1364", ""],
    ["数据来源：国家统计局", "", "", ""],
]
NATION = [
    ["数据库：年度数据"],
    ["时间：最近2年"],
    ["指标", "2024年", "2023年"],
    ["年末总人口(万人)", "140828", "140967"],
    ["人口出生率(‰)", "6.77", "6.39"],
    ["注：1981年及以前人口数据为户籍统计数。"],
    ["数据来源：国家统计局"],
]
EXPECTED = [
    ("年末常住人口", "万人", "北京市", "2024", 2183.2),
    ("年末常住人口", "万人", "北京市", "2023", 2185.8),
    ("年末常住人口", "万人", "天津市", "2024", None),
    ("年末常住人口", "万人", "天津市", "2023", 1364.0),
]


def text(rows: list[list[str]]) -> str:
    return "\r\n".join("\t,".join(row) for row in rows)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "payload"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", ["utf-8-sig", "gb18030", "workbook"])
def test_a_table_of_provinces_has_areas(tmp_path: Path, form: str) -> None:
    if form == "workbook":
        path = workbook(tmp_path / "payload", {"分省年度数据": PROVINCES})
    else:
        path = written(tmp_path, text(PROVINCES).encode(form))
    frame = reading.read(path).frame.collect()
    assert frame.select("name", "unit", "area", "time", "value").rows() == EXPECTED
    found = reading.recognise(path).finder(path)
    assert [found(locator).strip() for locator in frame["locator"]] == ["2183.2", "2185.8", "", "1364"]


def test_a_table_of_the_nation_has_one_indicator_in_a_row(tmp_path: Path) -> None:
    cells = reading.read(written(tmp_path, text(NATION).encode()))
    assert cells.dimensions == ("indicator", "name", "unit")
    assert cells.frame.select("name", "unit", "time", "value").collect().rows() == [
        ("年末总人口", "万人", "2024", 140828.0),
        ("年末总人口", "万人", "2023", 140967.0),
        ("人口出生率", "‰", "2024", 6.77),
        ("人口出生率", "‰", "2023", 6.39),
    ]


def test_a_table_of_one_province_has_its_name_above(tmp_path: Path) -> None:
    rows = [
        ["数据库：分省年度数据"],
        ["地区：上海市"],
        ["指标", "2024年第二季度", "2024年3月"],
        ["a(万人)", "1", "2"],
        NATION[-1],
    ]
    found = reading.read(written(tmp_path, text(rows).encode())).frame.select("area", "time", "value").collect()
    assert found.rows() == [("上海市", "2024-Q2", 1.0), ("上海市", "2024-03", 2.0)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("\r\n数据来源：国家统计局", ""), "cut off"),
        (("北京市\t,2183.2\t,", "北京市\t,"), "record 5 has 3 fields, the header has 4"),
        (("2023年", "2024年"), "header of two columns"),
        (("地区", "指标"), "does not state of which"),
        (("指标：", "备注："), "names its 指标"),
    ],
)
def test_refuses_a_table_that_lacks_something(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        reading.read(written(tmp_path, text(PROVINCES).replace(*change, 1).encode()))
