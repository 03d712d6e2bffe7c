"""The measures of the comparison, as ``measures.yaml`` declares them: what is compared, and from which figures.

A measure is picked from sources in order, worked out from two other measures, or computed from a table of law.
"""

from functools import cache
from importlib.resources import files
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import ContractError

# What every dimension is where a selection does not name it: a total, or not a dimension of the figure.
TOTAL = ("_T", "_Z")

Grade = Literal["A", "B", "C", "D"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Selection(_Entry):
    """Figures of one dataset that may speak for a measure."""

    dataset: str
    indicator: str
    because: str = Field(description="why this source stands where it stands in the order")
    partner: list[str] = Field(default=list(TOTAL), description="codes of the other side")
    where: dict[str, list[str]] = Field(default={}, description="codes of dimensions that are no totals")
    total: list[str] = Field(default=[], alias="sum", description="dimensions whose figures are added up")
    least_parts: int = Field(default=1, description="how many rows a sum must have to be whole")
    definition: list[str] = Field(default=[], description="counting rules to take; all where it names none")
    concept: str | None = Field(default=None, description="what is counted, where the selection narrows the indicator")
    freq: str = "A"
    whom: Literal["all", "members"] = Field(default="all", description="members: it says nothing of China here")
    side: Literal["reporter", "partner"] = Field(
        default="reporter", description="the field of the figure that is the jurisdiction of the measure"
    )


class Formula(_Entry):
    """Two measures of one jurisdiction and year: a share of in per cent, a ratio of, or a difference less."""

    share: str | None = None
    ratio: str | None = None
    difference: str | None = None
    of: str | None = None
    less: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [name for name in ("share", "ratio", "difference") if getattr(self, name)]
        if len(given) != 1 or (self.less is None) != (given != ["difference"]) or (self.of is None) == (not self.less):
            raise ValueError("a formula is {share: …, of: …}, {ratio: …, of: …} or {difference: …, less: …}")
        return self

    @property
    def first(self) -> str:
        """The measure that is divided, or taken from."""
        return str(self.share or self.ratio or self.difference)

    @property
    def second(self) -> str:
        """The measure that divides, or is taken."""
        return str(self.of or self.less)

    def __str__(self) -> str:
        sign = "−" if self.difference else "÷"
        return f"{self.first} {sign} {self.second}" + (" × 100" if self.share else "")


class Absence(_Entry):
    """Why a jurisdiction has no figure at all."""

    reason: str = Field(description="a code of missing_reason")
    because: str


class Measure(_Entry):
    """A measure: what it means, in which unit, and where its figures come from."""

    theme: str
    name: dict[Literal["en", "zh"], str]
    unit: str
    description: str
    not_for: str = Field(description="what the measure may not be used for")
    per_population: bool = Field(default=False, description="whether a rate for each 1 000 residents makes sense")
    additive: bool = Field(default=False, description="whether the figures of the member states make one of the Union")
    like: str | None = Field(default=None, description="the counting rule that the first source is to follow")
    sources: list[Selection] = []
    formula: Formula | None = None
    computed: str | None = Field(default=None, description="a computation from tables of law")
    absent: dict[str, Absence] = Field(default={}, description="by jurisdiction; of all members, EU27 with the Union")
    events: list[str] = Field(default=[], description="instruments whose events matter to the measure")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum((bool(self.sources), self.formula is not None, self.computed is not None)) != 1:
            raise ValueError("a measure has sources, a formula or a computation")
        if bool(self.sources) != (self.like is not None):
            raise ValueError("a measure with sources says which counting rule they are held against, and only such one")
        return self


class Side(Selection):
    """One side of a mirror: the figures, and the end of the corridor that counts them, as their reporter."""

    counted_by: Literal["origin", "destination"]


class Mirror(_Entry):
    """One corridor as two sides, or two publishers, count it."""

    name: dict[Literal["en", "zh"], str]
    unit: str
    description: str
    corridors: Literal["from_china", "to_china"]
    sides: tuple[Side, Side]


@cache
def measures() -> dict[str, Measure]:
    """Every measure by its id, in the order of the file. ``ContractError`` says what is wrong with it."""
    found = _declared().measures
    asked = {part for entry in found.values() if entry.formula for part in (entry.formula.first, entry.formula.second)}
    if unknown := sorted(asked - set(found)):
        raise ContractError(f"warehouse/measures.yaml works with measures that it does not have: {', '.join(unknown)}")
    return found


@cache
def mirrors() -> dict[str, Mirror]:
    """Every mirror by its id, in the order of the file. ``ContractError`` says what is wrong with it."""
    return _declared().mirrors


class Declared(_Entry):
    """The file ``measures.yaml``."""

    reasons: dict[str, str] = Field(description="sentences that sources refer to")
    measures: dict[str, Measure]
    mirrors: dict[str, Mirror]


@cache
def _declared() -> Declared:
    text = files("warehouse").joinpath("measures.yaml").read_text(encoding="utf-8")
    try:
        return Declared.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ContractError(f"warehouse/measures.yaml is not right: {error}") from error
