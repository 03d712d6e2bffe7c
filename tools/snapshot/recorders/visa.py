"""Recorder of visa rules between China and the members of the Union, as they were announced.

Each announcement has the day on which it was made. The pipeline computes how it changes an earlier one; the earlier one
is never overwritten. No rule comes from a matrix of visa requirements, because a matrix is an interpretation of
announcements. The tests compare the rules with such matrices.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, only_request, utc

HEADER = (
    *("nationality", "jurisdiction", "travel_document", "waiver", "stay_days", "window_days", "purposes"),
    *("valid_from", "announced_to", "announced", "date_precision", "source", "source_url", "confidence"),
)


class Announcement(NamedTuple):
    """A rule as a publication states it, for one or several nationalities and jurisdictions."""

    nationalities: Sequence[str]
    jurisdictions: Sequence[str]
    waiver: str
    valid_from: str
    announced: str
    source: str
    url: str
    announced_to: str = ""
    stay: str = ""
    window: str = ""
    purposes: str = ""
    document: str = "ORDINARY"
    precision: str = "day"
    confidence: str = "high"


_CHINA = ("CHN",)
_MEMBERS = tuple(area for area in JURISDICTIONS if area != "CHN")
_WITHOUT_IRELAND = tuple(area for area in _MEMBERS if area != "IRL")

_OF_DECEMBER_2023 = ("FRA", "DEU", "ITA", "NLD", "ESP")
_OF_MARCH_2024 = ("IRL", "HUN", "AUT", "BEL", "LUX")
_OF_OCTOBER_2024 = ("PRT", "GRC", "CYP", "SVN")
_OF_8_NOVEMBER_2024 = ("SVK", "FIN", "DNK")
_OF_30_NOVEMBER_2024 = ("BGR", "ROU", "HRV", "MLT", "EST", "LVA")
_BEFORE_30_NOVEMBER_2024 = (*_OF_DECEMBER_2023, *_OF_MARCH_2024, "POL", *_OF_OCTOBER_2024, *_OF_8_NOVEMBER_2024)
_BEFORE_SWEDEN = (*_BEFORE_30_NOVEMBER_2024, *_OF_30_NOVEMBER_2024)

_VISIT = "business;tourism;family_visit;transit"
_EXCHANGE = "business;tourism;family_visit;exchange;transit"
_SHORT_ACTIVITIES = "business;tourism;visit;transit"

_LAW = "Exit and Entry Administration Law of the People's Republic of China, Articles 15 and 93"
_MFA = "Ministry of Foreign Affairs of China"
_NIA = "National Immigration Administration of China"

REQUIRED = (
    Announcement(_MEMBERS, _CHINA, "none", "2013-07-01", "2012-06-30", _LAW, "https://flk.npc.gov.cn"),
    Announcement(
        _CHINA,
        _WITHOUT_IRELAND,
        "none",
        "2015-12-15",
        "2015-12-15",
        "European Parliament, Legislative Observatory, summary of 2015/0293(NLE) of 15 December 2015",
        "https://oeil.secure.europarl.europa.eu/oeil/en/document-summary?id=1426666",
        precision="by",
    ),
    Announcement(
        _CHINA,
        _WITHOUT_IRELAND,
        "none",
        "2018-11-28",
        "2018-11-28",
        "Regulation (EU) 2018/1806, Annex I, OJ L 303, 28.11.2018, p. 39",
        "https://eur-lex.europa.eu/eli/reg/2018/1806/oj",
        precision="by",
    ),
    Announcement(
        _CHINA,
        ("IRL",),
        "none",
        "2011-11-10",
        "2011-11-10",
        "Minister for Justice and Equality of Ireland, written answer 33885/11 of 10 November 2011",
        "https://www.kildarestreet.com/wrans/?id=2011-11-10.872.0",
        precision="by",
    ),
    Announcement(
        _CHINA,
        ("IRL",),
        "none",
        "2026-05-30",
        "2026-05-30",
        "CanIVisit, China to Ireland, verified on 30 May 2026",
        "https://canivisit.com/from/cn/to/ie/",
        precision="by",
        confidence="medium",
    ),
)

UNILATERAL = (
    Announcement(
        _OF_DECEMBER_2023,
        _CHINA,
        "unilateral",
        "2023-12-01",
        "2023-11-24",
        f"{_MFA}, spokesperson, 24 November 2023, as reported by CCTV",
        "http://news.fjsen.com/wap/2023-11/24/content_31465226.htm",
        "2024-11-30",
        "15",
        purposes=_VISIT,
    ),
    Announcement(
        _OF_MARCH_2024,
        _CHINA,
        "unilateral",
        "2024-03-14",
        "2024-03-07",
        f"{_MFA}, 7 March 2024, as reported by CGTN",
        "https://en.elitere.cn/2378",
        "2024-11-30",
        "15",
        purposes=_VISIT,
    ),
    Announcement(
        (*_OF_DECEMBER_2023, *_OF_MARCH_2024),
        _CHINA,
        "unilateral",
        "2024-12-01",
        "2024-05-07",
        f"{_MFA}, spokesperson, 7 May 2024, as reported by Xinhua",
        "https://www.lifeofguangzhou.com/content/202405/10/170602_54666480.htm",
        "2025-12-31",
        "15",
        purposes=_VISIT,
    ),
    Announcement(
        ("POL",),
        _CHINA,
        "unilateral",
        "2024-07-01",
        "2024-06-25",
        f"{_MFA}, spokesperson, 25 June 2024, as reported by PAP",
        "https://pap.pl/en/news/polish-citizens-travel-visa-free-china-july-1",
        "2025-12-31",
        "15",
        purposes=_VISIT,
    ),
    Announcement(
        _OF_OCTOBER_2024,
        _CHINA,
        "unilateral",
        "2024-10-15",
        "2024-09-30",
        f"{_MFA}, spokesperson, 30 September 2024, as reported by Xinhua",
        "http://news.cn/world/20240930/21b77d08aa414af6923fccd1589706b1/c.html",
        "2025-12-31",
        "15",
        purposes=_VISIT,
    ),
    Announcement(
        _OF_8_NOVEMBER_2024,
        _CHINA,
        "unilateral",
        "2024-11-08",
        "2024-11-01",
        f"{_MFA}, spokesperson, 1 November 2024",
        "https://www.fmprc.gov.cn/eng/xw/fyrbt/lxjzh/202411/t20241101_11519937.html",
        "2025-12-31",
        "15",
        purposes=_VISIT,
    ),
    Announcement(
        _BEFORE_SWEDEN,
        _CHINA,
        "unilateral",
        "2024-11-30",
        "2024-11-22",
        f"{_MFA}, spokesperson, 22 November 2024, as reported by Kazinform",
        "https://qazinform.com/news/china-expands-visa-free-access-to-38-countries-6b2b26",
        "2025-12-31",
        "30",
        purposes=_EXCHANGE,
    ),
    Announcement(
        _BEFORE_SWEDEN,
        _CHINA,
        "unilateral",
        "2026-01-01",
        "2025-11-03",
        f"{_MFA}, Department of Consular Affairs, list of 3 November 2025, as reported by United Daily News",
        "https://udn.com/news/story/7331/9115088",
        "2026-12-31",
        "30",
        purposes=_EXCHANGE,
    ),
    Announcement(
        ("SWE",),
        _CHINA,
        "unilateral",
        "2025-11-10",
        "2025-11-03",
        f"{_MFA}, Department of Consular Affairs, list of 3 November 2025, as reported by United Daily News",
        "https://udn.com/news/story/7331/9115088",
        "2026-12-31",
        "30",
        purposes=_EXCHANGE,
    ),
)

TRANSIT = (
    Announcement(
        _MEMBERS,
        _CHINA,
        "transit",
        "2019-01-01",
        "2019-01-01",
        "Beijing tourist guide, list of the 53 countries of the 144-hour transit",
        "http://bjt.guide/index.php/2-53-countries-list-of-transit-without-visa-in-beijing.html",
        stay="6",
        purposes=_SHORT_ACTIVITIES,
        precision="by",
        confidence="medium",
    ),
    Announcement(
        _MEMBERS,
        _CHINA,
        "transit_suspended",
        "2020-03-28",
        "2020-03-26",
        f"{_MFA} and {_NIA}, announcement of 26 March 2020, as reported by CAPA",
        "https://centreforaviation.com/news/china-bans-foreign-inbound-travel-987158",
    ),
    Announcement(
        _MEMBERS,
        _CHINA,
        "transit",
        "2023-01-08",
        "2022-12-27",
        f"{_NIA}, announcement on measures from 8 January 2023, point 3",
        "http://www.edmontonchina.com/forum.php?mod=viewthread&tid=869485",
        stay="6",
        purposes=_SHORT_ACTIVITIES,
        confidence="medium",
    ),
    Announcement(
        _MEMBERS,
        _CHINA,
        "transit",
        "2023-11-17",
        "2023-11-17",
        f"{_NIA}, list of the 54 countries of the 72 and 144-hour transit",
        "https://nia.gov.cn/n741440/n741577/c1613056/content.html",
        stay="6",
        purposes=_SHORT_ACTIVITIES,
    ),
    Announcement(
        _MEMBERS,
        _CHINA,
        "transit",
        "2024-12-17",
        "2024-12-17",
        f"{_NIA}, announcement of 17 December 2024 and list of the 240-hour transit",
        "https://en.nia.gov.cn/n147418/n147463/c183412/content.html",
        stay="10",
        purposes=_SHORT_ACTIVITIES,
    ),
)

_EU_AGREEMENT = (
    "Agreement between the European Union and the People's Republic of China on the short-stay visa waiver for holders "
    "of diplomatic passports, OJ L 76, 23.3.2016"
)
_EU_AGREEMENT_URL = "https://parltrack.org/dossier/2015/0293(NLE)"
_IRISH_AGREEMENT = f"{_MFA}, Department of Consular Affairs, list of agreements on mutual exemption of 10 May 2024"
_IRISH_AGREEMENT_URL = "http://wb.nantong.gov.cn/ntszfwqswbgs/gggs/content/e0abb162-555a-4cc1-bcc4-3e5ff7764d4a.htm"

MUTUAL = (
    *(
        Announcement(
            nationalities,
            jurisdictions,
            "mutual",
            "2016-03-03",
            "2016-02-29",
            _EU_AGREEMENT,
            _EU_AGREEMENT_URL,
            stay="90",
            window="180",
            document="DIPLOMATIC",
        )
        for nationalities, jurisdictions in ((_WITHOUT_IRELAND, _CHINA), (_CHINA, _WITHOUT_IRELAND))
    ),
    *(
        Announcement(
            nationalities,
            jurisdictions,
            "mutual",
            "2015-09-23",
            "2015-09-23",
            _IRISH_AGREEMENT,
            _IRISH_AGREEMENT_URL,
            document="DIPLOMATIC",
        )
        for nationalities, jurisdictions in ((("IRL",), _CHINA), (_CHINA, ("IRL",)))
    ),
)

# Passports of the two regions are in Annex II of the visa list since its first version.
REGIONS = tuple(
    Announcement(
        _CHINA,
        _WITHOUT_IRELAND,
        "unilateral",
        "2001-12-12",
        "2001-03-15",
        "European Parliament, Legislative Observatory, summary of Regulation (EC) No 539/2001, Annex II; in force when "
        "Regulation (EC) No 2414/2001 amended it",
        "https://oeil.secure.europarl.europa.eu/oeil/en/document-summary?id=408",
        document=document,
        precision="by",
    )
    for document in ("HKG_PASSPORT", "MAC_PASSPORT")
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:  # noqa: ARG001 - the announcements are in this module
    """Yield the table of rules, one row for each nationality and jurisdiction."""
    yield NewPayload(
        only_request(closed_editions(publishers()["citations"], "visa_rules")),
        table_of((*REQUIRED, *UNILATERAL, *TRANSIT, *MUTUAL, *REGIONS)),
        "text/csv",
        "Announcements and legislation, each named in its row, seen until November 2026",
        utc(2026, 11, 24),
    )


def table_of(announcements: Sequence[Announcement]) -> bytes:
    """Return announcements as CSV, one row for each nationality and jurisdiction."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(sorted(row for announcement in announcements for row in _rows(announcement)))
    return text.getvalue().encode()


def _rows(rule: Announcement) -> Iterator[tuple[str, ...]]:
    for nationality in rule.nationalities:
        for jurisdiction in rule.jurisdictions:
            yield (
                *(nationality, jurisdiction, rule.document, rule.waiver, rule.stay, rule.window, rule.purposes),
                *(rule.valid_from, rule.announced_to, rule.announced, rule.precision),
                *(rule.source, rule.url, rule.confidence),
            )
