"""The releases as Iceberg tables: the same Parquet files, with one snapshot and one tag a release.

Nothing is copied. The catalog is ``catalog.db`` in the data folder, and what Iceberg keeps of its own lies in
``iceberg`` beside it; both can be made again from the releases at any time. Another catalog is named by its URI:
``http(s)://`` for REST, else what SQLAlchemy takes; PyIceberg's own configuration of the catalog ``corridor`` (a file,
or variables ``PYICEBERG_CATALOG__CORRIDOR__…``) adds credentials and storage.

A Corridor table is one Iceberg table as long as its fields only grow: their names find the columns in the files, so a
name must keep its type. A new major version of its contract, which removed or retyped fields, begins another one.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse import releases
from warehouse.errors import ReleaseError
from warehouse.releases import TableFacts
from warehouse.storage import Place

# PyIceberg takes a second to import, and most commands need none of it.
if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table, Transaction

NAMESPACE = "corridor"
CATALOG = "catalog.db"
FOLDER = "iceberg"

# What a snapshot says of itself: the release it is, and where the file of that lies.
RELEASE, FILE = "corridor.release", "corridor.file"

# Each commit writes the table's whole history again: the last ones are enough.
PROPERTIES = {"write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "10"}


def catalog(data: Path, uri: str | None = None) -> "Catalog":
    """The catalog of a data folder, or that of ``uri``; it is made where it does not exist, and is to be closed."""
    from pyiceberg.catalog import load_catalog

    if uri is not None and uri.startswith("http"):
        return load_catalog(NAMESPACE, uri=uri, **_store())
    uri = uri or f"sqlite:///{data.resolve() / CATALOG}"
    return load_catalog(NAMESPACE, uri=uri, warehouse=_warehouse(data), **_store())


def identifier(table: str, facts: TableFacts) -> str:
    """The name in the catalog of a table as one release has it: ``corridor.asylum``, ``corridor.asylum_v2`` …"""
    major = facts.schema_version.split(".")[0]
    return f"{NAMESPACE}.{table}" if major in {"0", "1"} else f"{NAMESPACE}.{table}_v{major}"


def register(root: Place, data: Path, uri: str | None = None) -> None:
    """Let the catalog say what the index of the releases under ``root`` says: each release a tag in each of its tables.

    What is there already stays as it is; the tags of releases that are no more go. ``ReleaseError`` says what to do
    when the catalog cannot be used. The current state of an Iceberg table is the newest release that has the table.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in releases.index(root):
        for name, facts in entry.tables.items():
            found.setdefault(identifier(name, facts), {})[entry.name] = _address(releases.table_file(root, entry, name))
    with _explained(root), closing(catalog(data, uri)) as opened:
        opened.create_namespace_if_not_exists(NAMESPACE)
        for name, files in found.items():
            _register(opened, name, files)
        for _, name in opened.list_tables(NAMESPACE):
            if f"{NAMESPACE}.{name}" not in found:
                _drop(opened, name)


def reregister(root: Place, data: Path, uri: str | None = None) -> None:
    """Make the catalog again from the releases that there are, as after they were moved or it was damaged.

    Only what Iceberg keeps of its own is removed, never a release's file.
    """
    if uri is None:
        (data / CATALOG).unlink(missing_ok=True)
        shutil.rmtree(data / FOLDER, ignore_errors=True)
    else:
        with _explained(root), closing(catalog(data, uri)) as opened:
            opened.create_namespace_if_not_exists(NAMESPACE)
            for _, name in opened.list_tables(NAMESPACE):
                _drop(opened, name)
    register(root, data, uri)


def _store() -> dict[str, str]:
    """What PyIceberg, alone of all that read an object store, does not take from the environment by itself."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    return {"s3.endpoint": endpoint} if endpoint else {}


def _warehouse(data: Path) -> str:
    return f"file://{data.resolve() / FOLDER}"


def _address(file: str) -> str:
    return file if "://" in file else f"file://{Path(file).resolve()}"


def _register(opened: "Catalog", name: str, files: dict[str, str]) -> None:
    """Commit to one Iceberg table, in their order, the files of those releases whose tag it does not have."""
    if not opened.table_exists(name):
        release, file = next(iter(files.items()))
        _commit(opened.create_table_transaction(name, _schema(file), properties=PROPERTIES), (), release, file)
    table = opened.load_table(name)
    for release, file in files.items():
        known = table.snapshot_by_name(release)
        if known is not None and (known.summary is None or known.summary.get(FILE) != file):
            raise ReleaseError(f"the Iceberg table {name} has {release} elsewhere than at {file}: releases were moved")
        if known is None:
            before = [task.file for task in table.scan().plan_files()]
            _commit(table.transaction(), before, release, file)
    _forget(table, files)


def _commit(transaction: "Transaction", before: Iterable["DataFile"], release: str, file: str) -> None:
    """Fields that are new, the file in place of the one before, and the tag: all in one commit."""
    from pyiceberg.io.pyarrow import PyArrowFileIO, parquet_files_to_data_files
    from pyiceberg.table import TableProperties
    from pyiceberg.table.update.snapshot import ManageSnapshots

    filled = [file] if pq.read_metadata(file.removeprefix("file://")).num_rows else []
    with transaction as change:
        with change.update_schema() as update:
            update.union_by_name(_schema(file))
        names = change.table_metadata.schema().name_mapping.model_dump_json()
        change.set_properties({TableProperties.DEFAULT_NAME_MAPPING: names})
        with change.update_snapshot({RELEASE: release, FILE: file}).overwrite() as snapshot:
            for old in before:
                snapshot.delete_data_file(old)
            for new in parquet_files_to_data_files(PyArrowFileIO(_store()), change.table_metadata, iter(filled)):
                snapshot.append_data_file(new)
        ManageSnapshots(change).create_tag(snapshot.snapshot_id, release).commit()


def _drop(opened: "Catalog", name: str) -> None:
    """Remove a table that came of releases; others may keep tables of their own beside them."""
    last = opened.load_table(f"{NAMESPACE}.{name}").current_snapshot()
    if last is not None and last.summary is not None and last.summary.get(RELEASE):
        opened.drop_table(f"{NAMESPACE}.{name}")


def _forget(table: "Table", known: Collection[str]) -> None:
    """Remove the tags of releases that are no more, and the snapshots that no tag names."""
    gone = [tag for tag in table.refs() if tag != "main" and tag not in known]
    for tag in gone:
        table.manage_snapshots().remove_tag(tag).commit()
    if gone:
        named = {reference.snapshot_id for reference in table.refs().values()}
        unnamed = [snapshot.snapshot_id for snapshot in table.snapshots() if snapshot.snapshot_id not in named]
        table.maintenance.expire_snapshots().by_ids(unnamed).commit()


def _schema(file: str) -> pa.Schema:
    """The fields of a release's file, with their descriptions; all may be empty, since no other can be added later."""
    described = [
        pa.field(field.name, field.type, metadata={"doc": (field.metadata or {}).get(b"description", b"")})
        for field in pq.read_schema(file.removeprefix("file://"))
    ]
    return pa.schema(described)


@contextmanager
def _explained(root: Place) -> Iterator[None]:
    """Say in one sentence why the catalog cannot be used, and what mends it."""
    try:
        yield
    except Exception as error:  # PyIceberg's errors have no base of their own, and damage can raise any other
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise ReleaseError(
            f"the Iceberg catalog of {root} cannot be used ({reason}); `corridor register --anew` makes it again"
        ) from error
