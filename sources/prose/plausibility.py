"""The plausible figures of each indicator that prose gives, as ``plausibility.yaml`` declares them."""

from functools import cache
from importlib.resources import files
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sources.errors import CatalogueError
from warehouse.yaml_text import parse_yaml

FACTOR = 3.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Plausible(_Part):
    """The plausible figures of an indicator."""

    least: float = Field(description="the smallest plausible figure of any group and period")
    most: float = Field(description="the largest plausible figure of any group and period")
    factor: float = Field(
        default=FACTOR, gt=1, description="how many times larger or smaller a figure may be than those of its series"
    )
    reason: str | None = Field(default=None, description="why the factor is another one")

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if self.least > self.most:
            raise ValueError("the smallest plausible figure is larger than the largest")
        if (self.factor != FACTOR) != bool(self.reason):
            raise ValueError(f"a factor other than {FACTOR:g} needs a reason, and no other factor has one")
        return self


class Plausibility(_Part):
    """The plausible figures of all indicators that prose gives."""

    indicators: dict[str, Plausible]


# A change on the year before, in percent: it is compared with no series.
CHANGE = Plausible(least=-100, most=2000)


def load(text: str) -> dict[str, Plausible]:
    """Return the ranges of a YAML text; ``CatalogueError`` names the wrong field."""
    try:
        loaded: Any = parse_yaml(text)
        return Plausibility.model_validate(loaded).indicators
    except (yaml.YAMLError, ValidationError) as error:
        raise CatalogueError(f"plausibility.yaml is not valid: {error}") from error


@cache
def plausible() -> dict[str, Plausible]:
    """Return indicator → its plausible figures."""
    return load((files(__package__) / "plausibility.yaml").read_text(encoding="utf-8"))
