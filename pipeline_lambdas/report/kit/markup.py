"""HTML and SVG elements; text is escaped unless it is already markup."""

from __future__ import annotations

import re
from html import escape

from pipeline_lambdas.report.kit.text import UNSEEN

_VOID = frozenset(("meta", "br", "col", "link", "input", "img"))
# Elements of SVG that end in a slash when they are empty; in HTML they would be left open.
_SELF_CLOSING = frozenset(("path", "rect", "line", "circle"))


class Html(str):
    """Text that is already markup."""

    __slots__ = ()


Child = str | None
"""What an element may hold: markup as it is, text escaped, None left out."""


def el(tag: str, *children: Child, **attributes: str | float | None) -> Html:
    """Return an element.

    Attribute names lose a trailing underscore, other underscores become hyphens; an attribute of None is left out.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_text(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{written}>")
    content = join(*children)
    if tag in _SELF_CLOSING and not content:
        return Html(f"<{tag}{written}/>")
    return Html(f"<{tag}{written}>{content}</{tag}>")


def join(*children: Child) -> Html:
    """Concatenate markup and text."""
    return Html("".join(child if isinstance(child, Html) else _text(child) for child in children if child is not None))


def link(text: str, address: str | None) -> Html:
    """Return a link to a web page; only the text if the address is not of https or http."""
    if address and re.match(r"https?://[^\s]+$", address, re.IGNORECASE):
        return el("a", text, href=address, rel="noreferrer")
    return join(text)


def _text(text: str) -> str:
    return escape(UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text))
