"""What the environment decides."""

import os
from pathlib import Path


def data_folder() -> Path:
    """``$CORRIDOR_DATA``, by default ``./data``."""
    return Path(os.environ.get("CORRIDOR_DATA") or "data").resolve()


def live() -> bool:
    """Whether ``$CORRIDOR_MODE`` is ``live``; anything else means the embedded snapshot."""
    return os.environ.get("CORRIDOR_MODE") == "live"
