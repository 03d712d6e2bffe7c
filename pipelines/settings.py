"""What the environment decides."""

import os
from pathlib import Path
from typing import Literal

from warehouse.storage import Place
from warehouse.storage.s3 import S3Place


def data_folder() -> Path:
    """``$CORRIDOR_DATA``, by default ``./data``."""
    return Path(os.environ.get("CORRIDOR_DATA") or "data").resolve()


def releases() -> Place | None:
    """Where ``$CORRIDOR_RELEASES`` says that releases lie, as ``s3://bucket/prefix``; by default in the data folder."""
    address = os.environ.get("CORRIDOR_RELEASES")
    return S3Place.from_address(address) if address else None


def catalog() -> str | None:
    """The URI of the Iceberg catalog, ``$CORRIDOR_CATALOG``; by default it is ``catalog.db`` in the data folder."""
    return os.environ.get("CORRIDOR_CATALOG") or None


def mode() -> Literal["snapshot", "live"]:
    """``$CORRIDOR_MODE`` if that is ``live``; anything else means the embedded snapshot."""
    return "live" if os.environ.get("CORRIDOR_MODE") == "live" else "snapshot"
