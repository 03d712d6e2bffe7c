"""The measures of the comparison, declared in ``measures.yaml``: what is compared, and from which figures.

A measure has ordered sources, or a formula with two other measures, or a computation from tables of law.
"""

from functools import cache
from importlib.resources import files
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import ContractError
from warehouse.yaml_text import parse_yaml

# The codes of a dimension that a selection does not name: the total, or "not applicable".
TOTAL = ("_T", "_Z")
# Letters of CL_OBS_STATUS that a reader of a single figure must know.
STATUS_FLAGS = {"break": "B", "definition_differs": "D", "estimated": "E", "provisional": "P", "unreliable": "U"}
# Sums are computed in whole ten-thousandths: a sum of floats depends on their order, and releases must be reproducible.
DECIMALS = 4
UNITS: int = 10**DECIMALS

Grade = Literal["A", "B", "C", "D"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Selection(_Entry):
    """Figures of one dataset that may be used for a measure."""

    dataset: str
    indicator: str
    because: str = Field(description="why the source is at its place in the order")
    partner: list[str] = Field(default=list(TOTAL), description="codes of the partner")
    where: dict[str, list[str]] = Field(default={}, description="codes to select in a dimension in place of its total")
    total: list[str] = Field(default=[], alias="sum", description="dimensions over which figures are added up")
    least_parts: int = Field(default=1, description="the minimum number of rows of a complete sum")
    complete: bool = Field(
        default=False,
        description="whether a jurisdiction that has figures of other partners in a year, and none of these, has 0",
    )
    definition: list[str] = Field(default=[], description="counting rules to use; empty: all")
    concept: str | None = Field(
        default=None, description="the concept, if the selection is narrower than the indicator"
    )
    freq: str = "A"
    whom: Literal["all", "members", "china"] = Field(default="all", description="the side for which the source is used")
    without: list[str] = Field(default=[], description="jurisdictions for which the source is not used")
    side: Literal["jurisdiction", "partner"] = Field(
        default="jurisdiction", description="the field of the observation with the jurisdiction of the measure"
    )


class Formula(_Entry):
    """A share (in per cent), ratio or difference of two measures of the same jurisdiction and year."""

    share: str | None = None
    ratio: str | None = None
    difference: str | None = None
    of: str | None = None
    less: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [name for name in ("share", "ratio", "difference") if getattr(self, name)]
        if len(kinds) != 1 or (self.less is None) != (kinds != ["difference"]) or (self.of is None) == (not self.less):
            raise ValueError("a formula is {share: …, of: …}, {ratio: …, of: …} or {difference: …, less: …}")
        return self

    @property
    def first(self) -> str:
        """The dividend or minuend."""
        return str(self.share or self.ratio or self.difference)

    @property
    def second(self) -> str:
        """The divisor or subtrahend."""
        return str(self.of or self.less)

    def __str__(self) -> str:
        sign = "−" if self.difference else "÷"
        return f"{self.first} {sign} {self.second}" + (" × 100" if self.share else "")


class Absence(_Entry):
    """Why a jurisdiction has no figure for a measure in any year."""

    reason: str = Field(description="a code of missing_reason")
    because: str


class Measure(_Entry):
    """A measure: its meaning, its unit, and the origin of its figures."""

    theme: str
    name: dict[Literal["en", "zh"], str]
    unit: str
    description: str
    not_for: str = Field(description="what the measure must not be used for")
    per_population: bool = Field(default=False, description="whether a rate per 1 000 residents is meaningful")
    additive: bool = Field(default=False, description="whether the sum of the member states is a figure of the Union")
    ranked: bool = Field(
        default=True, description="false: figures of some jurisdictions are missing because of their value, so no rank"
    )
    like: str | None = Field(default=None, description="the counting rule against which all sources are graded")
    sources: list[Selection] = []
    formula: Formula | None = None
    computed: str | None = Field(default=None, description="the name of a computation from tables of law")
    absent: dict[str, Absence] = Field(
        default={}, description="by jurisdiction; members: all member states; EU27: all member states and the Union"
    )
    events: list[str] = Field(default=[], description="instruments whose events are shown with the measure")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum((bool(self.sources), self.formula is not None, self.computed is not None)) != 1:
            raise ValueError("a measure has sources, a formula or a computation")
        if bool(self.sources) != (self.like is not None):
            raise ValueError("`like` declares the counting rule of a measure with sources, and only of such a measure")
        return self


class Side(Selection):
    """One side of a mirror: its figures, and which end of the corridor is their jurisdiction."""

    counted_by: Literal["origin", "destination"]
    of_all: bool = Field(
        default=False, description="whether the figure is over all partners, because the jurisdiction gives no partner"
    )


class Ends(_Entry):
    """The measures with the figure of the Union and that of China for a corridor between them."""

    union: str
    china: str


class Mirror(_Entry):
    """Two counts of the same corridor, by its two ends or by two publishers.

    ``sides`` select the figures of each member state, ``measures`` the figures of the Union and of China in the
    comparison.
    """

    name: dict[Literal["en", "zh"], str]
    unit: str
    description: str
    corridors: Literal["from_china", "to_china"]
    sides: tuple[Side, Side] | None = None
    measures: Ends | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.sides is None) == (self.measures is None):
            raise ValueError("a mirror has sides or measures")
        return self


@cache
def measures() -> dict[str, Measure]:
    """Id → measure, in the order of the file. Raises ``ContractError`` if the file is not valid."""
    found = _declared().measures
    used = {part for entry in found.values() if entry.formula for part in (entry.formula.first, entry.formula.second)}
    if unknown := sorted(used - set(found)):
        raise ContractError(f"warehouse/measures.yaml has formulas with undeclared measures: {', '.join(unknown)}")
    return found


@cache
def mirrors() -> dict[str, Mirror]:
    """Id → mirror, in the order of the file. Raises ``ContractError`` if the file is not valid."""
    found = _declared().mirrors
    used = {name for entry in found.values() if entry.measures for name in (entry.measures.union, entry.measures.china)}
    counted = {name for name, entry in measures().items() if entry.like}
    if unknown := sorted(used - counted):
        raise ContractError(f"warehouse/measures.yaml has mirrors of measures without sources: {', '.join(unknown)}")
    return found


class Declared(_Entry):
    """The file ``measures.yaml``."""

    reasons: dict[str, str] = Field(description="reasons that several sources refer to")
    measures: dict[str, Measure]
    mirrors: dict[str, Mirror]


@cache
def _declared() -> Declared:
    text = files("warehouse").joinpath("measures.yaml").read_text(encoding="utf-8")
    try:
        return Declared.model_validate(parse_yaml(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ContractError(f"warehouse/measures.yaml is not valid: {error}") from error
