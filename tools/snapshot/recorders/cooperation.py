"""Recorder of cooperation on migration between China and the Union or its members, as publications state it.

The first entry is the project of 2008 from which this dataset descends. Where sources differ on one programme, each
source has its own row.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions
from tools.snapshot import wire_formats
from tools.snapshot.new_payload import NewPayload, only_request, utc

HEADER = (
    *("cooperation", "cooperation_type", "jurisdiction", "counterpart", "name", "agencies", "signed", "date"),
    *("date_precision", "until", "months", "amount", "currency", "funder", "source", "source_url", "confidence"),
)

_MIGRATION = "Capacity Building for Migration Management in China"
_MMSP = "EU-China Dialogue on Migration and Mobility Support Project"
_GENEVA = {
    "source": "Permanent Mission of China in Geneva, International Organization for Migration, 27 July 2020",
    "source_url": "http://geneva.china-mission.gov.cn/eng/bjzl/zzzl/202007/t20200727_8299817.htm",
    "confidence": "medium",
}
_HOME = {
    "source": "European Commission, Migration and Home Affairs, China and India",
    "source_url": "https://home-affairs.ec.europa.eu/policies/international-affairs/collaboration-countries/china-and-india_bg",
}
_ECOVIS = {
    "source": "Ecovis Beijing, China signs new social security agreements with Western countries",
    "source_url": "https://ecovis-beijing.com/china-signs-new-social-security-agreements-with-western-countries/",
    "confidence": "medium",
}
_SOCIAL_SECURITY = {
    "cooperation_type": "agreement",
    "name": "Agreement on social security, on workers posted to the other country",
}
_EXTRADITION = {
    "cooperation_type": "agreement",
    "name": "Treaty on extradition",
}

PROGRAMMES: tuple[dict[str, str], ...] = (
    {
        "cooperation": "cbmm_1",
        "name": "Project to improve China's migration management, on cooperation between China and the European Union",
        "agencies": "IOM;ILO;Chinese ministries",
        "date": "2008-03-20",
        "months": "12",
        "amount": "2500000",
        "currency": "EUR",
        "funder": "European Union",
        "source": "China Daily, China, EU join forces to manage migration, 21 March 2008",
        "source_url": "http://www.chinadaily.com.cn/cndy/2008-03/21/content_6553949.htm",
    },
    {
        "cooperation": "cbmm_1",
        "name": "Project on capacity building for China immigration management",
        "agencies": "IOM",
        "date": "2007-12",
        "until": "2010-06",
        **_GENEVA,
    },
    {
        "cooperation": "cbmm_1",
        "name": _MIGRATION,
        "agencies": "IOM;ILO;Ministry of Foreign Affairs;Ministry of Human Resources and Social Security;"
        "Ministry of Public Security",
        "funder": "European Commission",
        "source": "ILO, Capacity building for migration management in China",
        "source_url": "https://ilo.org/global/topics/forced-labour/WCMS_081895/lang--en/index.htm",
    },
    {
        "cooperation": "cbmm_2",
        "name": f"{_MIGRATION}: Phase 2",
        "agencies": "IOM",
        "date": "2010-11-19",
        "until": "2013-11-19",
        "amount": "2000000",
        "currency": "EUR",
        "funder": "European Union",
        "source": "European Commission, Together Against Trafficking in Human Beings, DCI-MIGR 2010/229-653",
        "source_url": "http://ec.europa.eu/anti-trafficking/entity.action?path=EU+Projects%2FDCI_MIGR_2010_229_653",
    },
    {
        "cooperation": "cbmm_2",
        "name": "Second phase of China's immigration management capacity building project",
        "agencies": "IOM",
        "date": "2011-04",
        "until": "2014-12",
        **_GENEVA,
    },
    {
        "cooperation": "mmsp_1",
        "name": "Project to support the dialogue between China and Europe on personnel exchanges and immigration",
        "agencies": "IOM",
        "date": "2015-04",
        **_GENEVA,
    },
    {
        "cooperation": "mmsp_1",
        "name": _MMSP,
        "agencies": "IOM;ILO",
        "months": "36",
        "funder": "European Commission",
        "source": "IOM, IOM hosts EU-China Dialogue on Migration and Mobility Support Project",
        "source_url": "https://www.iom.int/news/iom-hosts-eu-china-dialogue-migration-and-mobility-support-project",
    },
    {
        "cooperation": "mmsp_1",
        "name": _MMSP,
        "agencies": "IOM",
        "date": "2015",
        "until": "2018",
        "source": "IOM, EU-China Dialogue on Migration and Mobility Support Project Phase II launched",
        "source_url": "https://iom.int/news/eu-china-dialogue-migration-and-mobility-support-project-phase-ii-launched",
    },
    {
        "cooperation": "mmsp_2",
        "name": f"{_MMSP} Phase II",
        "agencies": "IOM",
        "months": "36",
        "funder": "European Union",
        "source": "IOM, EU-China Dialogue on Migration and Mobility Support Project Phase II launched",
        "source_url": "https://iom.int/news/eu-china-dialogue-migration-and-mobility-support-project-phase-ii-launched",
    },
    {
        "cooperation": "mobility_and_migration_dialogue",
        "cooperation_type": "dialogue",
        "name": "EU-China Mobility and Migration Dialogue",
        "date": "2013-10",
        "source": "European Parliament, Legislative Observatory, summary of 2015/0293(NLE) of 15 December 2015",
        "source_url": "https://oeil.secure.europarl.europa.eu/oeil/en/document-summary?id=1426666",
    },
    {
        "cooperation": "mobility_and_migration_roadmap",
        "cooperation_type": "roadmap",
        "name": "Roadmap of the EU-China Mobility and Migration Dialogue",
        "date": "2015-04-09",
        **_HOME,
    },
    {
        "cooperation": "irregular_migration_and_visa_package",
        "cooperation_type": "roadmap",
        "name": "Cooperation package on irregular migration and visa policy, endorsed at the 17th EU-China Summit",
        "date": "2015-06-29",
        "source": "European Commission, COM(2015) 643 final, as summarised by European Sources Online",
        "source_url": "https://europeansources.info/record/proposal-for-a-council-decision-on-the-conclusion-of-the-agreement-between-the-european-union-and-the-peoples-republic-of-china-on-the-short-stay-visa-waiver-for-holders-of-diplomatic-passports",
    },
    {
        "cooperation": "diplomatic_visa_waiver",
        "cooperation_type": "agreement",
        "name": "Agreement on the short-stay visa waiver for holders of diplomatic passports, in force",
        "signed": "2016-02-29",
        "date": "2017-01-01",
        "source": "Consular Service of China, list of agreements on mutual visa exemption of 18 November 2019",
        "source_url": "http://gjc.ecjtu.edu.cn/info/1033/1221.htm",
    },
    {
        "cooperation": "diplomatic_visa_waiver",
        "cooperation_type": "agreement",
        "name": "Agreement on the short-stay visa waiver for holders of diplomatic passports, applied provisionally",
        "date": "2016-03-03",
        "source": "European Parliament, procedure 2015/0293(NLE), final act",
        "source_url": "https://parltrack.org/dossier/2015/0293(NLE)",
    },
    {
        "cooperation": "ads_memorandum",
        "cooperation_type": "memorandum",
        "name": "Memorandum of understanding on visa and related issues concerning tourist groups (ADS)",
        "agencies": "European Community;China National Tourism Administration",
        "signed": "2004-02-12",
        "source": "China.org.cn, 13 February 2004",
        "source_url": "http://china.org.cn/archive/2004-02/13/content_1087248.htm",
    },
    {
        "cooperation": "ads_memorandum_denmark",
        "cooperation_type": "memorandum",
        "counterpart": "DNK",
        "name": "Memorandum of understanding on approved destination status",
        "signed": "2004-02-26",
        "source": "China Daily, 27 February 2004",
        "source_url": "http://china.org.cn/english/travel/88665.htm",
    },
    {
        "cooperation": "social_security_germany",
        "counterpart": "DEU",
        "date": "2002-04-04",
        **_SOCIAL_SECURITY,
        **_ECOVIS,
    },
    {
        "cooperation": "social_security_denmark",
        "counterpart": "DNK",
        "date": "2014-05-14",
        **_SOCIAL_SECURITY,
        **_ECOVIS,
    },
    {
        "cooperation": "social_security_finland",
        "counterpart": "FIN",
        "date": "2017-02-01",
        **_SOCIAL_SECURITY,
        **_ECOVIS,
    },
    {
        "cooperation": "social_security_netherlands",
        "counterpart": "NLD",
        "signed": "2016-09-12",
        "date": "2017-09-01",
        **_SOCIAL_SECURITY,
        "source": "Overheid.nl, BWBV0006629",
        "source_url": "http://wetten.overheid.nl/BWBV0006629/2016-09-12/0/Verdrag_1/Verdragtekst/Artikel19",
    },
    {
        "cooperation": "social_security_spain",
        "counterpart": "ESP",
        "signed": "2017-05-19",
        "date": "2018-03-20",
        **_SOCIAL_SECURITY,
        "source": "Yunya, list of mutual exemption agreements between China and other countries",
        "source_url": "http://en.yunya.com.cn/news/1148.html",
        "confidence": "medium",
    },
    {
        "cooperation": "social_security_luxembourg",
        "counterpart": "LUX",
        "signed": "2017-11-27",
        **_SOCIAL_SECURITY,
        "source": "Castegnaro, Social security agreement between Luxembourg and China, 19 March 2018",
        "source_url": "https://www.castegnaro.lu/en-gb/news-events/m/a/projet-de-loi-relatif-la-convention-de-securite-sociale-entre-le-luxembourg-et-la-chine/",
        "confidence": "medium",
    },
    {
        "cooperation": "extradition_france",
        "counterpart": "FRA",
        "signed": "2007-03-20",
        "date": "2015-07-17",
        **_EXTRADITION,
        "source": "United Nations Treaty Series, No 53645, registered by France on 25 May 2016",
        "source_url": "https://vdocuments.net/no-53645-france-and-united-nations-volume53645parti-france-and-extradition.html",
    },
    {
        "cooperation": "extradition_bulgaria",
        "counterpart": "BGR",
        "date": "2018-11-30",
        "date_precision": "by",
        **_EXTRADITION,
        "source": "Asia Financial, October 2020: first extradition under the treaty in November 2018",
        "source_url": "https://www.asiafinancial.com/china-ratifies-extradition-treaties-with-cyprus-belgium",
        "confidence": "medium",
    },
    {
        "cooperation": "extradition_cyprus",
        "counterpart": "CYP",
        **_EXTRADITION,
        "source": "Asia Financial, October 2020: signed in June 2018, ratified "
        "by China in October 2020, entry into force not stated",
        "source_url": "https://www.asiafinancial.com/china-ratifies-extradition-treaties-with-cyprus-belgium",
        "confidence": "medium",
    },
    {
        "cooperation": "extradition_belgium",
        "counterpart": "BEL",
        **_EXTRADITION,
        "source": "Asia Financial, October 2020: agreed in October 2019, "
        "ratified by China in October 2020, entry into force not stated",
        "source_url": "https://www.asiafinancial.com/china-ratifies-extradition-treaties-with-cyprus-belgium",
        "confidence": "medium",
    },
)

_USUAL = {
    "cooperation_type": "project",
    "jurisdiction": "CHN",
    "counterpart": "EU",
    "confidence": "high",
}
_PRECISIONS = {0: "unknown", 4: "year", 7: "month", 10: "day"}


def build_payloads(corpus: Path) -> Iterator[NewPayload]:  # noqa: ARG001 - the statements are in this folder
    """Yield the table of all programmes and bilateral treaties."""
    stated = (*PROGRAMMES, *bilateral_treaties())
    yield NewPayload(
        only_request(closed_editions(publishers()["citations"], "cooperation")),
        wire_formats.plain_csv([_row(row) for row in stated], HEADER),
        "text/csv",
        "Single publications, each named in its row, seen until November 2026",
        utc(2026, 11, 24),
    )


def bilateral_treaties() -> list[dict[str, str]]:
    """Return the treaties of ``bilateral_treaties.csv``: extradition, judicial assistance, social security."""
    with Path(__file__).with_name("bilateral_treaties.csv").open(encoding="utf-8", newline="") as file:
        return [{"cooperation_type": "agreement", **row} for row in csv.DictReader(file)]


def _row(stated: dict[str, str]) -> dict[str, str]:
    return {**_USUAL, "date_precision": _PRECISIONS[len(stated.get("date", ""))], **stated}
