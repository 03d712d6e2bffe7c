"""Build the requests of a dataset from its catalogue entry, and from nothing else.

A dataset needs one request, or several: where its filters are longer than one response may be (``split``, ``sizes``),
or where the entry lists ``alternatives``. The same entry always gives the same requests, byte for byte, because the
archive and the snapshot identify a payload by the address of its request.
"""

from collections.abc import Iterable

from sources.catalogue.model import Dataset, Endpoint, Publisher
from sources.errors import CatalogueError
from sources.protocols import split, templates
from sources.request import Request


def requests_for(publisher: Publisher, name: str) -> list[Request]:
    """All requests of a dataset, in the order of the catalogue.

    The list is empty for a dataset that is not requested, and for articles and datasets that follow another, whose
    requests depend on other responses. The slice of a request names the first and the last code of each filter that
    distinguishes it from the other requests (``geo=BE..DE``); the only request of a dataset has an empty slice.
    ``CatalogueError`` if a filter has no place in the address, or a place has no filter.
    """
    endpoint = endpoint_of(publisher, name)
    if not endpoint.asked or endpoint.articles or endpoint.follow:
        return []
    return _requests(publisher, name, publisher.datasets[name], endpoint)


def requests_following(publisher: Publisher, name: str, codes: Iterable[str]) -> list[Request]:
    """The requests of a dataset that follows another: one for each of the ``codes`` in the other's responses."""
    endpoint = endpoint_of(publisher, name)
    if endpoint.follow is None:
        raise CatalogueError(f"{publisher.publisher}/{name} does not follow another dataset")
    filters = [{endpoint.follow.dim: [code]} for code in codes]
    dataset = publisher.datasets[name].model_copy(update={"alternatives": filters})
    return _requests(publisher, name, dataset, endpoint) if filters else []


def list_page(publisher: Publisher, name: str) -> Request:
    """The request of the first page of a list of articles. It is recorded under the name of the endpoint."""
    endpoint = endpoint_of(publisher, name)
    key = publisher.datasets[name].endpoint
    return Request(publisher.publisher, key, "", endpoint.url, (), "html", tuple(endpoint.headers.items()))


def closed_editions(publisher: Publisher, name: str) -> list[Request]:
    """The closed editions of a dataset as requests; the slice is the edition's id.

    They are never sent: they identify the payloads of these editions in the archive and the snapshot.
    """
    return [
        Request(publisher.publisher, name, edition.id, edition.url, (), edition.accept)
        for edition in publisher.datasets[name].editions
    ]


def endpoint_of(publisher: Publisher, name: str) -> Endpoint:
    """The endpoint of a dataset; ``CatalogueError`` if the entry names one that does not exist."""
    dataset = publisher.datasets[name]
    endpoint = publisher.endpoints.get(dataset.endpoint)
    if endpoint is None:
        raise CatalogueError(f"{publisher.publisher}/{name} names an endpoint that does not exist: {dataset.endpoint}")
    return endpoint


def _requests(publisher: Publisher, name: str, dataset: Dataset, endpoint: Endpoint) -> list[Request]:
    return [
        Request(
            publisher=publisher.publisher,
            dataset=name,
            slice=" ".join(f"{dim}={split.span(codes)}" for dim, codes in distinct.items()),
            url=templates.url(endpoint, dataset.code or name, filters),
            params=(*endpoint.params.items(), *templates.parameters(endpoint, filters)),
            accept=endpoint.accept,
            headers=tuple(endpoint.headers.items()),
            body=templates.body(endpoint, filters),
        )
        for filters, distinct in split.planned_parts(dataset, endpoint)
    ]
