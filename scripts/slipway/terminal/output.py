"""Output for people, and for programs with --json."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.text import Text

from pipeline_lambdas.report.kit.text import UNSEEN, duration

_PLAIN_WIDTH = 160
"""Columns where nothing tells the width: a log file, a pipe."""
_SHOWN_FROM_S = 1.0
_PLAIN_NOTE_EVERY_S = 10.0

STATUS_STYLES = {
    "Succeeded": "green",
    "passed": "green",
    "passed, but worse": "yellow",
    "up": "green",
    "InService": "green",
    "CREATE_COMPLETE": "green",
    "UPDATE_COMPLETE": "green",
    "InProgress": "cyan",
    "Waiting": "yellow",
    "Failed": "bold red",
    "Rejected": "bold red",
    "failed": "bold red",
    "missing": "yellow",
    "down": "yellow",
    "Abandoned": "red",
    "Stopped": "yellow",
    "Stopping": "yellow",
    "Superseded": "bright_black",
    "Cancelled": "bright_black",
}


class PlainConsole(Console):
    """A console that prints text as text: no markup, no emoji codes, no control sequences.

    Others write commit messages, log lines and errors. Rich keeps its own control sequences apart from text
    (`Segment.control`), so they are kept, and all text is cleaned.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "highlight": False, "markup": False, "emoji": False, "soft_wrap": True})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or not UNSEEN.search(segment.text):
                yield segment
            else:
                yield Segment(UNSEEN.sub("", segment.text), segment.style)


class Step:
    """Something in progress: its caller reports progress and, at the end, the result."""

    def __init__(self, output: Output, title: str) -> None:
        self._output = output
        self._title = title
        self._noted_at = time.monotonic()
        self._status: Any = None
        self.outcome = "done"

    def attach(self, status: Any) -> None:
        self._status = status

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Clear the line for a question."""
        if self._status is None:
            yield
            return
        self._status.stop()
        try:
            yield
        finally:
            self._status.start()

    def update(self, progress: str) -> None:
        """Show progress: in place on a terminal, elsewhere a line now and then."""
        if self._status is not None:
            self._status.update(Text(f"{self._title}: {progress}"))
        elif time.monotonic() - self._noted_at > _PLAIN_NOTE_EVERY_S:
            self._noted_at = time.monotonic()
            self._output.say(f"  {self._title}: {progress}")


class Output:
    """The console. With `as_json`, output for people goes to stderr, and stdout gets one JSON document."""

    def __init__(self, *, as_json: bool = False, console: PlainConsole | None = None) -> None:
        self.as_json = as_json
        self.document: Mapping[str, Any] | None = None
        probe = console or PlainConsole(stderr=as_json)
        if console is None and not probe.is_terminal and not os.environ.get("COLUMNS"):
            probe.width = _PLAIN_WIDTH
        self.console = probe
        # FORCE_COLOR makes rich take a pipe for a terminal; colours can be had there, a cursor cannot.
        shown = console is not None or probe.file.isatty()
        self.in_place = shown and probe.is_terminal and not probe.is_dumb_terminal and not os.environ.get("CI")

    def say(self, text: RenderableType = "", style: str = "") -> None:
        self.console.print(text, style=style, markup=False)

    def warn(self, text: str) -> None:
        self.say(Text(f"note: {text}", style="yellow"))

    @property
    def can_ask(self) -> bool:
        """Whether a person can answer."""
        return self.in_place and sys.stdin.isatty()

    def ask(self, question: str) -> str:
        """Return what a person types; empty at the end of the input."""
        try:
            return self.console.input(Text(f"{question} ", style="bold")).strip()
        except EOFError:
            return ""

    def confirm(self, question: str) -> bool:
        """Return whether a person says yes."""
        return self.ask(f"{question} [y/N]").lower() in {"y", "yes"}

    def result(self, document: Mapping[str, Any]) -> None:
        """Keep the document for programs; with --json it is printed when the verb has ended."""
        self.document = document

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show that something is in progress; leaves one line, with the result and the duration."""
        step, started = Step(self, title), time.monotonic()
        if self.in_place:
            with self.console.status(Text(title)) as status:
                step.attach(status)
                yield step
        else:
            yield step
        seconds = time.monotonic() - started
        took = f"  ({duration(seconds)})" if seconds >= _SHOWN_FROM_S else ""
        self.say(Text.assemble((f"{title}: ", "bold"), step.outcome, (took, "bright_black")))

    @contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Show on a terminal that the verb is waiting; leaves nothing."""
        if not self.in_place:
            yield
            return
        with self.console.status(Text(title)):
            yield

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Any]:
        """Show a bar for work of a known size; yields a function that takes the size of what was done."""
        if not self.in_place:
            yield lambda _more: None
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as bars:
            task = bars.add_task(title, total=total)
            yield lambda more: bars.advance(task, more)


def status_text(status: str) -> Text:
    return Text(status, style=STATUS_STYLES.get(status, ""))
