"""What a publisher is asked for, within which limits, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

Kind = Literal["csv", "tsv", "json", "xlsx", "docx", "zip", "html", "any"]

# Seconds. A host that accepts no connection within this time is treated as unreachable.
CONNECT_SECONDS = 10.0


# Characters of an address that messages show: the query of a SPARQL request has thousands.
SHOWN_ADDRESS = 200


def shortened(address: str) -> str:
    """An address as messages show it: at most 200 characters."""
    return address if len(address) <= SHOWN_ADDRESS else f"{address[:SHOWN_ADDRESS]}…"


@dataclass(frozen=True)
class Limits:
    """How fast a publisher may be asked, and how large and slow its responses may be.

    - ``per_second``    requests per second to each host
    - ``max_bytes``     bytes of one response as sent
    - ``max_unpacked``  bytes of one response after unpacking
    - ``timeout``       seconds without a byte
    - ``retries``       tries after the first one
    - ``backoff``       seconds before the first retry, doubled for each further one
    - ``budget``        seconds for all requests of one night; what is left is requested in the next night
    """

    per_second: float = 1.0
    max_bytes: int = 256 << 20
    max_unpacked: int = 2 << 30
    timeout: float = 60.0
    retries: int = 4
    backoff: float = 0.5
    budget: float = 3600.0

    @property
    def exchange(self) -> float:
        """Seconds for one exchange as a whole: all redirects, headers and the body."""
        return 30 * self.timeout

    @property
    def connect_timeout(self) -> float:
        """Seconds until a connection must exist."""
        return min(CONNECT_SECONDS, self.timeout)


@dataclass(frozen=True)
class Request:
    """A GET of ``url`` (without query) with ``params``, or with a ``body`` a POST of it.

    It requests the dataset, or with ``slice`` a part of the dataset. ``body`` is JSON, for a request that is too long
    for an address. A parameter or header whose value is ``env:NAME``, or ends with it (``Bearer env:NAME``), is a
    secret: its value is read from the environment when the request is sent, and is stored nowhere.
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
        """``eurostat/migr_resfirst``, or with a slice ``eurostat/migr_pop1ctz[geo=AT]``."""
        return f"{self.publisher}/{self.dataset}" + (f"[{self.slice}]" if self.slice else "")

    @property
    def described(self) -> str:
        """The name and the address, as messages show them."""
        return f"{self.name} ({shortened(self.full_url)})"

    @property
    def full_url(self) -> str:
        """The address with its query, and with the body as a fragment.

        A fragment is not sent to the server; it distinguishes POSTs to the same address. Secrets appear by the name of
        their variable.
        """
        return address(self.url, self.params) + (f"#{self.body}" if self.body else "")


@dataclass(frozen=True)
class Response:
    """What came back.

    - ``headers``  with lower-case names
    - ``body``     a file that exists until the client is closed; None with status 304, and for a response that broke
      off or exceeded a limit
    - ``url``      the address after redirects
    - ``sent_at``  UTC, aware
    - ``seconds``  from ``sent_at`` to the last byte, with all pauses of the rate limit and the retries
    - ``bytes``, ``sha256``  of ``body``
    """

    status: int
    headers: Mapping[str, str]
    body: Path | None
    url: str
    sent_at: datetime
    seconds: float
    bytes: int = 0
    sha256: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


def address(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """``url`` with ``params`` as its query, in their order."""
    return f"{url}?{urlencode(params, quote_via=quote, safe=':,')}" if params else url
