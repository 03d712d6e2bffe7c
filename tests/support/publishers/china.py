"""The Chinese publishers as public clients of 2025 and 2026 meet them: the data service of the statistics bureau, the
database of laws, and the lists of articles of the ministries. The sentences are in the form of the publishers, with
invented figures.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tests.support.publishers.server import NOT_FOUND, Answer, Asked, Route

JSON = "application/json;charset=UTF-8"

# The ids of indicators, with name and unit, as listed by the service since March 2026.
INDICATORS: Mapping[str, tuple[str, str, float]] = {
    "806083491dbe46a08995783945a30b9d": ("年末总人口", "万人", 140_000),
    "b808a4131bd041c4abc87b52385cd578": ("男性人口", "万人", 71_600),
    "30d59b42875145c696883366172bb3d1": ("女性人口", "万人", 68_400),
    "07e1e3444cd34c43b4fd749f060bba5f": ("城镇人口", "万人", 94_000),
    "2dd9894936d448fcb88605863d90d85c": ("乡村人口", "万人", 46_000),
    "3d4006d356d94bdd9d75700b9788e230": ("人口出生率", "‰", 6.77),
    "ee4b8be1ad68498e81d9ecddf4d4f2de": ("人口死亡率", "‰", 7.76),
    "3969129b26a846968a7dddff5f326f55": ("人口自然增长率", "‰", -0.99),
    "4810ad6e9ddc41fc804a66134afe587f": ("年末常住人口", "万人", 4_500),
    "9e94affdd1484380b721710ddd17e93e": ("人口出生率", "‰", 6.77),
    "1efd92374d9043a491b4d30bf9f3678f": ("人口死亡率", "‰", 7.76),
    "fb57c9a620974a7d89398f39c4b7bcef": ("入境游客", "万人次", 13_000),
    "ad841d7e4db34a9e88da5c8c337774d2": ("外国人入境游客", "万人次", 3_000),
    "6af20787c5a7476b86d75b9859146101": ("港澳同胞入境游客", "万人次", 9_700),
    "bf3614d2168b4e8baf83eb859180e7b6": ("台湾同胞入境游客", "万人次", 300),
    "ac5ceebcb3ec4c7e8dd018e5732d09d3": ("入境过夜游客", "万人次", 8_000),
    "04c71b97954c4be9b18025413724007b": ("国内居民出境人数", "万人次", 14_588),
}
YEARS = ("2023", "2024", "2025")
SERVICE = "/dg/website/publicrelease/web/external/"
UNAVAILABLE = Answer("<html><head><title>服务异常</title></head><body>服务异常</body></html>".encode())


def _json(document: object) -> Answer:
    return Answer(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), JSON)


def statistics(asked: Asked) -> Answer:
    """The data service: state 20000 is success; a wrong path has status 200 and a page."""
    call = asked.path.removeprefix(SERVICE)
    if asked.path == "/easyquery.htm":
        return Answer(b"<html><body>reason:UrlACL</body></html>", status=403)
    if call == "stream/esData":
        return _json({"success": True, "state": 20000, "message": "成功", "data": _periods(asked.json)})
    if call == "getEsDataByIndicatorIdAndDa":
        return _json({"data": _series(asked.json), "success": True, "state": 20000, "message": "成功"})
    return UNAVAILABLE


def _periods(body: Mapping[str, Any]) -> list[dict[str, object]]:
    """Periods, the newest first; a period that is not yet published has blank values."""
    ids, areas = list(body["indicatorIds"]), list(body["das"])
    found: list[dict[str, object]] = []
    for year in ("2026", *reversed(YEARS)):
        values: list[dict[str, object]] = []
        for at, area in enumerate(areas):
            for id_ in ids:
                if id_ not in INDICATORS:
                    continue
                name, unit, value = INDICATORS[id_]
                text = "" if year == "2026" else str(round(value + at, 2))
                cell: dict[str, object] = {
                    "_id": id_,
                    "value": text,
                    "_name": name,
                    "i_showname": f"{name} ({unit}) ",
                    "du_name": unit,
                }
                cell |= {"da": area["value"], "da_name": area["text"], "type": "indicator"}
                if body["showType"] == 3:
                    cell |= {"area": area["text"], "areaCode": area["value"]}
                values.append(cell)
        found.append({"code": f"{year}YY", "name": f"{year}年", "values": values})
    return found


def _series(body: Mapping[str, Any]) -> list[dict[str, object]]:
    """The values of one indicator in one area; a blank value has neither name nor unit."""
    found: list[dict[str, object]] = []
    for period in body["dts"]:
        year, known = str(period)[:4], str(body["id"]) in INDICATORS
        cell: dict[str, object] = {"dt": period, "code": body["da"], "dt_name": f"{year}年"}
        if year in YEARS and known:
            name, unit, value = INDICATORS[str(body["id"])]
            concept = f"ek{str(body['id'])[:8]}"
            cell |= {"du": "7dae", "unit": unit, "v": str(value), "i": concept, "i_name": name, "du_name": unit}
        else:
            cell |= {"du": "", "unit": "", "v": "", "i": "", "i_name": "", "du_name": ""}
        found.append(cell)
    return found


# The database of laws. Each amendment of a law is a text of its own.

LAWS: Mapping[str, Sequence[tuple[str, str, int]]] = {
    "中华人民共和国出境入境管理法": (("2012-06-30", "2013-07-01", 3),),
    "中华人民共和国国籍法": (("1980-09-10", "1980-09-10", 3),),
    "中华人民共和国护照法": (("2006-04-29", "2007-01-01", 3),),
    "中华人民共和国外国人入境出境管理条例": (("2013-07-12", "2013-09-01", 2), ("2025-08-07", "2025-10-01", 3)),
    "中华人民共和国出境入境边防检查条例": (("1995-07-20", "1995-09-01", 3),),
    "中华人民共和国户口登记条例": (("1958-01-09", "1958-01-09", 3),),
    "居住证暂行条例": (("2015-11-26", "2016-01-01", 3),),
    "对外劳务合作管理条例": (("2012-06-04", "2012-08-01", 3),),
    "中华人民共和国领事保护与协助条例": (("2023-07-09", "2023-09-01", 3),),
    "中华人民共和国刑法": (("1979-07-06", "1980-01-01", 2), ("2023-12-29", "2024-03-01", 3)),
    "最高人民法院关于审理拐卖妇女案件适用法律有关问题的解释": (("2000-01-03", "2000-01-25", 3),),
    "最高人民法院关于审理拐卖妇女儿童犯罪案件具体应用法律若干问题的解释": (("2016-12-21", "2017-01-01", 3),),
    "中华人民共和国反家庭暴力法": (("2015-12-27", "2016-03-01", 3),),
}
TEXTS = {
    f"2c90{abs(hash_):028x}": (title, *version)
    for title, versions in LAWS.items()
    for at, version in enumerate(versions)
    for hash_ in (sum(ord(letter) * (place + 1) for place, letter in enumerate(title)) * 10 + at,)
}


def laws(asked: Asked) -> Answer:
    """Lists by POST, details, and the signed address of a document."""
    if asked.path == "/law-search/search/list":
        if not isinstance(asked.json.get("orderByParam"), dict):
            return Answer(b'{"code":500}', JSON, 500)
        words = str(asked.json["searchContent"])
        rows = [{"bbbs": id_, **_law(id_, words)} for id_, (title, *_) in TEXTS.items() if words in title]
        return _json({"code": 200, "total": len(rows), "rows": rows})
    id_ = asked.one("bbbs")
    if id_ not in TEXTS:
        return _json({"msg": "数据不存在", "code": 500})
    if asked.path == "/law-search/search/flfgDetails":
        files = {"ossWordPath": f"prod/20260101/{id_}.docx", "ossPdfPath": f"prod/20260101/{id_}.pdf"}
        tree = {"id": id_, "title": TEXTS[id_][0], "index": 0, "children": []}
        more = {"ossFile": files, "xgwj": [], "xgzl": [], "content": tree, "xfFlag": 0}
        return _json({"msg": "操作成功", "code": 200, "data": {"bbbs": id_, **_law(id_, ""), **more}})
    if asked.path == "/law-search/download/pc":
        signed = f"https://flkoss.obs-bj2.cucloud.cn/prod/20260101/{id_}.docx?X-Amz-Expires=3600&X-Amz-Signature=ab12"
        return _json({"msg": "操作成功", "code": 200, "data": {"url": signed}})
    return NOT_FOUND


def _law(id_: str, words: str) -> dict[str, object]:
    title, promulgated, in_force, status = TEXTS[id_]
    marked = title.replace(words, f"<em class='highlight'>{words}</em>") if words else title
    return {
        "title": marked,
        "gbrq": promulgated,
        "sxrq": in_force,
        "sxx": status,
        "zdjgName": "全国人民代表大会常务委员会",
        "flxz": "法律",
    }


def documents(asked: Asked) -> Answer:
    """The document of Word at a signed address."""
    found = re.fullmatch(r"/prod/\d+/(\w+)\.docx", asked.path)
    if not found or found[1] not in TEXTS or not asked.one("X-Amz-Signature"):
        return Answer(b"<Error><Code>AccessDenied</Code></Error>", "application/xml", 403)
    title, promulgated, in_force, _ = TEXTS[found[1]]
    day, start = (f"{d[:4]}年{int(d[5:7])}月{int(d[8:])}日" for d in (promulgated, in_force))
    note = f"（{day}第十一届全国人民代表大会常务委员会第二十七次会议通过）"
    end = f"第二条　本法自{start}起施行。"
    lines = [title, note, "第一条　为了规范管理，制定本法。", end]
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in (
            ("[Content_Types].xml", "<Types/>"),
            ("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'),
        ):
            archive.writestr(zipfile.ZipInfo(name), text)
    return Answer(packed.getvalue(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document")


# Lists of articles

PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="SiteName" content="{site}">'
    '<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="{day} 10:00"></head>'
    '<body><div class="content"><h1>{title}</h1>{body}</div></body></html>'
)

# Site, address of the list, and the articles: address, title, day, sentences.
Article = tuple[str, str, str, str]
LISTS: Mapping[str, tuple[str, str, Sequence[Article]]] = {
    "www.nia.gov.cn": (
        "国家移民管理局",
        "/n741440/n741567/index.html",
        (
            (
                "/n741440/n741567/c1800002/content.html",
                "国家移民管理局发布2025年移民管理工作主要数据",
                "2026-01-28",
                "2025年，全国移民管理机构共查验出入境人员6.97亿人次，同比增长14.2%；其中内地居民3.35亿人次，港澳台居民2.79亿人次，"
                "外国人8203.5万人次。2025年，为外国人签发签证和停留居留证件202万证次。"
                "2025年，依法查处“三非”外国人6.1万人次，遣送出境2.2万人次。",
            ),
            ("/n741440/n741567/c1800001/content.html", "一图读懂2025年移民管理工作主要数据", "2026-01-28", ""),
            ("/n741440/n741567/c1700001/content.html", "国家移民管理局召开会议", "2025-12-01", "会议强调。"),
        ),
    ),
    "www.stats.gov.cn": (
        "国家统计局",
        "/sj/zxfb/",
        (
            (
                "/sj/zxfb/202602/t20260228_1962662.html",
                "中华人民共和国2025年国民经济和社会发展统计公报",
                "2026-02-28",
                "年末全国人口140489万人。全国人户分离的人口4.93亿人，其中流动人口3.76亿人。",
            ),
            (
                "/sj/zxfb/202604/t20260430_1970001.html",
                "2025年农民工监测调查报告",
                "2026-04-30",
                "2025年农民工总量30115万人。外出农民工18006万人。本地农民工12109万人。",
            ),
            (
                "/sj/zxfb/202105/t20210511_1817203.html",
                "第七次全国人口普查公报（第八号）",
                "2021-05-11",
                "居住在31个省、自治区、直辖市并接受普查登记的港澳台居民和外籍人员共1430695人。港澳台居民和外籍人员中，香港特别行政区居民371380人，"
                "澳门特别行政区居民55732人，台湾地区居民157886人，外籍人员845697人。",
            ),
        ),
    ),
    "www.court.gov.cn": (
        "最高人民法院",
        "/zixun/gengduo/24.html",
        (
            (
                "/zixun/xiangqing/480001.html",
                "人民法院依法惩治拐卖妇女儿童犯罪",
                "2026-03-09",
                "2025年，全国法院审结拐卖妇女儿童犯罪案件620件。",
            ),
        ),
    ),
    "www.spp.gov.cn": (
        "最高人民检察院",
        "/spp/xwfbh/index.shtml",
        (
            (
                "/spp/xwfbh/202603/t20260308_700001.shtml",
                "检察机关依法打击拐卖犯罪",
                "2026-03-08",
                "2025年，办结拐卖妇女、儿童案件620余件。",
            ),
        ),
    ),
    "www.mfa.gov.cn": (
        "外交部",
        "/wjbzwfwpt/kzx/tzgg/",
        (
            (
                "/wjbzwfwpt/kzx/tzgg/202511/t20251103_11740001.html",
                "中国延长对部分国家单方面免签政策的通知",
                "2025-11-03",
                "2026年12月31日前可单方面免签入境30天的适用国家，共计46国。",
            ),
        ),
    ),
    "www.moe.gov.cn": (
        "教育部",
        "/jyb_xwfb/gzdt_gzdt/s5987/",
        (
            (
                "/jyb_xwfb/gzdt_gzdt/s5987/201904/t20190412_377692.html",
                "2018年来华留学统计",
                "2019-04-12",
                "2018年共有来自196个国家和地区的492185名各类外国留学人员在全国31个省（区、市）的1004所高等院校学习。",
            ),
        ),
    ),
}


def _listed(asked: Asked) -> Answer:
    site, address, articles = LISTS[asked.host]
    if asked.path == address:
        links = "".join(f'<li><a href="{path}" title="{title}">{title[:14]}…</a></li>' for path, title, *_ in articles)
        return Answer(f'<html><head><meta charset="utf-8"></head><body><ul>{links}</ul></body></html>'.encode())
    for path, title, day, sentences in articles:
        if asked.path == path:
            body = "".join(f"<p>{line}。</p>" for line in sentences.split("。") if line) or '<img src="a.jpg">'
            return Answer(PAGE.format(site=site, title=title, day=day, body=body).encode())
    return NOT_FOUND


def health(_asked: Asked) -> Answer:
    """The firewall of the health commission: 412 and a script for every client that is not a browser."""
    return Answer(b"<html><head><script src='/4QbVtADbnLVIc/c.FxJzG50F.js'></script></head></html>", status=412)


def security(_asked: Asked) -> Answer:
    """The firewall of the ministry of public security: 521 and a script that sets a cookie."""
    return Answer(
        b"<script>document.cookie=('_')+('_')+('jsluid');location.href=location.pathname</script>", status=521
    )


ROUTES: Mapping[str, Route] = {
    "data.stats.gov.cn": statistics,
    "flk.npc.gov.cn": laws,
    "flkoss.obs-bj2.cucloud.cn": documents,
    "www.nhc.gov.cn": health,
    "www.mps.gov.cn": security,
    **dict.fromkeys(LISTS, _listed),
}
# No connection is made within the client's patience.
SILENT = ("hzs.mofcom.gov.cn",)
