"""Articles: a publisher of prose lists them on pages, the newest first, and each is asked for at its own address.

An article does not change: what is there is not asked for again. Further pages of the list are looked at as long as the
page before had something new, so that a first round reaches back and a nightly one takes a single page.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from sources.catalogue import Articles, Publisher
from sources.errors import FetchError
from sources.prose.article import decoded, normalised
from sources.request import Request


def listed(
    publisher: Publisher, name: str, page: Callable[[Request], Path], there: Callable[[Request], bool]
) -> Iterator[Request]:
    """The articles of a dataset that are not ``there``, from the list's pages, each got by ``page``.

    Raises what ``page`` raises, but where the list has fewer pages than are looked at, and ``FetchError`` if its first
    page links to no article.
    """
    endpoint = publisher.endpoints[publisher.datasets[name].endpoint]
    seen: set[str] = set()
    for number, request in enumerate(_pages(publisher, name)):
        try:
            links = links_of(endpoint.articles, request.url, page(request)) if endpoint.articles else []
        except FetchError as error:
            if number and error.response is not None and error.response.status == HTTPStatus.NOT_FOUND:
                return
            raise
        if not links and not number:
            raise FetchError(
                f"{request.name} ({request.full_url}): the page links to no article like {endpoint.articles}; it is "
                "another than was declared, or a block page"
            )
        articles = [_article(publisher, name, link, request.url) for link in links if link not in seen]
        new = [article for article in articles if not there(article)]
        yield from new
        if not new:
            return
        seen.update(links)


def links_of(articles: Articles, address: str, body: Path) -> list[str]:
    """The addresses of the articles that a list's page links to, in its order, each once.

    ``FormatError`` if the page is in no encoding that is known.
    """
    found: dict[str, None] = {}
    for node in LexborHTMLParser(decoded(body.read_bytes())).css("a[href]"):
        said = normalised(f"{node.attributes.get('title') or ''} {node.text()}")
        link = urljoin(address, node.attributes.get("href") or "")
        if re.search(articles.link, link) and re.search(articles.title, said):
            found[link] = None
    return list(found)


def _pages(publisher: Publisher, name: str) -> Iterator[Request]:
    """The requests of the list's pages, which are those of no dataset."""
    key = publisher.datasets[name].endpoint
    endpoint = publisher.endpoints[key]
    first = Request(publisher.publisher, key, "", endpoint.url, (), "html", tuple(endpoint.headers.items()))
    yield first
    articles = endpoint.articles
    if articles is None or articles.further is None:
        return
    for number in range(articles.first, articles.first + articles.pages - 1):
        further = urljoin(endpoint.url, articles.further.format(page=number))
        yield replace(first, slice=f"page {number}", url=further)


def _article(publisher: Publisher, name: str, address: str, page: str) -> Request:
    """The request of an article; some sites want to know from which page one comes."""
    endpoint = publisher.endpoints[publisher.datasets[name].endpoint]
    headers = tuple((endpoint.headers | {"Referer": page}).items())
    return Request(publisher.publisher, name, urlsplit(address).path, address, (), endpoint.accept, headers)


def known(publisher: Publisher, name: str, address: str) -> Request:
    """The request of an article that was asked for once."""
    return _article(publisher, name, address, publisher.endpoints[publisher.datasets[name].endpoint].url)
