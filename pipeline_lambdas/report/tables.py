"""Tables, lists of facts and words with a sign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline_lambdas.report.markup import Child, Html, el, join

SIGNS = {"good": "\N{CHECK MARK}", "bad": "\N{BALLOT X}", "open": "\N{WHITE CIRCLE}"}
_TONES = {
    "passed": "good",
    "Succeeded": "good",
    "Approved": "good",
    "Completed": "good",
    "failed": "bad",
    "Failed": "bad",
    "Rejected": "bad",
    "Abandoned": "bad",
    "Expired": "bad",
    "Stopped": "bad",
    "Waiting": "open",
    "InProgress": "open",
}


def table(key: str, caption: str, headings: Sequence[str], rows: Iterable[Sequence[Child]], styles: str = "") -> Html:
    """Return a table in a box of its own that scrolls sideways; the first cell of a row is its heading.

    `styles` has a letter for each column: `n` and `m` put numbers to the right, `n` and `k` keep to one line, `w` is
    wide; a space is none of it.
    """
    classes = [style if style.strip() else None for style in styles.ljust(len(headings))]
    head = (el("th", heading, scope="col", class_=class_) for heading, class_ in zip(headings, classes, strict=True))
    body = (
        el(
            "tr",
            el("th", row[0], scope="row", class_=classes[0]),
            *(el("td", cell, class_=class_) for cell, class_ in zip(row[1:], classes[1:], strict=True)),
        )
        for row in rows
    )
    return el(
        "div",
        el(
            "table",
            el("caption", caption, id=f"{key}-caption"),
            el("thead", el("tr", *head)),
            el("tbody", *body),
        ),
        class_="scroll" if "w" in styles else "scroll narrow",
        role="region",
        tabindex=0,
        aria_labelledby=f"{key}-caption",
    )


def facts(pairs: Iterable[tuple[str, Child]]) -> Html:
    """Return names with their values; those without a value are left out."""
    return el("dl", *(el("div", el("dt", name), el("dd", value)) for name, value in pairs if value), class_="facts")


def word(status: str) -> Html:
    """Return a status or a verdict with its sign."""
    tone = _TONES.get(status)
    if tone is None:
        return el("span", status, class_="none")
    return el("span", el("span", SIGNS[tone], aria_hidden="true"), f" {status}", class_=f"word {tone}")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that its contents name."""

    key: str
    title: str
    html: Html


def section(key: str, title: str, *parts: Child) -> Section | None:
    """Return a part of the page; None if it would be empty."""
    content = join(*parts)
    if not content:
        return None
    return Section(key, title, el("section", el("h2", title, id=key), content, aria_labelledby=key))


def note(*parts: Child) -> Html:
    return el("p", *parts, class_="note")


def code(text: str) -> Html | None:
    return el("code", text) if text else None
