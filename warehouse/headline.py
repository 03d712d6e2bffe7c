"""The headline indicators: which observation, or which sum of observations, is the figure to use.

``headline.yaml`` declares, for each indicator, its sources in order. The first source that has a figure for a
jurisdiction, partner and year is used. A source selects observations that are totals in every dimension that it does
not name.
"""

from functools import cache
from importlib.resources import files
from typing import Literal, Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import ContractError
from warehouse.yaml_text import parse_yaml

# The partner of the row with what is not attributed to a listed partner.
REST = "_R"


def tolerance(parts: pl.Expr, total: pl.Expr) -> pl.Expr:
    """How far published parts may exceed their total: each figure is rounded to five, and surveys differ by 1 %."""
    return 2.5 * (parts + 1) + 0.01 * total.abs()


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeadlineSource(_Entry):
    """Observations of one dataset from which headline figures are taken."""

    dataset: str
    where: dict[str, list[str]] = Field(
        default={}, description="by dimension or field: the codes that are selected; without it the total is"
    )
    parts: dict[str, list[str]] = Field(
        default={},
        description="by dimension: the codes whose figures make the total where it is not published; all must have one",
    )
    rest: dict[str, str] = Field(
        default={}, description="by dimension of parts: the code that is added to the parts if it has a figure"
    )
    omits_zero: bool = Field(
        default=False,
        description="whether received copies leave out cells with 0, so that a part without a row is 0",
    )
    add: list[str] = Field(
        default=[], description="dimensions in which all selected observations are added up, because none is a total"
    )
    freq: Literal["A", "Q", "M", "D"] = "A"
    year: Literal["sum", "last", "all"] = Field(
        default="last",
        description="how the figure of a year is made from shorter periods. sum: all quarters or months, if none is "
        "missing; last: the last period of the year; all: every event of the year",
    )
    complete: bool = Field(
        default=False,
        description="whether a partner without a row has the figure 0, so that the partners make the total",
    )
    whom: list[str] = Field(default=[], description="the jurisdictions for which the source is used; empty for all")
    partial: bool = Field(
        default=False, description="whether the dataset holds only a part of what its indicator counts"
    )
    because: str = Field(description="why this source is used, and what a reader must know about it")


class HeadlineIndicator(_Entry):
    """A headline indicator with its sources, the most suitable first."""

    of: str | None = Field(default=None, description="the indicator of the observations, if it has another name")
    name: dict[Literal["en", "zh"], str] | None = None
    description: str | None = None
    nationals: bool = Field(
        default=False, description="whether the jurisdiction's own nationals or natives are listed next to the partners"
    )
    partners: list[str] = Field(
        default=[], description="groups that do not overlap, which are listed in place of single partners"
    )
    group: list[str] = Field(
        default=[],
        description="the group of partners that the indicator is about, as the publishers code it; it has no partner",
    )
    outside: list[str] = Field(
        default=[],
        description="members of the Union to which the indicator does not apply, so that its sum lacks nothing",
    )
    of_states: dict[str, str] = Field(
        default={},
        description="by group of states that is not the Union: the counting rule of the figures that make its sum",
    )
    sources: list[HeadlineSource]

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.of is None) != (self.name is None) or (self.name is None) != (self.description is None):
            raise ValueError("an indicator with `of` has a name and a description, and no other has")
        return self


class Headline(_Entry):
    """The file ``headline.yaml``."""

    indicators: dict[str, HeadlineIndicator]


@cache
def headline_indicators() -> dict[str, HeadlineIndicator]:
    """Name → headline indicator, in the order of the file. Raises ``ContractError`` if the file is not valid."""
    text = files("warehouse").joinpath("headline.yaml").read_text(encoding="utf-8")
    try:
        return Headline.model_validate(parse_yaml(text)).indicators
    except (yaml.YAMLError, ValidationError) as error:
        raise ContractError(f"warehouse/headline.yaml is not valid: {error}") from error
