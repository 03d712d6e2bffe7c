"""The errors of making tables from payloads."""

from warehouse.errors import CorridorError


class AssetError(CorridorError):
    """An asset cannot be made from its inputs."""


class HeldBackError(AssetError):
    """The release is held back by failed checks: ``problems`` has a sentence for each."""

    SHOWN = 5

    def __init__(self, problems: list[str]) -> None:
        more = f" and {len(problems) - self.SHOWN} more" if len(problems) > self.SHOWN else ""
        super().__init__(f"The release is held back: {'; '.join(problems[: self.SHOWN])}{more}")
        self.problems = problems
