"""UNHCR's names of fields, which its JSON and CSV formats share: those of its API, and those of its exports.

Exports of different years use different names for the same field of the API.
"""

import re
from collections.abc import Mapping, Sequence

from sources.formats import wide_table
from sources.formats.wide_table import Layout, Role

VALUE = "value"

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
# From the words of a name, without case, brackets and punctuation, to the API's name of the field.
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
    # the population statistics site before the Refugee Data Finder
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
    """A name in lower case, with one space between its groups of letters and digits."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def layout(names: Sequence[str], aliases: Mapping[str, str] = ALIASES, noun: str = "column") -> Layout:
    """The layout of a table with these names of fields, by the API's names; ``time`` is the year.

    ``aliases`` maps ``words`` of a name to a dimension or measure of the API, to ``measure``, or to ``VALUE``.
    """

    def role(name: str) -> Role | None:
        field = "time" if words(name) == "year" else aliases.get(words(name))
        return {"measure": field} if field in MEASURES else {} if field == VALUE else field

    return wide_table.layout(names, role, needed=["time"], noun=noun)
