"""Shows a running release on a terminal; running actions and open questions stay in sight in any window.

A stage that has ended becomes a line above, which stays. Below are the running stage and the open question, in as many
rows as the window has.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from pipeline_lambdas.evidence.actions import EVALUATIONS
from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.text import duration
from slipway.errors import Command
from slipway.releases.run_view import ActionView, RunView
from slipway.terminal.log_tail import Tails
from slipway.terminal.output import status_text

_GOING_ON = frozenset(("InProgress", "Waiting"))
_UNSUCCESSFUL = ("Failed", "Abandoned", "Stopped")
_MUST, _LOOK, _NEXT, _ABOUT, _LINK = range(5)
"""What gives way last to what gives way first where rows are few."""
_MOST_LOG_ROWS = 6
"""Below each action that runs; fewer where the window has fewer rows to spare."""


@dataclass(frozen=True)
class Stage:
    """A stage of a release, with its actions in their order."""

    name: str
    actions: tuple[ActionView, ...]

    @property
    def started(self) -> bool:
        return any(action.status for action in self.actions)

    @property
    def status(self) -> str:
        """The status in CodePipeline's words; empty before the start."""
        found = {action.status for action in self.actions}
        if "Waiting" in found:
            return "Waiting"
        if "InProgress" in found:
            return "InProgress"
        bad = next((status for status in _UNSUCCESSFUL if status in found), "")
        return bad or ("Succeeded" if "" not in found else "InProgress" if self.started else "")

    @property
    def ended(self) -> bool:
        return self.status not in {"", *_GOING_ON}

    def seconds(self, now: datetime) -> float:
        starts = [action.started for action in self.actions if action.started]
        ends = [action.updated for action in self.actions if action.updated]
        end = max(ends) if self.ended and ends else now
        return max((end - min(starts)).total_seconds(), 0.0) if starts else 0.0

    @property
    def said(self) -> str:
        """The most telling summary: why it failed, how it was judged, else the first one."""
        failed = [action for action in self.actions if action.status in _UNSUCCESSFUL]
        judging = [action for action in self.actions if action.name in EVALUATIONS]
        for action in (*failed, *reversed(judging), *self.actions):
            text = action.error_message or action.summary
            if text:
                return f"{action.name}: {text}" if action in failed else text
        return ""

    @property
    def signature(self) -> str:
        """Changes when the stage is retried."""
        return " ".join(f"{action.status}{action.attempt}" for action in self.actions)


def stages_of(run: RunView) -> list[Stage]:
    """The stages in the pipeline's order."""
    names = dict.fromkeys(action.stage for action in run.actions)
    return [Stage(name, tuple(action for action in run.actions if action.stage == name)) for name in names]


def ended_line(stage: Stage, now: datetime) -> Text:
    """Return the line of a stage that has ended."""
    when = max((action.updated for action in stage.actions if action.updated), default=now)
    line = Text.assemble(f"  {when.astimezone():%H:%M:%S}  {stage.name:<11}", status_text(stage.status))
    return line.append(f"  {duration(stage.seconds(now))}  {_first(stage.said)}".rstrip())


def wrapped_command(text: str, width: int, indent: str = "    ") -> list[str]:
    """Wrap a command at spaces into lines of at most `width`; each but the last ends in a shell's continuation.

    A word longer than a line stays whole: cut, it could not be copied.
    """
    lines, current = [], ""
    for word in _words(text):
        longer = f"{current} {word}" if current else word
        if current and len(longer) > width - len(" \\"):
            lines.append(f"{current} \\")
            longer = f"{indent}{word}"
        current = longer
    return [*lines, current]


@dataclass
class LiveRelease:
    """Drawn again and again by rich's Live; replace `run` with the newest state."""

    console: Console
    command: Command
    run: RunView
    tails: Tails = field(default_factory=dict)
    """The last log lines of what runs."""
    _widths: list[int] = field(default_factory=list)
    """Cells of each row as drawn last."""

    def newly_ended(self, shown: dict[tuple[str, str], str]) -> list[Text]:
        """Return a line for each stage that has ended since the last call, and note it in `shown`."""
        lines = []
        for stage in stages_of(self.run):
            place = (stage.name, "")
            if stage.ended and shown.get(place) != stage.signature:
                shown[place] = stage.signature
                line = ended_line(stage, datetime.now(UTC))
                line.truncate(self.console.width, overflow="ellipsis")
                lines.append(line)
        return lines

    def __call__(self) -> RenderableType:
        self._lift()
        size = self.console.size
        rows = self._within(datetime.now(UTC), size.width, size.height - 1)
        for row in rows:
            row.truncate(size.width, overflow="ellipsis")
        self._widths = [row.cell_len for row in rows]
        return Group(*rows)

    def _lift(self) -> None:
        """Erase the rows that a narrower window has wrapped: Live counts each of its lines as one."""
        width = max(self.console.width, 1)
        extra = sum(max(-(-cells // width), 1) - 1 for cells in self._widths)
        up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
        self.console.control(Control(*(up * extra)))

    def _within(self, now: datetime, width: int, height: int) -> list[Text]:
        """Return at most `height` rows; log lines take what is left, in equal parts."""
        needed = len(self.rows(now, width))
        each = min((height - needed) // max(len(self.tails), 1), _MOST_LOG_ROWS)
        return fitted(self.rows(now, width, max(each, 0)), height)

    def rows(self, now: datetime, width: int, log_lines: int = 0) -> list[tuple[int, Text]]:
        """Return the rows, each with its importance; with so many log lines below each action that runs."""
        run = self.run
        seconds = run.seconds(now)
        after = f"  {duration(seconds)}" if seconds is not None else ""
        status = status_text("Waiting").append(" for approval") if run.approval else status_text(run.state)
        head = Text.assemble(("release ", "bold"), run.short_id, "  ", status, after, no_wrap=True)
        rows = [(_MUST, head)]
        stages = stages_of(run)
        for stage in stages:
            if stage.started and not stage.ended and stage.status != "Waiting":
                rows += [(_MUST, row) for row in self._stage_rows(stage, now, log_lines)]
        begun = max((number for number, stage in enumerate(stages) if stage.started), default=-1)
        later = [stage.name for stage in stages[begun + 1 :]]
        if later and run.running:
            rows.append((_NEXT, _line(f"  then {', '.join(later)}", "bright_black")))
        return rows + self._question(width)

    def _stage_rows(self, stage: Stage, now: datetime, log_lines: int) -> Iterable[Text]:
        done = sum(action.status == "Succeeded" for action in stage.actions)
        title = Text.assemble("  ", (stage.name, "bold"), "  ", status_text(stage.status), no_wrap=True)
        yield title.append(f"  {duration(stage.seconds(now))}  {done} of {len(stage.actions)} actions done")
        for action in stage.actions:
            if action.status in _GOING_ON:
                row = Text.assemble("    ", action.name, "  ", status_text(action.status), no_wrap=True)
                yield row.append(f"  {duration(action.seconds(now) or 0.0)}  {_first(action.summary)}".rstrip())
                tail = self.tails.get((stage.name, action.name), ())
                yield from (_line(f"      {line}", "bright_black") for line in tail[max(len(tail) - log_lines, 0) :])

    def _question(self, width: int) -> list[tuple[int, Text]]:
        run, approval = self.run, self.run.approval
        if not run.running:
            return []
        if approval:
            rows = [(_MUST, _line(f"{approval.stage}/{approval.name} waits for a decision", "bold yellow"))]
            rows += [(_ABOUT, _line(f"  about: {approval.about}"))] if approval.about else []
            rows += self._commands(_LOOK, {"look": ("show", run.short_id)}, width)
            rows += self._commands(_LINK, {"open": ("open", run.short_id)}, width)
            return rows + self._answers(run.short_id, width)
        if run.behind:
            other = short_id(run.behind)
            said = f"waits behind release {other}, whose approval is open; answer that one first"
            said_rows = [(_MUST, _line(line, "bold yellow")) for line in textwrap.wrap(said, width)]
            return [*said_rows, *self._answers(other, width)]
        return [(_MUST, _line(f"waits in front of {run.waits_for}", "yellow"))] if run.waits_for else []

    def _answers(self, release: str, width: int) -> list[tuple[int, Text]]:
        verbs = {verb: (verb, release, "--message", "REASON") for verb in ("approve", "reject")}
        return self._commands(_MUST, verbs, width)

    def _commands(self, priority: int, verbs: Mapping[str, tuple[str, ...]], width: int) -> list[tuple[int, Text]]:
        rows: list[tuple[int, Text]] = []
        for name, verb in verbs.items():
            start = f"  {name + ':':<9}"
            lines = wrapped_command(self.command(*verb), width - len(start))
            if max(map(len, lines)) > width - len(start):
                lines = [start, *wrapped_command(self.command(*verb), width)]
            else:
                lines = [start + lines[0], *(" " * len(start) + line for line in lines[1:])]
            rows += [(priority, _line(piece)) for line in lines for piece in _pieces(line, width)]
        return rows


def fitted(rows: Sequence[tuple[int, Text]], most: int) -> list[Text]:
    """Return the rows that fit, in their order: the least important go first, of the most important the top ones."""
    kept = list(rows)
    for priority in (_LINK, _ABOUT, _NEXT, _LOOK):
        if len(kept) > most:
            kept = [row for row in kept if row[0] != priority]
    return [text for _, text in kept[-max(most, 1) :]]


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True)


def _pieces(line: str, width: int) -> list[str]:
    return [line[start : start + width] for start in range(0, len(line), max(width, 1))]


def _first(text: str) -> str:
    return text.splitlines()[0] if text else ""


def _words(text: str) -> list[str]:
    """Split a command into words; keep the quotes."""
    words: list[str] = []
    for part in text.split(" "):
        open_quote = bool(words) and words[-1].count("'") % 2 == 1
        if open_quote:
            words[-1] += f" {part}"
        else:
            words.append(part)
    return words
