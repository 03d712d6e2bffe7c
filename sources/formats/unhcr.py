"""The field names of UNHCR: those of its API, and what its exports of different years call the same fields."""

import re
from collections.abc import Mapping, Sequence

from sources.errors import FormatError

_AGES = {"0 4": "0_4", "5 11": "5_11", "12 17": "12_17", "18 59": "18_59", "60": "60", "other": "other"}

DIMENSIONS = (
    *("coo_id", "coo_name", "coo", "coo_iso", "coa_id", "coa_name", "coa", "coa_iso"),
    *("procedure_type", "app_type", "dec_level", "app_pc", "dec_pc", "average_persons_per_case"),
    *("pop_type", "location", "loc_type", "acc_type"),
)
MEASURES = (
    *("refugees", "asylum_seekers", "returned_refugees", "idps", "returned_idps"),
    *("stateless", "ooc", "oip", "hst", "vda"),
    *("applied", "dec_recognized", "dec_other", "dec_rejected", "dec_closed", "dec_total"),
    *("resettlement", "naturalisation"),
    *(f"{sex}_{age}" for sex in "fm" for age in (*_AGES.values(), "total")),
    "total",
)
# The words of a name without its case, brackets and punctuation, to the name that the API has for it.
ALIASES = {name.replace("_", " "): name for name in (*DIMENSIONS, *MEASURES)} | {
    # Refugee Data Finder
    "country of origin": "coo_name",
    "country of origin iso": "coo_iso",
    "country of asylum": "coa_name",
    "country of asylum iso": "coa_iso",
    "authority": "procedure_type",
    "application type": "app_type",
    "stage of procedure": "dec_level",
    "refugees under unhcr s mandate": "refugees",
    "asylum seekers": "asylum_seekers",
    "returned refugees": "returned_refugees",
    "refugee returns": "returned_refugees",
    "idps of concern to unhcr": "idps",
    "returned idpss": "returned_idps",
    "idp returns": "returned_idps",
    "stateless persons": "stateless",
    "others of concern": "ooc",
    "other people in need of international protection": "oip",
    "host community": "hst",
    "venezuelans displaced abroad": "vda",
    "recognized decisions": "dec_recognized",
    "complementary protection": "dec_other",
    "rejected decisions": "dec_rejected",
    "otherwise closed": "dec_closed",
    "total decisions": "dec_total",
    "resettlement arrivals": "resettlement",
    "population type": "pop_type",
    # the population statistics site before it
    "country territory of asylum residence": "coa_name",
    "origin": "coo_name",
    "origin returned from": "coo_name",
    "refugees incl refugee like situations": "refugees",
    "asylum seekers pending cases": "asylum_seekers",
    "internally displaced persons": "idps",
    "internally displaced persons idps": "idps",
    "total population": "total",
    # the exchange files on HDX
    "iso3coo": "coo_iso",
    "iso3coa": "coa_iso",
    "ref": "refugees",
    "asy": "asylum_seekers",
    "idp": "idps",
    "sta": "stateless",
    "rst": "resettlement",
    "nat": "naturalisation",
    "ret": "returned_refugees",
    "rdp": "returned_idps",
    "proceduretype": "procedure_type",
    "applicationtype": "app_type",
    "applicationdatatype": "app_pc",
    "applicationaveragepersonspercase": "average_persons_per_case",
    "applications": "applied",
    "decisiontype": "dec_level",
    "decisiondatatype": "dec_pc",
    "decisionsaveragepersonspercase": "average_persons_per_case",
    "recognized": "dec_recognized",
    "recognizedother": "dec_other",
    "otherwiseclosed": "dec_closed",
    "rejected": "dec_rejected",
    "totaldecided": "dec_total",
    "pt": "pop_type",
    "urbanrural": "loc_type",
    "accommodationtype": "acc_type",
    **{f"{word} {age}": f"{word[0]}_{short}" for word in ("female", "male") for age, short in _AGES.items()},
    **{f"{word} unknown": f"{word[0]}_other" for word in ("female", "male")},
    **{f"{word} total": f"{word[0]}_total" for word in ("female", "male")},
}


def words(name: str) -> str:
    """A name in lower case, with one space for everything between its letters and digits."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def fields(names: Sequence[str], known: Mapping[str, str] = ALIASES) -> dict[str, int]:
    """Where each of the API's fields, ``year`` included, stands (1-based) under whatever name it is given.

    An unknown name, or two names for one field, is a ``FormatError`` that says which.
    """
    found: dict[str, int] = {}
    for at, name in enumerate(names, 1):
        field = "year" if words(name) == "year" else known.get(words(name))
        if field is None:
            raise FormatError(f"column {at} is unknown: {name!r}")
        if field in found:
            raise FormatError(f"two columns are {field}: {names[found[field] - 1]!r} and {name!r}")
        found[field] = at
    return found
