"""Finds the present ids of the data service of China's statistics bureau: ``python -m tools.find_nbs_ids 人口 总人口``.

The entry ``sources/catalogue/nbs.yaml`` contains the ids, so that requests never vary. Use this program to find the new
ids when the bureau moves a series to another catalogue, or when a response lacks the names that the entry expects.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sources.catalogue import publishers
from sources.catalogue.model import Publisher
from sources.errors import FetchError, FormatError
from sources.formats.json import nbs_json
from sources.http.client import Client
from sources.request import Request

ANNUAL = "3"
# The group of all provinces.
PROVINCES = "a10dceae75d245008bf4b9a0e6fe1d55"


def find(client: Client, publisher: Publisher, names: Sequence[str], kind: str = ANNUAL) -> pl.DataFrame:
    """Return the indicators of a catalogue and of those that continue it: cid, catalogue, first, last, id, name, unit.

    ``names`` is the path from the root to the catalogue, without the years that a name may have in brackets. ``kind``
    is the service's number of a tree: 1 months, 2 quarters, 3 years, 4 to 6 the same by province. Raises ``FetchError``
    with the names that exist if one of ``names`` does not.
    """
    text = pl.String()
    found = _children(client, publisher, "", kind)
    for name in names:
        nodes = pl.concat(_children(client, publisher, parent, kind) for parent in found["id"])
        found = nodes.filter(pl.col("series") == name)
        if found.is_empty():
            raise FetchError(f"the data service has no {name} among {', '.join(nodes['name'])}")
    parts = [
        _indicators(client, publisher, node["id"]).select(
            pl.lit(node["id"]).alias("cid"),
            pl.lit(node["name"]).alias("catalogue"),
            pl.lit(node["first"], text).alias("first"),
            pl.lit(node["last"], text).alias("last"),
            "id",
            "name",
            "unit",
        )
        for node in found.filter("leaf").iter_rows(named=True)
    ]
    if not parts:
        raise FetchError(f"{' > '.join(names)} is a folder of the data service, not a catalogue")
    return pl.concat(parts)


def areas(client: Client, publisher: Publisher, group: str = PROVINCES) -> pl.DataFrame:
    """Return the areas of a group: code and name."""
    body = _fetch(client, publisher, "getDasByDaCatalogId", daCid=group)
    return nbs_json.areas(body)


def _children(client: Client, publisher: Publisher, parent: str, kind: str) -> pl.DataFrame:
    return nbs_json.catalogues(_fetch(client, publisher, "new/queryIndexTreeAsync", pid=parent, code=kind))


def _indicators(client: Client, publisher: Publisher, cid: str) -> pl.DataFrame:
    return nbs_json.indicators(_fetch(client, publisher, "new/queryIndicatorsByCid", cid=cid, dt="", name=""))


def _fetch(client: Client, publisher: Publisher, path: str, **params: str) -> Path:
    endpoint = publisher.endpoints["nation"]
    url = endpoint.url.removesuffix("stream/esData") + path
    headers = tuple(endpoint.headers.items())
    response = client.fetch(Request(publisher.publisher, path, "", url, tuple(params.items()), "json", headers))
    assert response.body is not None  # the request is not conditional
    return response.body


def main() -> None:
    """Print ids from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="path from the root to a catalogue; default: print the provinces")
    parser.add_argument("--kind", default=ANNUAL, help="number of the tree: 3 is years, 6 is years by province")
    options = parser.parse_args()
    publisher = publishers()["nbs"]
    with Client(frozenset(publisher.hosts), publisher.limits) as client, pl.Config(tbl_rows=-1, fmt_str_lengths=80):
        try:
            print(find(client, publisher, options.names, options.kind) if options.names else areas(client, publisher))  # noqa: T201
        except (FetchError, FormatError) as error:
            parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
