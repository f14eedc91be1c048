from __future__ import annotations

import io
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from slipway.errors import StillRunningError
from slipway.releases.run_view import ActionView, RunView
from slipway.terminal.interrupts import goes_on
from slipway.terminal.live_view import LiveRelease, Stage, ended_line, stages_of, wrapped_command
from slipway.terminal.log_tail import Tails
from slipway.terminal.output import Output, PlainConsole

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SIZES = [(80, 24), (60, 15), (200, 50), (40, 9)]
PROGRAM = "/home/someone/projects/wine/slipway/.venv/bin/slipway --port 4999 --model red-wine"


def command(*words: str) -> str:
    return " ".join((PROGRAM, *words))


def action(stage: str, name: str, status: str = "Succeeded", summary: str = "", error: str = "") -> ActionView:
    token = "a-token" if status == "Waiting" else ""
    started = NOW if status else None
    found = ActionView(stage, name, status=status, summary=summary, error_message=error, token=token)
    return replace(found, started=started, updated=started)


BEFORE = [action(stage, f"Action{number}") for stage in ("Source", "Build", "Train") for number in range(4)]


def release(*actions: ActionView) -> RunView:
    return RunView("0f3c1f6e-5f0e-4a0b", "slipway-a-b", "InProgress", "", "by hand", (), (*BEFORE, *actions))


RUNNING = release(
    *(action("DeployTest", f"Evaluate{number}", "InProgress", summary="x" * 300) for number in range(3)),
    action("DeployTest", "Register", ""),
    action("Approve", "Approve", ""),
    action("DeployProd", "Deploy", ""),
)
ABOUT = {"CustomData": "Test: passed " + "y" * 400, "ExternalEntityLink": "https://example.com/" + "z" * 300}
APPROVAL = replace(action("Approve", "Approve", "Waiting"), configuration=ABOUT)
WAITING = release(APPROVAL, action("DeployProd", "Deploy", ""))
BEHIND = replace(release(action("Approve", "Approve", "")), behind="99999999-0c53-4f39", waits_for="Approve")


TAILS = {
    ("DeployTest", f"Evaluate{number}"): tuple(f"{number}: line {line} " + "w" * 200 for line in range(20))
    for number in range(3)
}


def screen(run: RunView, width: int, height: int, tails: Tails | None = None) -> list[str]:
    console = PlainConsole(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    view = LiveRelease(console, command, run, tails or {})
    return ["".join(part.text for part in line).rstrip() for line in console.render_lines(view(), pad=False)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("run", [RUNNING, WAITING, BEHIND], ids=["running", "waiting", "behind"])
def test_all_of_it_fits_into_the_window(run: RunView, width: int, height: int) -> None:
    lines = screen(run, width, height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(("width", "height"), SIZES[:3])
def test_what_runs_is_in_sight(width: int, height: int) -> None:
    lines = screen(RUNNING, width, height)
    assert lines[0].startswith("release 0f3c1f6e-5f0e  InProgress")
    for number in range(3):
        assert any(line.startswith(f"    Evaluate{number}  InProgress") for line in lines)
    assert "  then Approve, DeployProd" in lines


@pytest.mark.parametrize(("width", "height", "each"), [(80, 24, 5), (60, 15, 2), (200, 50, 6), (40, 9, 0)])
def test_the_last_log_lines_take_the_rows_that_are_left(width: int, height: int, each: int) -> None:
    lines = screen(RUNNING, width, height, TAILS)
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    for number in range(3):
        own = [line for line in lines if line.startswith(f"      {number}: line ")]
        assert [line.split()[2] for line in own] == [str(line) for line in range(20 - each, 20)]
        assert each == 0 or lines.index(own[0]) == 1 + next(
            row for row, line in enumerate(lines) if line.startswith(f"    Evaluate{number}  InProgress")
        )


@pytest.mark.parametrize(("width", "height"), SIZES[:3])
@pytest.mark.parametrize(("run", "answered"), [(WAITING, "0f3c1f6e-5f0e"), (BEHIND, "99999999-0c53")])
def test_both_answers_can_be_copied_whole(run: RunView, answered: str, width: int, height: int) -> None:
    copied = "\n".join(screen(run, width, height)).replace("\\\n", " ").replace(":\n", ":").splitlines()
    commands = {name.strip(): shlex.split(text) for name, _, text in (line.partition(":") for line in copied)}
    for verb in ("approve", "reject"):
        assert commands[verb] == [*shlex.split(PROGRAM), verb, answered, "--message", "REASON"]


def test_a_release_that_waits_says_for_what() -> None:
    assert screen(WAITING, 80, 24)[0] == f"release 0f3c1f6e-5f0e  Waiting for approval{screen(WAITING, 80, 24)[0][43:]}"
    assert any("waits for a decision" in line for line in screen(WAITING, 60, 15))


def test_a_stage_that_has_ended_is_one_line_and_is_told_once() -> None:
    console = PlainConsole(file=io.StringIO(), width=80, height=24, force_terminal=True)
    view, shown = LiveRelease(console, command, RUNNING), dict[tuple[str, str], str]()
    assert [line.plain.split()[1] for line in view.newly_ended(shown)] == ["Source", "Build", "Train"]
    assert view.newly_ended(shown) == []
    again = replace(BEFORE[-1], attempt=2)
    view.run = replace(RUNNING, actions=(*BEFORE[:-1], again, *RUNNING.actions[len(BEFORE) :]))
    assert [line.plain.split()[1] for line in view.newly_ended(shown)] == ["Train"]


def test_the_line_of_a_failed_stage_says_which_action_and_why() -> None:
    failed = replace(action("Train", "Wait", "Failed", error="No capacity"), updated=NOW + timedelta(seconds=9))
    stage = Stage("Train", (action("Train", "Start", summary="Started"), failed, action("Train", "After", "")))
    assert stage.ended
    assert ended_line(stage, NOW).plain.endswith("Train      Failed  9.0 s  Wait: No capacity")


def test_a_stage_between_two_actions_goes_on() -> None:
    between = Stage("Train", (action("Train", "Start"), action("Train", "Wait", "")))
    assert (between.status, between.ended) == ("InProgress", False)
    assert [stage.status for stage in stages_of(WAITING)] == [*["Succeeded"] * 3, "Waiting", ""]


def test_quoted_words_are_not_parted() -> None:
    lines = wrapped_command("slipway approve 'a long reason in quotes' --port 1", 30)
    assert shlex.split(" ".join(line.removesuffix("\\") for line in lines)) == [
        "slipway",
        "approve",
        "a long reason in quotes",
        "--port",
        "1",
    ]
    assert len(lines) > 1


@pytest.mark.parametrize(
    ("variables", "in_place"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "CI": "1"}, False)],
)
def test_nothing_is_drawn_in_place_where_it_cannot_be(
    variables: dict[str, str], in_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    console = PlainConsole(file=io.StringIO(), force_terminal=True, _environ=variables)
    assert Output(console=console).in_place is in_place


def test_a_pipe_with_forced_colours_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    assert not Output().in_place


def test_no_colour_where_none_is_wanted() -> None:
    def drawn(**variables: str) -> str:
        console = PlainConsole(
            file=io.StringIO(), width=80, height=24, force_terminal=True, _environ={"TERM": "xterm", **variables}
        )
        console.print(LiveRelease(console, command, WAITING)())
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    coloured = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
    assert coloured.search(drawn())
    assert not coloured.search(drawn(NO_COLOR="1"))


def test_an_interrupt_says_what_continues() -> None:
    with pytest.raises(StillRunningError) as told, goes_on("Release a goes on.", "Look again: slipway follow a"):
        raise KeyboardInterrupt
    assert (told.value.message, told.value.next_step) == ("Release a goes on.", "Look again: slipway follow a")
