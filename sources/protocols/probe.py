"""The smallest request that shows the state of a dataset, and the codes that a service lists without figures.

An endpoint declares how its requests are narrowed (``probe``): one area instead of all, the last period only.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sources.catalogue.model import Endpoint, Publisher
from sources.errors import FormatError
from sources.protocols.requests import endpoint_of, list_page, requests_following, requests_for
from sources.request import Request

# Most datasets end one to three years ago.
YEARS_BACK = 4

_KEY_VALUE = re.compile(r'<(?:\w+:)?KeyValue\b[^>]*\bid="(\w+)"[^>]*>(.*?)</(?:\w+:)?KeyValue>', re.DOTALL)
_VALUE = re.compile(r"<(?:\w+:)?Value\b[^>]*>([^<]*)</")


def probe_of(publisher: Publisher, name: str, code: str | None = None) -> Request:
    """The first request of a dataset, narrowed as its endpoint declares; for articles the first page of their list.

    ``code`` is one of the codes that a dataset which follows another needs.
    """
    endpoint = endpoint_of(publisher, name)
    if endpoint.articles:
        return list_page(publisher, name)
    narrowed = _narrowed(publisher, name, endpoint)
    if endpoint.follow:
        return requests_following(narrowed, name, [str(code)])[0]
    return requests_for(narrowed, name)[0]


def structure_of(publisher: Publisher, name: str) -> Request | None:
    """The request for the codes of a dataset, without figures; None where the publisher has no such service.

    It is recorded under the name of the endpoint; its slice is the dataset.
    """
    if publisher.structure is None:
        return None
    endpoint = publisher.endpoints[publisher.structure]
    url = endpoint.url.format(code=publisher.datasets[name].code or name)
    params = tuple(endpoint.params.items())
    return Request(publisher.publisher, publisher.structure, name, url, params, endpoint.accept)


def codes_of_structure(body: Path) -> dict[str, list[str]]:
    """The codes of each dimension in a content constraint of SDMX 2.1; ``FormatError`` if the document is none."""
    text = body.read_text(encoding="utf-8", errors="replace")
    found = {dim: [code.strip() for code in _VALUE.findall(values)] for dim, values in _KEY_VALUE.findall(text)}
    if not found:
        raise FormatError("the document is not a content constraint of SDMX 2.1: it has no KeyValue")
    return found


def _narrowed(publisher: Publisher, name: str, endpoint: Endpoint) -> Publisher:
    """The publisher with the filters and parameters of the endpoint's probe, and the first alternative only."""
    entry, probe = publisher.datasets[name], endpoint.probe
    changes = {
        "filters": _replaced(entry.filters, probe.filters),
        "alternatives": [_replaced(filters, probe.filters) for filters in entry.alternatives[:1]],
    }
    year = str(datetime.now(UTC).year - YEARS_BACK)
    params = {key: value.replace("{YEAR}", year) for key, value in probe.params.items()}
    narrowed = endpoint.model_copy(update={"params": endpoint.params | params})
    return publisher.model_copy(
        update={
            "datasets": publisher.datasets | {name: entry.model_copy(update=changes)},
            "endpoints": publisher.endpoints | {entry.endpoint: narrowed},
        }
    )


def _replaced(filters: Mapping[str, list[str]], probe: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {dim: probe.get(dim, codes) for dim, codes in filters.items()}
