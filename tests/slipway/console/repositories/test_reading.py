"""Walks over commits, and the releases that took them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from slipway.console.kept import Kept
from slipway.console.repositories import reading
from slipway.console.repositories.reading import Commit, Person, walk
from slipway.console.repositories.releases_of import releases_by_commit
from slipway.console.room import Asked
from slipway.names import Names

#   e merges c and d; both come from b.
PARENTS = {"e": ("c", "d"), "d": ("b",), "c": ("b",), "b": ("a",), "a": ()}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    def read(_session: Any, _repository: str, commit_id: str) -> Commit:
        person = Person("p", "p@x.example", datetime.fromtimestamp(1_000 + ord(commit_id), UTC))
        return Commit(commit_id, PARENTS[commit_id], "", person, person)

    monkeypatch.setattr(reading, "known_commit", read)
    return SimpleNamespace()


def test_a_walk_follows_every_parent_once_newest_first(session: Any) -> None:
    found, rest = walk(session, "r", ["e"], 10)
    assert ([one.id for one in found], rest) == (["e", "d", "c", "b", "a"], [])


def test_a_walk_goes_on_at_all_open_ways(session: Any) -> None:
    found, rest = walk(session, "r", ["e"], 1)
    assert ([one.id for one in found], rest) == (["e"], ["d", "c"])
    found, rest = walk(session, "r", rest, 10)
    assert [one.id for one in found] == ["d", "c", "b", "a"]


@pytest.mark.parametrize("written", ["", "x", "99999999999999999999 +0000", "-1e5"])
def test_a_commit_may_have_a_time_that_no_clock_shows(written: str) -> None:
    answer = {"commit": {"commitId": "a", "author": {"name": "p", "date": written}}}
    client = SimpleNamespace(get_commit=lambda **_: answer)
    found = reading.read_commit(SimpleNamespace(client=lambda _: client), "r", "a")  # type: ignore[arg-type]
    assert (found.author.time, found.committer.name) == (None, "")


def test_releases_are_found_by_the_commits_that_they_took() -> None:
    pipelines = ["slipway-a-wine", "slipway-b-wine", "slipway-a-WRONG", "other"]
    executions = {"slipway-a-wine": [{"pipelineExecutionId": "e1", "sourceRevisions": [{"revisionId": "c1"}]}]}
    client = SimpleNamespace(
        list_pipelines=lambda: {"pipelines": [{"name": name} for name in pipelines]},
        list_pipeline_executions=lambda **asked: {"pipelineExecutionSummaries": executions[asked["pipelineName"]]},
    )
    session: Any = SimpleNamespace(names=Names("a", "wine", "1" * 12, "us-east-1"), client=lambda _: client)
    assert releases_by_commit(session, "slipway-a-training-config") == {"c1": [("wine", "e1")]}
    assert releases_by_commit(session, "another") == {}


@pytest.mark.parametrize("text", ["", "-1", "x", "\u0663", "1.5", "9" * 5000])
def test_a_page_that_is_no_number_is_the_first(text: str) -> None:
    session: Any = None
    assert Asked(session, {}, {"page": text}, datetime.now(UTC)).page_number == 1


def test_few_of_many_values_are_kept_and_each_is_read_once() -> None:
    kept = Kept[int](2)
    read: list[int] = []

    def reading_it(key: int) -> int:
        read.append(key)
        return key

    for key in (1, 2, 2, 3, 3, 1):
        assert kept.get(key, partial(reading_it, key)) == key
    assert read == [1, 2, 3, 1]
