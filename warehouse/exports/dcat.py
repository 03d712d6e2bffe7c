"""A release in DCAT-AP 3 as JSON-LD.

Themes, file types, languages, places and rights are terms of the authority tables of the European Union.
"""

from collections.abc import Collection, Iterable, Mapping

from warehouse.contracts import Contract
from warehouse.exports.about import CREATOR, KEYWORDS, NAME, TITLE, About, timestamp
from warehouse.releases import TableFacts

_AUTHORITY = "http://publications.europa.eu/resource/authority"
CONTEXT: Mapping[str, str] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def document(
    contracts: Iterable[Contract],
    tables: Mapping[str, TableFacts],
    about: About,
    datasets: Mapping[str, Collection[str]],
) -> dict[str, object]:
    """A release as a ``dcat:Dataset`` with a distribution for each table.

    ``datasets`` maps each table to the datasets of its rows. A distribution has a licence only if all its rows have the
    same one; otherwise its rights state that each row has the licence of its dataset.
    """
    publisher = {"@id": "#publisher", "@type": "foaf:Agent", "foaf:name": CREATOR}
    return {
        "@context": dict(CONTEXT),
        "@id": "./",
        "@type": "dcat:Dataset",
        "dct:identifier": f"{NAME}/{about.name}",
        "dct:title": _english(TITLE),
        "dct:description": _english(about.description),
        "dct:publisher": publisher,
        "dct:creator": {"@id": "#publisher"},
        "dct:issued": _issued(about),
        "dct:language": {"@id": f"{_AUTHORITY}/language/ENG"},
        "dct:accessRights": {"@id": f"{_AUTHORITY}/access-right/PUBLIC"},
        "dct:spatial": [{"@id": f"{_AUTHORITY}/country/CHN"}, {"@id": f"{_AUTHORITY}/country/EUR"}],
        "dcat:theme": [{"@id": f"{_AUTHORITY}/data-theme/{code}"} for code in ("SOCI", "JUST")],
        "dcat:keyword": [_english(word) for word in KEYWORDS],
        "dcat:version": about.name,
        "dct:source": [{"@id": address} for address in dict.fromkeys(s.homepage for s in about.sources)],
        "dcat:distribution": [
            _distribution(contract, tables[contract.table], about.limited_to(datasets.get(contract.table, ())))
            for contract in contracts
        ],
    }


def _distribution(contract: Contract, facts: TableFacts, about: About) -> dict[str, object]:
    file = f"tables/{contract.table}.parquet"
    licences = about.licence_urls
    stated = [f"{s.dataset}: {s.licence} ({s.licence_url}). {s.attribution}" for s in about.sources]
    rights = "Each row is under the licence of the dataset that it names. " + " ".join(stated)
    return {
        "@id": file,
        "@type": "dcat:Distribution",
        "dct:title": _english(contract.title),
        "dct:description": _english(contract.description),
        "dcat:accessURL": {"@id": "./"},
        "dcat:downloadURL": {"@id": file},
        "dcat:mediaType": {"@id": "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"},
        "dct:format": {"@id": f"{_AUTHORITY}/file-type/PARQUET"},
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(facts.bytes)},
        "dct:issued": _issued(about),
        "owl:versionInfo": facts.schema_version,
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": facts.sha256},
        },
        **({"dct:license": {"@id": licences[0]}} if len(licences) == 1 else {}),
        **({"dct:rights": {"@type": "dct:RightsStatement", "rdfs:label": _english(rights)}} if stated else {}),
    }


def _english(text: str) -> dict[str, str]:
    return {"@language": "en", "@value": text}


def _issued(about: About) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": timestamp(about.created)}
