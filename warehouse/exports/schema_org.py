"""A release as a schema.org ``Dataset`` in JSON-LD, and the parts of it that Croissant extends."""

from collections.abc import Iterable, Mapping

from warehouse.contracts import Contract
from warehouse.exports.about import CREATOR, KEYWORDS, NAME, TITLE, About, timestamp
from warehouse.exports.citation import line
from warehouse.releases import TableFacts


def document(contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About) -> dict[str, object]:
    """A release as a ``Dataset``, with a ``DataDownload`` and the fields of each table."""
    listed = list(contracts)
    return {
        "@context": "https://schema.org/",
        **dataset(about),
        "isAccessibleForFree": True,
        "citation": line(about),
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
        "distribution": [download(contract, tables[contract.table]) for contract in listed],
    }


def dataset(about: About) -> dict[str, object]:
    """The properties of a release that schema.org and Croissant share."""
    moment = timestamp(about.created)
    return {
        "@type": "Dataset",
        "name": NAME,
        "alternateName": TITLE,
        "description": about.description,
        "version": about.name,
        "url": "./",
        "license": about.licence_urls,
        "creator": {"@type": "Organization", "name": CREATOR},
        "publisher": {"@type": "Organization", "name": CREATOR},
        "datePublished": moment,
        "dateModified": moment,
        "keywords": list(KEYWORDS),
        "inLanguage": "en",
    }


def download(contract: Contract, facts: TableFacts) -> dict[str, object]:
    """The Parquet file of a table."""
    return {
        "@type": "DataDownload",
        "name": contract.table,
        "description": contract.description,
        "contentUrl": f"tables/{contract.table}.parquet",
        "encodingFormat": "application/vnd.apache.parquet",
        "contentSize": f"{facts.bytes} B",
        "sha256": facts.sha256,
    }


def _part(contract: Contract, facts: TableFacts, about: About) -> dict[str, object]:
    return {
        "@type": "Dataset",
        "@id": f"#{contract.table}",
        "name": contract.title,
        "description": f"{contract.description} {facts.rows} rows.",
        "version": contract.version,
        "citation": line(about.limited_to(()), contract),
        "variableMeasured": [
            {"@type": "PropertyValue", "name": c.name, "description": c.description}
            | ({} if c.unit == "none" else {"unitText": c.unit})
            for c in contract.columns
        ],
    }
