"""A real PostgreSQL server on 127.0.0.1 in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.dagster_server import free_port, wait_until

DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """The folder with the programs of PostgreSQL; None if it is not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(DEBIAN.glob("*/bin"))
    return folders[-1] if folders else None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server and yield the address of the database corridor for its owner, who has no other rights.

    Skips the test if PostgreSQL is not installed.
    """
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    # The server refuses to run as root.
    account = "postgres" if os.geteuid() == 0 else None
    if account and account not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("root cannot run PostgreSQL, and there is no account postgres")
    folder, port = Path(tempfile.mkdtemp(prefix="corridor-postgres-")), free_port()
    if account:
        shutil.chown(folder, account)

    def run(*command: str) -> None:
        subprocess.run(command, user=account, cwd=folder, check=True, capture_output=True)

    data = str(folder / "data")
    run(str(programs / "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    command = [str(programs / "postgres"), "-D", data, *(part for option in options for part in ("-c", option))]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, user=account, cwd=folder, stdout=log, stderr=log)
    place = f"127.0.0.1:{port}"

    def ready() -> bool | None:
        with suppress(subprocess.CalledProcessError):
            admin = f"postgresql://postgres@{place}/postgres"
            sql(admin, "create role corridor login", "create database corridor owner corridor")
            return True
        return None

    try:
        wait_until(ready, 30, "the start of PostgreSQL")
        yield f"postgresql://corridor:unused@{place}/corridor"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder)


def sql(address: str, *statements: str, file: Path | None = None) -> str:
    """Run statements, or a file with them, and return what they print."""
    programs = binaries()
    assert programs is not None
    arguments = [part for statement in statements for part in ("-c", statement)] + (["-f", str(file)] if file else [])
    command = [str(programs / "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments, address]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
