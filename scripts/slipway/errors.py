"""What stops a verb. `slipway.cli` alone decides about the exit code of each."""

from __future__ import annotations

from collections.abc import Callable

Command = Callable[..., str]
"""Makes a command that a person can copy, of a verb as it stands and of its arguments, which are quoted."""
NextStep = str | Callable[[Command], str]
"""A sentence; a function where it names a command, which only the command line knows how to write."""


class SlipwayError(Exception):
    """Something that the user can mend: a sentence about what is wrong, and what to do next."""

    def __init__(self, message: str, next_step: NextStep = "") -> None:
        super().__init__(message)
        self.message = message
        self._next_step = next_step

    @property
    def next_step(self) -> str:
        """What to do next, where nothing is known of how this run was called."""
        return self.advice(lambda *words: " ".join(("slipway", *words)))

    def advice(self, command: Command) -> str:
        """What to do next, with commands that work as printed."""
        return self._next_step if isinstance(self._next_step, str) else self._next_step(command)


class UnsuccessfulError(Exception):
    """The verb did its work and what it reported is a failure, such as a release that failed a gate."""


class StillGoingError(SlipwayError):
    """A person has stopped waiting for something that goes on without them."""
