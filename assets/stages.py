"""The stages of a build between archive and release, each computed once for what it depends on.

``observations`` of a dataset depend on its payloads, a table on the observations of its datasets, and all of them on
the code. So a stage finds what an earlier one made by its fingerprint, and a build with nothing new computes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import narwhals as nw
import orjson
import polars as pl

import expectations
from assets import tables
from assets.errors import AssetError
from assets.house import House
from assets.observations import Observed, observe
from assets.payloads import history, statements, vintage
from assets.work import fingerprint
from sources import formats
from sources.catalogue import datasets
from sources.errors import SourceError
from warehouse import releases
from warehouse.archive import Fetch
from warehouse.contracts import contract, contracts

# The fetches of an answer, one a page, and what was read of each.
Pages = tuple[Fetch, ...]
Spoken = list[tuple[Fetch, Observed]]


@dataclass(frozen=True)
class Made:
    """What a stage made: where, and under which fingerprint."""

    folder: Path
    fingerprint: str

    @property
    def frame(self) -> pl.LazyFrame:
        """The rows."""
        return pl.scan_parquet(self.folder / "rows.parquet")

    @property
    def unmatched(self) -> pl.LazyFrame:
        """Of observations: the codes that no crosswalk knows."""
        return pl.scan_parquet(self.folder / "unmatched.parquet")

    @property
    def failures(self) -> list[str]:
        """Of observations: the payloads that do not stand for their slice though they are the newest, and why."""
        return [why for _, why in orjson.loads((self.folder / "failures.json").read_bytes())]

    @property
    def payloads(self) -> dict[str, str]:
        """Of observations: the payload that speaks for each slice, and for each further page of it."""
        return dict(orjson.loads((self.folder / "payloads.json").read_bytes()))


def observations(house: House, name: str) -> Made:
    """The observations of ``publisher/dataset`` from the payloads that the archive holds."""
    publisher, _ = datasets()[name]
    slices = statements(house, publisher, name.partition("/")[2])
    state = [(key, [[_identity(fetch) for fetch in pages] for pages in answers]) for key, answers in slices.items()]
    mark = fingerprint("observations", name, state)
    made = Made(house.work.made("observations", name, mark, lambda folder: _observe(house, name, slices, folder)), mark)
    # What follows depends on what speaks alone: a payload that is refused changes no table and makes no release.
    used, fetches = made.payloads, [fetch for answers in slices.values() for pages in answers for fetch in pages]
    speaks = sorted({_identity(fetch) for fetch in fetches if used.get(fetch.slice) == fetch.payload})
    return Made(made.folder, fingerprint("observations", name, speaks))


def _identity(fetch: Fetch) -> tuple[str, str, str, str]:
    """All of a fetch that observations depend on."""
    stamp = fetch.published or fetch.headers.get("last-modified", "")
    return fetch.slice, str(fetch.payload), fetch.at.isoformat(), stamp


def _observe(house: House, name: str, slices: dict[str, list[Pages]], folder: Path) -> None:
    _, entry = datasets()[name]
    parts: list[Observed] = []
    failures: list[tuple[str, str]] = []
    used: dict[str, str] = {}
    for answers in slices.values():
        spoken, refused = _newest(house, name, answers)
        failures += refused
        parts += [observed for _, observed in spoken]
        used |= {fetch.slice: str(fetch.payload) for fetch, _ in spoken}
    schema = contract(entry.table).polars_schema
    pl.concat([pl.DataFrame(schema=schema), *(part.observations.cast(schema) for part in parts)]).write_parquet(
        folder / "rows.parquet"
    )
    tables.unmatched_code(part.unmatched.lazy() for part in parts).write_parquet(folder / "unmatched.parquet")
    (folder / "failures.json").write_bytes(orjson.dumps(failures))
    (folder / "payloads.json").write_bytes(orjson.dumps(used))


def _newest(house: House, name: str, answers: list[Pages]) -> tuple[Spoken, list[tuple[str, str]]]:
    """The newest answer that can be read and says something, and why those after it do not stand.

    An answer that cannot be read, or says nothing where an earlier one did, leaves the one before it in its place.
    """
    refused: list[tuple[str, str]] = []
    silent: Spoken = []
    for pages in reversed(answers):
        spoken: Spoken = []
        try:
            for fetch in pages:
                spoken.append((fetch, _read(house, name, fetch)))
        except (SourceError, AssetError) as error:
            refused.append(_refusal(name, pages[len(spoken)], str(error)))
            continue
        rows = sum(observed.observations.height for _, observed in spoken)
        if rows and silent:
            before = f"where {rows:,} observations were before"
            refused.append(_refusal(name, silent[0][0], f"{_silence(silent)} {before}"))
        if rows:
            return spoken, refused
        silent = silent or spoken
    return silent, refused


def _refusal(name: str, fetch: Fetch, why: str) -> tuple[str, str]:
    """A payload and why it does not stand, in one line that says what was asked."""
    slice_ = f"[{fetch.slice}]" if fetch.slice else ""
    return str(fetch.payload), f"{name}{slice_} ({fetch.url}), payload {str(fetch.payload)[:12]}: {why}"


def _silence(spoken: Spoken) -> str:
    """How an answer comes to say nothing."""
    unmatched = pl.concat(observed.unmatched for _, observed in spoken)
    if unmatched.is_empty():
        return "it is empty"
    code = unmatched.row(0, named=True)
    return f"no cell has only known codes ({code['dimension']} {code['source_code']!r} is none)"


def _read(house: House, name: str, fetch: Fetch) -> Observed:
    publisher, _ = datasets()[name]
    path = house.archive.payload_path(str(fetch.payload))
    with formats.opened(path, max_unpacked=publisher.limits.max_unpacked) as plain:
        return observe(formats.read(plain), publisher, fetch.dataset, vintage(fetch))


def table(house: House, name: str) -> Made:
    """A table in the columns, types and order of its contract."""
    sources = {key: observations(house, key) for key in inputs(name)}
    mark = fingerprint("table", name, house.mode, [(key, made.fingerprint) for key, made in sources.items()])
    return Made(house.work.made("tables", name, mark, lambda folder: _write(house, name, sources, folder)), mark)


def inputs(name: str) -> list[str]:
    """The datasets whose observations a table is made of."""
    if name in tables.statistics():
        return [key for key, (_, entry) in datasets().items() if entry.table == name]
    return list(datasets()) if name in ("dataset", "coverage", "unmatched_code") else []


def _write(house: House, name: str, sources: dict[str, Made], folder: Path) -> None:
    _frame(house, name, sources).write_parquet(folder / "rows.parquet")


def _frame(house: House, name: str, sources: dict[str, Made]) -> pl.DataFrame:
    declared = contract(name)
    if declared.kind == "statistics":
        empty = pl.LazyFrame(schema=declared.polars_schema)
        rows = pl.concat([empty, *(made.frame for made in sources.values())])
        return tables.statistics_table(nw.from_native(rows), declared)
    makers: dict[str, Callable[[], pl.DataFrame]] = {
        "jurisdiction": tables.jurisdiction,
        "indicator": tables.indicator,
        "code": tables.code,
        "unmatched_code": lambda: tables.unmatched_code(made.unmatched for made in sources.values()),
        "coverage": lambda: tables.coverage(_all(house), complete=house.mode == "live"),
        "dataset": lambda: tables.dataset(
            {key: _facts(house, key, made) for key, made in sources.items()}, _all(house)
        ),
    }
    return makers[name]()


def _all(house: House) -> pl.LazyFrame:
    """What the tables about tables need of every table of statistics."""
    columns = ["dataset", "known_from", "reporter", "indicator", "period", "value", "missing_reason"]
    return pl.concat([table(house, name).frame.select(columns) for name in tables.statistics()])


def _facts(house: House, name: str, made: Made) -> tables.DatasetFacts:
    publisher, _ = datasets()[name]
    slices = history(house, publisher, name.partition("/")[2])
    used = [fetch for fetches in slices.values() for fetch in fetches if fetch.payload in made.payloads.values()]
    mode = "+".join(sorted({fetch.transport for fetch in used})) or "not_fetched"
    editions = list(dict.fromkeys(fetch.edition for fetch in used if fetch.edition))
    return tables.DatasetFacts(mode=mode, edition="; ".join(editions) or None, payloads=len(used))


def release_tables() -> list[str]:
    """The tables that a release is made of, but for ``release`` itself, which lists them."""
    return [name for name in contracts() if name != "release"]


def validated(house: House, name: str) -> tuple[Made, list[expectations.Outcome]]:
    """A table and how it fares under its expectations; rows that were judged before are not judged again."""
    made = table(house, name)
    folder = house.work.made("checks", name, made.fingerprint, lambda aside: _validate(house, name, made, aside))
    outcomes = [
        expectations.Outcome(**entry | {"rows": pl.DataFrame(entry["rows"], infer_schema_length=None)})
        for entry in orjson.loads((folder / "outcomes.json").read_bytes())
    ]
    return made, outcomes


def _validate(house: House, name: str, made: Made, folder: Path) -> None:
    last = releases.latest(house.releases)
    counted = datasets() if name == "unmatched_code" else {}
    counts = {key: observations(house, key).frame.select(pl.len()).collect().item() for key in counted}
    known = expectations.facts(
        publishers=frozenset(publisher.publisher for publisher, _ in datasets().values()),
        datasets=frozenset(datasets()),
        previous_rows=last.tables[name].rows if last is not None and name in last.tables else None,
        observations=counts,
    )
    outcomes = expectations.validate(contract(name), made.frame.collect(), known, folder)
    entries = [vars(outcome) | {"rows": outcome.rows.to_dicts()} for outcome in outcomes]
    (folder / "outcomes.json").write_bytes(orjson.dumps(entries, default=str))
