"""The peer of ``nights``: ``dlt`` loads the same payloads into Parquet, and ``pandera`` checks each dataset.

Run by the interpreter of an environment that has the packages of ``peer.requirements.txt``:
``PYTHON benchmarks/peer.py INPUTS TARGET``. ``INPUTS`` is a JSON file: ``payloads``, dataset → paths of its payloads
(SDMX-CSV, gzip); ``areas``, code of the publisher → code of the area. The peer does what its users write for this job:
one resource for each dataset, whose parts are Arrow tables, written by replacement; then one schema for each dataset,
which checks the types, the values and that the key is unique. It keeps no vintages and no provenance.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import dlt
import pandera.polars as pa
import polars as pl

AREAS = ("geo", "citizen", "partner", "c_birth")
NO_KEY = ("obs_", "conf_", "last_update", "_dlt")


def parts(paths: list[str], areas: pl.DataFrame) -> Iterator[object]:
    """One Arrow table for each payload: numbers parsed, codes of areas translated."""
    for path in paths:
        frame = pl.read_csv(gzip.decompress(Path(path).read_bytes()), infer_schema=False)
        frame = frame.with_columns(pl.col("OBS_VALUE").cast(pl.Float64))
        for column in set(AREAS) & set(frame.columns):
            frame = frame.join(areas.rename({"code": column, "area": f"{column}_area"}), on=column, how="left")
        yield frame.to_arrow()


def load(payloads: dict[str, list[str]], areas: pl.DataFrame, target: Path) -> None:
    """Load each dataset into a folder of Parquet files below ``target``."""
    pipeline = dlt.pipeline(
        pipeline_name="peer",
        destination=dlt.destinations.filesystem(bucket_url=target.resolve().as_uri()),
        dataset_name="migration",
        pipelines_dir=str(target / "state"),
    )
    resources = [
        dlt.resource(parts(paths, areas), name=name, write_disposition="replace") for name, paths in payloads.items()
    ]
    pipeline.run(resources, loader_file_format="parquet")


def check(target: Path, name: str) -> None:
    """Check one dataset; raise ``SchemaErrors`` where a check fails."""
    frame = pl.read_parquet(target / "migration" / name / "*.parquet")
    key = [column for column in frame.columns if not column.startswith(NO_KEY) and not column.endswith("_area")]
    columns = {column: pa.Column(str) for column in key} | {
        "obs_value": pa.Column(float, pa.Check.ge(0), nullable=True)
    }
    pa.DataFrameSchema(columns, unique=key).validate(frame, lazy=True)


def main(inputs: Path, target: Path) -> None:
    """Load and check all datasets."""
    given = json.loads(inputs.read_text(encoding="utf-8"))
    areas = pl.DataFrame({"code": list(given["areas"]), "area": list(given["areas"].values())})
    load(given["payloads"], areas, target)
    for name in given["payloads"]:
        check(target, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
