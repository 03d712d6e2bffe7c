"""Stored rows: the results of reading payloads, as Parquet files in a folder of the stage cache."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from assets.core.failures import Failing, without_address
from assets.core.stage_cache import fingerprint
from assets.ingest.bitemporal import REQUEST
from warehouse.archive import Fetch

# A figure: the sha256 of its payload, and its locator.
Place = tuple[str, int]


@dataclass(frozen=True)
class StoredRows:
    """Rows in the columns of a table's contract, with what could not be read."""

    folder: Path

    @property
    def frame(self) -> pl.LazyFrame:
        """The rows, in the columns of the table's contract."""
        return pl.scan_parquet(self.parts)

    @property
    def parts(self) -> list[Path]:
        """The files that hold the rows, in the order of the rows."""
        return sorted(self.folder.glob("rows*.parquet"))

    @property
    def unmatched(self) -> pl.LazyFrame:
        """The codes that no crosswalk contains, in the columns of table ``unmatched_code``."""
        return pl.scan_parquet(self.folder / "unmatched.parquet")

    @property
    def unread(self) -> pl.LazyFrame:
        """The sentences of prose with unread figures, in the columns of table ``unread_sentence``."""
        return pl.scan_parquet(self.folder / "unread.parquet")


@dataclass(frozen=True)
class ReadResponse(StoredRows):
    """An archived response to one request: its pages, and the rows that were read or the reason why none could be.

    ``withheld`` are the figures of prose, by payload and locator, that are held back although they can be read, and
    ``accepted`` those that the reader holds back and a person accepted.
    """

    slice: str
    pages: tuple[Fetch, ...]
    fingerprint: str
    withheld: frozenset[Place] = frozenset()
    accepted: frozenset[Place] = frozenset()

    @property
    def frame(self) -> pl.LazyFrame:
        """The rows that may be published, in the columns of the table's contract."""
        rows = super().frame
        if self.withheld:
            rows = rows.join(_places(self.withheld), on=["payload", "locator"], how="anti")
        if self.accepted:
            doubtful = self.held.drop("why").join(_places(self.accepted), on=["payload", "locator"], how="semi")
            rows = pl.concat([rows, doubtful])
        return rows

    @property
    def candidates(self) -> pl.LazyFrame:
        """All rows, with ``why`` for those that the reader holds back."""
        return pl.concat([super().frame.with_columns(why=pl.lit(None, pl.String)), self.held])

    @property
    def held(self) -> pl.LazyFrame:
        """The rows that the reader of prose holds back, with ``why``."""
        return pl.scan_parquet(self.folder / "held.parquet")

    @property
    def sentences(self) -> pl.LazyFrame:
        """The sentence of each figure of prose, and the title of its document."""
        return pl.scan_parquet(self.folder / "sentences.parquet")

    def judged(self, held: Collection[Place], accepted: Collection[Place]) -> "ReadResponse":
        """The response without the figures that are ``held`` back and not ``accepted``."""
        if not held:
            return self
        places = set(self.candidates.select("payload", "locator").collect().iter_rows())
        withheld, given = frozenset(places & set(held) - set(accepted)), frozenset(places & set(accepted))
        if not withheld and not given:
            return self
        own = frozenset(self.held.select("payload", "locator").collect().iter_rows())
        stage = fingerprint(self.fingerprint, sorted(withheld), sorted(given))
        return replace(self, fingerprint=stage, withheld=withheld, accepted=given & own)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What is known of the response as a whole, read once.

        ``rows``, ``cells`` and ``lost`` cells are numbers; ``page`` and ``error`` are set if a page cannot be read;
        ``stated`` is true if it has a time. ``broken`` is the rule that a row breaks by itself, with the row.
        ``sums`` has for each indicator and unit of statistics the number of figures and the sum of their absolute
        values.
        """
        return dict(orjson.loads((self.folder / "facts.json").read_bytes()))

    def is_accepted(self, accepted: Collection[str]) -> bool:
        """Whether a person accepted the payloads of all pages; ``accepted`` are the sha256 of accepted payloads."""
        return {str(page.payload) for page in self.pages} <= set(accepted)

    def accepting(self, check: str) -> str:
        """The command that accepts the payloads although a check refuses them."""
        page = self.pages[0]
        payload = str(page.payload)[:12]
        return f"`corridor accept {page.publisher}/{page.dataset} {check} --payload {payload} --because REASON`"

    @property
    def times(self) -> tuple[datetime, ...]:
        """When the rows were published, oldest first: several for a table of documents, none if there are no rows."""
        return tuple(datetime.fromisoformat(at) for at in orjson.loads((self.folder / "times.json").read_bytes()))

    @property
    def adds_only(self) -> bool:
        """Whether nothing states when an imported payload was published: it may be older than what is known."""
        return self.slice.startswith("import ") and not self.facts["stated"]

    def published_between(self, since: datetime, until: datetime) -> pl.LazyFrame:
        """The rows published in [since, until], with the slice of their request."""
        several = len(self.times) > 1
        rows = self.frame.filter(pl.col("known_from").is_between(since, until)) if several else self.frame
        return rows.with_columns(pl.lit(self.slice).alias(REQUEST))


def _places(places: frozenset[Place]) -> pl.LazyFrame:
    payloads, locators = zip(*sorted(places), strict=True)
    return pl.LazyFrame({"payload": payloads, "locator": locators})


@dataclass(frozen=True)
class StageResult(StoredRows):
    """The result of a stage: its folder and its fingerprint. The properties below exist for observations only."""

    fingerprint: str

    @property
    def history(self) -> pl.LazyFrame:
        """Every row that was ever known, with ``known_from`` and ``known_to``."""
        return pl.concat([self.frame, pl.scan_parquet(self.folder / "closed.parquet")])

    @property
    def revisions(self) -> pl.LazyFrame:
        """The changes from each vintage to the next, in the columns of table ``revision``."""
        return pl.scan_parquet(self.folder / "revisions.parquet")

    @property
    def held(self) -> pl.LazyFrame:
        """The figures of prose that are held back or were accepted, in the columns of table ``held_figure``."""
        return pl.scan_parquet(self.folder / "held.parquet")

    @property
    def failures(self) -> list[str]:
        """The newest payloads that were rejected, with reasons."""
        return list(self._rejections["reasons"])

    @property
    def failing(self) -> Failing | None:
        """The first rejection, since when payloads are rejected, and when the last one in use was received."""
        stored = self._rejections
        if not stored["reasons"]:
            return None
        last = date.fromisoformat(stored["last"]) if stored["last"] else None
        return Failing(without_address(stored["reasons"][0]), date.fromisoformat(stored["since"]), last)

    @property
    def _rejections(self) -> dict[str, Any]:
        return dict(orjson.loads((self.folder / "failures.json").read_bytes()))

    @property
    def payloads(self) -> dict[str, str]:
        """Slice of each page (the first and all further pages) → the payload in use."""
        return dict(orjson.loads((self.folder / "payloads.json").read_bytes()))


def release_fingerprint(mode: str, results: Mapping[str, StageResult]) -> str:
    """The fingerprint of a release of these tables."""
    return fingerprint("release", mode, [(name, item.fingerprint) for name, item in results.items()])
