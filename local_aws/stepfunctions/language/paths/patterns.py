"""Regular expressions of filters, `[?(@.name =~ /a.*/)]`, which end when their time is over."""

from __future__ import annotations

from typing import Final

from local_aws.stepfunctions.contracts.errors import RUNTIME, StatesError

MAX_SECONDS: Final = 5.0
_FLAGS: Final = frozenset("imsx")


class PatternError(ValueError):
    """A pattern that cannot be read."""


class FilterPattern:
    """A compiled pattern."""

    def __init__(self, pattern: str, flags: str) -> None:
        """Raises PatternError."""
        import regex  # noqa: PLC0415 - few definitions have one

        chosen = sum(getattr(regex, flag.upper()) for flag in set(flags) & _FLAGS)
        try:
            self._compiled = regex.compile(pattern, chosen)
        except regex.error as problem:
            raise PatternError(str(problem)) from None

    def matches(self, text: str) -> bool:
        """Whether the whole text matches. Raises StatesError when the time is over."""
        try:
            return self._compiled.fullmatch(text, timeout=MAX_SECONDS, concurrent=True) is not None
        except TimeoutError:
            raise StatesError(RUNTIME, f"A regular expression of a filter took more than {MAX_SECONDS:g} s.") from None
