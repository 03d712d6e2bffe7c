"""The errors of making tables from payloads."""

from warehouse.errors import CorridorError


class AssetError(CorridorError):
    """An asset cannot be made from its inputs."""
