"""What changed between two versions of a file, line by line, in bounds: the files are whatever somebody pushed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from pipeline_lambdas.report.kit.markup import Html
from pipeline_lambdas.report.kit.text import size, times
from slipway.console.texts import box, decoded, line_of, lines_of

_CONTEXT = 3
_LARGEST = 512 * 1024
_MOST_LINES = 10_000
MOST_SHOWN = 250


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: its sign, its number before and after, which are None where it is not."""

    sign: str
    text: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The lines that differ, with some around them; `told` says why there are none or not all."""

    lines: tuple[Line, ...] = ()
    told: str = ""
    added: int = 0
    removed: int = 0


def compare(before: bytes, after: bytes) -> Difference:
    """Compare two versions of a file; the one of a file that is added or deleted is empty."""
    if max(len(before), len(after)) > _LARGEST:
        return Difference(told=f"Too large to be compared here: {_sizes(before, after)}.")
    old, new = decoded(before), decoded(after)
    if old is None or new is None:
        return Difference(told=f"No text of UTF-8: {_sizes(before, after)}.")
    if not old and not new:
        return Difference(told="It is empty.")
    if old == new:
        return Difference(told="The text is the same." if before == after else "Only the ends of lines differ.")
    return _compared(lines_of(old) if old else [], lines_of(new) if new else [])


def _compared(old: list[str], new: list[str]) -> Difference:
    if max(len(old), len(new)) > _MOST_LINES:
        return Difference(told=f"Too long to be compared here: {times(len(old), 'line')} before, {len(new):,} after.")
    lines = tuple(_lines(old, new))
    told = f"The first {MOST_SHOWN:,} of {len(lines):,} lines." if len(lines) > MOST_SHOWN else ""
    if not any(one.sign in "+-" for one in lines):
        told = "Only the newline at the end differs."
    counts = [sum(one.sign == sign for one in lines) for sign in "+-"]
    return Difference(lines[:MOST_SHOWN], told, *counts)


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    # With `autojunk`, its default, SequenceMatcher takes milliseconds for any texts within the bounds.
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        yield Line("@", f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                pairs = zip(range(old_from, old_to), range(new_from, new_to), strict=True)
                yield from (Line(" ", old[one], one + 1, other + 1) for one, other in pairs)
            else:
                yield from (Line("-", old[one], before=one + 1) for one in range(old_from, old_to))
                yield from (Line("+", new[one], after=one + 1) for one in range(new_from, new_to))


def _range(start: int, end: int) -> str:
    """Return a range of lines as a unified diff writes it.

    https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
    """
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


_TONES = {"+": "added", "-": "removed", "@": "hunk"}


def drawn_difference(label: str, difference: Difference) -> Html | None:
    """Return the lines of a difference, each with its sign; None if it has none."""
    if not difference.lines:
        return None
    return box(label, *(_drawn(one) for one in difference.lines))


def _drawn(one: Line) -> Html:
    numbers = f"{_number(one.before)} {_number(one.after)}"
    text = one.text if one.sign == "@" else f"{one.sign}{one.text}"
    return line_of(text, numbers, _TONES.get(one.sign))


def _number(number: int | None) -> str:
    return f"{number or '':>5}"


def _sizes(before: bytes, after: bytes) -> str:
    return f"{size(len(before))} before, {size(len(after))} after"
