"""The database of Dagster's records: its address, and whether it answers. This module loads no Dagster."""

import os
from importlib.util import find_spec
from pathlib import Path

import yaml

from assets.core.errors import AssetError
from warehouse.yaml_text import parse_yaml

SECONDS = 10  # to connect


def address(home: Path) -> str | None:
    """The address of the database with the runs. None if the configuration names another kind of storage."""
    try:
        config = parse_yaml((home / "dagster.yaml").read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    if not isinstance(config, dict):
        return None
    if not {"storage", "run_storage"} & set(config):
        return f"sqlite:///file:{(home / 'history' / 'runs.db').resolve()}?mode=ro&uri=true"
    match config.get("storage"):
        case {"postgres": {"postgres_url": {"env": str(name)}}}:
            return os.environ.get(name, "")
        case {"postgres": {"postgres_url": str(url)}}:
            return url
    return None


def require_postgres(home: Path) -> None:
    """Raise ``AssetError`` with the remedy if the records are in PostgreSQL, and its database cannot be used.

    Dagster would try six times and end with a traceback.
    """
    found = address(home)
    if found is None or found.startswith("sqlite"):
        return
    where = f"{home / 'dagster.yaml'} puts Dagster's records into PostgreSQL"
    if not found:
        raise AssetError(f"{where}, but the variable with its address is not set; see docs/operations.md")
    if not find_spec("dagster_postgres"):
        raise AssetError(f"{where}, whose driver is not installed; install requirements-postgres.lock")
    if reason := _why_unreachable(found):
        raise AssetError(f"{where}, which does not answer: {reason}")


def _why_unreachable(found: str) -> str | None:
    """Why no connection to a database can be made, without its password. None if one can."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        engine = create_engine(found, connect_args={"connect_timeout": SECONDS})
        with engine.connect():
            engine.dispose()
    except DBAPIError as error:
        return " ".join(str(error.orig).split())
    except SQLAlchemyError as error:
        return " ".join(str(error).split())
    return None
