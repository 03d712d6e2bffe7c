"""The depositaries and the Publications Office as their pages and queries answer in 2026."""

import json
import re
from collections.abc import Mapping
from html import escape

from tests.support.publishers.server import NOT_FOUND, Answer, Asked, Route
from tests.support.publishers.states import STATES

ADOPTED = {
    "IV-2": 1966,
    "IV-3": 1966,
    "IV-3-a": 2008,
    "IV-4": 1966,
    "IV-5": 1966,
    "IV-8": 1979,
    "IV-8-b": 1999,
    "IV-9": 1984,
    "IV-9-b": 2002,
    "IV-11": 1989,
    "IV-11-b": 2000,
    "IV-11-c": 2000,
    "IV-11-d": 2011,
    "IV-12": 1989,
    "IV-13": 1990,
    "IV-15": 2006,
    "IV-15-a": 2006,
    "IV-16": 2006,
    "V-2": 1951,
    "V-3": 1954,
    "V-4": 1961,
    "V-5": 1967,
    "XVIII-1": 1953,
    "XVIII-2": 1953,
    "XVIII-3": 1926,
    "XVIII-4": 1956,
    "XVIII-12": 2000,
    "XVIII-12-a": 2000,
    "XVIII-12-b": 2000,
}
TITLES = {
    "IV-2": "International Convention on the Elimination of All Forms of Racial Discrimination",
    "IV-3": "International Covenant on Economic, Social and Cultural Rights",
    "IV-3-a": "Optional Protocol to the International Covenant on Economic, Social and Cultural Rights",
    "IV-4": "International Covenant on Civil and Political Rights",
    "IV-5": "Optional Protocol to the International Covenant on Civil and Political Rights",
    "IV-8": "Convention on the Elimination of All Forms of Discrimination against Women",
    "IV-8-b": "Optional Protocol to the Convention on the Elimination of All Forms of Discrimination against Women",
    "IV-9": "Convention against Torture and Other Cruel, Inhuman or Degrading Treatment or Punishment",
    "IV-9-b": "Optional Protocol to the Convention against Torture and Other Cruel, Inhuman or Degrading Treatment or "
    "Punishment",
    "IV-11": "Convention on the Rights of the Child",
    "IV-11-b": "Optional Protocol to the Convention on the Rights of the Child on the involvement of children in armed "
    "conflict",
    "IV-11-c": "Optional Protocol to the Convention on the Rights of the Child on the sale of children, child "
    "prostitution and child pornography",
    "IV-11-d": "Optional Protocol to the Convention on the Rights of the Child on a communications procedure",
    "IV-12": "Second Optional Protocol to the International Covenant on Civil and Political Rights, aiming at the "
    "abolition of the death penalty",
    "IV-13": "International Convention on the Protection of the Rights of All Migrant Workers "
    "and Members of their Families",
    "IV-15": "Convention on the Rights of Persons with Disabilities",
    "IV-15-a": "Optional Protocol to the Convention on the Rights of Persons with Disabilities",
    "IV-16": "International Convention for the Protection of All Persons from Enforced Disappearance",
    "V-2": "Convention relating to the Status of Refugees",
    "V-3": "Convention relating to the Status of Stateless Persons",
    "V-4": "Convention on the Reduction of Statelessness",
    "V-5": "Protocol relating to the Status of Refugees",
    "XVIII-1": "Protocol amending the Slavery Convention signed at Geneva on 25 September 1926",
    "XVIII-2": "Slavery Convention, signed at Geneva on 25 September 1926 and amended by the Protocol",
    "XVIII-3": "Slavery Convention",
    "XVIII-4": "Supplementary Convention on the Abolition of Slavery, the Slave Trade, and Institutions and Practices "
    "Similar to Slavery",
    "XVIII-12": "United Nations Convention against Transnational Organized Crime",
    "XVIII-12-a": "Protocol to Prevent, Suppress and Punish Trafficking in Persons, Especially Women and Children, "
    "supplementing the United Nations Convention against Transnational Organized Crime",
    "XVIII-12-b": "Protocol against the Smuggling of Migrants by Land, Sea and Air, supplementing the United Nations "
    "Convention against Transnational Organized Crime",
}
NAMES = {iso: name for iso, (_, _, name) in STATES.items()} | {"NLD": "Netherlands (Kingdom of the)"}
# The year in which a state began, where a convention may be older.
FOUNDED = {"CHN": 1949, "DEU": 1949, "CYP": 1960, "MLT": 1964, "EST": 1991, "LVA": 1991, "LTU": 1991}
FOUNDED |= {"HRV": 1991, "SVN": 1991, "CZE": 1993, "SVK": 1993}
STAMP = "STATUS AS AT : 20-09-2026 09:15:48 EDT"


def treaties(asked: Asked) -> Answer:
    """Status pages of treaties, and treaties of the volumes in XML."""
    if asked.path.startswith("/Pages/ViewDetails"):
        number = asked.one("mtdsg_no")
        # A page of a chapter with a second form moved to another address of the same host.
        if number == "V-2" and asked.path == "/Pages/ViewDetails.aspx":
            return Answer(
                b"", status=302, headers={"Location": f"/Pages/ViewDetailsII.aspx?{asked.address.partition('?')[2]}"}
            )
        return _status(number) if number in ADOPTED else NOT_FOUND
    if found := re.fullmatch(r"/doc/Publication/MTDSG/Volume (I|II)/Chapter (\w+)/([\w-]+)\.en\.xml", asked.path):
        return _volume(found[3]) if found[3] in ADOPTED else NOT_FOUND
    return NOT_FOUND


def consent_year(number: str) -> int:
    """Return the invented year in which every state consented: after the last of them came into being."""
    return max(ADOPTED[number] + 1, 1994)


def _status(number: str) -> Answer:
    heads = ("Participant", "Signature", "Ratification, Acceptance(A), Accession(a), Succession(d)")
    year = consent_year(number)
    rows = "".join(
        f"<tr><td>{name}{' <sup>1</sup>' * (iso == 'CHN')}</td><td></td><td>{10 + at % 18} Jan {year} a</td></tr>"
        for at, (iso, name) in enumerate(NAMES.items())
    )
    head = "".join(f"<th>{title}</th>" for title in heads)
    chapter = {"IV": 4, "V": 5, "XVIII": 18}[number.split("-", maxsplit=1)[0]]
    page = (
        "<!DOCTYPE html><html><body>"
        f'<form action="./ViewDetails.aspx?src=TREATY&amp;mtdsg_no={number}&amp;chapter={chapter}">'
        f"<span>{STAMP}</span><table>{'<tr>' + head + '</tr>'}{rows}</table></form></body></html>"
    )
    return Answer(page.encode())


def _volume(number: str) -> Answer:
    rows = "".join(
        f"<Row><Entry>{escape(name)}</Entry><Entry/><Entry>10 Jan\t{consent_year(number)} a</Entry></Row>"
        for name in NAMES.values()
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><Treaty><Header><ExternalData>'
        f"<Titlesect>{TITLES[number]}</Titlesect></ExternalData></Header><Participants><Table><TGroup><Thead><Row>"
        "<Entry>Participant</Entry><Entry>Signature</Entry><Entry>Ratification, Accession(a)</Entry></Row></Thead>"
        f"<Tbody><Rows>{rows}</Rows></Tbody></TGroup></Table></Participants><Declarations><Declaration>"
        '<Participant>China</Participant><Text type="para">Reservation:</Text>'
        '<Text type="para">The Government is not bound by article 22.</Text></Declaration></Declarations></Treaty>'
    )
    return Answer(text.encode(), "text/xml")


# NORMLEX: the number of a page, the convention and its name.
CONVENTIONS = {
    "312174": ("C029", "Forced Labour Convention, 1930", 1932),
    "312232": ("C087", "Freedom of Association and Protection of the Right to Organise Convention, 1948", 1950),
    "312243": ("C098", "Right to Organise and Collective Bargaining Convention, 1949", 1951),
    "312245": ("C100", "Equal Remuneration Convention, 1951", 1953),
    "312250": ("C105", "Abolition of Forced Labour Convention, 1957", 1959),
    "312256": ("C111", "Discrimination (Employment and Occupation) Convention, 1958", 1960),
    "312283": ("C138", "Minimum Age Convention, 1973", 1976),
    "312327": ("C182", "Worst Forms of Child Labour Convention, 1999", 2000),
    "312242": ("C097", "Migration for Employment Convention (Revised), 1949", 1952),
    "312326": ("C181", "Private Employment Agencies Convention, 1997", 2000),
    "3174672": ("P029", "Protocol of 2014 to the Forced Labour Convention, 1930", 2016),
}


def normlex(asked: Asked) -> Answer:
    """One page of Oracle APEX for each convention; a client that is not a browser is refused."""
    if not asked.by_a_browser:
        return Answer(b"<html><head><title>Access denied</title></head></html>", status=403)
    found = re.search(r"P11300_INSTRUMENT_ID:(\d+)", asked.one("p"))
    if found is None or found[1] not in CONVENTIONS:
        return NOT_FOUND
    code, name, year = CONVENTIONS[found[1]]
    # Before the entry into force of the convention, where the state existed.
    days = {iso: f"10 Jun {max(year - 1, FOUNDED.get(iso, 0) + 2)}" for iso in NAMES}
    rows = "".join(
        f"<tr><td>{NAMES[iso]}</td><td>{day}</td><td>In Force &nbsp; </td><td></td></tr>" for iso, day in days.items()
    )
    page = (
        f"<!DOCTYPE html><html><head><title>NORMLEXPUB</title></head><body><h2>Ratifications of {code} - {name}</h2>"
        f"<table><tr><td>Date of entry into force: 01 May {year}</td></tr></table>"
        f"<table><tr><th>Country</th><th>Date</th><th>Status</th><th>Note</th></tr>{rows}</table></body></html>"
    )
    return Answer(page.encode())


# CELLAR
AUTHORITY = "http://publications.europa.eu/resource/authority/"
CELEX = "http://publications.europa.eu/resource/celex/"
REPEALED = {
    "32003L0009": ("2015-07-20", "32013L0033"),
    "32004L0083": ("2013-12-21", "32011L0095"),
    "32005L0085": ("2015-07-21", "32013L0032"),
    "32009L0050": ("2023-11-18", "32021L1883"),
}


def sparql(asked: Asked) -> Answer:
    """The results of the two queries; a predicate that the ontology does not have gives no rows and no error."""
    query, offset = asked.one("query"), re.search(r"OFFSET (\d+)", asked.one("query"))
    numbers = re.findall(r"celex:(3\d{4}[A-Z]{1,2}\d{4})", query.partition("VALUES ?celex {")[2].partition("}")[0])
    measures = "measure_national_implementing_implements_resource_legal" in query
    names = ["celex", "measure", "country", "title", "type", "date", "notified", "probe"]
    rows = [row for number in numbers for row in (_measures(number) if measures else _dates(number))]
    probe = f"{CELEX}72016L0680DEU_1" if measures else "2001-07-20"
    bindings = [] if offset and int(offset[1]) else [*rows, {"probe": _value(probe)}]
    head = names if measures else ["celex", "property", "date", "meaning", "other", "probe"]
    document = {
        "head": {"link": [], "vars": head},
        "results": {"distinct": False, "ordered": True, "bindings": bindings},
    }
    return Answer(json.dumps(document).encode(), "application/sparql-results+json")


def _value(text: str) -> dict[str, str]:
    if text.startswith("http"):
        return {"type": "uri", "value": text}
    return {"type": "literal", "value": text}


def _dates(number: str) -> list[dict[str, dict[str, str]]]:
    year = int(number[1:5])
    found = [("date_document", f"{year}-01-02", "", ""), ("date_entry-into-force", f"{year}-07-20", "EV", "")]
    if number[5] == "L":
        found.append(("date_transposition", f"{year + 2}-07-20", "", ""))
    if number in REPEALED:
        found.append(("date_end-of-validity", REPEALED[number][0], "", REPEALED[number][1]))
    return [
        {"celex": _value(f"{CELEX}{number}"), "property": _value(name), "date": _value(day)}
        | ({"meaning": _value(meaning)} if meaning else {})
        | ({"other": _value(other)} if other else {})
        for name, day, meaning, other in found
    ]


def _measures(number: str) -> list[dict[str, dict[str, str]]]:
    year = int(number[1:5]) + 2
    return [
        {
            "celex": _value(f"{CELEX}{number}"),
            "measure": _value(f"7{number[1:]}{iso}_{200000 + at}"),
            "country": _value(f"{AUTHORITY}country/{iso}"),
            "title": _value(f"Act number {at}"),
            "type": _value(f"{AUTHORITY}fd_365/LOI"),
            "date": _value(f"{year}-03-01"),
            "notified": _value(f"{year}-04-01"),
        }
        for at, iso in enumerate(STATES)
        if iso != "CHN"
    ]


ROUTES: Mapping[str, Route] = {
    "treaties.un.org": treaties,
    "normlex.ilo.org": normlex,
    "publications.europa.eu": sparql,
}
