"""Measures whole nights at full size and writes ``NIGHTS.md``: ``python -m benchmarks.nights [OBSERVATIONS ...]``.

The archive of a live workspace is filled with payloads of ``live_world``; then each night is one process that runs the
build without requests. Its time, processor time and disk are measured, and the memory of all its processes together.
The floor is a Polars script that reads the same payloads, translates the codes of areas, sorts and writes Parquet.
The peer is ``peer.py``. It is measured if ``BENCHMARK_PEER_PYTHON`` is the interpreter of an environment that has the
packages of ``peer.requirements.txt``.
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
MANY = 10
PROJECT = HERE.parent
PACKAGES = ("assets", "sources", "expectations", "warehouse", "pipelines")
# The night after a change of code runs in a copy of the project, in which this module has one more name.
CHANGED_CODE = "assets/normalise/headline.py"
SECONDS_BETWEEN_SAMPLES = 0.1

NIGHT = """
import sys
from pathlib import Path
from assets.core.workspace import Workspace
from pipelines import build
outcome = build.run(Workspace(Path(sys.argv[1]), mode="live"), "no dataset", lambda *_: None)
print(outcome.held_back or outcome.release, file=sys.stderr)
"""


def nights(observations: int, folder: Path) -> list[dict[str, object]]:
    """The measurements of the floor, of the peer and of the nights: the first, one without news, one with one changed
    dataset, one with ten, and one after a change of code."""
    data = folder / "workspace"
    archive = Archive(data / "archive")
    share = observations / WHOLE
    count = live_world.fill(archive, share=share)
    rows = [{"night": "floor", **measured([sys.executable, "-m", "benchmarks.nights", "floor", str(data)], data)}]
    if peer := os.environ.get("BENCHMARK_PEER_PYTHON"):
        command = [peer, str(HERE / "peer.py"), str(_inputs(archive, folder)), str(folder / "peer")]
        rows.append({"night": "peer", **measured(command, folder)})
    command = [sys.executable, "-c", NIGHT, str(data)]
    rows.append({"night": "first", **measured(command, data)})
    rows.append({"night": "nothing changed", **measured(command, data)})
    live_world.fill(archive, night=1, share=share, names=[CHANGED])
    rows.append({"night": f"{CHANGED} changed", **measured(command, data)})
    others = [name for name in live_world.datasets() if name != CHANGED]
    live_world.fill(archive, night=1, share=share, names=others[:MANY])
    rows.append({"night": f"{MANY} datasets changed", **measured(command, data)})
    rows.append({"night": "code changed", **measured(command, data, _changed_code(folder))})
    return [{"observations": f"{count:,}", **row} for row in rows]


def _inputs(archive: Archive, folder: Path) -> Path:
    """The file that names the payloads and the codes of areas to the peer."""
    areas = _areas()
    given = {"payloads": _payloads(archive), "areas": dict(zip(areas["code"], areas["area"], strict=True))}
    path = folder / "inputs.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    return path


def _changed_code(folder: Path) -> Path:
    """A copy of the project in which the code of one module is changed."""
    copy = folder / "project"
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", copy)
    with (copy / CHANGED_CODE).open("a", encoding="utf-8") as file:
        file.write("\nCHANGED = True\n")
    return copy


def measured(command: list[str], data: Path, project: Path = PROJECT) -> dict[str, object]:
    """Run a command of a project; return its time, its processor time, its memory, and how much larger the data folder
    and the event log of Dagster in it became."""
    before, logged = _size(data), _size(data / "dagster")
    used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(project)}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=project, env=environment
    )
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
        "event log, MB": f"{(_size(data / 'dagster') - logged) / 1e6:.1f}",
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
    """Bytes of the files of a folder. A file with several names counts once."""
    found = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum({(each.st_dev, each.st_ino): each.st_size for each in found}.values())


def _areas() -> pl.DataFrame:
    """The codes of areas of Eurostat that are valid today: ``code``, ``area``."""
    areas = codes.area_codes().filter(pl.col("scheme") == "eurostat", pl.col("valid_to").is_null())
    return areas.unique("code").select("code", "area")


def _payloads(archive: Archive) -> dict[str, list[str]]:
    """Dataset → the paths of its payloads."""
    payloads: dict[str, list[str]] = {}
    for fetch in archive.fetches():
        payloads.setdefault(fetch.dataset, []).append(str(archive.payload_path(str(fetch.payload))))
    return payloads


def floor(data: Path) -> None:
    """Read the payloads of each dataset, translate the codes of areas, sort, and write one Parquet file."""
    areas = _areas()
    target = data / "floor"
    target.mkdir()
    for name, paths in _payloads(Archive(data / "archive")).items():
        frame = pl.concat([_csv(Path(path)) for path in paths])
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
        print(json.dumps(rows[-7:], indent=1), flush=True)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
