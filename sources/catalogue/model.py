"""The model of a catalogue entry. The descriptions of its fields are the JSON Schema in ``docs/schemas``."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sources.request import Kind, Limits

Names = dict[Literal["en", "zh"], str]


class Entry(BaseModel):
    """A part of the catalogue: immutable; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Licence(Entry):
    """The terms under which the publisher's data may be used, and where they are written."""

    id: str = Field(description="SPDX identifier, or a short name where there is none")
    url: str
    redistribution: Literal["allowed", "forbidden", "unknown"]
    attribution: str = Field(description="the words with which the publisher asks to be named")
    basis: str = Field(description="the text that contains the terms")


class Paging(Entry):
    """How a response is divided into pages."""

    parameter: str = Field(
        description="the query parameter with the number of the page, from 1; or with step, of records to skip, from 0"
    )
    pages: str = Field(
        description="JSON pointer, in each page, to the number of pages; with step, to the number of records or to the "
        "list of records, where a full list means that another page follows"
    )
    step: int | None = Field(default=None, description="records per page, where pages are requested by records to skip")


class Promise(Entry):
    """A response that the publisher prepares later. It first returns an id, which replaces {id} in these addresses."""

    status: str = Field(description="address that returns whether the response is ready")
    data: str = Field(description="address of the response when it is ready")
    pause: float = Field(
        default=5.0, description="seconds before the first request of the status; doubled for each further one"
    )
    patience: float = Field(default=900.0, description="seconds after which the response is given up")


class Articles(Entry):
    """A page that lists articles, the newest first. Each article is a payload and is requested once."""

    link: str = Field(description="regular expression that matches a part of the address of an article")
    title: str = Field(description="regular expression that matches a part of its title in the list")
    further: str | None = Field(default=None, description="address of the further pages of the list, with {page}")
    first: int = Field(default=1, description="number of the first further page")
    pages: int = Field(default=5, description="maximum number of pages of the list that are requested")


class Probe(Entry):
    """How a request is narrowed when only the state of the publisher is checked."""

    filters: dict[str, list[str]] = Field(default={}, description="codes in place of those of a filter, by dimension")
    params: dict[str, str] = Field(
        default={},
        description="further query parameters; {YEAR} is the year four years ago, so that few periods return",
    )


class Seen(Entry):
    """Public evidence that a request is made, or a response sent, as the entry declares it."""

    where: str = Field(description="the public client, documentation or recorded response")
    year: int = Field(description="the year in which it was published or last changed")


class Follow(Entry):
    """A dataset that has one request for each code in the responses of another dataset of the publisher."""

    dataset: str = Field(description="the dataset whose rows contain the codes")
    dim: str = Field(description="the dimension of these rows with the codes, and the filter that each code fills")
    once: bool = Field(default=False, description="true: a response never changes, and is requested once")


class Endpoint(Entry):
    """One address of a publisher, as a template."""

    url: str = Field(
        description="address without query; {code} is the publisher's name of the dataset, {DIM} the codes of the "
        "filter dim"
    )
    params: dict[str, str] = Field(default={}, description="query parameters of every request")
    filter: str | None = Field(
        default=None,
        description="name of the query parameter of a filter that has no place in the address; with {dim}",
    )
    asked: bool = Field(
        default=True, description="false: no request is sent; payloads come from closed editions or from imported files"
    )
    refusal: str | None = Field(
        default=None, description="how the publisher refuses programs, where that is why no request is sent"
    )
    probe: Probe = Field(default=Probe(), description="how a request is narrowed to check the publisher")
    seen: Seen | None = Field(default=None, description="the evidence for the requests of its datasets")
    query: str | None = Field(
        default=None,
        description="a file of catalogue/queries, sent as the parameter query; a filter replaces its $DIM",
    )
    join: str = Field(
        default=",", description="separator between the codes of a filter; & repeats the parameter for each code"
    )
    body: dict[str, Any] | None = Field(
        default=None,
        description="JSON of a POST; {DIM} is replaced by the codes of a filter; an item of a list that contains {DIM} "
        "is repeated for each code",
    )
    accept: Kind = Field(description="kind of the payload; a response of another kind is refused")
    headers: dict[str, str] = Field(default={}, description="HTTP headers; env:NAME is replaced by a secret")
    paging: Paging | None = None
    cells: int | None = Field(
        default=None, description="maximum number of cells of one response, empty cells included; needs sizes"
    )
    promise: Promise | None = None
    link: str | None = Field(
        default=None,
        description="regular expression of an address: the endpoint is a page, and the payload is the file at the "
        "matching address in that page",
    )
    page: Kind = Field(default="html", description="kind of the page that links to the file")
    articles: Articles | None = Field(
        default=None, description="the address is a page that lists articles, which are the payloads"
    )
    follow: Follow | None = Field(
        default=None, description="the codes to request are those in the responses of another dataset"
    )


class Dim(Entry):
    """A field that is read from a dimension of the payload, and translated by a code map."""

    dim: str | list[str] = Field(description="name of the dimension; a list if the publisher renamed it")
    codes: str | dict[str, str] | None = Field(
        default=None,
        description="name of a code map of this publisher or of a scheme of area codes, or a map; without it the codes "
        "are used unchanged",
    )
    absent: str | None = Field(default=None, description="the value if the payload has no such dimension")
    blank: "Dim | None" = Field(default=None, description="the dimension that is read where this one is empty in a row")

    @property
    def names(self) -> list[str]:
        """The possible names of the dimension."""
        return [self.dim] if isinstance(self.dim, str) else self.dim


_EXPECT = "dimensions that may contain these codes only; another code is an error"
_WHERE = "rows to read: those with these codes; the other rows belong to other datasets"
_IGNORE = "dimensions that are not read, because they repeat the information of others"


class Observe(Entry):
    """How cells become observations. Each field has a constant value, or is read from a dimension."""

    indicator: str | Dim
    jurisdiction: str | Dim
    partner: str | Dim = "_Z"
    partner_role: str | Dim = "_Z"
    dimensions: dict[str, str | Dim] = {}
    unit: str | Dim
    definition: str | Dim
    expect: dict[str, list[str]] = Field(default={}, description=_EXPECT)
    where: dict[str, list[str]] = Field(default={}, description=_WHERE)
    ignore: list[str] = Field(default=[], description=_IGNORE)
    unnamed: str | None = Field(
        default=None,
        description="the code at which a dimension that the entry does not name is read; a payload without this code "
        "in it is refused",
    )
    scale: float = Field(default=1.0, description="factor from the published number to the unit")
    rounding: float | None = Field(
        default=None, description="the published number is rounded to a multiple of this number"
    )
    plausible: tuple[float | None, float | None] = Field(
        default=(None, None),
        description="least and greatest plausible value; a value outside is published with the status U (low "
        "reliability)",
    )


class Record(Entry):
    """How cells become rows of a table of law. Each field has a constant value, or is read from a dimension."""

    fields: dict[str, str | Dim] = Field(
        description="by field of the table; the dimensions are those of the payload, time (the date), raw, flag, and "
        "published (the day for which the whole payload is valid)"
    )
    expect: dict[str, list[str]] = Field(default={}, description=_EXPECT)
    where: dict[str, list[str]] = Field(default={}, description=_WHERE)
    ignore: list[str] = Field(default=[], description=_IGNORE)


class Edition(Entry):
    """A closed edition: it can no longer be requested, but the archive or the snapshot may contain it."""

    id: str
    url: str
    accept: Kind
    note: str
    excerpt: bool = Field(
        default=False,
        description="rows of the publisher are missing in it, so that a figure that it lacks was not withdrawn",
    )


class Dataset(Entry):
    """One thing that the publisher publishes under one name."""

    title: str
    table: str = Field(description="the table of the release that contains its rows")
    endpoint: str
    code: str | None = Field(default=None, description="the publisher's name of the dataset, if it differs from ours")
    formerly: list[str] = Field(
        default=[], description="earlier names, in the form publisher/dataset, under which its payloads were archived"
    )
    filters: dict[str, list[str]] = Field(default={}, description="the codes to request, by dimension")
    split: dict[str, int] = Field(default={}, description="by filter: the maximum number of its codes in one request")
    sizes: dict[str, int] = Field(
        default={},
        description="number of codes of each dimension without a filter, time included; with cells of the endpoint it "
        "decides how a request is split",
    )
    alternatives: list[dict[str, list[str]]] = Field(
        default=[], description="further filters: one request, or group of requests, for each item of the list"
    )
    editions: list[Edition] = []
    observe: Observe | None = Field(default=None, description="for statistics")
    record: Record | None = Field(default=None, description="for law")
    territory: str | None = Field(
        default=None, description="what the dataset includes of Hong Kong, Macao, Taiwan and Kosovo"
    )
    notes: str | None = None
    seen: Seen | Literal["unconfirmed"] | None = Field(
        default=None,
        description="the evidence for its request, where its endpoint has another; unconfirmed: none was found",
    )
    licence: Licence | None = Field(default=None, description="if it differs from the publisher's licence")
    cron: str | None = Field(default=None, description="its own schedule, where nightly is not suitable")

    @model_validator(mode="after")
    def _statistics_or_law(self) -> Self:
        """Check that the dataset is either statistics or law."""
        if (self.observe is None) == (self.record is None):
            raise ValueError("exactly one of observe and record must be given")
        return self


class Publisher(Entry):
    """A publisher and its datasets."""

    publisher: str = Field(description="id of the publisher, equal to the name of the file")
    name: Names
    homepage: str
    licence: Licence
    hosts: list[str] = Field(description="the hosts that requests and redirects may reach")
    limits: Limits = Limits()
    cadence: str = Field(description="how often the publisher updates its data, in words")
    fresh_days: Annotated[int, Field(gt=0)] = Field(
        description="days without a materialisation after which a dataset is stale; twice the days are an error"
    )
    cron: str | None = Field(default=None, description="its own schedule, where nightly is not suitable")
    timezone: str = Field(default="Europe/Brussels", description="time zone of the schedule")
    territory: str = Field(description="what its data includes of Hong Kong, Macao, Taiwan and Kosovo")
    endpoints: dict[str, Endpoint]
    contents: str | None = Field(
        default=None,
        description="the endpoint of the table of contents, which lists the day of each dataset's last update",
    )
    structure: str | None = Field(
        default=None, description="the endpoint that returns the codes of each dimension of a dataset, without figures"
    )
    codes: dict[str, dict[str, str]] = Field(
        default={}, description="code maps by name: from the publisher's codes or labels to the shared codes"
    )
    flags: dict[str, str] = Field(default={}, description="from a letter of the publisher's flags to CL_OBS_STATUS")
    missing: dict[str, str] = Field(default={}, description="from a text in place of a missing value to missing_reason")
    bounds: dict[str, tuple[float | None, float | None]] = Field(
        default={}, description="from a text in place of a range to its least and greatest value"
    )
    datasets: dict[str, Dataset]

    @field_validator("codes", "flags", "missing", "bounds", mode="before")
    @classmethod
    def _codes_are_quoted(cls, value: object) -> object:
        """Refuse a code without quotes: YAML reads NO as false and 1 as a number."""
        for mapping in [value, *value.values()] if isinstance(value, dict) else []:
            if isinstance(mapping, dict) and any(not isinstance(key, str) for key in mapping):
                raise ValueError("every code must be quoted")
        return value

    def evidence_of(self, dataset: str) -> Seen | None:
        """The evidence for the request of a dataset: its own, or that of its endpoint; None if it is unconfirmed."""
        entry = self.datasets[dataset]
        own = entry.seen or self.endpoints[entry.endpoint].seen
        return own if isinstance(own, Seen) else None

    def licence_of(self, dataset: str) -> Licence:
        """The licence of a dataset: its own, or the publisher's."""
        return self.datasets[dataset].licence or self.licence
