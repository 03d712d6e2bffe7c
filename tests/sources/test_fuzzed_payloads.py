"""Mutated payloads are read or refused; ``make fuzz`` reads more of them."""

import pytest

from tests.support.fuzzing import fuzz, seeds

MINUTES = 10


@pytest.mark.slow
def test_no_mutated_payload_ends_a_reader_or_loses_a_cell() -> None:
    reports: list[str] = []
    assert fuzz(MINUTES, 1, reports.append) == []
    assert int(reports[0].partition(" ")[0].replace(",", "")) > 5_000


def test_every_seed_of_the_fuzzer_has_its_own_name() -> None:
    names = [one.name for one in seeds()]
    assert len(names) == len(set(names))
    assert len(names) > 30
