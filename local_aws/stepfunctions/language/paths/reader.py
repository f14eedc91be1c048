"""A text that is read from left to right."""

from __future__ import annotations

import re


class PathSyntaxError(ValueError):
    """A text is no JSONPath; the message says where and why."""


class Reader:
    """A text and how far it has been read."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text, self.at = text, at

    def spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, literal: str) -> bool:
        """Read `literal` if it comes next."""
        if not self.text.startswith(literal, self.at):
            return False
        self.at += len(literal)
        return True

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what matches `pattern` next."""
        if found := pattern.match(self.text, self.at):
            self.at = found.end()
        return found

    def expect(self, literal: str) -> None:
        self.spaces()
        if not self.take(literal):
            raise self.error(f"expected '{literal}'")

    def error(self, reason: str) -> PathSyntaxError:
        return PathSyntaxError(f"{self.text!r} is not a JSONPath: {reason} at character {self.at}")
