from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.live import Live
from rich.table import Table
from rich.text import Text
from slipway.cli import run
from slipway.errors import SlipwayError
from slipway.releases.run_view import ActionView, Revision, RunView
from slipway.terminal.live_view import LiveRelease
from slipway.terminal.output import Output, PlainConsole
from slipway.verbs.follow import run_table
from slipway.verbs.show import revisions_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTROLS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)])).replace("\t", "").replace("\n", "")
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNWANTED = f"{CONTROLS}{DIRECTIONS}\u2028\u2029\udfff\ud800"
CLEAR, CLIPBOARD, LINK = "\x1b[2J\x1b[H", "\x1b]52;c;cm0gLXJmIH4=\x07", "\x9b31m\x1b]8;;https://example.com\x1b\\"
HOSTILE = f"{CLEAR}a{CLIPBOARD}b{LINK}c\u202ed[bold]e[/bold][link=https://example.com]f :smile:\x7f\r{UNWANTED}"
SEEN = "[2J[Ha]52;c;cm0gLXJmIH4=b31m]8;;https://example.com\\cd[bold]e[/bold][link=https://example.com]f :smile:"


def terminal() -> tuple[Output, io.StringIO]:
    """A console that believes that it writes to a terminal, in colours."""
    file = io.StringIO()
    return Output(console=PlainConsole(file=file, width=400, force_terminal=True, color_system="truecolor")), file


def table() -> Table:
    made = Table(HOSTILE, box=None)
    made.add_row(HOSTILE)
    made.add_row(Text(HOSTILE, style="red"))
    return made


@pytest.mark.parametrize("said", [HOSTILE, Text(HOSTILE), Text.assemble(("a", "bold"), HOSTILE), table()])
def test_what_others_wrote_is_text_on_every_way_to_the_console(said: str | Text | Table) -> None:
    output = Output(console=PlainConsole(file=(file := io.StringIO()), width=400))
    output.say(said)
    assert SEEN in file.getvalue()
    assert not set(file.getvalue()) & set(UNWANTED)
    file.getvalue().encode()


def test_on_a_terminal_only_what_rich_says_is_obeyed() -> None:
    output, file = terminal()
    output.say(Text(HOSTILE, style="red"))
    assert file.getvalue() == f"\x1b[31m{SEEN}\x1b[0m\n"


def test_steps_questions_and_bars_hold_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    output, file = terminal()
    monkeypatch.setattr("builtins.input", lambda: "no")
    with output.step(HOSTILE) as step:
        step.update(HOSTILE)
        step.outcome = HOSTILE
    with output.progress(HOSTILE, 3) as advance:
        advance(3)
    output.confirm(HOSTILE)
    output.warn(HOSTILE)
    for sequence in (CLEAR, CLIPBOARD, "\x9b", "\x1b]8", *DIRECTIONS):
        assert sequence not in file.getvalue()
    assert file.getvalue().count("[link=https://example.com]f :smile:") >= 5


def release() -> RunView:
    action = ActionView("Train", HOSTILE, "Lambda", HOSTILE, NOW, NOW, 1, HOSTILE, "", f"{HOSTILE}\nmore")
    return RunView("id", HOSTILE, "Failed", HOSTILE, HOSTILE, (Revision(HOSTILE, HOSTILE, HOSTILE),), (action,))


def test_a_release_as_followed_and_shown() -> None:
    output, file = terminal()
    shown = release()
    drawn = LiveRelease(output.console, lambda *words: " ".join(words), shown)
    with Live(console=output.console, get_renderable=drawn, auto_refresh=False) as at:
        at.refresh()
    output.say(run_table(shown, NOW))
    output.say(revisions_table(shown))
    for sequence in (CLEAR, CLIPBOARD, "\x9b", "\x1b]8", *DIRECTIONS):
        assert sequence not in file.getvalue()


def fail(*_arguments: object, **_options: object) -> None:
    raise SlipwayError(HOSTILE, HOSTILE)


def test_an_error_is_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.session.decide_target", fail)
    assert run(["runs"]) == 1
    assert capsys.readouterr().err == f"error: {SEEN}\nnext: {SEEN}\n"


def test_json_is_escaped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.session.decide_target", fail)
    assert run(["runs", "--json"]) == 1
    written = capsys.readouterr().out
    assert written.isascii()
    assert not set(written) & set(UNWANTED)
    assert json.loads(written) == {"error": HOSTILE, "next": HOSTILE}


def test_tabs_stay_as_spaces_between_columns() -> None:
    output = Output(console=PlainConsole(file=(file := io.StringIO()), width=400))
    output.say("[3]\ttrain-rmse:0.5")
    assert file.getvalue() == "[3]     train-rmse:0.5\n"


def test_no_other_module_makes_a_console() -> None:
    folder = Path(__file__).resolve().parents[3] / "scripts"
    made = {path.name for path in folder.glob("*.py") if " Console(" in path.read_text(encoding="utf-8")}
    assert made == set()
