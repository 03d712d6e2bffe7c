"""The errors of making tables from payloads."""

from warehouse.errors import CorridorError


class AssetError(CorridorError):
    """An asset cannot be made from its inputs."""


class StructureError(AssetError):
    """A payload is well formed, but its dimensions differ from those that its catalogue entry declares."""
