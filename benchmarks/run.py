"""Measure reading, side by side, and write ``RESULTS.md`` and its plot. ``python -m benchmarks.run [full] [FORMAT …]``.

Each measurement is a process of its own. The readers of a payload take turns, so that what else the machine does meets
all of them alike, and the median of their turns counts.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import altair as alt
import polars as pl

from benchmarks import payloads
from benchmarks.readers import MEMORY, READERS

HERE = Path(__file__).parent
PACKED = ("eurostat_tsv", "sdmx_csv", "sdmx_csv_2", "ilostat_csv")
PEERS = ("eurostat", "pysdmx", "sdmx1", "pyjstat")
SAME = "floor, made long"
QUICK, TURNS = 1_000_000, 3
# Only what publishers send that large, and once; at the largest without those that hold the whole table several times.
LARGE = {10_000_000: ("corridor", "floor", SAME, *PEERS), 50_000_000: ("corridor", "floor")}
SENT_LARGE = ("eurostat_tsv", "sdmx_csv")
LEAST = {"eurostat_xlsx": 200_000}  # a workbook holds no more
SECONDS, LONG = 300, 20
TOOLS = ("polars", "pyarrow", "orjson", "pandas", "python-calamine", *PEERS)


class Taken(NamedTuple):
    """What one reader took for a payload in the median of its turns, or why it took nothing."""

    format: str
    size: int
    reader: str
    turns: int
    seconds: float | None
    worked: float | None
    peak: float | None
    why: str


def measure(form: str, size: int, folder: Path) -> list[Taken]:
    """Every reader of a format on one payload; one that has read for ``LONG`` seconds in all takes no more turns."""
    path = folder / (f"{form}.gz" if form in PACKED else form)
    getattr(payloads, form)(path, size)
    found: dict[str, list[dict[str, float]]] = {
        reader: [] for reader in READERS[form] if reader in LARGE.get(size, READERS[form])
    }
    why: dict[str, str] = {}
    for _ in range(TURNS if size <= QUICK else 1):
        for reader in [name for name in found if name not in why and sum(one["wall"] for one in found[name]) < LONG]:
            print(f"{form}, {size:,}: {reader}", flush=True)
            said = _once(reader, form, path)
            if isinstance(said, str):
                why[reader] = said
            else:
                found[reader].append(said)
    path.unlink()
    return [_taken(form, size, reader, turns, why.get(reader, "")) for reader, turns in found.items()]


def _once(reader: str, form: str, path: Path) -> dict[str, float] | str:
    """What one reading took, or in a few words why there is none."""
    command = [sys.executable, "-m", "benchmarks.readers", reader, form, str(path), str(path.with_name("out.parquet"))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {SECONDS} s"
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if "backtrace" not in line.lower()]
        return (lines or ["killed: no memory left"])[-1][:90]
    said: dict[str, float] = json.loads(done.stdout)
    return said


def _taken(form: str, size: int, reader: str, turns: list[dict[str, float]], why: str) -> Taken:
    if why:
        return Taken(form, size, reader, len(turns), None, None, None, why)
    seconds, worked, peak = (statistics.median(turn[what] for turn in turns) for what in ("wall", "worked", "peak"))
    return Taken(form, size, reader, len(turns), seconds, worked, peak / 2**20, "")


def _compared(rows: list[Taken]) -> dict[str, object]:
    """Corridor against the fastest peer and the floor, for one payload."""
    took = {row.reader: row.seconds for row in rows if row.seconds}
    peers = {reader: seconds for reader, seconds in took.items() if reader in PEERS}
    fastest = min(peers, key=peers.__getitem__, default=None)
    ours = took.get("corridor")
    return {
        "format": rows[0].format,
        "observations": f"{rows[0].size:,}",
        "corridor": f"{ours:.2f} s" if ours else "none",
        "fastest peer": f"{fastest}, {peers[fastest]:.2f} s" if fastest else "none",
        "faster than it": _times(peers.get(fastest or ""), ours),
        "of the floor": _times(ours, took.get("floor")),
        "of the same work": _times(ours, took.get(SAME)),
        "peak": f"{next(row.peak for row in rows if row.reader == 'corridor') or 0:,.0f} MiB",
    }


def _times(seconds: float | None, others: float | None) -> str:
    return f"{seconds / others:.2f} ×" if seconds and others else ""


def _table(rows: list[dict[str, object]]) -> str:
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row.values())) + " |" for row in rows)])


def _plot(taken: list[Taken]) -> None:
    shown = [row for row in taken if row.seconds and row.size <= QUICK]
    frame = pl.DataFrame(shown, schema=Taken._fields, orient="row").with_columns(ours=pl.col("reader") == "corridor")
    # Points, not bars: a bar begins at nothing, which a logarithmic axis does not have.
    points = (
        alt.Chart(frame)
        .mark_circle(size=90, opacity=1)
        .encode(
            alt.X("seconds:Q", title="seconds to Parquet, logarithmic", scale=alt.Scale(type="log")),
            alt.Y("reader:N", title=None, sort="x", axis=alt.Axis(grid=True)),
            alt.Color("ours:N", legend=None, scale=alt.Scale(domain=[True, False], range=["#c1440e", "#5b7083"])),
            alt.Row("format:N", title=None, header=alt.Header(labelAngle=0, labelAlign="left")),
        )
    )
    points.resolve_scale(y="independent").properties(width=420).save(HERE / "speed.svg")


def write(taken: list[Taken]) -> None:
    """``RESULTS.md`` and its plot."""
    payload = dict.fromkeys((row.format, row.size) for row in taken)
    compared = [_compared([row for row in taken if (row.format, row.size) == one]) for one in payload]
    every = [
        {
            "format": row.format,
            "observations": f"{row.size:,}",
            "reader": row.reader,
            "turns": row.turns,
            "seconds": f"{row.seconds:.2f}" if row.seconds else row.why,
            "processor seconds": f"{row.worked:.2f}" if row.worked else "",
            "peak, MiB": f"{row.peak:,.0f}" if row.peak else "",
        }
        for row in taken
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "load": f"{os.getloadavg()[2]:.1f}",
        "tools": ", ".join([f"Python {platform.python_version()}", *(f"{tool} {version(tool)}" for tool in TOOLS)]),
        "limit": f"{SECONDS} s and {MEMORY >> 30} GiB",
        "compared": _table(compared),
        "every": _table(every),
    }
    _plot(taken)
    text = (HERE / "results.template.md").read_text(encoding="utf-8")
    (HERE / "RESULTS.md").write_text(text.format(**facts), encoding="utf-8")


def main(arguments: list[str]) -> None:
    forms = [name for name in arguments if name in READERS] or list(READERS)
    payload = [(form, LEAST.get(form, QUICK)) for form in forms]
    if "full" in arguments:
        payload += [(form, size) for size in LARGE for form in forms if form in SENT_LARGE]
    taken: list[Taken] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_FOLDER")) as folder:
        for form, size in payload:
            taken += measure(form, size, Path(folder))
            write(taken)


if __name__ == "__main__":
    main(sys.argv[1:])
