"""Queries in SPARQL: files of ``sources/catalogue/queries``, filled with the acts that are asked for."""

import re
from functools import cache
from importlib.resources import files
from string import Template

from sources.errors import CatalogueError

_ACT = re.compile(r"3\d{4}[A-Z]{1,2}\d{4}")
_OFFSET = re.compile(r"\bOFFSET\s+\d+")


def query(name: str, filters: dict[str, list[str]]) -> str:
    """The text of a query with the codes of each filter in the place of its name, as ``$CELEX``.

    ``CatalogueError`` if the query is not there, has no place for a filter or no filter for a place, or if a number is
    not that of an act: a corrigendum (``32011L0036R(01)``) and a consolidated text are other documents.
    """
    for number in filters.get("celex", []):
        if not _ACT.fullmatch(number):
            raise CatalogueError(f"{number} is {kind(number)}, and no act; the query {name} asks for acts")
    known = {dim.upper(): " ".join(f"{dim}:{code}" for code in codes) for dim, codes in filters.items()}
    template = Template(_text(name))
    if set(template.get_identifiers()) != known.keys():
        places = ", ".join(template.get_identifiers()) or "none"
        raise CatalogueError(f"the query {name} has places for {places}, and there are filters for {', '.join(known)}")
    return template.substitute(known)


def skipping(text: str, rows: int) -> str:
    """A query whose answer begins after so many rows."""
    return _OFFSET.sub(f"OFFSET {rows}", text)


def kind(number: str) -> str:
    """What a CELEX number that is no act's stands for, in words."""
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
