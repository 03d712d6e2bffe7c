"""The generated payloads of the benchmarks have the formats of the publishers, and the readers do the same work."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks import payloads
from benchmarks.readers import READERS, long_floor_tsv
from sources import reading

FORMATS = {name: "sdmx_csv" if name == "sdmx_csv_2" else name for name in READERS}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json_stat"])
def test_a_generated_payload_has_the_publishers_format_and_always_the_same_bytes(tmp_path: Path, name: str) -> None:
    first, second = tmp_path / "1" / name, tmp_path / "2" / name
    for path in (first, second):
        path.parent.mkdir()
        getattr(payloads, name)(path, 5_000)
    assert first.read_bytes() == second.read_bytes()
    with reading.opened(first) as plain:
        assert FORMATS[name] == reading.recognise(plain).NAME
        assert 5_000 <= reading.read(plain).frame.select(pl.len()).collect().item() < 7_000


def test_the_floor_of_the_same_work_writes_the_same_cells(tmp_path: Path) -> None:
    payloads.eurostat_tsv(tmp_path / "payload", 2_000)
    long_floor_tsv(tmp_path / "payload", tmp_path / "floor")
    with reading.opened(tmp_path / "payload") as plain:
        ours = reading.read(plain).frame.collect()
    floor = pl.read_parquet(tmp_path / "floor")
    assert (floor.height, floor["value"].sum()) == (ours.height, ours["value"].sum())
    assert floor.filter(pl.col("flag") != "").height == ours["flag"].count()
