"""A publisher of prose, live: its list is read page by page, and every article is requested once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest import fetch
from assets.ingest.fetch import Reception, receive
from sources import catalogue
from tests.support import publisher_double
from tests.support.loopback import Script, reply
from tests.support.publisher_double import Double

LIST = "/n741440/n741567/index.html"
FURTHER = "/n741440/n741567/index_753309_{}.html"
PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}"><meta name="SiteName" content="国家移民管理局">
<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="{day} 10:00"></head>
<body><div class="content">{body}</div></body></html>"""
BODY = "<p>{when}，全国移民管理机构累计查验出入境人员{total}亿人次，签发普通护照{passports}万本。</p>"
WALL = b"<html><head><script>location.href='/waf?x=1'</script></head><body></body></html>"
PICTURES = PAGE.format(charset="utf-8", title="上半年主要数据", day="2031-07-15", body="<img src='a.jpg'>").encode()


def listing(*articles: tuple[int, str], charset: str = "utf-8") -> bytes:
    """A page of the list, with links as the publishers write them: with a text, or a title where the text is cut."""
    links = "".join(
        f'<li><a title="{title}" href="../../n741440/c{number}/content.html"><span>{title[:12]}…</span></a>'
        if number % 2
        else f"<li><a href='/n741440/c{number}/content.html'>{title}</a>"
        for number, title in articles
    )
    return f'<html><head><meta charset="{charset}"></head><body><ul>{links}</ul></body></html>'.encode(charset)


def titled(when: str) -> str:
    return f"国家移民管理局发布{when}移民管理工作主要数据"


def article(when: str, day: str, total: str, passports: str, charset: str = "utf-8") -> bytes:
    body = BODY.format(when=when, total=total, passports=passports)
    return PAGE.format(charset=charset, title=titled(when), day=day, body=body).encode(charset)


OTHERS = ((99, "国家移民管理局召开会议"), (98, "一图读懂2031年上半年移民管理工作主要数据"))


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """Three communiqués on two pages of the list, one of them in gb18030."""
    pages = {
        LIST: listing((103, titled("2031年上半年")), *OTHERS, charset="gb18030"),
        FURTHER.format(1): listing((102, titled("2031年一季度")), (101, titled("2030年"))),
        FURTHER.format(2): listing((101, titled("2030年"))),
        "/n741440/c103/content.html": article("2031年上半年", "2031-07-16", "3.51", "1100.5", "gb18030"),
        "/n741440/c102/content.html": article("2031年一季度", "2031-04-16", "1.71", "500.5"),
        "/n741440/c101/content.html": article("2030年", "2031-01-16", "6.91", "2000.5"),
    }
    with publisher_double.run_double(Double(pages=pages)) as running:
        entry = publisher_double.publisher_at(running, "nia", {"communique": {}, "documents": {}})
        monkeypatch.setattr(catalogue, "publishers", lambda: {"nia": entry})
        monkeypatch.setattr(fetch, "CONTENTS_VALID_FOR", timedelta())
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def received(workspace: Workspace, name: str = "communique") -> Reception:
    return receive(workspace, catalogue.publishers()["nia"], name)


def totals(workspace: Workspace, name: str = "communique") -> dict[tuple[date, str], float]:
    rows = stages.observations(workspace, f"nia/{name}").frame.collect()
    return {(row["period"], row["freq"]): row["value"] for row in rows.to_dicts()}


def test_every_matching_article_is_fetched_and_has_its_own_period(publisher: Double, workspace: Workspace) -> None:
    assert received(workspace) == Reception(received=3)
    assert publisher.requested_addresses() == [
        LIST,
        FURTHER.format(1),
        FURTHER.format(2),
        *(f"/n741440/c{number}/content.html" for number in (103, 102, 101)),
    ]
    assert totals(workspace) == {
        (date(2031, 1, 1), "S"): 351_000_000,
        (date(2031, 1, 1), "Q"): 171_000_000,
        (date(2030, 1, 1), "A"): 691_000_000,
    }
    rows = stages.observations(workspace, "nia/communique").frame.collect()
    assert rows["payload"].n_unique() == 3


def test_a_figure_is_known_from_the_day_of_its_document(publisher: Double, workspace: Workspace) -> None:
    received(workspace)
    known = stages.observations(workspace, "nia/communique").frame.collect().sort("known_from")
    assert [at.date() for at in known["known_from"]] == [date(2031, 1, 15), date(2031, 4, 15), date(2031, 7, 15)]
    assert stages.as_of(workspace, "border_crossing", datetime(2031, 5, 1, tzinfo=UTC)).height == 2
    assert stages.observations(workspace, "nia/communique").revisions.collect()["change"].unique().to_list() == [
        "extended"
    ]


def test_an_archived_article_is_not_requested_again(publisher: Double, workspace: Workspace) -> None:
    received(workspace)
    publisher.requested_addresses()
    assert received(workspace) == Reception()
    assert publisher.requested_addresses() == [LIST]
    publisher.pages[LIST] = listing((104, titled("2031年三季度")), (103, titled("2031年上半年")))
    publisher.pages["/n741440/c104/content.html"] = article("2031年三季度", "2031-10-16", "1.81", "510.5")
    assert received(workspace) == Reception(received=1)
    assert publisher.requested_addresses() == [LIST, FURTHER.format(1), "/n741440/c104/content.html"]
    assert len(totals(workspace)) == 4


def test_an_article_of_two_datasets_is_requested_once(publisher: Double, workspace: Workspace) -> None:
    received(workspace)
    publisher.requested_addresses()
    assert received(workspace, "documents") == Reception(received=3)
    assert [address for address in publisher.requested_addresses() if "/content" in address] == []
    assert totals(workspace, "documents")[date(2031, 1, 1), "S"] == 11_005_000


def test_a_list_is_requested_once_a_build(
    publisher: Double, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "CONTENTS_VALID_FOR", timedelta(minutes=30))
    received(workspace)
    publisher.requested_addresses()
    received(workspace, "documents")
    assert publisher.requested_addresses() == []


def test_a_long_list_is_read_only_as_far_as_declared(publisher: Double, workspace: Workspace) -> None:
    for number in range(1, 30):
        publisher.pages[FURTHER.format(number)] = listing((200 + number, titled("2029年")))
    received(workspace)
    assert len([address for address in publisher.requested_addresses() if "index" in address]) == 5


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (reply(b"<html>403 Forbidden</html>", 403), "403"),
        (reply(WALL, Content_Type="text/html"), "links to no article"),
    ],
    ids=["refused", "a page of JavaScript"],
)
def test_a_failed_list_is_an_error_and_keeps_the_archived_articles(
    publisher: Double, workspace: Workspace, script: Script, why: str
) -> None:
    received(workspace)
    publisher.instead["/n741567/"] = [script]
    (failure,) = received(workspace).failures
    assert why in failure
    assert len(totals(workspace)) == 3


def test_a_redesigned_list_is_reported(publisher: Double, workspace: Workspace) -> None:
    publisher.pages[LIST] = "<html><body><a href='/v2/2031/07.html'>2031年上半年数据</a></body></html>".encode()
    (failure,) = received(workspace).failures
    assert "links to no article like" in failure


BAD = {
    "a page of JavaScript": (WALL, "holds no text"),
    "a bulletin in pictures": (PICTURES, "holds only images"),
    "another encoding": (b"<html><body><p>\xff\xff\xfe\x80 2031</p></body></html>", "in no encoding"),
    "a counterfeit": (
        PAGE.format(
            charset="utf-8",
            title=titled("2031年上半年"),
            day="2031-07-16",
            body="<p>2031年上半年查验出入境人员3.51亿人次，内地居民1.60亿人次、港澳台居民1.45亿人次、外国人9500.5万人次。</p>",
        ).encode(),
        "contradict each other",
    ),
}


@pytest.mark.parametrize(("body", "why"), BAD.values(), ids=BAD)
def test_a_page_that_is_not_an_article_is_stored_refused_and_requested_again(
    publisher: Double, workspace: Workspace, body: bytes, why: str
) -> None:
    good, path = publisher.pages["/n741440/c103/content.html"], "/n741440/c103/content.html"
    publisher.pages[path] = body
    received(workspace)
    made = stages.observations(workspace, "nia/communique")
    (failure,) = made.failures
    assert why in failure
    assert path in failure
    assert len(totals(workspace)) == 2
    publisher.requested_addresses()
    publisher.pages[path] = good
    assert received(workspace) == Reception(received=1)
    assert publisher.requested_addresses()[-1] == path
    assert len(totals(workspace)) == 3
    assert stages.observations(workspace, "nia/communique").failures == []


def test_an_article_with_another_structure_is_read_completely(publisher: Double, workspace: Workspace) -> None:
    text = "<h1>国家移民管理局公布主要数据</h1><p>2031年上半年查验出入境人员3.51亿人次。</p>"
    body = f"<html><body><main>{text}</main></body></html>"
    publisher.pages["/n741440/c103/content.html"] = body.encode()
    received(workspace)
    assert totals(workspace)[date(2031, 1, 1), "S"] == 351_000_000


def test_a_refused_article_does_not_affect_the_others(publisher: Double, workspace: Workspace) -> None:
    publisher.instead["/c102/"] = [reply(b"no", 403)]
    (failure,) = received(workspace).failures
    assert "c102" in failure
    assert len(totals(workspace)) == 2
    publisher.instead.clear()
    assert received(workspace).received == 1
    assert len(totals(workspace)) == 3


def test_an_article_that_no_longer_exists_is_given_up(publisher: Double, workspace: Workspace) -> None:
    del publisher.pages["/n741440/c102/content.html"]
    (failure,) = received(workspace).failures
    assert "404" in failure
    publisher.requested_addresses()
    assert received(workspace) == Reception()
    assert publisher.requested_addresses() == [LIST]


def test_a_later_article_neither_retracts_nor_rounds_earlier_figures(publisher: Double, workspace: Workspace) -> None:
    text = "2032年查验出入境人员7.10亿人次，2030年查验出入境人员6.9亿人次。"
    page = PAGE.format(charset="utf-8", title=titled("2032年"), day="2033-01-16", body=f"<p>{text}</p>")
    publisher.pages[LIST] = listing((105, titled("2032年")), (103, titled("2031年上半年")))
    publisher.pages["/n741440/c105/content.html"] = page.encode()
    received(workspace)
    known = totals(workspace)
    assert known[date(2030, 1, 1), "A"] == 691_000_000
    assert known[date(2032, 1, 1), "A"] == 710_000_000
    assert known[date(2031, 1, 1), "S"] == 351_000_000
    assert (
        stages.observations(workspace, "nia/communique")
        .history.filter(pl.col("known_to").is_not_null())
        .collect()
        .is_empty()
    )
