"""The ids that the data service of China's statistics bureau has now: ``python -m tools.snapshot.nbs_ids 人口 总人口``.

Ids stand in the catalogue, so that requests never vary. When the bureau cuts a series into another catalogue, or an
answer does not have the names that the entry expects, this finds what to write there.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sources.catalogue import Publisher, publishers
from sources.errors import FetchError, FormatError
from sources.formats.json import nbs_json
from sources.http import Client
from sources.request import Request

ANNUAL = "3"
# The group of all provinces.
PROVINCES = "a10dceae75d245008bf4b9a0e6fe1d55"


def find(client: Client, publisher: Publisher, names: Sequence[str], kind: str = ANNUAL) -> pl.DataFrame:
    """The indicators of a catalogue and of those that continue it: cid, catalogue, first, last, id, name, unit.

    ``names`` lead from the root to it, without the years that a name may have in brackets. ``kind`` is the service's
    number of a tree: 1 months, 2 quarters, 3 years, 4 to 6 the same by province. ``FetchError`` says which name is not
    there, and which are.
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
    """The areas of a group: code and name."""
    body = _answer(client, publisher, "getDasByDaCatalogId", daCid=group)
    return nbs_json.areas(body)


def _children(client: Client, publisher: Publisher, parent: str, kind: str) -> pl.DataFrame:
    return nbs_json.catalogues(_answer(client, publisher, "new/queryIndexTreeAsync", pid=parent, code=kind))


def _indicators(client: Client, publisher: Publisher, cid: str) -> pl.DataFrame:
    return nbs_json.indicators(_answer(client, publisher, "new/queryIndicatorsByCid", cid=cid, dt="", name=""))


def _answer(client: Client, publisher: Publisher, path: str, **params: str) -> Path:
    endpoint = publisher.endpoints["nation"]
    url = endpoint.url.removesuffix("stream/esData") + path
    headers = tuple(endpoint.headers.items())
    answer = client.fetch(Request(publisher.publisher, path, "", url, tuple(params.items()), "json", headers))
    assert answer.body is not None  # nothing conditional was asked
    return answer.body


def main() -> None:
    """Find ids from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="from the root to a catalogue; none: the provinces")
    parser.add_argument("--kind", default=ANNUAL, help="number of the tree: 3 years, 6 years by province")
    options = parser.parse_args()
    publisher = publishers()["nbs"]
    with Client(frozenset(publisher.hosts), publisher.limits) as client, pl.Config(tbl_rows=-1, fmt_str_lengths=80):
        try:
            print(find(client, publisher, options.names, options.kind) if options.names else areas(client, publisher))  # noqa: T201
        except (FetchError, FormatError) as error:
            parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
