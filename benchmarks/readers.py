"""The readers that are compared: each reads a payload and writes Parquet.

The readers are Corridor, other libraries with their public functions (the peers), and the floor: the fastest library
functions that only parse and write. ``python -m benchmarks.readers READER FORMAT PAYLOAD OUTPUT`` runs one reader once
and prints its time and its peak memory. The libraries are imported before the clock starts.
"""

import contextlib
import gzip
import io
import json
import re
import resource
import sys
import threading
import time
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from benchmarks.payloads import DIMENSIONS

Reader = Callable[[Path, Path], object]
MEMORY = 16 << 30


def corridor(path: Path, output: Path) -> None:
    """Read like ``corridor read``."""
    from sources import reading

    with reading.opened(path) as plain:
        reading.read(plain).frame.sink_parquet(output)


def floor_csv(path: Path, output: Path) -> None:
    pl.read_csv(path).write_parquet(output)


def floor_tsv(path: Path, output: Path) -> None:
    pl.read_csv(path, separator="\t", quote_char=None).write_parquet(output)


def long_floor_tsv(path: Path, output: Path) -> None:
    """Do the same work as Corridor: a row for each cell with codes, value and flag; but no checks and no locator."""
    wide = pl.scan_csv(path, separator="\t", quote_char=None, infer_schema=False)
    key, *_ = wide.collect_schema().names()
    names = key.split("\\")[0].split(",")
    parts = pl.col("field").str.strip_chars().str.splitn(" ", 2).struct
    (
        wide.unpivot(index=key, variable_name="time", value_name="field")
        .with_columns(pl.col(key).str.split_exact(",", len(names) - 1).struct.rename_fields(names))
        .unnest(key)
        .select(
            *names,
            pl.col("time").str.strip_chars(),
            parts.field("field_0").cast(pl.Float64, strict=False).alias("value"),
            parts.field("field_1").alias("flag"),
        )
        .collect()
        .write_parquet(output)
    )


def floor_records(path: Path, output: Path) -> None:
    """Parse the list of records of a JSON response with orjson, and make a frame of Polars."""
    response = orjson.loads(path.read_bytes())
    records = response["items"] if isinstance(response, dict) else response[1]
    pl.DataFrame(records, strict=False, infer_schema_length=None).write_parquet(output)


def floor_json_stat(path: Path, output: Path) -> None:
    """Parse index and value with orjson, and make a frame of Polars without dimensions and flags."""
    values = orjson.loads(path.read_bytes())["value"]
    index = pl.Series("index", list(values), pl.String).cast(pl.Int64)
    pl.DataFrame([index, pl.Series("value", list(values.values()), pl.Float64)]).write_parquet(output)


def floor_xlsx(path: Path, output: Path) -> None:
    """Read every sheet as text with calamine, which Corridor uses too."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    sheets = [book.get_sheet_by_index(at).to_python() for at in range(len(book.sheet_names))]
    schema = {str(at): pl.String() for at in range(max(len(sheet[0]) for sheet in sheets))}
    pl.concat(pl.DataFrame(sheet, schema, orient="row", strict=False) for sheet in sheets).write_parquet(output)


def eurostat(path: Path, output: Path) -> None:
    """Call ``get_data_df`` with a server on this machine, because it only downloads."""
    module = import_module("eurostat.eurostat")
    with serve(path) as url:
        module.__Uri__.BASE_URL["EUROSTAT"] = url
        module.get_data_df("MIGR_ASYAPPCTZM", flags=True).to_parquet(output)


def pysdmx(path: Path, output: Path) -> None:
    from pysdmx.io import read_sdmx

    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    (dataset,) = read_sdmx(text).data or ()
    dataset.data.to_parquet(output)  # type: ignore[attr-defined]  # a dataset read from CSV has data


def sdmx1(path: Path, output: Path) -> None:
    """Read with a structure that is written here, because ``sdmx1`` needs it before it reads."""
    import sdmx
    from sdmx.model import v30
    from sdmx.reader.csv import Reader

    structure = v30.DataStructureDefinition(
        id="MIGR_ASYAPPCTZM",
        dimensions=v30.DimensionDescriptor(
            components=[v30.Dimension(id=name) for name in (*DIMENSIONS, "TIME_PERIOD")]
        ),
        measures=v30.MeasureDescriptor(components=[v30.Measure(id="OBS_VALUE")]),
        attributes=v30.AttributeDescriptor(
            components=[v30.DataAttribute(id=name) for name in ("OBS_FLAG", "CONF_STATUS")]
        ),
    )
    with gzip.open(path) as file:
        message = Reader().convert(file, structure=structure)
    sdmx.to_pandas(message.data[0], attributes="o", dtype=None).to_parquet(output)


def pyjstat(path: Path, output: Path) -> None:
    from pyjstat.pyjstat import Dataset

    Dataset.read(path.read_text(encoding="utf-8")).write("dataframe", naming="id").to_parquet(output)


READERS: dict[str, dict[str, Reader]] = {
    "eurostat_tsv": {
        "corridor": corridor,
        "floor": floor_tsv,
        "floor of the same work": long_floor_tsv,
        "eurostat": eurostat,
    },
    "sdmx_csv": {"corridor": corridor, "floor": floor_csv, "pysdmx": pysdmx},
    "sdmx_csv_2": {"corridor": corridor, "floor": floor_csv, "pysdmx": pysdmx, "sdmx1": sdmx1},
    "json_stat": {"corridor": corridor, "floor": floor_json_stat, "pyjstat": pyjstat},
    "ilostat_csv": {"corridor": corridor, "floor": floor_csv},
    "unhcr_json": {"corridor": corridor, "floor": floor_records},
    "worldbank_json": {"corridor": corridor, "floor": floor_records},
    "eurostat_xlsx": {"corridor": corridor, "floor": floor_xlsx},
}
_IMPORTS = {
    "corridor": ["sources.reading"],
    "eurostat": ["eurostat"],
    "pysdmx": ["pysdmx.io", "pysdmx.io.csv.sdmx10.reader", "pysdmx.io.csv.sdmx20.reader"],
    "sdmx1": ["sdmx", "sdmx.reader.csv"],
    "pyjstat": ["pyjstat.pyjstat"],
}


@contextlib.contextmanager
def serve(path: Path) -> Any:  # noqa: ANN401 - a context manager of the address
    """Run a server on this machine that responds like Eurostat's for one dataset, with the payload as its bulk file."""
    head = '<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
    head += 'xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"><m:Structures>'
    flow = '<s:Dataflows><s:Dataflow><s:Structure><Ref id="MIGR_ASYAPPCTZM"/></s:Structure></s:Dataflow></s:Dataflows>'
    dimensions = "".join(f'<s:Dimension id="{name}" position="{at}"/>' for at, name in enumerate(DIMENSIONS, 1))
    structure = "<s:DataStructures><s:DataStructure><s:DataStructureComponents><s:DimensionList>" + dimensions
    structure += "</s:DimensionList></s:DataStructureComponents></s:DataStructure></s:DataStructures>"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = flow if "/dataflow/" in self.path else structure
            sent = path.read_bytes() if "/data/" in self.path else f"{head}{body}</m:Structures></m:Structure>".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def main(reader: str, form: str, path: str, output: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    for module in _IMPORTS.get(reader, []):
        import_module(module)
    start, start_of_cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        READERS[form][reader](Path(path), Path(output))
    wall, cpu = time.perf_counter() - start, time.process_time() - start_of_cpu
    # Not ru_maxrss, which includes the memory of the parent before the start.
    (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": int(peak) * 1024}))


if __name__ == "__main__":
    main(*sys.argv[1:])
