"""What is asked of a publisher, within which limits, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

Kind = Literal["csv", "tsv", "json", "xlsx", "docx", "zip", "html", "any"]


@dataclass(frozen=True)
class Limits:
    """How a publisher wants to be asked, and how much of it is taken in.

    ``per_second`` requests to each host; ``max_bytes`` of one answer as sent, ``max_unpacked`` after its compression;
    ``timeout`` in seconds without a byte; ``retries`` beyond the first try; ``backoff`` in seconds, doubled by each
    further failure.
    """

    per_second: float = 1.0
    max_bytes: int = 256 << 20
    max_unpacked: int = 2 << 30
    timeout: float = 60.0
    retries: int = 4
    backoff: float = 0.5


@dataclass(frozen=True)
class Request:
    """A dataset, or with ``slice`` a part of it, as a GET of ``url`` (without query) and ``params``.

    With a ``body``, which is JSON, it is a POST of it: a question that is too long for an address.

    A parameter or header whose value is ``env:NAME``, or ends so (``Bearer env:NAME``), is a secret: it is read from
    the environment when the request is sent, and stands nowhere else.
    """

    publisher: str
    dataset: str
    slice: str
    url: str
    params: tuple[tuple[str, str], ...]
    accept: Kind
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    @property
    def name(self) -> str:
        """``eurostat/migr_resfirst``, or of a slice ``eurostat/migr_pop1ctz[geo=AT]``."""
        return f"{self.publisher}/{self.dataset}" + (f"[{self.slice}]" if self.slice else "")

    @property
    def full_url(self) -> str:
        """The address with its query, and its body as a fragment, which no server is sent: it tells POSTs apart.

        Secrets stand in it by the name of their variable.
        """
        return address(self.url, self.params) + (f"#{self.body}" if self.body else "")


@dataclass(frozen=True)
class Response:
    """What came back.

    ``headers`` have lower-case names. ``body`` is a file that lives as long as the client; it is None where nothing
    whole was received: on 304, and on an answer that broke off or ran over a limit. ``bytes`` and ``sha256`` are those
    of ``body``. ``url`` is the address after redirects, ``sent_at`` an aware UTC time, ``seconds`` from there to the
    last byte, all waiting included.
    """

    status: int
    headers: Mapping[str, str]
    body: Path | None
    url: str
    sent_at: datetime
    seconds: float
    bytes: int = 0
    sha256: str | None = None


def address(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """``url`` with ``params`` as its query, in their order."""
    return f"{url}?{urlencode(params, quote_via=quote, safe=':,')}" if params else url
