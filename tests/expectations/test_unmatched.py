"""Rules on what was not used: documents with many unread sentences, and datasets without a figure."""

from dataclasses import replace

import pytest

from expectations.unmatched import MOST_UNREAD
from tests.support.frames import FACTS, failing_rows, rows


@pytest.mark.parametrize(("number", "failing"), [(MOST_UNREAD, 0), (MOST_UNREAD + 1, MOST_UNREAD + 1)])
def test_a_document_with_more_unread_sentences_than_any_known_one_fails(number: int, failing: int) -> None:
    frame = rows("unread_sentence", *({"locator": n} for n in range(number)), sentence="x", why="no statement")
    assert failing_rows("few_unread_sentences", "unread_sentence", frame).height == failing


@pytest.mark.parametrize(("observations", "failing"), [({"eurostat/demo_pjan": 1}, 0), ({}, 1)])
def test_a_dataset_with_unread_sentences_and_no_figure_warns(observations: dict[str, int], failing: int) -> None:
    frame = rows("unread_sentence", sentence="x", why="no statement")
    known = replace(FACTS, observations=observations)
    assert failing_rows("some_figures_read", "unread_sentence", frame, known).height == failing
