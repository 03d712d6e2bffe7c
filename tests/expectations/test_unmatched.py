"""Rules on what was not used: documents with many unread sentences, and datasets without a figure."""

from dataclasses import replace

import polars as pl
import pytest

from expectations.unmatched import MOST_UNREAD
from tests.support.frames import FACTS, failing_rows, rows


@pytest.mark.parametrize(("number", "failing"), [(MOST_UNREAD, 0), (MOST_UNREAD + 1, MOST_UNREAD + 1)])
def test_a_document_with_more_unread_sentences_than_any_known_one_fails(number: int, failing: int) -> None:
    frame = rows(
        "unread_sentence", *({"locator": n} for n in range(number)), sentence="x", why="no statement", stopped_by=None
    )
    assert failing_rows("few_unread_sentences", "unread_sentence", frame).height == failing


@pytest.mark.parametrize(("observations", "failing"), [({"eurostat/demo_pjan": 1}, 0), ({}, 1)])
def test_a_dataset_with_unread_sentences_and_no_figure_warns(observations: dict[str, int], failing: int) -> None:
    frame = rows("unread_sentence", sentence="x", why="no statement", stopped_by=None)
    known = replace(FACTS, observations=observations)
    assert failing_rows("some_figures_read", "unread_sentence", frame, known).height == failing


def test_a_figure_held_back_warns_until_a_person_accepts_it_or_a_release_lists_it() -> None:
    absent = {"accepted_at": None, "sentence": "x", "title": "", "why": "far", "held_value": 1.0, "dimensions": ""}
    figures = [{"figure": f"{'0' * 12}:{n}", "locator": n} for n in range(3)]
    figures = [one | absent | {"table_name": "migration_flow", "accepted_because": None} for one in figures]
    frame = rows("held_figure", *figures)
    accepted = frame.with_columns(accepted_because=pl.when(pl.col("locator") == 1).then(pl.lit("it is right")))
    assert failing_rows("no_new_held_figures", "held_figure", accepted)["locator"].to_list() == [0, 2]
    known = replace(FACTS, previous=frame.filter(pl.col("locator") == 0).lazy())
    assert failing_rows("no_new_held_figures", "held_figure", accepted, known)["locator"].to_list() == [2]
