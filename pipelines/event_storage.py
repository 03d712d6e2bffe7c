"""Dagster's event log in SQLite, with connections that stay open.

Dagster opens and closes a connection for each event, and each commit waits for the disk. For 300 assets and checks that
takes 6.8 s of processor time, and 2.1 s with open connections. The files and tables are those of Dagster, so either
class reads what the other wrote. This module uses private parts of Dagster: ``pyproject.toml`` bounds its version.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

# The index of all runs and a few runs: a web server may show many.
MOST_OPEN = 8

BUSY_SECONDS = 60


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """The event log of ``SqliteEventLogStorage`` with one open connection for each of the last used files."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Any,  # noqa: ANN401 - two base classes declare different types
    ) -> "PooledSqliteEventLogStorage":
        """Return the storage that an instance's configuration declares."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        """Return the engine of a file. If there are too many, close the one that was not used for the longest time."""
        if shard not in self._engines:
            engine = create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _commit_without_waiting)
            self._initdb(engine)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        while len(self._engines) > MOST_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def wipe(self) -> None:
        """Remove all events."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close all connections."""
        self._close()
        super().dispose()

    def _close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()


def _commit_without_waiting(connection: sqlite3.Connection, _record: object) -> None:
    """Let a commit not wait for the disk. A power failure may lose the last events, which no release depends on."""
    connection.execute("PRAGMA synchronous=NORMAL")
