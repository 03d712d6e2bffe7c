"""The releases as Iceberg tables: the same Parquet files, with one snapshot and one tag for each release.

No data is copied. The catalog is ``catalog.db`` in the data folder, and Iceberg's metadata is in the folder ``iceberg``
next to it; both can be built again from the releases at any time. Another catalog is given by its URI: ``http(s)://``
for a REST catalog, otherwise a URI of SQLAlchemy. PyIceberg's own configuration of the catalog ``corridor`` (a file, or
variables ``PYICEBERG_CATALOG__CORRIDOR__…``) adds credentials and storage.

A Corridor table is one Iceberg table as long as fields are only added: columns are found in the files by name, so a
field must keep its type. A new major version of the contract, which removes or retypes fields, starts another table.
"""

import os
import shutil
import sqlite3
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

# Properties of a snapshot: the name of its release, and the address of its file.
RELEASE, FILE = "corridor.release", "corridor.file"

# Each commit writes the whole history of the table, so the last metadata files are enough.
PROPERTIES = {"write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "10"}


def catalog(data: Path, uri: str | None = None) -> "Catalog":
    """Open the catalog of a data folder, or that of ``uri``; create it if needed. The caller closes it."""
    from pyiceberg.catalog import load_catalog

    if uri is not None and uri.startswith("http"):
        return load_catalog(NAMESPACE, uri=uri, **_store())
    uri = uri or f"sqlite:///{data.resolve() / CATALOG}"
    return load_catalog(NAMESPACE, uri=uri, warehouse=_warehouse(data), **_store())


def identifier(table: str, facts: TableFacts) -> str:
    """The name in the catalog for a table of one release: ``corridor.asylum``, ``corridor.asylum_v2`` …"""
    major = facts.schema_version.split(".")[0]
    return f"{NAMESPACE}.{table}" if major in {"0", "1"} else f"{NAMESPACE}.{table}_v{major}"


def register(root: Place, data: Path, uri: str | None = None) -> None:
    """Make the catalog equal to the index of the releases under ``root``: each release is a tag in each of its tables.

    Existing tags stay unchanged, and tags of pruned releases are removed. The current state of an Iceberg table is the
    newest release with that table. Raises ``ReleaseError``, with the remedy, if the catalog cannot be used.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in releases.index(root):
        for name, facts in entry.tables.items():
            found.setdefault(identifier(name, facts), {})[entry.name] = _address(releases.table_file(root, entry, name))
    with _one_sentence_errors(root), closing(catalog(data, uri)) as opened:
        opened.create_namespace_if_not_exists(NAMESPACE)
        for name, files in found.items():
            _register(opened, name, files)
        for _, name in opened.list_tables(NAMESPACE):
            if f"{NAMESPACE}.{name}" not in found:
                _drop(opened, name)


def foreign_locations(data: Path) -> list[str]:
    """The addresses of tables in the catalog of a data folder that lie outside of this folder.

    They are those of another folder after this one was copied or moved. Another catalog than ``catalog.db`` has none.
    """
    path = data / CATALOG
    if not path.exists():
        return []
    query = "SELECT metadata_location FROM iceberg_tables ORDER BY table_name"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            found = [address for (address,) in opened.execute(query) if address]
    except sqlite3.Error as error:
        raise ReleaseError(f"{path} cannot be read ({error}); `corridor register --rebuild` makes it again") from error
    return [address for address in found if not address.startswith(f"{_warehouse(data)}/")]


def reregister(root: Place, data: Path, uri: str | None = None) -> None:
    """Build the catalog again from the releases, after they were moved or the catalog was damaged.

    Removes only Iceberg's metadata, never a file of a release.
    """
    if uri is None:
        (data / CATALOG).unlink(missing_ok=True)
        shutil.rmtree(data / FOLDER, ignore_errors=True)
    else:
        with _one_sentence_errors(root), closing(catalog(data, uri)) as opened:
            opened.create_namespace_if_not_exists(NAMESPACE)
            for _, name in opened.list_tables(NAMESPACE):
                _drop(opened, name)
    register(root, data, uri)


def _store() -> dict[str, str]:
    """The S3 endpoint, which PyIceberg, unlike the other libraries, does not read from the environment itself."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    return {"s3.endpoint": endpoint} if endpoint else {}


def _warehouse(data: Path) -> str:
    return f"file://{data.resolve() / FOLDER}"


def _address(file: str) -> str:
    return file if "://" in file else f"file://{Path(file).resolve()}"


def _register(opened: "Catalog", name: str, files: dict[str, str]) -> None:
    """Commit to an Iceberg table, in order, the files of those releases for which it has no tag yet."""
    if not opened.table_exists(name):
        release, file = next(iter(files.items()))
        _commit(opened.create_table_transaction(name, _schema(file), properties=PROPERTIES), (), release, file)
    table = opened.load_table(name)
    for release, file in files.items():
        known = table.snapshot_by_name(release)
        if known is not None and (known.summary is None or known.summary.get(FILE) != file):
            raise ReleaseError(f"in the Iceberg table {name}, {release} is not at {file}: releases were moved")
        if known is None:
            before = [task.file for task in table.scan().plan_files()]
            _commit(table.transaction(), before, release, file)
    _remove_tags_except(table, files)


def _commit(transaction: "Transaction", before: Iterable["DataFile"], release: str, file: str) -> None:
    """Add new fields, replace the files ``before`` by ``file``, and set the tag, all in one commit."""
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
    """Remove a table if it was registered from releases; the namespace may contain tables of other programs."""
    last = opened.load_table(f"{NAMESPACE}.{name}").current_snapshot()
    if last is not None and last.summary is not None and last.summary.get(RELEASE):
        opened.drop_table(f"{NAMESPACE}.{name}")


def _remove_tags_except(table: "Table", known: Collection[str]) -> None:
    """Remove the tags of all releases that are not in ``known``, and the snapshots that then have no tag."""
    pruned = [tag for tag in table.refs() if tag != "main" and tag not in known]
    for tag in pruned:
        table.manage_snapshots().remove_tag(tag).commit()
    if pruned:
        tagged = {reference.snapshot_id for reference in table.refs().values()}
        untagged = [snapshot.snapshot_id for snapshot in table.snapshots() if snapshot.snapshot_id not in tagged]
        table.maintenance.expire_snapshots().by_ids(untagged).commit()


def _schema(file: str) -> pa.Schema:
    """The fields of a release's file, with their descriptions. All are nullable: Iceberg can add only such fields."""
    described = [
        pa.field(field.name, field.type, metadata={"doc": (field.metadata or {}).get(b"description", b"")})
        for field in pq.read_schema(file.removeprefix("file://"))
    ]
    return pa.schema(described)


@contextmanager
def _one_sentence_errors(root: Place) -> Iterator[None]:
    """Turn any error into a ``ReleaseError`` of one sentence with the remedy."""
    try:
        yield
    except Exception as error:  # PyIceberg's errors have no common base class, and damage can raise any other error
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise ReleaseError(f"the Iceberg catalog of {root} cannot be used ({reason}); {_remedy(root)}") from error


def _remedy(root: Place) -> str:
    """What to do after an error: restore a table that is damaged or missing, else build the catalog again."""
    for entry in releases.index(root):
        if damages := releases.damages(root / entry.name, entry):
            return f"{damages[0]}: restore it from a backup; `corridor verify` names all damage"
    return "`corridor register --rebuild` builds it again"
