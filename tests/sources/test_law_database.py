"""China's national law database: lists, details and documents, read by title; failures with status 200 are refused."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from sources import catalogue, reading
from sources.errors import FormatError
from sources.protocols.requests import requests_for
from sources.snapshot import FOLDER
from tests.support.law_payloads import publisher_at, read_law_rows, write_payload
from tests.support.loopback import Loopback, reply, serve

LAW = "中华人民共和国出境入境管理法"
TITLES = [LAW, "中华人民共和国护照法"]


def law(title: str = LAW, **change: object) -> dict[str, object]:
    found = {"bbbs": "ff80", "title": title, "gbrq": "2012-06-30", "sxrq": "2013-07-01", "sxx": 3}
    return {**found, "zdjgName": "全国人民代表大会常务委员会", "flxz": "法律", **change}


def listed(*laws: dict[str, object], total: int | None = None) -> str:
    return json.dumps({"code": 200, "total": len(laws) if total is None else total, "rows": laws}, ensure_ascii=False)


NOTE = "（2012年6月30日第十一届全国人民代表大会常务委员会第二十七次会议通过）"


def word(*paragraphs: str) -> bytes:
    """Return a document of Word: its body, and the list of its parts."""
    lines = "".join(f"<w:p><w:r><w:t>{text[:4]}</w:t><w:t>{text[4:]}</w:t></w:r></w:p>" for text in paragraphs)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{lines}</w:body></w:document>')
    return packed.getvalue()


def days(path: Path) -> list[tuple[str, str]]:
    """Return the events of a text with their days."""
    rows = read_law_rows(path, "flk/texts").observations
    return sorted((str(event), str(day)) for event, day in rows.select("event", "date").iter_rows())


def test_promulgation_and_entry_into_force_have_the_title_without_search_markup(
    tmp_path: Path,
) -> None:
    marked = law("中华人民共和国<em class='highlight'>出境入境管理</em>法")
    other = law("中华人民共和国<em class='highlight'>出境入境管理</em>法实施细则", score=14.93)
    read = read_law_rows(write_payload(tmp_path, listed(marked, other)), "flk/versions")
    assert sorted(read.observations.select("instrument", "event", "date").iter_rows()) == [
        ("CHN-EXIT-ENTRY-2012", "enter_into_force", date(2013, 7, 1)),
        ("CHN-EXIT-ENTRY-2012", "promulgate", date(2012, 6, 30)),
    ]
    assert read.unmatched.is_empty()


def test_a_repealed_law_is_repealed_on_a_day_that_the_list_does_not_give(tmp_path: Path) -> None:
    rows = read_law_rows(write_payload(tmp_path, listed(law(sxx=1, sxrq=None))), "flk/versions").observations
    assert rows.filter(pl.col("event") == "repeal").select("date", "date_precision").row(0) == (None, "unknown")
    assert rows.filter(pl.col("event") == "enter_into_force").is_empty()


def test_a_detail_is_read_like_a_row_of_the_list(tmp_path: Path) -> None:
    detail = {"msg": "操作成功", "code": 200, "data": {**law(), "content": {"title": LAW, "children": []}}}
    rows = read_law_rows(write_payload(tmp_path, json.dumps(detail, ensure_ascii=False)), "flk/versions").observations
    assert set(rows["event"]) == {"promulgate", "enter_into_force"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (listed(), "the database found nothing"),
        (json.dumps({"msg": "操作成功", "code": 200, "data": None}), "no format recognises this payload"),
        (
            json.dumps({"code": 500, "msg": "orderByParam", "rows": [], "total": 0}),
            "answered with code 500: orderByParam",
        ),
        (listed({"bbbs": "1", "title": LAW, "gbrq": "2012-06-30"}), r"law 1 lacks \['sxrq', 'sxx'\]"),
        (listed(law(gbrq="2012年6月30日")), "gbrq is not a date: '2012年6月30日'"),
    ],
)
def test_an_error_with_status_200_is_refused(tmp_path: Path, answer: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        reading.read(write_payload(tmp_path, answer))


def test_every_cell_is_found_again(tmp_path: Path) -> None:
    path = write_payload(tmp_path, listed(law(), law(sxx=1)))
    frame = reading.read(path).frame.collect()
    found = reading.recognise(path).finder(path)
    assert [found(at) for at in frame["locator"]] == [raw or "1" for raw in frame["raw"]]


def test_the_request_for_each_law_is_posted_with_an_order_object() -> None:
    requests = requests_for(catalogue.publishers()["flk"], "versions")
    assert len(requests) == 12
    asked = json.loads(requests[0].body)
    assert asked["searchContent"] == LAW
    assert asked["orderByParam"] == {"order": "-1", "sort": ""}
    titles = catalogue.publishers()["flk"].codes["title"]
    assert {json.loads(request.body)["searchContent"] for request in requests} == set(titles)


@dataclass
class Database:
    """The behaviour of the database: a list, details and documents, or ``instead`` another body with status 200."""

    instead: str | None = None
    document: bytes = b""
    server: Loopback = field(default_factory=lambda: Loopback(""))

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/prod/"):
            reply(self.document, Content_Type="application/octet-stream")(handler)
            return
        body = self.instead or self._answer(handler.path)
        reply(body.encode(), Content_Type="text/html" if body.startswith("<") else "application/json")(handler)

    def _answer(self, path: str) -> str:
        at = path.rpartition("bbbs=")[2]
        if path.startswith("/law-search/search/flfgDetails"):
            stored = {"ossWordPath": f"prod/20120630/{at}.docx", "ossPdfPath": ""}
            data = {**law(TITLES[int(at)]), "bbbs": at, "ossFile": stored, "content": {"title": LAW, "children": []}}
            return json.dumps({"msg": "操作成功", "code": 200, "data": data}, ensure_ascii=False)
        if path.startswith("/law-search/download/pc"):
            address = f"{self.server.url}/prod/{at}.docx?X-Amz-Signature=1&expires=3600"
            stored = {"url": address, "urlIn": f"http://172.16.220.27:38080/{at}"}
            return json.dumps({"code": 200, "msg": "操作成功", "data": stored}).replace("/", r"\/")
        title = self.asked()[-1]
        other = law(f"{title}实施细则", bbbs="9")
        return listed(law(title, bbbs=str(TITLES.index(title))), other)

    def asked(self) -> list[str]:
        return [str(json.loads(received.body)["searchContent"]) for received in self.server.received if received.body]

    def paths(self, begin: str) -> list[str]:
        return [received.path for received in self.server.received if received.path.startswith(begin)]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    double = Database(document=word(LAW, NOTE, "第一章　总则", "第九十三条　本法自2013年7月1日起施行。"))
    with serve(double) as server:
        double.server = server
        asked: dict[str, object] = {"filters": {"title": TITLES}}
        entry = publisher_at(catalogue.publishers()["flk"], server.url, versions=asked, details={}, texts={})
        monkeypatch.setattr(catalogue, "publishers", lambda: {"flk": entry})
        yield double


def assert_only_reported(workspace: Workspace, name: str, good: pl.DataFrame, when: str, why: str) -> None:
    """Two failed requests are reported when received or read, and the earlier observations remain."""
    received = receive(workspace, catalogue.publishers()["flk"], name).failures
    made = stages.observations(workspace, f"flk/{name}")
    assert made.frame.collect().equals(good)
    expected = received if when == "received" else made.failures
    assert len(expected) == 2
    assert all(why in line for line in expected)


@pytest.mark.parametrize(
    ("instead", "when", "why"),
    [
        ("<html><head><title>WZWS</title></head></html>", "received", "is HTML instead of JSON"),
        (
            json.dumps({"code": 500, "msg": "orderByParam", "rows": [], "total": 0}),
            "read",
            "answered with code 500: orderByParam",
        ),
        (listed(), "read", "the database found nothing"),
    ],
)
def test_a_live_build_requests_each_law_and_an_error_with_status_200_keeps_the_earlier_rows(
    database: Database, tmp_path: Path, instead: str, when: str, why: str
) -> None:
    workspace, flk = Workspace(tmp_path / "data", "live"), catalogue.publishers()["flk"]
    assert receive(workspace, flk, "versions").failures == ()
    assert database.asked() == TITLES
    for request in database.server.received:
        assert request.path == "/law-search/search/list"
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body or b"")["orderByParam"] == {"order": "-1", "sort": ""}
    good = stages.observations(workspace, "flk/versions").frame.collect()
    assert good.height == 4
    database.instead = instead
    assert_only_reported(workspace, "versions", good, when, why)


def test_details_and_documents_of_the_listed_laws_are_requested(database: Database, tmp_path: Path) -> None:
    workspace, flk = Workspace(tmp_path / "data", "live"), catalogue.publishers()["flk"]
    for name in ("versions", "details", "texts"):
        assert receive(workspace, flk, name).failures == ()
    assert database.asked() == TITLES
    assert database.paths("/law-search/search/flfg") == [
        f"/law-search/search/flfgDetails?bbbs={number}" for number in (0, 1)
    ]
    assert database.paths("/law-search/download") == [
        f"/law-search/download/pc?format=docx&bbbs={number}" for number in (0, 1)
    ]
    assert database.paths("/prod") == [f"/prod/{number}.docx?X-Amz-Signature=1&expires=3600" for number in (0, 1)]
    details = stages.observations(workspace, "flk/details").frame.collect()
    assert sorted(details.select("instrument", "event", "date").iter_rows()) == [
        ("CHN-EXIT-ENTRY-2012", "enter_into_force", date(2013, 7, 1)),
        ("CHN-EXIT-ENTRY-2012", "promulgate", date(2012, 6, 30)),
        ("CHN-PASSPORT-2006", "enter_into_force", date(2013, 7, 1)),
        ("CHN-PASSPORT-2006", "promulgate", date(2012, 6, 30)),
    ]
    kept = [fetch for fetch in workspace.archive.fetches() if fetch.dataset == "texts"]
    assert {fetch.payload for fetch in kept} == {hashlib.sha256(database.document).hexdigest()}
    assert not any("Signature" in fetch.url for fetch in kept)
    texts = stages.observations(workspace, "flk/texts").frame.collect()
    assert ("adopt", date(2012, 6, 30)) in list(texts.select("event", "date").iter_rows())
    asked = len(database.paths("/prod"))
    assert receive(workspace, flk, "texts").received == 0
    assert len(database.paths("/prod")) == asked


@pytest.mark.parametrize(
    ("instead", "why"),
    [
        ("<html><head><title>WZWS</title></head></html>", "the response is HTML instead of JSON"),
        ("<!doctype html><html><title>系统维护</title>", "the response is HTML instead of JSON"),
        (json.dumps({"code": 200, "msg": "操作成功", "data": {}}), "the page has no link like"),
        (json.dumps({"code": 500, "msg": "文件不存在"}), "the page has no link like"),
    ],
)
def test_a_document_without_an_address_in_status_200_is_reported_and_requested_again(
    database: Database, tmp_path: Path, instead: str, why: str
) -> None:
    workspace, flk = Workspace(tmp_path / "data", "live"), catalogue.publishers()["flk"]
    assert receive(workspace, flk, "versions").failures == ()
    database.instead = instead
    failures = receive(workspace, flk, "texts").failures
    assert len(failures) == 2
    assert all(why in line for line in failures)
    database.instead = None
    assert receive(workspace, flk, "texts").received == 2


def test_an_html_page_in_place_of_a_document_is_refused(database: Database, tmp_path: Path) -> None:
    workspace, flk = Workspace(tmp_path / "data", "live"), catalogue.publishers()["flk"]
    database.document = b"<!doctype html><html><head><title>index</title></head></html>"
    failures = receive(workspace, flk, "texts").failures
    assert len(failures) == 2
    assert all("the response is HTML instead of DOCX" in line for line in failures)


@pytest.mark.parametrize(
    ("instead", "when", "why"),
    [
        (json.dumps({"msg": "操作成功", "code": 200, "data": None}), "read", "no format recognises this payload"),
        (json.dumps({"msg": "参数错误", "code": 500}), "read", "no format recognises this payload"),
        (
            "<html><head><title>urgent maintenance</title></head></html>",
            "received",
            "the response is HTML instead of JSON",
        ),
    ],
)
def test_a_detail_that_fails_with_status_200_keeps_the_earlier_rows(
    database: Database, tmp_path: Path, instead: str, when: str, why: str
) -> None:
    workspace, flk = Workspace(tmp_path / "data", "live"), catalogue.publishers()["flk"]
    assert receive(workspace, flk, "versions").failures == receive(workspace, flk, "details").failures == ()
    good = stages.observations(workspace, "flk/details").frame.collect()
    database.instead = instead
    assert_only_reported(workspace, "details", good, when, why)


def test_after_a_failed_list_the_known_details_are_still_requested(database: Database, tmp_path: Path) -> None:
    workspace, flk = Workspace(tmp_path / "data", "live"), catalogue.publishers()["flk"]
    database.instead = json.dumps({"code": 500, "msg": "orderByParam", "rows": [], "total": 0})
    failures = receive(workspace, flk, "details").failures
    assert len(failures) == 2
    assert all(
        "details is not known in full" in line and "answered with code 500: orderByParam" in line for line in failures
    )
    assert database.paths("/law-search/search/flfg") == []


def test_the_days_of_a_law_are_read_from_its_text(tmp_path: Path) -> None:
    regulation = (
        "（2012年5月16日国务院第203次常务会议通过　2012年6月4日中华人民共和国国务院令第620号公布"
        "　自2012年8月1日起施行）"
    )
    path = write_payload(tmp_path, word("对外劳务合作管理条例", regulation, "第一章　总则", "第一条　为了"))
    assert days(path) == [("adopt", "2012-05-16"), ("enter_into_force", "2012-08-01"), ("promulgate", "2012-06-04")]
    amended = (
        "（1979年7月1日第五届全国人民代表大会第二次会议通过　1997年3月14日第八届全国人民代表大会第五次会议修订　"
        "根据1998年12月29日第九届全国人民代表大会常务委员会第六次会议通过的《关于惩治骗购外汇犯罪的决定》、"
        "1999年12月25日第九届全国人民代表大会常务委员会第十三次会议通过的《中华人民共和国刑法修正案（一）》修正）"
    )
    last = "第四百五十二条　本法自1997年10月1日起施行。"
    path = write_payload(tmp_path, word("中华人民共和国", "刑　法", amended, "目　录", "第一编　总则", last))
    assert days(path) == [
        ("adopt", "1979-07-01"),
        ("amend", "1997-03-14"),
        ("amend", "1998-12-29"),
        ("amend", "1999-12-25"),
        ("enter_into_force", "1997-10-01"),
    ]
    frame, find = reading.read(path).frame.collect(), reading.recognise(path).finder(path)
    assert [find(at) for at in frame["locator"]] == frame["raw"].to_list()


def test_a_document_in_the_older_format_of_word_is_kept_and_gives_no_events(tmp_path: Path) -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "WordDocument".encode("utf-16-le")
    path = write_payload(tmp_path, old)
    assert reading.recognise(path).NAME == "law_docx"
    assert reading.read(path).frame.collect().is_empty()
    assert read_law_rows(path, "flk/texts").observations.is_empty()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_with_entities_is_refused(tmp_path: Path, encoding: str) -> None:
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE d [<!ENTITY a "aa">]><d>&a;</d>'
    path = tmp_path / "payload"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", bomb.encode(encoding))
    with pytest.raises(FormatError, match="declares a type or entities"):
        reading.read(path)


@pytest.mark.corpus
def test_a_real_list_and_a_real_detail_are_read(corpus: Path) -> None:
    wire = corpus / "china/wire_samples_transcribed"
    detail = reading.read(wire / "flk_detail_response.json").frame.collect()
    assert detail.select("title", "act", "time").rows() == [
        ("中华人民共和国个人所得税法", "gbrq", "2018-08-31"),
        ("中华人民共和国个人所得税法", "sxrq", "2019-01-01"),
    ]
    titles = reading.read(wire / "flk_list_response.json").frame.collect()["title"]
    assert titles.unique().sort().to_list() == ["中华人民共和国民事诉讼法", "中华人民共和国行政处罚法"]
    asked = json.loads((wire / "flk_list_request.json").read_text(encoding="utf-8"))
    ours = json.loads(requests_for(catalogue.publishers()["flk"], "versions")[0].body)
    assert ours | {"searchContent": asked["searchContent"]} == asked


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    ["出境入境管理法(2012-06-30)", "对外劳务合作管理条例(2012-06-04)", "刑法", "外国人入境出境管理条例(2013-07-21)"],
)
def test_real_documents_of_laws_have_the_days_of_the_snapshot(corpus: Path, tmp_path: Path, name: str) -> None:
    text = (corpus / f"china/laws_lawrefbook/{name}.md").read_text(encoding="utf-8")
    head, _, body = text.partition("<!-- INFO END -->")
    title, *history = (line.strip("# ").replace(" ", "") for line in head.splitlines() if line.strip())
    lines = [escape(line.strip("# ")) for line in body.splitlines() if line.strip()]
    path = write_payload(tmp_path, word(title, f"（{'　'.join(history)}）", *lines))
    instrument = catalogue.publishers()["flk"].codes["title"][title]
    kept = FOLDER / "flk/laws/2025-04.csv.gz"
    known = read_law_rows(kept, "flk/laws").observations.filter(pl.col("instrument") == instrument)
    assert set(days(path)) == {(event, str(day)) for event, day in known.select("event", "date").iter_rows()}
