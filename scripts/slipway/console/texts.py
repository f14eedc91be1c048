"""Texts on a page: decoded, in numbered lines, and no more of a long one than a page holds."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note
from slipway.console.shell import turn

PAGE_LINES = 1000
_LONGEST_LINE = 4000
_CONTROLS = bytes(one for one in range(32) if one not in b"\t\n\r\f\x1b")
_LEAST_TEXT = 0.9
"""The share of a text's bytes that are no control characters, which some texts have a few of."""


def decoded(content: bytes, *, cut: bool = False) -> str | None:
    """Return a text of UTF-8, None for anything else; of a `cut` one, the last character may be incomplete."""
    if b"\0" in content or len(content.translate(None, _CONTROLS)) < len(content) * _LEAST_TEXT:
        return None
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(content, final=not cut)
    except UnicodeDecodeError:
        return None
    return text.replace("\r\n", "\n")


def lines_of(text: str) -> list[str]:
    """Return the lines as editors and git count them; a newline ends the last line, and begins none."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def numbered(label: str, lines: Sequence[str], first: int = 1) -> Html:
    """Return lines with their numbers, which are places to link to: #L12."""
    shown = (line_of(line, str(number), key=f"L{number}") for number, line in enumerate(lines, first))
    return box(label, *shown)


def text_pages(label: str, text: str, page: int, address: Callable[[int], str]) -> tuple[Child, ...]:
    """Return the lines of one page of a text, counted from 1, and the links to the pages at their addresses."""
    lines, start = lines_of(text), (page - 1) * PAGE_LINES
    shown = lines[start : start + PAGE_LINES]
    if not shown:
        return (note("It has no lines here." if lines else "It is empty."),)
    end = start + len(shown)
    part = note(f"Lines {start + 1:,} to {end:,} of {len(lines):,}") if len(shown) < len(lines) else None
    links = turn(
        ("Earlier lines", address(page - 1) if start else None),
        ("Later lines", address(page + 1) if end < len(lines) else None),
    )
    return part, numbered(label, shown, start + 1), links


def line_of(text: str, number: str, tone: str | None = None, key: str | None = None) -> Html:
    """Return one line; what of it is too long for a page is left out."""
    cut = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}\N{HORIZONTAL ELLIPSIS}"
    return el("span", f"{cut}\n", id=key, data_n=number, class_=tone)


def box(label: str, *lines: Child) -> Html:
    """Return lines in a box that scrolls by itself."""
    return el("div", el("pre", *lines, class_="lines"), class_="scroll", role="region", tabindex=0, aria_label=label)
