"""Tables, lists of facts, and words with a sign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.text import NONE

SIGNS = {"good": "\N{CHECK MARK}", "warn": "!", "bad": "\N{BALLOT X}", "open": "\N{WHITE CIRCLE}"}
_TONES = {
    "passed": "good",
    "passed, but worse": "warn",
    "Succeeded": "good",
    "Approved": "good",
    "Completed": "good",
    "InService": "good",
    "failed": "bad",
    "Failed": "bad",
    "Rejected": "bad",
    "Abandoned": "bad",
    "Expired": "bad",
    "Stopped": "bad",
    "OutOfService": "bad",
    "UpdateRollbackFailed": "bad",
    "Waiting": "open",
    "InProgress": "open",
    "Creating": "open",
    "Updating": "open",
    "SystemUpdating": "open",
    "RollingBack": "open",
    "Stopping": "open",
    "Deleting": "open",
}
_NOTHING = (None, "", NONE)


def table(
    key: str,
    caption: Child,
    headings: Sequence[str],
    rows: Iterable[Sequence[Child]],
    styles: str = "",
    *,
    heard: bool = False,
) -> Html:
    """Return a table in a box that scrolls sideways; the first cell of a row is its heading.

    `styles` has a letter for each column: `n` and `m` align numbers to the right, `n` and `k` do not wrap, `w` is wide;
    a space stands for none. A column without any content is left out. With `heard`, only screen readers get the
    caption.
    """
    told = list(rows)
    shown = [place for place in range(len(headings)) if not told or any(row[place] not in _NOTHING for row in told)]
    classes = [style if style.strip() else None for style in styles.ljust(len(headings))]
    head = (el("th", headings[place], scope="col", class_=classes[place]) for place in shown)
    body = (
        el(
            "tr",
            *(
                el("td", row[place], class_=classes[place])
                if place != shown[0]
                else el("th", row[place], scope="row", class_=classes[place])
                for place in shown
            ),
        )
        for row in told
    )
    return el(
        "div",
        el(
            "table",
            el("caption", caption, id=f"{key}-caption", class_="unseen" if heard else None),
            el("thead", el("tr", *head)),
            el("tbody", *body),
        ),
        class_="scroll" if "w" in styles else "scroll narrow",
        role="region",
        tabindex=0,
        aria_labelledby=f"{key}-caption",
    )


def fold(summary: Child, content: Html) -> Html:
    """Return a part that opens by its summary, and is always open in print."""
    return el("details", el("summary", summary), content)


def facts(pairs: Iterable[tuple[str, Child]]) -> Html:
    """Return names with their values; leave out those without a value."""
    return el("dl", *(el("div", el("dt", name), el("dd", value)) for name, value in pairs if value), class_="facts")


def word(status: str) -> Html:
    """Return a status or a verdict with its sign."""
    tone = _TONES.get(status)
    if tone is None:
        return el("span", status, class_="none")
    return el("span", el("span", SIGNS[tone], aria_hidden="true"), f" {status}", class_=f"word {tone}")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with an entry in the table of contents."""

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
