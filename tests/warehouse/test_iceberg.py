"""Releases in an Iceberg catalog: the same files, one tag for each release, and each release can be read by it."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.utils.config import Config

from tests.support import iceberg_rest, object_store
from tests.support.frames import rows
from tests.support.small_release import publish_release
from warehouse import iceberg, releases
from warehouse.contracts import Contract, contract
from warehouse.errors import ReleaseError
from warehouse.storage.local import LocalPlace

if TYPE_CHECKING:
    from pyiceberg.table import Table
    from pyspark.sql import SparkSession

pytest.importorskip("pyiceberg", reason="PyIceberg is not installed")

FIRST, SECOND = "2026-11-23.1", "2026-11-24.1"
BEFORE = rows("population", {"jurisdiction": "AUT", "value": 12.5}, {"jurisdiction": "BEL", "value": 0.0})
AFTER = rows(
    "population",
    {"jurisdiction": "AUT", "value": 13.0},
    {"jurisdiction": "BEL"},
    {"jurisdiction": "CHN", "value": None},
)


def register(root: Path) -> None:
    iceberg.register(LocalPlace(root), root.parent)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two releases, in a folder whose name has a space, both in the catalog."""
    root = tmp_path / "a data folder" / "releases"
    for name, frame in ((FIRST, BEFORE), (SECOND, AFTER)):
        publish_release(root, name, {"population": frame, "asylum": rows("asylum").clear()})
        register(root)
    return root


def held(root: Path, name: str = "population_v2", uri: str | None = None) -> "Table":
    with closing(iceberg.catalog(root.parent, uri)) as catalog:
        return catalog.load_table(f"corridor.{name}")


def snapshot(table: "Table", tag: str) -> int:
    found = table.snapshot_by_name(tag)
    assert found is not None
    return found.snapshot_id


def at(table: "Table", tag: str) -> pl.DataFrame:
    arrow = table.scan(snapshot_id=snapshot(table, tag)).to_arrow()
    return pl.DataFrame(pl.from_arrow(arrow)).sort("jurisdiction")


def files(table: "Table", tag: str) -> list[str]:
    return [task.file.file_path for task in table.scan(snapshot_id=snapshot(table, tag)).plan_files()]


def wider() -> Contract:
    """The contract of population with one more dimension, as a later version of it."""
    now = contract("population")
    return now.model_copy(update={"dimensions": [*now.dimensions, "route"], "version": "2.9.0"})


def widened(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(route=pl.lit("_T")).select(wider().field_names)


def test_pyiceberg_reads_each_release_by_its_tag(root: Path) -> None:
    table = held(root)
    assert_frame_equal(at(table, FIRST), BEFORE)
    assert_frame_equal(at(table, SECOND), AFTER)
    assert_frame_equal(pl.DataFrame(pl.from_arrow(table.scan().to_arrow())).sort("jurisdiction"), AFTER)


def test_polars_reads_each_release_by_its_snapshot(root: Path) -> None:
    table = held(root)
    for tag, frame in ((FIRST, BEFORE), (SECOND, AFTER)):
        found = pl.scan_iceberg(table, snapshot_id=snapshot(table, tag)).sort("jurisdiction").collect()
        assert_frame_equal(found, frame)


def test_duckdb_reads_the_files_of_each_release(root: Path) -> None:
    table = held(root)
    for tag, frame in ((FIRST, BEFORE), (SECOND, AFTER)):
        found = duckdb.read_parquet(files(table, tag)).order("jurisdiction").project("jurisdiction, value").fetchall()
        assert found == frame.select("jurisdiction", "value").rows()


def test_duckdb_reads_each_release_by_its_snapshot(root: Path) -> None:
    offline = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    for name in ("avro", "iceberg"):
        package = pytest.importorskip(f"duckdb_extension_{name}", reason="tests download no extension of DuckDB")
        (path,) = Path(package.__path__[0]).rglob(f"{name}.duckdb_extension")
        offline.execute(f"load '{path}'")
    table = held(root)
    for tag, frame in ((FIRST, BEFORE), (SECOND, AFTER)):
        query = "select jurisdiction, value from iceberg_scan(?, snapshot_from_id => ?) order by jurisdiction"
        found = offline.execute(query, [table.metadata_location, snapshot(table, tag)]).fetchall()
        assert found == frame.select("jurisdiction", "value").rows()


@pytest.fixture(scope="module")
def spark() -> Iterator["SparkSession"]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    sql = pytest.importorskip("pyspark.sql", reason="the extra spark is not installed")
    builder = sql.SparkSession.builder.master("local[1]")
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        with builder.getOrCreate() as session:
            yield session


def test_spark_reads_the_files_of_each_release(root: Path, spark: "SparkSession") -> None:
    table = held(root)
    for tag, frame in ((FIRST, BEFORE), (SECOND, AFTER)):
        found = spark.read.parquet(*files(table, tag)).orderBy("jurisdiction").select("jurisdiction", "value").collect()
        assert [tuple(row) for row in found] == frame.select("jurisdiction", "value").rows()


def test_spark_reads_each_release_by_its_tag(root: Path, spark: "SparkSession") -> None:
    import pyspark

    if not list((Path(pyspark.__file__).parent / "jars").glob("iceberg-spark-runtime-*.jar")):
        pytest.skip("Spark's runtime for Iceberg, iceberg-spark-runtime, is not among the jars of PySpark")
    table = held(root)
    for tag, frame in ((FIRST, BEFORE), (SECOND, AFTER)):
        found = spark.read.format("iceberg").option("tag", tag).load(table.metadata_location)
        read = [tuple(row) for row in found.orderBy("jurisdiction").select("jurisdiction", "value").collect()]
        assert read == frame.select("jurisdiction", "value").rows()


def test_no_data_file_is_copied(root: Path) -> None:
    table = held(root)
    expected = root.resolve() / FIRST / "tables" / "population.parquet"
    assert files(table, FIRST) == [f"file://{expected}"]
    assert not list((root.parent / "iceberg").rglob("*.parquet"))


def test_a_release_is_one_snapshot_and_one_tag(root: Path) -> None:
    table = held(root)
    assert set(table.refs()) == {"main", FIRST, SECOND}
    assert [entry.snapshot_id for entry in table.history()] == [snapshot(table, FIRST), snapshot(table, SECOND)]


def test_a_table_without_rows_is_there_without_rows(root: Path) -> None:
    table = held(root, "asylum_v2")
    assert at(table, FIRST).is_empty()
    assert at(table, SECOND).columns == list(contract("asylum").field_names)


def test_registering_again_changes_nothing(root: Path) -> None:
    before = held(root).metadata_location
    register(root)
    assert held(root).metadata_location == before


def test_releases_that_were_not_registered_are_added(tmp_path: Path) -> None:
    root = tmp_path / "releases"
    publish_release(root, FIRST, {"population": BEFORE})
    publish_release(root, SECOND, {"population": AFTER})
    register(root)
    assert_frame_equal(at(held(root), FIRST), BEFORE)


def test_a_new_field_is_in_the_newer_releases_only(root: Path) -> None:
    publish_release(root, "2026-11-25.1", {"population": widened(AFTER)}, {"population": wider()})
    register(root)
    table = held(root)
    assert at(table, "2026-11-25.1")["route"].to_list() == ["_T"] * 3
    assert_frame_equal(at(table, FIRST), BEFORE)
    assert table.schema().find_field("jurisdiction").doc == contract("population").columns[1].description


def test_a_new_major_version_begins_another_table(root: Path) -> None:
    now = contract("population")
    narrower = now.model_copy(update={"dimensions": now.dimensions[1:], "version": "3.0.0"})
    frame = AFTER.select(narrower.field_names)
    publish_release(root, "2026-11-25.1", {"population": frame}, {"population": narrower})
    register(root)
    assert set(held(root, "population_v3").refs()) == {"main", "2026-11-25.1"}
    assert_frame_equal(at(held(root, "population_v3"), "2026-11-25.1"), frame)
    assert_frame_equal(at(held(root), SECOND), AFTER)


def test_a_moved_data_folder_is_reported_and_registered_again(root: Path) -> None:
    moved = root.parent.with_name("elsewhere") / "releases"
    shutil.copytree(root.parent, moved.parent)
    with pytest.raises(ReleaseError, match=r"releases were moved.*builds it again"):
        register(moved)
    shutil.rmtree(root.parent)
    iceberg.reregister(LocalPlace(moved), moved.parent)
    table = held(moved)
    assert_frame_equal(at(table, FIRST), BEFORE)
    assert files(table, SECOND) == [f"file://{moved.resolve() / SECOND / 'tables' / 'population.parquet'}"]


def test_a_copied_data_folder_names_files_of_the_other_folder(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(root.parent, copy, ignore=shutil.ignore_patterns("copy"))
    assert iceberg.foreign_locations(root.parent) == []
    (first, *_) = iceberg.foreign_locations(copy)
    assert first.startswith(f"file://{root.parent.resolve()}/iceberg/")


def test_a_damaged_catalog_is_reported_and_rebuilt(root: Path) -> None:
    (root.parent / "catalog.db").write_bytes(b"not a database, of this one may be sure" * 100)
    with pytest.raises(ReleaseError, match=r"catalog of .* cannot be used \(file is not a database\)"):
        register(root)
    iceberg.reregister(LocalPlace(root), root.parent)
    assert_frame_equal(at(held(root), FIRST), BEFORE)


@pytest.mark.parametrize("damage", ["gone", "cut"])
@pytest.mark.parametrize("kind", ["*.metadata.json", "*.avro"])
def test_damaged_metadata_is_reported_and_rebuilt(root: Path, kind: str, damage: str) -> None:
    for path in (root.parent / "iceberg").rglob(kind):
        path.unlink() if damage == "gone" else path.write_bytes(path.read_bytes()[:50])
    third = publish_release(root, "2026-11-25.1", {"population": AFTER})
    with pytest.raises(ReleaseError, match=r"cannot be used .*builds it again"):
        register(root)
    iceberg.reregister(LocalPlace(root), root.parent)
    assert_frame_equal(at(held(root), FIRST), BEFORE)
    assert_frame_equal(at(held(root), third.name), AFTER)


def test_a_catalog_elsewhere_is_named_by_its_uri(tmp_path: Path) -> None:
    root, uri = tmp_path / "data" / "releases", f"sqlite:///{tmp_path}/other.db"
    publish_release(root, FIRST, {"population": BEFORE})
    iceberg.register(LocalPlace(root), root.parent, uri)
    assert_frame_equal(at(held(root, uri=uri), FIRST), BEFORE)
    iceberg.reregister(LocalPlace(root), root.parent, uri)
    assert_frame_equal(at(held(root, uri=uri), FIRST), BEFORE)
    assert not (tmp_path / "data" / "catalog.db").exists()


def test_a_pruned_release_has_no_tag(root: Path) -> None:
    publish_release(root, "2026-11-25.1", {"population": AFTER})
    register(root)
    releases.remove_from_index(LocalPlace(root), {FIRST, SECOND}, "2026-11-25T00:00:00+00:00")
    register(root)
    table = held(root)
    assert set(table.refs()) == {"main", "2026-11-25.1"}
    assert [entry.snapshot_id for entry in table.snapshots()] == [snapshot(table, "2026-11-25.1")]
    assert_frame_equal(at(table, "2026-11-25.1"), AFTER)
    with closing(iceberg.catalog(root.parent)) as catalog:
        assert not catalog.table_exists("corridor.asylum_v2")


def secret(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """Set the token in the environment; PyIceberg reads it only once in a process, so its configuration is replaced."""
    monkeypatch.setenv("PYICEBERG_CATALOG__CORRIDOR__TOKEN", token)
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())


@pytest.fixture
def rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    secret(monkeypatch, "a secret of the environment")
    with iceberg_rest.serve(tmp_path / "elsewhere", "a secret of the environment") as uri:
        yield uri


def test_a_rest_catalog_has_every_release_that_is_not_pruned(tmp_path: Path, rest: str) -> None:
    root = tmp_path / "data" / "releases"
    publish_release(root, FIRST, {"population": BEFORE, "asylum": rows("asylum")})
    iceberg.register(LocalPlace(root), root.parent, rest)
    publish_release(root, SECOND, {"population": AFTER})
    iceberg.register(LocalPlace(root), root.parent, rest)
    assert_frame_equal(at(held(root, uri=rest), FIRST), BEFORE)
    assert_frame_equal(at(held(root, uri=rest), SECOND), AFTER)
    assert not (root.parent / "catalog.db").exists()
    releases.remove_from_index(LocalPlace(root), {FIRST}, "2026-11-25T00:00:00+00:00")
    iceberg.register(LocalPlace(root), root.parent, rest)
    assert set(held(root, uri=rest).refs()) == {"main", SECOND}
    with closing(iceberg.catalog(root.parent, rest)) as catalog:
        assert not catalog.table_exists("corridor.asylum_v2")
    iceberg.reregister(LocalPlace(root), root.parent, rest)
    assert_frame_equal(at(held(root, uri=rest), SECOND), AFTER)


def test_a_rest_catalog_that_refuses_access_is_reported(
    tmp_path: Path, rest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret(monkeypatch, "another")
    publish_release(tmp_path, FIRST, {"population": BEFORE})
    with pytest.raises(ReleaseError, match=r"cannot be used .*the token is missing or wrong"):
        iceberg.register(LocalPlace(tmp_path), tmp_path, rest)


def test_a_table_of_somebody_else_in_the_catalog_is_not_changed(root: Path) -> None:
    with closing(iceberg.catalog(root.parent)) as catalog:
        catalog.create_table("corridor.mine", schema=AFTER.select("value").to_arrow().schema)
        register(root)
        assert catalog.table_exists("corridor.mine")
    releases.remove_from_index(LocalPlace(root), {FIRST}, "2026-11-25T00:00:00+00:00")
    register(root)
    with closing(iceberg.catalog(root.parent)) as catalog:
        assert catalog.table_exists("corridor.mine")


@pytest.mark.slow
def test_releases_in_a_bucket_are_registered_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with object_store.serve() as environment:
        bucket = object_store.bucket(environment, monkeypatch, "travelled")
        for name, frame in ((FIRST, BEFORE), (SECOND, AFTER)):
            publish_release(bucket, name, {"population": frame})
            iceberg.register(bucket, tmp_path)
        with closing(iceberg.catalog(tmp_path)) as catalog:
            table = catalog.load_table("corridor.population_v2")
        assert files(table, FIRST) == [f"{bucket}/{FIRST}/tables/population.parquet"]
        assert_frame_equal(at(table, FIRST), BEFORE)
        assert_frame_equal(at(table, SECOND), AFTER)


def test_releases_with_the_same_names_in_another_place_are_refused(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    publish_release(other, FIRST, {"population": AFTER})
    with pytest.raises(ReleaseError, match=rf"{FIRST} is not at .*/other/.*builds it again"):
        iceberg.register(LocalPlace(other), root.parent)
    iceberg.reregister(LocalPlace(other), root.parent)
    assert_frame_equal(at(held(root), FIRST), AFTER)
