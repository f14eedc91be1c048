"""Patterns of files in a buildspec: `*` and `?` within a folder's name, `**` across folders.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts.files
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")


class Wildcards:
    """A pattern; matching takes one step per character and wildcard."""

    def __init__(self, pattern: str) -> None:
        self._parts = _TOKENS.findall(pattern)

    def match(self, name: str) -> bool:
        """Whether the pattern matches the whole name."""
        ends = {0}
        for part in self._parts:
            ends = set(_ends(part, name, ends))
            if not ends:
                return False
        return len(name) in ends


def _ends(part: str, name: str, starts: set[int]) -> Iterable[int]:
    """Where a part that starts at one of these positions can end."""
    first = min(starts)
    if part == "**":
        return range(first, len(name) + 1)
    if part == "**/":
        return starts | {at + 1 for at in range(first, len(name)) if name[at] == "/"}
    if part == "*":
        reached: set[int] = set()
        for at in range(first, len(name) + 1):
            if at in starts or (at - 1 in reached and name[at - 1] != "/"):
                reached.add(at)
        return reached
    if part == "?":
        return {at + 1 for at in starts if name[at : at + 1] not in ("", "/")}
    return {at + len(part) for at in starts if name.startswith(part, at)}
