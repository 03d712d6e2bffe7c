"""The releases as Iceberg tables: the same Parquet files, with one snapshot and one tag a release.

Nothing is copied. The catalog is ``catalog.db`` beside the folder of releases, and what Iceberg keeps of its own lies
in ``iceberg`` beside it; both can be made again from the releases at any time. Another catalog is named by its URI:
``http(s)://`` for REST, else what SQLAlchemy takes; PyIceberg's own configuration of the catalog ``corridor`` (a file,
or variables ``PYICEBERG_CATALOG__CORRIDOR__…``) adds credentials and storage.

A Corridor table is one Iceberg table as long as its fields only grow: their names find the columns in the files, so a
name must keep its type. A new major version of its contract, which removed or retyped fields, begins another one.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse import releases
from warehouse.errors import ReleaseError
from warehouse.releases import Release, TableFacts

# PyIceberg takes a second to import, and most commands need none of it.
if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Transaction

NAMESPACE = "corridor"
CATALOG = "catalog.db"
FOLDER = "iceberg"

# Each commit writes the table's whole history again: the last ones are enough.
PROPERTIES = {"write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "10"}


def catalog(root: Path, uri: str | None = None) -> "Catalog":
    """The catalog of the releases under ``root``; it is made where it does not exist, and is to be closed."""
    from pyiceberg.catalog import load_catalog

    if uri is not None and uri.startswith("http"):
        return load_catalog(NAMESPACE, uri=uri)
    return load_catalog(NAMESPACE, uri=uri or f"sqlite:///{_data(root) / CATALOG}", warehouse=_warehouse(root))


def identifier(table: str, facts: TableFacts) -> str:
    """The name in the catalog of a table as one release has it: ``corridor.asylum``, ``corridor.asylum_v2`` …"""
    major = facts.schema_version.split(".")[0]
    return f"{NAMESPACE}.{table}" if major in {"0", "1"} else f"{NAMESPACE}.{table}_v{major}"


def register(root: Path, release: Release, catalog_uri: str | None = None) -> None:
    """Enter the tables of a release, and of those before it that are not there yet, each with the release's tag.

    What is there already stays as it is. ``ReleaseError`` says what to do when the catalog cannot be used. The current
    state of an Iceberg table is the newest release that has the table.
    """
    last = releases.find(root, release.name)
    known = releases.index(root)
    found: dict[str, dict[str, Path]] = {}
    for entry in known[: known.index(last) + 1]:
        for name, facts in entry.tables.items():
            path = root.resolve() / entry.name / "tables" / f"{name}.parquet"
            found.setdefault(identifier(name, facts), {})[entry.name] = path
    with _explained(root), closing(catalog(root, catalog_uri)) as opened:
        opened.create_namespace_if_not_exists(NAMESPACE)
        for name, files in found.items():
            _register(opened, name, files, _warehouse(root) if catalog_uri is None else "")


def reregister(root: Path, catalog_uri: str | None = None) -> None:
    """Make the catalog again from the releases that there are, as after they were moved, pruned, or it was damaged.

    Only what Iceberg keeps of its own is removed, never a release's file.
    """
    if catalog_uri is None:
        (_data(root) / CATALOG).unlink(missing_ok=True)
        shutil.rmtree(_data(root) / FOLDER, ignore_errors=True)
    else:
        with _explained(root), closing(catalog(root, catalog_uri)) as opened:
            opened.create_namespace_if_not_exists(NAMESPACE)
            for name in opened.list_tables(NAMESPACE):
                opened.drop_table(name)
    last = releases.latest(root)
    if last is not None:
        register(root, last, catalog_uri)


def _data(root: Path) -> Path:
    return root.resolve().parent


def _warehouse(root: Path) -> str:
    return f"file://{_data(root) / FOLDER}"


def _register(opened: "Catalog", name: str, files: dict[str, Path], within: str) -> None:
    """Commit to one Iceberg table, in their order, the files of those releases whose tag it does not have."""
    if not opened.table_exists(name):
        release, path = next(iter(files.items()))
        _commit(opened.create_table_transaction(name, _schema(path), properties=PROPERTIES), (), release, path)
    table = opened.load_table(name)
    if not table.location().startswith(within):
        raise ReleaseError(f"the Iceberg table {name} is at {table.location()}: the data folder was moved")
    for release, path in files.items():
        if release not in table.refs():
            before = [task.file for task in table.scan().plan_files()]
            _commit(table.transaction(), before, release, path)


def _commit(transaction: "Transaction", before: Iterable["DataFile"], release: str, path: Path) -> None:
    """Fields that are new, the file in place of the one before, and the tag: all in one commit."""
    from pyiceberg.io.pyarrow import PyArrowFileIO, parquet_files_to_data_files
    from pyiceberg.table import TableProperties
    from pyiceberg.table.update.snapshot import ManageSnapshots

    filled = [f"file://{path}"] if pq.read_metadata(path).num_rows else []
    with transaction as change:
        with change.update_schema() as update:
            update.union_by_name(_schema(path))
        names = change.table_metadata.schema().name_mapping.model_dump_json()
        change.set_properties({TableProperties.DEFAULT_NAME_MAPPING: names})
        with change.update_snapshot({f"{NAMESPACE}.release": release}).overwrite() as snapshot:
            for file in before:
                snapshot.delete_data_file(file)
            for file in parquet_files_to_data_files(PyArrowFileIO(), change.table_metadata, iter(filled)):
                snapshot.append_data_file(file)
        ManageSnapshots(change).create_tag(snapshot.snapshot_id, release).commit()


def _schema(path: Path) -> pa.Schema:
    """The fields of a release's file, with their descriptions; all may be empty, since no other can be added later."""
    described = [
        pa.field(field.name, field.type, metadata={"doc": (field.metadata or {}).get(b"description", b"")})
        for field in pq.read_schema(path)
    ]
    return pa.schema(described)


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Say in one sentence why the catalog cannot be used, and what mends it."""
    try:
        yield
    except Exception as error:  # PyIceberg's errors have no base of their own, and damage can raise any other
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise ReleaseError(
            f"the Iceberg catalog of {root} cannot be used ({reason}); `corridor register --anew` makes it again"
        ) from error
