"""The catalogue: one YAML a publisher, and here the model that every entry must fit.

An entry says who publishes, under which licence, how often, at which endpoints and limits, and for each dataset how its
dimensions become the fields of one of our tables. What an entry cannot say stands in ``sources/publishers``.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sources.errors import CatalogueError
from sources.request import Kind, Limits

Names = dict[Literal["en", "zh"], str]


class Entry(BaseModel):
    """A part of the catalogue: frozen, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Licence(Entry):
    """Under which terms the publisher's data may be used, and where that is written."""

    id: str = Field(description="SPDX identifier, or a short name where there is none")
    url: str
    redistribution: Literal["allowed", "forbidden", "unknown"]
    attribution: str = Field(description="the words with which the publisher wants to be named")
    basis: str = Field(description="the text that says so")


class Paging(Entry):
    """An answer that says of how many pages it is one."""

    parameter: str = Field(description="the query parameter that names the page, from 1")
    pages: str = Field(description="JSON pointer to the number of pages in an answer")


class Endpoint(Entry):
    """One address of a publisher, as a template."""

    url: str = Field(description="with {code} for the publisher's name of the dataset, {DIM} for a filter in the path")
    params: dict[str, str] = {}
    filter: str | None = Field(default=None, description="name of the query parameter that filters {dim}")
    join: str = Field(default=",", description="what stands between several codes of a filter")
    accept: Kind
    headers: dict[str, str] = {}
    paging: Paging | None = None


class Dim(Entry):
    """A field that is read from a dimension of the payload through a code map."""

    dim: str | list[str] = Field(description="name of the dimension; several where it was renamed")
    codes: str | dict[str, str] | None = Field(
        default=None, description="a code map of this publisher, a scheme of area codes, or a map; none: as they are"
    )
    absent: str | None = Field(default=None, description="the value where the payload has no such dimension")
    blank: "Dim | None" = Field(default=None, description="where to look when the dimension is empty in a row")

    @property
    def names(self) -> list[str]:
        """The names under which the dimension may appear."""
        return [self.dim] if isinstance(self.dim, str) else self.dim


class Observe(Entry):
    """How cells become observations."""

    indicator: str | Dim
    reporter: str | Dim
    partner: str | Dim = "_Z"
    partner_role: str = "_Z"
    dimensions: dict[str, str | Dim] = {}
    unit: str | Dim
    definition: str | Dim
    expect: dict[str, list[str]] = Field(default={}, description="dimensions that must hold nothing but these codes")
    where: dict[str, list[str]] = Field(default={}, description="rows to take; others belong to other datasets")
    ignore: list[str] = Field(default=[], description="dimensions that repeat what others say")
    scale: float = Field(default=1.0, description="factor from the published number to the unit")
    rounding: int | None = Field(default=None, description="the publisher rounds to a multiple of this")


class Edition(Entry):
    """A closed publication: it cannot be asked for any more, but the archive may hold it."""

    id: str
    url: str
    accept: Kind
    note: str


class Dataset(Entry):
    """One thing that the publisher publishes under one name."""

    title: str
    table: str = Field(description="the table of ours that its observations enter")
    endpoint: str
    code: str | None = Field(default=None, description="the publisher's name of it, where it is not the entry's")
    filters: dict[str, list[str]] = Field(default={}, description="the slice that is asked for: codes by dimension")
    split: dict[str, int] = Field(default={}, description="ask for at most so many codes of a filter at once")
    alternatives: list[dict[str, list[str]]] = Field(
        default=[], description="instead of one filter, several requests with these"
    )
    editions: list[Edition] = []
    observe: Observe
    territory: str | None = Field(default=None, description="what it includes of Hong Kong, Macao, Taiwan and Kosovo")
    notes: str | None = None
    licence: Licence | None = None
    cron: str | None = None


class Publisher(Entry):
    """A publisher and its datasets."""

    publisher: str
    name: Names
    homepage: str
    licence: Licence
    hosts: list[str] = Field(description="hosts that requests and redirects may reach")
    limits: Limits = Limits()
    cadence: str = Field(description="how often the publisher updates, in words")
    fresh_days: Annotated[int, Field(gt=0)] = Field(description="days after which data is stale")
    cron: str | None = Field(default=None, description="a schedule of its own, where nightly is not right")
    timezone: str = "Europe/Brussels"
    territory: str = Field(description="what its data includes of Hong Kong, Macao, Taiwan and Kosovo")
    endpoints: dict[str, Endpoint]
    codes: dict[str, dict[str, str]] = Field(default={}, description="maps from its codes or labels to ours")
    flags: dict[str, str] = Field(default={}, description="one letter of a status flag to CL_OBS_STATUS")
    missing: dict[str, str] = Field(default={}, description="what stands for a missing value, to missing_reason")
    bounds: dict[str, tuple[float | None, float | None]] = Field(
        default={}, description="text that stands for a range, to its least and greatest value"
    )
    datasets: dict[str, Dataset]

    @field_validator("codes", "flags", "missing", "bounds", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        """YAML reads unquoted NO and 1 as no text: a code map must be written in quotes."""
        for mapping in [value, *value.values()] if isinstance(value, dict) else []:
            if isinstance(mapping, dict) and any(not isinstance(key, str) for key in mapping):
                raise ValueError("every code must be quoted")
        return value

    def licence_of(self, dataset: str) -> Licence:
        """The licence of a dataset: its own, or the publisher's."""
        return self.datasets[dataset].licence or self.licence


def load(text: str, name: str) -> Publisher:
    """A publisher from its YAML; ``CatalogueError`` names the entry and the field."""
    try:
        return Publisher.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise CatalogueError(f"the catalogue entry {name} is not YAML: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise CatalogueError(f"the catalogue entry {name} is not right: {places}") from error


@cache
def publishers() -> dict[str, Publisher]:
    """Every publisher of the catalogue by its id, in alphabetical order."""
    folder = files(__package__)
    entries = sorted((item.name, item) for item in folder.iterdir() if item.name.endswith(".yaml"))
    loaded = {name: load(item.read_text(encoding="utf-8"), name) for name, item in entries}
    for name, publisher in loaded.items():
        if Path(name).stem != publisher.publisher:
            raise CatalogueError(f"the catalogue entry {name} calls itself {publisher.publisher}")
    return {publisher.publisher: publisher for publisher in loaded.values()}


def datasets() -> dict[str, tuple[Publisher, Dataset]]:
    """Every dataset as ``publisher/dataset``."""
    return {f"{p.publisher}/{name}": (p, entry) for p in publishers().values() for name, entry in p.datasets.items()}


def dataset(name: str) -> tuple[Publisher, Dataset]:
    """One dataset by its ``publisher/dataset`` name; ``CatalogueError`` lists near names."""
    found = datasets().get(name)
    if found is None:
        near = [known for known in datasets() if name.partition("/")[2] and name.partition("/")[2] in known]
        hint = f"; did you mean {', '.join(near[:5])}?" if near else "; `corridor sources` lists them"
        raise CatalogueError(f"the catalogue has no dataset {name}{hint}")
    return found
