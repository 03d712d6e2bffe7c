"""The errors of making tables from payloads."""

from collections.abc import Sequence

from warehouse.errors import CorridorError, shortened


class AssetError(CorridorError):
    """An asset cannot be made from its inputs."""


# Reasons that the sentence about a release that is held back contains.
SHOWN = 5


class HeldBackError(AssetError):
    """The release is held back by failed checks."""


def held_back(reasons: Sequence[object]) -> str:
    """The sentence that a release is held back, with the first of the reasons."""
    return f"The release is held back: {shortened(reasons, SHOWN, '; ')}"
