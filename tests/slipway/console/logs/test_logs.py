"""Groups, streams and events, as a running local AWS has them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from slipway.console import kept
from slipway.console.logs.room import logs
from slipway.console.logs.stream import PAGE_EVENTS
from slipway.console.room import Page
from slipway.console.shell import drawn
from slipway.session import Session

from tests.local_server import LocalServer
from tests.slipway.console.drawing import asked, links_of, session_at, text_of

GROUP, STREAM = "/console/logs", "run/[$LATEST]1"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def session(local_aws: LocalServer) -> Session:
    client, now = local_aws.client("logs"), int(time.time() * 1000)
    for number in range(60):
        client.create_log_group(logGroupName=f"{GROUP}-{number:02d}")
    client.create_log_group(logGroupName=GROUP)
    lines = [f"line {number:03d} of many" for number in range(2 * PAGE_EVENTS)]
    for stream, messages in ((STREAM, [*lines, f"\x1b[31mred\x1b[0m {MARKUP}"]), ("other", ["ERROR 2 of other"])):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        events = [{"timestamp": now + place, "message": line} for place, line in enumerate(messages)]
        client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    return session_at(local_aws)


def draw(session: Session, **query: str) -> Page:
    return logs(asked(session, query=query))


def follow(session: Session, page: Page, title: str) -> Page:
    """The page behind a link, by its title."""
    [address] = [link for link in links_of(page) if f'{link.replace("&", "&amp;")}">{title}<' in drawn(page)]
    return draw(session, **dict(parse_qsl(urlsplit(address).query)))


def test_groups_come_in_pages_by_their_prefix(session: Session) -> None:
    first = draw(session, prefix=f"{GROUP}-")
    assert f"{GROUP}-00" in text_of(first)
    assert f"{GROUP}-55" not in text_of(first)
    assert f"{GROUP}-55" in text_of(follow(session, first, "Further"))


def test_the_newest_stream_comes_first(session: Session) -> None:
    page = draw(session, group=GROUP)
    assert text_of(page).index(STREAM) < text_of(page).index("other")
    assert "/_console/logs?group=/console/logs&stream=run/%5B%24LATEST%5D1" in links_of(page)
    assert STREAM not in text_of(draw(session, group=GROUP, prefix="oth"))


def test_events_are_text_and_older_ones_are_behind_links(session: Session) -> None:
    newest = draw(session, group=GROUP, stream=STREAM)
    assert MARKUP not in drawn(newest)
    assert "red &lt;script&gt;" in drawn(newest)
    assert newest.again_s == 1.0
    older = follow(session, newest, "Older")
    assert "line 001 of many" in text_of(older)
    assert "line 300 of many" not in text_of(older)
    assert older.again_s is None
    oldest = follow(session, older, "Older")
    assert "line 000 of many" in text_of(oldest)
    assert "Older" not in text_of(follow(session, oldest, "Older"))
    assert "line 300 of many" in text_of(follow(session, older, "Newer"))


def test_new_events_are_on_the_page_when_it_is_drawn_again(session: Session, local_aws: LocalServer) -> None:
    message, now = "the very last", int(time.time() * 1000) + 10_000
    assert message not in text_of(draw(session, group=GROUP, stream=STREAM))
    events = [{"timestamp": now, "message": message}]
    local_aws.client("logs").put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=events)
    assert message in text_of(draw(session, group=GROUP, stream=STREAM))


def test_a_pattern_finds_events_of_all_streams_or_of_one(session: Session) -> None:
    assert "ERROR 2 of other" in text_of(draw(session, group=GROUP, pattern="ERROR"))
    assert "ERROR 2 of other" not in text_of(draw(session, group=GROUP, stream=STREAM, pattern="ERROR"))
    first = draw(session, group=GROUP, stream=STREAM, pattern="many", since="all")
    assert "line 199 of many" in text_of(first)
    assert "line 200 of many" in text_of(follow(session, first, "Further"))


def test_a_search_that_is_drawn_again_and_again_is_kept_once(session: Session) -> None:
    """A page may be open all day, and what one search finds takes up to a megabyte."""
    now, query = datetime.now(UTC), {"group": GROUP, "pattern": "line", "since": "hour"}

    def drawn_after(seconds: int) -> int:
        logs(asked(session, now + timedelta(seconds=seconds), query=query))
        return len(kept._ANSWERS._values)

    before = drawn_after(0)
    assert [drawn_after(seconds) for seconds in (20, 40, 60)] == [before] * 3


def test_a_made_up_time_of_a_search_is_left_out(session: Session) -> None:
    made_up = {"group": GROUP, "pattern": "line", "from": "9" * 5000}
    assert "line 000 of many" in text_of(draw(session, **made_up))
