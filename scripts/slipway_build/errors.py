"""What stops a build or a check."""

from __future__ import annotations


class BuildError(Exception):
    """Something that whoever pushed can mend: a sentence about what is wrong, and what to do next."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(f"{message} {next_step}".rstrip())
        self.message = message
        self.next_step = next_step
