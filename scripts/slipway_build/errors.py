"""What stops a build or a check."""

from __future__ import annotations


class BuildError(Exception):
    """An error that the author of a push can fix: a sentence about the problem, and the next step."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(f"{message} {next_step}".rstrip())
        self.message = message
        self.next_step = next_step
