"""Articles: a publisher of prose lists them on pages, the newest first, and each article has its own address.

An article does not change, so that one in the archive is not requested again. Further pages of the list are requested
as long as the page before contained a new article: the first round goes far back, and a nightly one needs one page.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from sources.catalogue.model import Articles, Publisher
from sources.errors import FetchError
from sources.prose.article import decoded, normalised
from sources.protocols.requests import endpoint_of, list_page
from sources.request import Request


def new_articles(
    publisher: Publisher, name: str, fetch_page: Callable[[Request], Path], is_archived: Callable[[Request], bool]
) -> Iterator[Request]:
    """The requests of a dataset's articles that the list names and that are not archived.

    ``fetch_page`` returns the body of a page of the list. The errors that it raises are raised, except status 404 of a
    further page, which ends the list. ``FetchError`` if the first page links to no article.
    """
    endpoint = endpoint_of(publisher, name)
    seen: set[str] = set()
    for number, request in enumerate(_pages(publisher, name)):
        try:
            links = links_of(endpoint.articles, request.url, fetch_page(request)) if endpoint.articles else []
        except FetchError as error:
            if number and error.response is not None and error.response.status == HTTPStatus.NOT_FOUND:
                return
            raise
        if not links and not number:
            raise FetchError(
                f"{request.described}: the page links to no article like {endpoint.articles}; it is "
                "not the declared page, or the publisher blocks the request"
            )
        articles = [_request(publisher, name, link, request.url) for link in links if link not in seen]
        new = [article for article in articles if not is_archived(article)]
        yield from new
        if not new:
            return
        seen.update(links)


def archived_article(publisher: Publisher, name: str, address: str) -> Request:
    """The request of an article whose address is known from the archive."""
    return _request(publisher, name, address, endpoint_of(publisher, name).url)


def links_of(articles: Articles, address: str, body: Path) -> list[str]:
    """The addresses of the articles that a page of the list links to, in its order, each once.

    ``FormatError`` if the page is in no known encoding.
    """
    found: dict[str, None] = {}
    for node in LexborHTMLParser(decoded(body.read_bytes())).css("a[href]"):
        title = normalised(f"{node.attributes.get('title') or ''} {node.text()}")
        link = urljoin(address, node.attributes.get("href") or "")
        if re.search(articles.link, link) and re.search(articles.title, title):
            found[link] = None
    return list(found)


def _pages(publisher: Publisher, name: str) -> Iterator[Request]:
    """The requests of the list's pages. They are recorded under the name of the endpoint, not of a dataset."""
    endpoint = endpoint_of(publisher, name)
    first = list_page(publisher, name)
    yield first
    articles = endpoint.articles
    if articles is None or articles.further is None:
        return
    for number in range(articles.first, articles.first + articles.pages - 1):
        further = urljoin(endpoint.url, articles.further.format(page=number))
        yield replace(first, slice=f"page {number}", url=further)


def _request(publisher: Publisher, name: str, address: str, page: str) -> Request:
    """The request of an article, with the list's page as Referer, which some sites require."""
    endpoint = endpoint_of(publisher, name)
    headers = tuple((endpoint.headers | {"Referer": page}).items())
    return Request(publisher.publisher, name, urlsplit(address).path, address, (), endpoint.accept, headers)
