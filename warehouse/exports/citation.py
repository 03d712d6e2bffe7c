"""How to cite a release or one of its tables: CITATION.cff, CITATION.bib and CITATION.txt."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC

import yaml

from warehouse.contracts import Contract
from warehouse.exports.about import CREATOR, NAME, TITLE, About

# Characters that are commands in TeX.
_TEX: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}


def cff(about: About) -> str:
    """The content of ``CITATION.cff``: the release and its sources in the Citation File Format 1.2.0."""
    content = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, cite it and the publishers of the figures that you use.",
        "type": "dataset",
        "title": TITLE,
        "abstract": about.description,
        "version": about.name,
        "date-released": about.created.astimezone(UTC).date(),
        "authors": [{"name": CREATOR}],
        "references": [
            {
                "type": "data",
                "title": source.title,
                "authors": [{"name": source.publisher}],
                "url": source.homepage,
                "license-url": source.licence_url,
            }
            for source in about.sources
        ],
    }
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))


def text(about: About, contracts: Iterable[Contract], datasets: Mapping[str, Collection[str]]) -> str:
    """The content of ``CITATION.txt``: one line for the release, and one for each table with rows of a dataset.

    ``datasets`` maps each table to the datasets of its rows.
    """
    tables = [line(about.limited_to(datasets[c.table]), c) for c in contracts if datasets.get(c.table)]
    return "\n".join([line(about), "", *tables]) + "\n"


def line(about: About, table: Contract | None = None) -> str:
    """The citation of a release, or of one of its tables, in one line that names the publishers of its sources."""
    what = f"{TITLE}, release {about.name}"
    what = f"{table.title} (table {table.table}, version {table.version}), in: {what}" if table else what
    publishers = "; ".join(dict.fromkeys(source.publisher for source in about.sources))
    origin = f" From figures of: {publishers}." if publishers else ""
    return f"{CREATOR} ({about.created.astimezone(UTC).year}). {what} [Data set].{origin}"


def bibtex(about: About) -> str:
    """BibTeX entries for a release and for each of its sources."""
    moment = about.created.astimezone(UTC)
    whole = {
        "author": f"{{{CREATOR}}}",
        "title": f"{{{_tex(TITLE)}}}",
        "year": str(moment.year),
        "month": str(moment.month),
        "version": about.name,
        "howpublished": "Data set",
        "note": _tex(f"Release {about.name}"),
    }
    entries = [_entry(f"{NAME}-{about.name}", whole)]
    for source in about.sources:
        cited = {
            "author": f"{{{_tex(source.publisher)}}}",
            "title": f"{{{_tex(source.title)}}}",
            "howpublished": f"\\url{{{source.homepage}}}",
            "note": _tex(f"Dataset {source.dataset}, licence {source.licence}. {source.attribution}"),
        }
        entries.append(_entry(source.dataset.replace("/", "-"), cited))
    return "\n".join(entries)


def _entry(key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{re.sub(r'[^A-Za-z0-9:._-]', '-', key)},", *lines, "}", ""])


def _tex(text: str) -> str:
    return "".join(_TEX.get(mark, mark) for mark in text)
