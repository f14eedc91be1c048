"""A history of thousands of releases: each page costs a few calls, and what has ended is read once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from slipway.console.releases.model import PAGE_ROWS, model
from slipway.console.releases.rows import load_history, rows_of
from slipway.console.shell import drawn

from tests.slipway.console.drawing import NOW, asked, links_of, text_of
from tests.slipway.console.releases.played import Played, run_id

COUNT = 2000


@pytest.fixture
def played() -> Played:
    return Played(COUNT)


def ids(played: Played, page: int) -> list[str]:
    summaries, _ = load_history(played.about, page, PAGE_ROWS)
    return [str(one["pipelineExecutionId"]) for one in summaries]


def expected(page: int) -> list[str]:
    newest = COUNT - 1 - (page - 1) * PAGE_ROWS
    return [run_id(number) for number in range(newest, newest - PAGE_ROWS, -1)]


def test_each_page_is_one_call_where_the_page_before_was_shown(played: Played) -> None:
    for page in (1, 2, 3):
        assert ids(played, page) == expected(page)
        assert played.asked["list"] == page


def test_a_page_far_back_is_found_in_long_steps_and_then_at_once(played: Played) -> None:
    assert ids(played, 60) == expected(60)
    assert played.asked["list"] == 13
    assert ids(played, 61) == expected(61)
    assert played.asked["list"] == 14


def test_a_token_that_does_not_hold_any_more_is_done_without(played: Played) -> None:
    ids(played, 1)
    played.tokens = f"{played.tokens}-another"
    found = load_history(played.about, 2, PAGE_ROWS)[0]
    assert [one["pipelineExecutionId"] for one in found] == expected(2)


def test_there_is_no_page_beyond_the_last(played: Played) -> None:
    assert load_history(played.about, COUNT // PAGE_ROWS, PAGE_ROWS)[1] is False
    assert load_history(played.about, COUNT // PAGE_ROWS + 5, PAGE_ROWS) == ([], False)


def test_a_record_is_read_once_unless_its_release_is_tried_again(played: Played) -> None:
    summaries, _ = load_history(played.about, 1, PAGE_ROWS)
    first = rows_of(played.about, summaries, NOW)
    assert played.asked["object"] == PAGE_ROWS
    assert [row.id for row in first] == expected(1)
    assert rows_of(played.about, summaries, NOW) == first
    assert played.asked["object"] == PAGE_ROWS
    played.retried[COUNT - 1], played.rmse[COUNT - 1] = NOW - timedelta(hours=1), 0.25
    again = rows_of(played.about, [played.summary(COUNT - 1)], NOW)
    assert again[0].value == 0.25


def test_a_release_that_has_just_ended_is_read_until_its_record_has_had_time_to_come(played: Played) -> None:
    summary = played.summary(COUNT - 1)
    soon = summary["lastUpdateTime"] + timedelta(seconds=3)
    for reads in (1, 2):
        rows_of(played.about, [summary], soon)
        assert played.asked["object"] == reads


def test_the_page_of_a_model_shows_trends_and_a_box_for_each_release(played: Played) -> None:
    page = model(asked(played.session(), NOW, query={"page": 2}, model=played.model))
    told, markup = text_of(page), drawn(page)
    assert f"rmse {0.5 + (COUNT - 1 - PAGE_ROWS) / 10_000:.4f}" in told
    assert markup.count('type="checkbox"') == PAGE_ROWS
    assert f'<form action="/_console/models/{played.model}/compare" method="get"' in markup
    assert markup.count('class="sparkline"') == 2
    assert f"/_console/models/{played.model}?page=3" in links_of(page)
