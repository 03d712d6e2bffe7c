"""SPARQL queries: the files of ``sources/catalogue/queries``, filled with the CELEX numbers of the requested acts."""

import re
from functools import cache
from importlib.resources import files
from string import Template

from sources.errors import CatalogueError

_ACT = re.compile(r"3\d{4}[A-Z]{1,2}\d{4}")
_OFFSET = re.compile(r"\bOFFSET\s+\d+")


def query(name: str, filters: dict[str, list[str]]) -> str:
    """The text of a query with the codes of each filter in its place, ``$CELEX`` for the filter ``celex``.

    ``CatalogueError`` if the query does not exist, if its places and the filters differ, or if a CELEX number is not
    that of an act: a corrigendum (``32011L0036R(01)``) and a consolidated text are other documents.
    """
    for number in filters.get("celex", []):
        if not _ACT.fullmatch(number):
            raise CatalogueError(f"{number} is {kind(number)}, not an act; the query {name} requests acts")
    values = {dim.upper(): " ".join(f"{dim}:{code}" for code in codes) for dim, codes in filters.items()}
    template = Template(_text(name))
    if set(template.get_identifiers()) != values.keys():
        places = ", ".join(template.get_identifiers()) or "none"
        raise CatalogueError(f"the query {name} has places for {places}, but the filters are {', '.join(values)}")
    return template.substitute(values)


def with_offset(text: str, rows: int) -> str:
    """The query with another number of rows to skip."""
    return _OFFSET.sub(f"OFFSET {rows}", text)


def kind(number: str) -> str:
    """The kind of document that a CELEX number identifies, where it is not that of an act."""
    if re.fullmatch(r"\d{5}[A-Z]{1,2}\d{4}R\(\d+\)", number):
        return "a corrigendum"
    if number.startswith("0"):
        return "a consolidated text"
    return "a national measure" if number.startswith("7") else "another document"


@cache
def _text(name: str) -> str:
    path = files("sources.catalogue").joinpath("queries", f"{name}.rq")
    if not path.is_file():
        raise CatalogueError(f"there is no query {name} in sources/catalogue/queries")
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if not line.startswith("#"))
