"""Glob patterns of trigger filters.

https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html. A pattern is parsed once. Matching goes
through the text with the set of all positions that the pattern can have reached, so it takes at most the product of the
two lengths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

_KEPT_PATTERNS = 1024


class GlobError(ValueError):
    """The pattern cannot be read; the message says why."""


class _Part(Protocol):
    """One element of a pattern."""

    def after(self, text: str, places: set[int]) -> set[int]:
        """Where the element can end if it begins at one of these positions of the text; `places` is never empty."""


@dataclass(frozen=True)
class _Character:
    """A character that stands for itself."""

    value: str

    def after(self, text: str, places: set[int]) -> set[int]:
        return {place + 1 for place in places if text.startswith(self.value, place)}


@dataclass(frozen=True)
class _OneOf:
    """One character of a name: `?`, `[...]` or `[!...]`. A single character is a range from itself to itself."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def after(self, text: str, places: set[int]) -> set[int]:
        return {place + 1 for place in places if place < len(text) and self._takes(text[place])}

    def _takes(self, character: str) -> bool:
        named = any(first <= character <= last for first, last in self.ranges)
        return character != "/" and named != self.negated


@dataclass(frozen=True)
class _Any:
    """`*`, which stops at a slash, or `**`, which crosses slashes."""

    crosses: bool

    def after(self, text: str, places: set[int]) -> set[int]:
        reached, going = set(), False
        for place in range(min(places), len(text) + 1):
            going = going or place in places
            if going:
                reached.add(place)
            if text[place : place + 1] == "/" and not self.crosses:
                going = False
        return reached


@dataclass(frozen=True)
class _Group:
    """`{a,b}`."""

    alternatives: tuple[tuple[_Part, ...], ...]

    def after(self, text: str, places: set[int]) -> set[int]:
        return set().union(*(_after(parts, text, places) for parts in self.alternatives))


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text. Raises GlobError for an invalid pattern."""
    return len(text) in _after(read(pattern), text, {0})


@lru_cache(_KEPT_PATTERNS)
def read(pattern: str) -> tuple[_Part, ...]:
    """The elements of a pattern. Raises GlobError.

    AWS does not document how it treats invalid patterns: a bracket or brace that is not closed, a group within a group,
    a backslash at the end. The rules are those of Java's `FileSystem.getPathMatcher`, which refuses them.
    """
    characters = iter(pattern)
    return tuple(_parts(characters, in_group=False)[0])


def _after(parts: tuple[_Part, ...], text: str, places: set[int]) -> set[int]:
    for part in parts:
        if not places:
            break
        places = part.after(text, places)
    return places


def _parts(characters: Iterator[str], *, in_group: bool) -> tuple[list[_Part], str]:
    """The elements up to the end, or in a group up to its `,` or `}`; and the character that ended them."""
    parts: list[_Part] = []
    for character in characters:
        if in_group and character in ",}":
            return parts, character
        if character == "{":
            if in_group:
                raise GlobError("groups cannot be nested")
            parts.append(_group(characters))
        elif character == "*" and parts[-1:] == [_Any(crosses=False)]:
            parts[-1] = _Any(crosses=True)
        else:
            parts.append(_single(character, characters))
    if in_group:
        raise GlobError("'{' is not closed")
    return parts, ""


def _single(character: str, characters: Iterator[str]) -> _Part:
    if character == "*":
        return _Any(crosses=False)
    if character == "?":
        return _OneOf((), negated=True)
    if character == "[":
        return _bracket(characters)
    if character == "\\":
        escaped = next(characters, None)
        if escaped is None:
            raise GlobError("nothing follows the backslash")
        return _Character(escaped)
    return _Character(character)


def _group(characters: Iterator[str]) -> _Group:
    alternatives, end = [], ","
    while end == ",":
        parts, end = _parts(characters, in_group=True)
        alternatives.append(tuple(parts))
    return _Group(tuple(alternatives))


def _bracket(characters: Iterator[str]) -> _OneOf:
    inner = []
    for character in characters:
        if character == "]":
            break
        inner.append(character)
    else:
        raise GlobError("'[' is not closed")
    negated = inner[:1] == ["!"]
    named = inner[1:] if negated else inner
    if not named or "/" in named:
        raise GlobError("brackets hold at least one character, and no '/'")
    return _OneOf(tuple(_ranges(named)), negated)


def _ranges(named: list[str]) -> Iterator[tuple[str, str]]:
    """The characters and ranges; a hyphen at either end stands for itself."""
    place = 0
    while place < len(named):
        last = place + 2
        if last < len(named) and named[place + 1] == "-":
            if named[place] > named[last]:
                raise GlobError(f"the range {named[place]}-{named[last]} is empty")
            yield named[place], named[last]
            place = last + 1
        else:
            yield named[place], named[place]
            place += 1
