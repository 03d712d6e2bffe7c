"""Measures the readers and writes ``RESULTS.md`` and its plot: ``python -m benchmarks.run [full] [FORMAT ...]``.

Each measurement runs in its own process. The readers of a payload take turns, so that other work on the machine affects
all of them equally. The result is the median of the turns.
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
from benchmarks.markdown import markdown_table
from benchmarks.readers import MEMORY, READERS

HERE = Path(__file__).parent
PACKED = ("eurostat_tsv", "sdmx_csv", "sdmx_csv_2", "ilostat_csv")
PEERS = ("eurostat", "pysdmx", "sdmx1", "pyjstat")
SAME = "floor of the same work"
QUICK, TURNS = 1_000_000, 3
# Formats in which publishers send such sizes, one turn each; the largest without readers that keep several copies.
LARGE = {10_000_000: ("corridor", "floor", SAME, *PEERS), 50_000_000: ("corridor", "floor")}
SENT_LARGE = ("eurostat_tsv", "sdmx_csv")
LEAST = {"eurostat_xlsx": 200_000}  # the limit of a workbook
SECONDS, LONG = 300, 20
TOOLS = ("polars", "pyarrow", "orjson", "pandas", "python-calamine", *PEERS)


class Measurement(NamedTuple):
    """The median time and memory of one reader for one payload, or the reason why it has none."""

    format: str
    size: int
    reader: str
    turns: int
    seconds: float | None
    cpu: float | None
    peak: float | None
    why: str


def measure(form: str, size: int, folder: Path) -> list[Measurement]:
    """Measure every reader of a format on one payload; a reader has no more turns after ``LONG`` seconds in total."""
    path = folder / (f"{form}.gz" if form in PACKED else form)
    getattr(payloads, form)(path, size)
    found: dict[str, list[dict[str, float]]] = {
        reader: [] for reader in READERS[form] if reader in LARGE.get(size, READERS[form])
    }
    why: dict[str, str] = {}
    for _ in range(TURNS if size <= QUICK else 1):
        for reader in [name for name in found if name not in why and sum(one["wall"] for one in found[name]) < LONG]:
            print(f"{form}, {size:,}: {reader}", flush=True)
            result = _once(reader, form, path)
            if isinstance(result, str):
                why[reader] = result
            else:
                found[reader].append(result)
    path.unlink()
    return [_median(form, size, reader, turns, why.get(reader, "")) for reader, turns in found.items()]


def _once(reader: str, form: str, path: Path) -> dict[str, float] | str:
    """Run a reader once; return its time and memory, or in a few words why it failed."""
    command = [sys.executable, "-m", "benchmarks.readers", reader, form, str(path), str(path.with_name("out.parquet"))]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {SECONDS} s"
    if process.returncode:
        lines = [line for line in process.stderr.strip().splitlines() if "backtrace" not in line.lower()]
        return (lines or ["killed: no memory left"])[-1][:90]
    result: dict[str, float] = json.loads(process.stdout)
    return result


def _median(form: str, size: int, reader: str, turns: list[dict[str, float]], why: str) -> Measurement:
    if why:
        return Measurement(form, size, reader, len(turns), None, None, None, why)
    seconds, cpu, peak = (statistics.median(turn[name] for turn in turns) for name in ("wall", "cpu", "peak"))
    return Measurement(form, size, reader, len(turns), seconds, cpu, peak / 2**20, "")


def _comparison(rows: list[Measurement]) -> dict[str, object]:
    """Compare Corridor with the fastest peer and the floor for one payload."""
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


def _plot(measurements: list[Measurement]) -> None:
    shown = [row for row in measurements if row.seconds and row.size <= QUICK]
    frame = pl.DataFrame(shown, schema=Measurement._fields, orient="row").with_columns(
        ours=pl.col("reader") == "corridor"
    )
    # Points, not bars: a bar begins at 0, which a logarithmic axis does not have.
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


def write(measurements: list[Measurement]) -> None:
    """Write ``RESULTS.md`` and its plot."""
    payload = dict.fromkeys((row.format, row.size) for row in measurements)
    compared = [_comparison([row for row in measurements if (row.format, row.size) == one]) for one in payload]
    every = [
        {
            "format": row.format,
            "observations": f"{row.size:,}",
            "reader": row.reader,
            "turns": row.turns,
            "seconds": f"{row.seconds:.2f}" if row.seconds else row.why,
            "processor seconds": f"{row.cpu:.2f}" if row.cpu else "",
            "peak, MiB": f"{row.peak:,.0f}" if row.peak else "",
        }
        for row in measurements
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "load": f"{os.getloadavg()[2]:.1f}",
        "tools": ", ".join([f"Python {platform.python_version()}", *(f"{tool} {version(tool)}" for tool in TOOLS)]),
        "limit": f"{SECONDS} s and {MEMORY >> 30} GiB",
        "compared": markdown_table(compared),
        "every": markdown_table(every),
    }
    _plot(measurements)
    text = (HERE / "results.template.md").read_text(encoding="utf-8")
    (HERE / "RESULTS.md").write_text(text.format(**facts), encoding="utf-8")


def main(arguments: list[str]) -> None:
    forms = [name for name in arguments if name in READERS] or list(READERS)
    payload = [(form, LEAST.get(form, QUICK)) for form in forms]
    if "full" in arguments:
        payload += [(form, size) for size in LARGE for form in forms if form in SENT_LARGE]
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_FOLDER")) as folder:
        for form, size in payload:
            measurements += measure(form, size, Path(folder))
            write(measurements)


if __name__ == "__main__":
    main(sys.argv[1:])
