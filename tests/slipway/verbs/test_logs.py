"""What `slipway logs` prints, how it goes on, and what it names as the next step."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import pytest
from slipway.errors import SlipwayError
from slipway.releases.log_places import Place
from slipway.session import Session
from slipway.target import Options, Target
from slipway.terminal.output import Output, PlainConsole
from slipway.verbs import logs

NOW_MS = 1_900_000_000_000


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def session(shown: io.StringIO) -> Session:
    made = Session(Options(local=True), Output(console=PlainConsole(file=shown, width=200)))
    made.__dict__["target"] = Target("local AWS", "us-east-1", "local", endpoint_url="http://127.0.0.1:1")
    return made


def test_a_clock_that_is_fast_hides_nothing(
    session: Session, shown: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job may tell CloudWatch of an event in two hours; what is logged until then is shown all the same."""
    ahead, later = ("1", (NOW_MS + 7_200_000, "ahead")), ("2", (NOW_MS + 1000, "later"))
    answers, starts = iter([[ahead], [later, ahead]]), []

    def events(_: Session, _place: Place, start_ms: int, **_more: Any) -> list[tuple[str, tuple[int, str]]]:
        starts.append(start_ms)
        return [event for event in next(answers) if event[1][0] >= start_ms]

    ends: Iterator[bool] = iter([False, True])
    monkeypatch.setattr(logs, "read_events", events)
    monkeypatch.setattr(time, "time", lambda: NOW_MS / 1000)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    logs._follow(session, Place("g", ended=lambda: next(ends)), 5)
    assert [line.split()[1] for line in shown.getvalue().splitlines()] == ["ahead", "later"]
    assert starts == [5, NOW_MS - 10_000]


def test_a_line_is_shown_without_colours_and_with_all_that_it_was(session: Session, shown: io.StringIO) -> None:
    logs._say(session, (NOW_MS, "\x1b[31m 10%\r\x1b[?25l 20%\x1b[0m"))
    assert shown.getvalue().partition("  ")[2] == " 10%\n 20%\n"


@pytest.mark.parametrize(
    ("since", "further"),
    [("1h", "--since 1d"), ("2d", "--since 7d"), ("24h", "--since 7d"), ("90d", ""), ("999d", "")],
)
def test_who_looks_further_looks_at_more_of_the_same(session: Session, since: str, further: str) -> None:
    said = logs._where_to_look(session, ("Train/Train", "--run", "0f3c"), since)
    assert said.startswith(f" in the last {since}")
    assert said.endswith(f"logs Train/Train --run 0f3c {further}" if further else since)


@pytest.mark.parametrize("since", ["1", "h", "1w", "-1h", f"{'9' * 5000}d"])
def test_how_far_back_is_a_number_with_a_unit(since: str) -> None:
    with pytest.raises(SlipwayError, match="such as 10m"):
        logs.seconds(since)
