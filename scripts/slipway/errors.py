"""The errors that stop a verb; `slipway.cli` decides their exit codes."""

from __future__ import annotations

from collections.abc import Callable

Command = Callable[..., str]
"""Makes a command that a person can copy, of a verb as it stands and of its arguments, which are quoted."""
NextStep = str | Callable[[Command], str]
"""A sentence; a function where it names a command, which only the command line knows how to write."""


class SlipwayError(Exception):
    """An error that the user can fix: a sentence about the problem, and the next step."""

    def __init__(self, message: str, next_step: NextStep = "") -> None:
        super().__init__(message)
        self.message = message
        self._next_step = next_step

    @property
    def next_step(self) -> str:
        """The next step, without the options of this run."""
        return self.advice(lambda *words: " ".join(("slipway", *words)))

    def advice(self, command: Command) -> str:
        """The next step, with commands that work as printed."""
        return self._next_step if isinstance(self._next_step, str) else self._next_step(command)


class UnsuccessfulError(Exception):
    """The verb worked and reports a failure, such as a release that failed a gate."""


class StillRunningError(SlipwayError):
    """The user has stopped waiting for something that continues without them."""
