"""JSON-stat: values and flags by index, and damaged datasets are refused."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.cells import CODE, CORE
from sources.errors import FormatError
from sources.formats.json import json_stat
from sources.reading import recognise


def dataset(**changes: object) -> dict[str, Any]:
    """Return a dataset of two areas and three years."""
    return {
        "version": "2.0",
        "class": "dataset",
        "updated": "2026-07-09T23:00:00+0200",
        "value": {"5": 60.5, "0": 10, "2": 0},
        "status": {"5": "bep"},
        "id": ["geo", "time"],
        "size": [2, 3],
        "dimension": {
            "geo": {
                "label": "Area",
                "category": {"index": {"EL": 1, "AT": 0}, "label": {"AT": "Austria", "EL": "Greece"}},
            },
            "time": {"label": "Time", "category": {"index": {"2017": 0, "2018": 1, "2019": 2}}},
        },
        "extension": {"id": "MIGR_X"},
    } | changes


def write(folder: Path, item: object) -> Path:
    path = folder / "payload"
    path.write_text(item if isinstance(item, str) else json.dumps(item, ensure_ascii=False), encoding="utf-8")
    return path


def cells(path: Path) -> pl.DataFrame:
    assert recognise(path).NAME == "json_stat"
    return json_stat.read(path).frame.collect()


def test_values_in_any_order_are_read_at_their_index(tmp_path: Path) -> None:
    path = write(tmp_path, dataset())
    found = json_stat.read(path)
    assert (found.dimensions, found.dataset, found.coded) == (("geo",), "MIGR_X", True)
    assert found.updated == datetime(2026, 7, 9, 23, tzinfo=timezone(timedelta(hours=2)))
    assert found.labels == {"geo": {"AT": "Austria", "EL": "Greece"}}
    assert found.frame.collect_schema() == {"geo": CODE, **CORE}
    assert found.frame.collect().rows() == [
        ("AT", "2017", 10.0, None, None, None, 0),
        ("AT", "2019", 0.0, None, None, None, 2),
        ("EL", "2019", 60.5, None, "bep", None, 5),
    ]
    assert json_stat.finder(path)(5) == "60.5"


def test_a_status_without_value_is_a_cell(tmp_path: Path) -> None:
    path = write(tmp_path, dataset(status={"1": "m"}))
    frame = cells(path)
    assert frame.row(1) == ("AT", "2018", None, None, "m", None, 1)
    assert json_stat.finder(path)(1) == "m"


@pytest.mark.parametrize(
    ("status", "flag", "conf"), [("|C", None, "C"), ("b|C", "b", "C"), ("|N", None, "N"), ("be", "be", None)]
)
def test_a_status_is_a_flag_and_a_confidentiality(
    tmp_path: Path, status: str, flag: str | None, conf: str | None
) -> None:
    assert cells(write(tmp_path, dataset(status={"0": status}))).row(0)[-3:-1] == (flag, conf)


def test_values_and_status_may_be_lists(tmp_path: Path) -> None:
    frame = cells(
        write(tmp_path, dataset(value=[1, None, 3, None, None, 6.5], status=[None, "c", None, "", None, "p"]))
    )
    assert frame.select("locator", "value", "flag").rows() == [
        (0, 1.0, None),
        (1, None, "c"),
        (2, 3.0, None),
        (3, None, None),
        (5, 6.5, "p"),
    ]


def test_an_empty_result_has_no_cells(tmp_path: Path) -> None:
    assert cells(write(tmp_path, dataset(value={}, status={}))).is_empty()
    assert cells(write(tmp_path, dataset(value={}, status={}, id=[], size=[], dimension={}))).is_empty()


def test_a_text_that_is_no_number_is_kept_unchanged(tmp_path: Path) -> None:
    frame = cells(write(tmp_path, dataset(value={"0": ":", "1": "5", "2": 7, "3": None})))
    assert frame.select("value", "raw").rows()[:4] == [(None, ":"), (5.0, None), (7.0, None), (None, None)]


def test_the_old_service_wraps_its_dataset_and_marks_what_is_not_available(tmp_path: Path) -> None:
    old = {
        "migr_x": {
            "wsVersion": "V1_1",
            "lastUpdateDate": 1446764400000,
            "status": {"value": [":", None, "p", ":c"], "category": {"label": {":": "not available"}}},
            "value": [None, 15800, 2.5, None],
            "dimension": {
                "id": ["geo", "time"],
                "size": [2, 2],
                "geo": {"category": {"index": {"IT": 0, "FR": 1}, "label": {"IT": "Italy", "FR": "France"}}},
                "time": {"category": {"index": {"2013": 0, "2014": 1}}},
            },
        }
    }
    path = write(tmp_path, old)
    found = json_stat.read(path)
    assert (found.dataset, found.updated) == ("migr_x", datetime(2015, 11, 5, 23, tzinfo=UTC))
    assert found.frame.collect().rows() == [
        ("IT", "2013", None, ":", None, None, 0),
        ("IT", "2014", 15800.0, None, None, None, 1),
        ("FR", "2013", 2.5, None, "p", None, 2),
        ("FR", "2014", None, ":", "c", None, 3),
    ]
    assert [json_stat.finder(path)(at) for at in range(4)] == [":", "15800", "2.5", ":c"]


def test_the_dimension_of_time_may_have_another_name(tmp_path: Path) -> None:
    item = dataset(id=["geo", "Year"], role={"time": ["Year"]})
    item["dimension"]["Year"] = item["dimension"].pop("time")
    assert cells(write(tmp_path, item))["time"].to_list() == ["2017", "2019", "2019"]


def test_an_index_may_be_a_list_and_one_code_needs_none(tmp_path: Path) -> None:
    item = dataset(id=["unit", "geo", "time"], size=[1, 2, 3])
    item["dimension"]["unit"] = {"category": {"label": {"PER": "Person"}}}
    item["dimension"]["geo"]["category"]["index"] = ["AT", "EL"]
    assert cells(write(tmp_path, item)).row(2)[:3] == ("PER", "EL", "2019")


def doubled(member: str, pair: str) -> str:
    return json.dumps(dataset()).replace(f'"{member}": {{', f'"{member}": {{{pair}, ', 1)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (doubled("value", '"5": 1'), "an index is repeated"),
        (doubled("status", '"5" : "p"'), "an index is repeated"),
        (doubled("value", '"05": 1'), "an index is repeated"),
        (dataset(value={"6": 1}), "the index 6 of a value is not among the 6"),
        (dataset(value={"-1": 1}), "the index -1 of a value is not among"),
        (dataset(status={"9": "b"}), "the index 9 of a status is not among"),
        (dataset(value={"x": 1}), "'x' is not an index of a value"),
        (dataset(value=[1, 2]), "'value' has 2 items, the sizes require 6"),
        (dataset(size=[2, 4]), "'time' has size 4, but its index has 3 codes"),
        (dataset(size=[2]), "id and size"),
        (dataset(id=["sex", "time"]), "'sex' is not described"),
        (dataset(id=["geo", "geo"], size=[2, 2]), "one dimension of time"),
        (dataset(value={"0": [1]}), "neither a text nor a number"),
        (dataset(status={"0": {}}), "neither a text nor a number"),
        (dataset(updated="yesterday"), "not ISO 8601"),
        (json.dumps(dataset())[:-40], "not complete JSON.*line 1 column"),
        (json.dumps(dataset()).replace("60.5", "NaN"), "not complete JSON"),
    ],
)
def test_a_damaged_dataset_is_refused(tmp_path: Path, item: object, expected: str) -> None:
    with pytest.raises(FormatError, match=expected):
        json_stat.read(write(tmp_path, item))


@pytest.mark.parametrize(
    "body",
    [
        {"error": [{"status": 413, "id": 413, "label": "EXTRACTION_TOO_BIG: please"}]},
        {"error": {"status": "400", "label": "EXTRACTION_TOO_BIG: please"}},
        {"warning": {"status": 413, "label": "EXTRACTION_TOO_BIG: please"}},
    ],
)
def test_an_error_or_warning_is_refused_in_the_words_of_the_publisher(tmp_path: Path, body: object) -> None:
    path = write(tmp_path, body)
    with pytest.raises(FormatError, match=r"the publisher answered with .*EXTRACTION_TOO_BIG: please"):
        recognise(path).read(path)


@st.composite
def cubes(draw: st.DrawFn) -> tuple[list[int], dict[int, float], dict[int, str]]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    at = st.integers(0, math.prod(sizes) - 1)
    number = st.one_of(st.integers(-(2**53), 2**53).map(float), st.floats(allow_nan=False, allow_infinity=False))
    return sizes, draw(st.dictionaries(at, number)), draw(st.dictionaries(at, st.sampled_from(["b", "|C", "bu|N"])))


@given(cubes())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cube: tuple[list[int], dict[int, float], dict[int, str]]
) -> None:
    sizes, values, status = cube
    ids = [*(f"d{at}" for at in range(1, len(sizes))), "time"]
    dimension = {
        name: {"category": {"index": {f"{name}.{at}": at for at in reversed(range(size))}}}
        for name, size in zip(ids, sizes, strict=True)
    }
    path = write(
        tmp_path_factory.mktemp("written"),
        dataset(id=ids, size=sizes, dimension=dimension, value=values, status=status),
    )
    frame = cells(path)
    find = json_stat.finder(path)
    assert set(frame["locator"]) == values.keys() | status.keys()
    for row in frame.iter_rows(named=True):
        at = row["locator"]
        assert row["value"] == values.get(at)
        assert "|".join([row["flag"] or "", row["conf"]] if row["conf"] else [row["flag"] or ""]) == status.get(at, "")
        flat = 0
        for name, size in zip(ids, sizes, strict=True):
            flat = flat * size + int(row[name].split(".")[1])
        assert flat == at
        if at in values:
            assert float(find(at)) == values[at]
