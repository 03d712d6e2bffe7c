"""A release in the words of others: Croissant, DCAT-AP, schema.org, BibTeX and a citation in plain text.

Each document is a pure function of contracts, what the index says of the tables, and what is known of the release and
its sources. Addresses are relative to the release's folder, so that the documents stay true wherever it is put.
Licences and attributions are those of the sources that the rows are from: ``held`` says by table which those are.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import polars as pl

from warehouse.contracts import Contract, Type
from warehouse.exports.data_package import NAME, TITLE, About, timestamp
from warehouse.releases import TableFacts

CREATOR = "The Corridor project"
PARQUET = "application/vnd.apache.parquet"
KEYWORDS = ("migration", "asylum", "residence permits", "migration law", "China", "European Union")

# The context that Croissant 1.0 prescribes: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
_CROISSANT = (
    "citeAs column conformsTo=dct:conformsTo cr=http://mlcommons.org/croissant/ dct=http://purl.org/dc/terms/ "
    "rai=http://mlcommons.org/croissant/RAI/ equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate "
    "sc=https://schema.org/ separator source subField transform"
)
CROISSANT_CONTEXT: Mapping[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: iri or f"cr:{name}" for name, _, iri in (term.partition("=") for term in _CROISSANT.split())},
}
CROISSANT_TYPES: Mapping[Type, str] = {
    "string": "sc:Text",
    "int64": "cr:Int64",
    "float64": "cr:Float64",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}

# DCAT-AP 3 takes themes, file types, languages, places and rights from the authority tables of the European Union.
_AUTHORITY = "http://publications.europa.eu/resource/authority"
DCAT_CONTEXT: Mapping[str, str] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

# TeX reads these as commands.
_TEX: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}


def documents(
    contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About, held: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """File name → content of all documents here, for the folder of a release."""
    listed = [contract for contract in contracts if contract.table in tables]
    lines = [citation(about), "", *(citation(of(about, held[c.table]), c) for c in listed if held.get(c.table))]
    return {
        "croissant.json": _text(croissant(listed, tables, about)),
        "dcat-ap.jsonld": _text(dcat_ap(listed, tables, about, held)),
        "schema-org.jsonld": _text(schema_org(listed, tables, about)),
        "CITATION.bib": bibtex(about),
        "CITATION.txt": "\n".join(lines) + "\n",
    }


def datasets_held(folder: Path, tables: Iterable[str]) -> dict[str, list[str]]:
    """Table → the datasets that its rows are from, in order; none where its rows name no dataset."""
    found = {}
    for table in tables:
        frame = pl.scan_parquet(folder / "tables" / f"{table}.parquet")
        named = "dataset" in frame.collect_schema()
        found[table] = frame.select(pl.col("dataset").unique().sort()).collect()["dataset"].to_list() if named else []
    return found


def of(about: About, datasets: Collection[str]) -> About:
    """What is known of a release, with those sources only that some of its rows are from."""
    return replace(about, sources=[source for source in about.sources if source.dataset in datasets])


def citation(about: About, table: Contract | None = None) -> str:
    """How to cite a release, or one of its tables, in one line that names the publishers of its sources."""
    year = about.created.astimezone(UTC).year
    what = f"{TITLE}, release {about.name}"
    what = f"{table.title} (table {table.table}, version {table.version}), in: {what}" if table else what
    return f"{CREATOR} ({year}). {what} [Data set].{_drawn_from(about)}"


def bibtex(about: About, table: Contract | None = None) -> str:
    """How to cite a release, or one of its tables, and the datasets that its figures are from, as BibTeX entries."""
    moment = about.created.astimezone(UTC)
    key = "-".join([NAME, about.name, *([table.table] if table else [])])
    whole = {
        "author": f"{{{CREATOR}}}",
        "title": f"{{{_tex(f'{table.title}. In: {TITLE}' if table else TITLE)}}}",
        "year": str(moment.year),
        "month": str(moment.month),
        "version": about.name,
        "howpublished": "Data set",
        "note": _tex(f"Release {about.name}" + (f", table {table.table} {table.version}" if table else "")),
    }
    entries = [_entry(key, whole)]
    for source in about.sources:
        cited = {
            "author": f"{{{_tex(source.publisher)}}}",
            "title": f"{{{_tex(source.title)}}}",
            "howpublished": f"\\url{{{source.homepage}}}",
            "note": _tex(f"Dataset {source.dataset}, licence {source.licence}. {source.attribution}"),
        }
        entries.append(_entry(source.dataset.replace("/", "-"), cited))
    return "\n".join(entries)


def schema_org(contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About) -> dict[str, object]:
    """A release as a schema.org ``Dataset``, with a ``DataDownload`` and the fields of each table."""
    listed = list(contracts)
    return {
        "@context": "https://schema.org/",
        **_dataset(about),
        "isAccessibleForFree": True,
        "citation": citation(about),
        "isBasedOn": [
            {
                "@type": "Dataset",
                "name": s.title,
                "description": s.attribution,
                "url": s.homepage,
                "license": s.licence_url,
            }
            for s in about.sources
        ],
        "spatialCoverage": ["China", "European Union"],
        "hasPart": [_part(contract, tables[contract.table], about) for contract in listed],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": contract.table,
                "description": contract.description,
                "contentUrl": _path(contract),
                "encodingFormat": PARQUET,
                "contentSize": f"{tables[contract.table].bytes} B",
                "sha256": tables[contract.table].sha256,
            }
            for contract in listed
        ],
    }


def croissant(contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About) -> dict[str, object]:
    """A release in Croissant 1.0: a file object and a record set for each table, a field for each column."""
    listed = list(contracts)
    return {
        "@context": dict(CROISSANT_CONTEXT),
        **_dataset(about),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "citeAs": bibtex(of(about, ())).strip(),
        "isLiveDataset": False,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": _path(contract),
                "name": f"{contract.table}.parquet",
                "description": contract.description,
                "contentUrl": _path(contract),
                "encodingFormat": "application/x-parquet",
                "contentSize": f"{tables[contract.table].bytes} B",
                "sha256": tables[contract.table].sha256,
            }
            for contract in listed
        ],
        "recordSet": [_record_set(contract) for contract in listed],
    }


def dcat_ap(
    contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About, held: Mapping[str, Collection[str]]
) -> dict[str, object]:
    """A release in DCAT-AP 3 as JSON-LD: a ``dcat:Dataset`` with a distribution for each table.

    A distribution has a licence where all its rows have the same; else its rights say that each row has its dataset's.
    """
    publisher = {"@id": "#publisher", "@type": "foaf:Agent", "foaf:name": CREATOR}
    return {
        "@context": dict(DCAT_CONTEXT),
        "@id": "./",
        "@type": "dcat:Dataset",
        "dct:identifier": f"{NAME}/{about.name}",
        "dct:title": _english(TITLE),
        "dct:description": _english(about.description),
        "dct:publisher": publisher,
        "dct:creator": {"@id": "#publisher"},
        "dct:issued": _moment(about),
        "dct:language": {"@id": f"{_AUTHORITY}/language/ENG"},
        "dct:accessRights": {"@id": f"{_AUTHORITY}/access-right/PUBLIC"},
        "dct:spatial": [{"@id": f"{_AUTHORITY}/country/CHN"}, {"@id": f"{_AUTHORITY}/country/EUR"}],
        "dcat:theme": [{"@id": f"{_AUTHORITY}/data-theme/{code}"} for code in ("SOCI", "JUST")],
        "dcat:keyword": [_english(word) for word in KEYWORDS],
        "dcat:version": about.name,
        "dct:source": [{"@id": address} for address in dict.fromkeys(s.homepage for s in about.sources)],
        "dcat:distribution": [
            _distribution(contract, tables[contract.table], of(about, held.get(contract.table, ())))
            for contract in contracts
        ],
    }


def _text(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _path(contract: Contract) -> str:
    return f"tables/{contract.table}.parquet"


def _dataset(about: About) -> dict[str, object]:
    """What schema.org and Croissant say alike of a release."""
    moment = timestamp(about.created)
    return {
        "@type": "Dataset",
        "name": NAME,
        "alternateName": TITLE,
        "description": about.description,
        "version": about.name,
        "url": "./",
        "license": _licences(about),
        "creator": {"@type": "Organization", "name": CREATOR},
        "publisher": {"@type": "Organization", "name": CREATOR},
        "datePublished": moment,
        "dateModified": moment,
        "keywords": list(KEYWORDS),
        "inLanguage": "en",
    }


def _part(contract: Contract, facts: TableFacts, about: About) -> dict[str, object]:
    return {
        "@type": "Dataset",
        "@id": f"#{contract.table}",
        "name": contract.title,
        "description": f"{contract.description} {facts.rows} rows.",
        "version": contract.version,
        "citation": citation(of(about, ()), contract),
        "variableMeasured": [
            {"@type": "PropertyValue", "name": c.name, "description": c.description}
            | ({} if c.unit == "none" else {"unitText": c.unit})
            for c in contract.columns
        ],
    }


def _record_set(contract: Contract) -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": contract.table,
        "name": contract.table,
        "description": contract.description,
        "key": [{"@id": f"{contract.table}/{name}"} for name in contract.key],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{contract.table}/{column.name}",
                "name": column.name,
                "description": column.description,
                "dataType": CROISSANT_TYPES[column.type],
                "source": {"fileObject": {"@id": _path(contract)}, "extract": {"column": column.name}},
            }
            for column in contract.columns
        ],
    }


def _distribution(contract: Contract, facts: TableFacts, about: About) -> dict[str, object]:
    licences = _licences(about)
    stated = [f"{s.dataset}: {s.licence} ({s.licence_url}). {s.attribution}" for s in about.sources]
    rights = "Each row is under the licence of the dataset that it names. " + " ".join(stated)
    return {
        "@id": _path(contract),
        "@type": "dcat:Distribution",
        "dct:title": _english(contract.title),
        "dct:description": _english(contract.description),
        "dcat:accessURL": {"@id": "./"},
        "dcat:downloadURL": {"@id": _path(contract)},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{PARQUET}"},
        "dct:format": {"@id": f"{_AUTHORITY}/file-type/PARQUET"},
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(facts.bytes)},
        "dct:issued": _moment(about),
        "owl:versionInfo": facts.schema_version,
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": facts.sha256},
        },
        **({"dct:license": {"@id": licences[0]}} if len(licences) == 1 else {}),
        **({"dct:rights": {"@type": "dct:RightsStatement", "rdfs:label": _english(rights)}} if stated else {}),
    }


def _licences(about: About) -> list[str]:
    """The address of each licence once, in the order of the sources."""
    return list(dict.fromkeys(source.licence_url for source in about.sources))


def _english(text: str) -> dict[str, str]:
    return {"@language": "en", "@value": text}


def _moment(about: About) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": timestamp(about.created)}


def _drawn_from(about: About) -> str:
    publishers: Sequence[str] = list(dict.fromkeys(source.publisher for source in about.sources))
    return f" From figures of: {'; '.join(publishers)}." if publishers else ""


def _entry(key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{re.sub(r'[^A-Za-z0-9:._-]', '-', key)},", *lines, "}", ""])


def _tex(text: str) -> str:
    return "".join(_TEX.get(mark, mark) for mark in text)
