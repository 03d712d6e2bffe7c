"""Measures whole nights at full size and writes ``NIGHTS.md``: ``python -m benchmarks.nights [OBSERVATIONS ...]``.

The archive of a live workspace is filled with payloads of ``live_world``; then each night is one process that runs the
build without requests. Its time, processor time and disk are measured, and the memory of all its processes together.
The floor is a Polars script that reads the same payloads, translates the codes of areas, sorts and writes Parquet.
"""

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from benchmarks import live_world
from benchmarks.markdown import markdown_table
from warehouse import codes
from warehouse.archive import Archive

HERE = Path(__file__).parent
# Observations of the whole live world, which a share of its citizenships makes smaller.
WHOLE = 30_000_000
SIZES = (1_000_000, 10_000_000, WHOLE)
CHANGED = "migr_resfirst"
SECONDS_BETWEEN_SAMPLES = 0.1

NIGHT = """
import sys
from pathlib import Path
from assets.core.workspace import Workspace
from pipelines import build
outcome = build.run(Workspace(Path(sys.argv[1]), mode="live"), "no dataset", lambda *_: None)
print(outcome.release, outcome.held_back, file=sys.stderr)
"""


def nights(observations: int, folder: Path) -> list[dict[str, object]]:
    """The measurements of the floor and of three nights: the first, one without news, one with a changed dataset."""
    data = folder / "workspace"
    archive = Archive(data / "archive")
    share = observations / WHOLE
    count = live_world.fill(archive, share=share)
    rows = [{"night": "floor", **measured([sys.executable, "-m", "benchmarks.nights", "floor", str(data)], data)}]
    command = [sys.executable, "-c", NIGHT, str(data)]
    rows.append({"night": "first", **measured(command, data)})
    rows.append({"night": "nothing changed", **measured(command, data)})
    live_world.fill(archive, night=1, share=share, names=[CHANGED])
    rows.append({"night": f"{CHANGED} changed", **measured(command, data)})
    return [{"observations": f"{count:,}", **row} for row in rows]


def measured(command: list[str], data: Path) -> dict[str, object]:
    """Run a command; return its time, its processor time, its memory, and how much larger the data folder became."""
    before, used, start = _size(data), resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_resident, _tree(process.pid))))
        time.sleep(SECONDS_BETWEEN_SAMPLES)
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    errors = process.stderr.read() if process.stderr else ""
    if process.returncode:
        raise SystemExit(errors[-2000:])
    return {
        "seconds": f"{seconds:.0f}",
        "processor seconds": f"{cpu:.0f}",
        "memory, GiB": f"{peak / 2**30:.2f}",
        "disk, MB": f"{(_size(data) - before) / 1e6:,.0f}",
        "release": errors.strip().splitlines()[-1][:60] if errors.strip() else "",
    }


def _tree(pid: int) -> list[int]:
    """A process and all of its descendants."""
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        found += map(int, children)
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # the process ended
        return 0


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def floor(data: Path) -> None:
    """Read the payloads of each dataset, translate the codes of areas, sort, and write one Parquet file."""
    areas = codes.area_codes().filter(pl.col("scheme") == "eurostat", pl.col("valid_to").is_null())
    areas = areas.unique("code").select("code", "area")
    archive = Archive(data / "archive")
    payloads: dict[str, list[str]] = {}
    for fetch in archive.fetches():
        payloads.setdefault(fetch.dataset, []).append(str(fetch.payload))
    target = data / "floor"
    target.mkdir()
    for name, found in payloads.items():
        frame = pl.concat([_csv(archive.payload_path(payload)) for payload in found])
        for column in {"geo", "citizen", "partner", "c_birth"} & set(frame.columns):
            frame = frame.join(areas.rename({"code": column, "area": f"{column}_area"}), on=column, how="left")
        key = [column for column in frame.columns if not column.startswith(("OBS_", "CONF_"))]
        frame.sort(key).write_parquet(target / f"{name}.parquet")
    shutil.rmtree(target)


def _csv(path: Path) -> pl.DataFrame:
    return pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False).with_columns(
        pl.col("OBS_VALUE").cast(pl.Float64)
    )


def main(arguments: list[str]) -> None:
    """Measure nights of the given numbers of observations, and write ``NIGHTS.md`` after each."""
    if arguments[:1] == ["floor"]:
        return floor(Path(arguments[1]))
    rows: list[dict[str, object]] = []
    for observations in map(int, arguments) if arguments else SIZES:
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_FOLDER")) as folder:
            rows += nights(observations, Path(folder))
        facts = {
            "date": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "load": f"{os.getloadavg()[2]:.1f}",
            "table": markdown_table(rows),
        }
        text = (HERE / "nights.template.md").read_text(encoding="utf-8")
        (HERE / "NIGHTS.md").write_text(text.format(**facts), encoding="utf-8")
        print(json.dumps(rows[-4:], indent=1), flush=True)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
