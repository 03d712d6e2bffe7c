"""Keys as numbers, and large frames in parts: the same rows in the same order as the plain way."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse import rows
from warehouse.rows import compact, has_duplicates, in_order, in_parts, key_numbers, plain

SCHEMA = {"code": pl.String, "day": pl.Int64, "sex": pl.String, "value": pl.Int64}
KEYS = st.sampled_from([["code"], ["code", "day"], ["day"], ["day", "code", "sex"], ["sex", "code"]])
FRAMES = st.lists(
    st.tuples(
        st.sampled_from(["x", "y", "Z", "ä", "", None]),
        st.sampled_from([1, -2, 2_000_000, None]),
        st.sampled_from(["F", "M"]),
        st.integers(0, 3),
    )
).map(lambda found: pl.DataFrame(found, schema=SCHEMA, orient="row"))


@given(frame=FRAMES, key=KEYS, categories=st.booleans())
def test_rows_are_in_the_order_of_a_plain_sort(frame: pl.DataFrame, key: list[str], categories: bool) -> None:
    found = in_order(compact(frame.lazy()) if categories else frame, key)
    assert plain(found.select(key).lazy()).collect().equals(frame.sort(key).select(key))


@given(frame=FRAMES, key=KEYS)
def test_duplicates_are_those_of_a_plain_search(frame: pl.DataFrame, key: list[str]) -> None:
    assert has_duplicates(frame, key) == frame.select(key).is_duplicated().any()


@given(first=FRAMES, second=FRAMES, key=KEYS)
def test_equal_keys_of_two_frames_have_equal_numbers(first: pl.DataFrame, second: pl.DataFrame, key: list[str]) -> None:
    numbers = pl.concat(key_numbers([first, second], key))
    together = pl.concat([first, second]).select(key)
    assert numbers.n_unique() == together.unique().height
    assert together[numbers.arg_sort()].equals(together.sort(key))


@given(frame=FRAMES, key=KEYS)
def test_keys_with_too_many_values_for_one_number_are_still_in_order(frame: pl.DataFrame, key: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_LARGEST", 3)
        patch.setattr(rows, "_FEW", 1)
        assert in_order(frame, key).select(key).equals(frame.sort(key).select(key))


@given(frame=FRAMES.map(lambda frame: frame.filter(pl.col("code").is_not_null())), size=st.integers(1, 6))
def test_parts_hold_whole_groups_and_together_all_rows(frame: pl.DataFrame, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "PART_ROWS", size)
        parts = [plain(part.lazy()).collect() for part in in_parts(frame.lazy(), ["code", "day", "sex"])]
    together = pl.concat(parts)
    assert together.select("code", "day", "sex").equals(frame.sort("code", "day", "sex").select("code", "day", "sex"))
    groups = [set(part["code"]) for part in parts]
    assert sum(len(group) for group in groups) == len(set().union(*groups))
    assert all(part.height <= size or len(group) == 1 for part, group in zip(parts, groups, strict=True))
