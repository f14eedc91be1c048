"""What stops a verb. `scripts.cli` alone decides about the exit code of each."""

from __future__ import annotations


class SlipwayError(Exception):
    """Something that the user can mend: a sentence about what is wrong, and what to do next."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class UnsuccessfulError(Exception):
    """The verb did its work and what it reported is a failure, such as a release that failed a gate."""


class StillGoingError(SlipwayError):
    """A person has stopped waiting for something that goes on without them."""
