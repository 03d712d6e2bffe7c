"""The errors of making tables out of payloads."""


class AssetError(Exception):
    """Something cannot be made out of what there is."""


class StructureError(AssetError):
    """A payload is well formed, but its dimensions are not those that the catalogue entry knows."""
