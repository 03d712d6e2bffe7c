"""The catalogue: one YAML a publisher, and here the model that every entry must fit.

An entry says who publishes, under which licence, how often, at which endpoints and limits, and for each dataset how its
dimensions become the fields of one of our tables. What an entry cannot say stands in ``sources/publishers``.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sources.errors import CatalogueError
from sources.request import Kind, Limits
from sources.yaml_text import declared

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
    pages: str = Field(
        description="JSON pointer to the number of pages in an answer, or of records where step is given; "
        "to a list, which while it is full is followed by another page"
    )
    step: int | None = Field(
        default=None, description="records a page, where the parameter is the number of records to skip"
    )


class Promise(Entry):
    """An answer that is made later: where to ask whether it is ready, and where it then is, by the {id} given to it."""

    status: str
    data: str
    pause: float = Field(default=5.0, description="seconds before the first question; doubled for each further one")
    patience: float = Field(default=900.0, description="seconds after which the answer is given up")


class Articles(Entry):
    """A page that lists articles, the newest first: each is a payload of its own, and is asked for once."""

    link: str = Field(description="pattern in the address of an article")
    title: str = Field(description="pattern in what the list calls it")
    further: str | None = Field(default=None, description="address of the list's further pages, with {page}")
    first: int = Field(default=1, description="the number of the first further page")
    pages: int = Field(default=5, description="the most pages of the list that are looked at")


class Follow(Entry):
    """What the answers of another dataset name is asked for one by one: the endpoint has a place for each name."""

    dataset: str = Field(description="the dataset whose rows name what is asked for")
    dim: str = Field(description="the dimension of its cells that does")
    once: bool = Field(default=False, description="what is there does not change, and is not asked for again")


class Endpoint(Entry):
    """One address of a publisher, as a template."""

    url: str = Field(description="with {code} for the publisher's name of the dataset, {DIM} for a filter in the path")
    params: dict[str, str] = {}
    filter: str | None = Field(default=None, description="name of the query parameter that filters {dim}")
    asked: bool = Field(default=True, description="false: it answers no machine; payloads come as editions or imports")
    query: str | None = Field(
        default=None, description="a file of catalogue/queries, sent as the parameter query with $DIM for a filter"
    )
    join: str = Field(default=",", description="what stands between several codes of a filter")
    body: dict[str, Any] | None = Field(
        default=None, description="JSON of a POST, with {DIM} for a filter; in a list an item for each of its codes"
    )
    accept: Kind
    headers: dict[str, str] = {}
    paging: Paging | None = None
    cells: int | None = Field(default=None, description="the most positions, filled or not, that one answer may have")
    promise: Promise | None = None
    link: str | None = Field(
        default=None, description="the address is a page, and the file what it links to that is like this pattern"
    )
    page: Kind = Field(default="html", description="of what kind the page is that links to the file")
    articles: Articles | None = Field(
        default=None, description="the address is a page that lists articles, which are the payloads"
    )
    follow: Follow | None = Field(default=None, description="it is asked for what another dataset's answers name")


class Dim(Entry):
    """A field that is read from a dimension of the payload through a code map."""

    dim: str | list[str] = Field(description="name of the dimension; several where it was renamed")
    codes: str | dict[str, str] | None = Field(
        default=None, description="a code map of this publisher, a scheme of area codes, or a map; none: as they are"
    )
    by: Literal["code", "label"] = Field(
        default="code", description="label: the map is from what the payload calls a code, where codes change meaning"
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
    partner_role: str | Dim = "_Z"
    dimensions: dict[str, str | Dim] = {}
    unit: str | Dim
    definition: str | Dim
    expect: dict[str, list[str]] = Field(default={}, description="dimensions that must hold nothing but these codes")
    where: dict[str, list[str]] = Field(default={}, description="rows to take; others belong to other datasets")
    ignore: list[str] = Field(default=[], description="dimensions that repeat what others say")
    scale: float = Field(default=1.0, description="factor from the published number to the unit")
    rounding: float | None = Field(default=None, description="the published number is a rounded multiple of this")
    plausible: tuple[float | None, float | None] = Field(
        default=(None, None),
        description="least and greatest value that may be right; one beyond is published with U, for low reliability",
    )


class Record(Entry):
    """How cells become rows of a table of law: each of its fields from a dimension, or the same for all."""

    fields: dict[str, str | Dim] = Field(
        description="by field of the table; beside its dimensions a payload has time (the date), raw, flag, "
        "and published (the day for which it speaks as a whole)"
    )
    expect: dict[str, list[str]] = Field(default={}, description="dimensions that must hold nothing but these codes")
    where: dict[str, list[str]] = Field(default={}, description="rows to take; others belong to other datasets")
    ignore: list[str] = Field(default=[], description="dimensions that repeat what others say")


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
    sizes: dict[str, int] = Field(
        default={},
        description="number of codes of each dimension without a filter, time included: how far a request is split",
    )
    alternatives: list[dict[str, list[str]]] = Field(
        default=[], description="instead of one filter, several requests with these"
    )
    editions: list[Edition] = []
    observe: Observe | None = Field(default=None, description="of statistics")
    record: Record | None = Field(default=None, description="of law")
    territory: str | None = Field(default=None, description="what it includes of Hong Kong, Macao, Taiwan and Kosovo")
    notes: str | None = None
    licence: Licence | None = None
    cron: str | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        """A dataset is statistics or law."""
        if (self.observe is None) == (self.record is None):
            raise ValueError("exactly one of observe and record must be given")
        return self


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
    contents: str | None = Field(
        default=None, description="the endpoint of the table of contents that says when each dataset was last updated"
    )
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
        return Publisher.model_validate(declared(text))
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
