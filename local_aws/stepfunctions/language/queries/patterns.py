"""Regular expressions of JSONata, which end when their time is over: a pattern may otherwise backtrack for hours.

The library `regex` looks at the clock while it matches, and lets other threads run; Python's `re` does neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import regex

from local_aws.stepfunctions.language.queries.bounds import MAX_SECONDS, TIME, BoundError


class Pattern:
    """A compiled pattern, with the methods that jsonata-python calls. Each raises BoundError when its time is over."""

    def __init__(self, pattern: str, flags: Any) -> None:
        """`flags` are the library's: `case_insensitive` and `multiline`. Raises regex.error."""
        chosen = regex.IGNORECASE if flags.case_insensitive else 0
        self._compiled = regex.compile(pattern, chosen | (regex.MULTILINE if flags.multiline else 0))

    def search(self, string: str) -> Any:
        """Return the first match, or None."""
        return _bounded(lambda: self._compiled.search(string, timeout=MAX_SECONDS, concurrent=True))

    def finditer(self, string: str) -> Iterator[Any]:
        """Return all matches, found together so that they share the time."""
        found: list[Any] = _bounded(lambda: [*self._compiled.finditer(string, timeout=MAX_SECONDS, concurrent=True)])
        return iter(found)

    def sub(self, repl: Any, string: str, count: int = 0) -> str:
        """Return the string with matches replaced."""
        return str(_bounded(lambda: self._compiled.sub(repl, string, count, timeout=MAX_SECONDS, concurrent=True)))

    def split(self, string: str, maxsplit: int = 0) -> list[str]:
        """Return the parts between matches."""
        return list(_bounded(lambda: self._compiled.split(string, maxsplit, timeout=MAX_SECONDS, concurrent=True)))


def _bounded(match: Any) -> Any:
    try:
        return match()
    except TimeoutError:
        raise BoundError(TIME) from None
