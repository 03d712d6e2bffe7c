from pathlib import Path

import polars as pl
import pytest

from benchmarks import payloads
from benchmarks.readers import READERS, long_floor_tsv
from sources import reading

FORMATS = {name: "sdmx_csv" if name == "sdmx_csv_2" else name for name in READERS}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json_stat"])
def test_what_is_measured_is_in_a_true_format_and_the_same_every_time(tmp_path: Path, name: str) -> None:
    first, second = tmp_path / "1" / name, tmp_path / "2" / name
    for path in (first, second):
        path.parent.mkdir()
        getattr(payloads, name)(path, 5_000)
    assert first.read_bytes() == second.read_bytes()
    with reading.opened(first) as plain:
        assert FORMATS[name] == reading.recognise(plain).NAME
        assert 5_000 <= reading.read(plain).frame.select(pl.len()).collect().item() < 7_000


def test_the_longer_floor_does_the_same_work(tmp_path: Path) -> None:
    payloads.eurostat_tsv(tmp_path / "payload", 2_000)
    long_floor_tsv(tmp_path / "payload", tmp_path / "floor")
    with reading.opened(tmp_path / "payload") as plain:
        ours = reading.read(plain).frame.collect()
    floor = pl.read_parquet(tmp_path / "floor")
    assert (floor.height, floor["value"].sum()) == (ours.height, ours["value"].sum())
    assert floor.filter(pl.col("flag") != "").height == ours["flag"].count()
