"""Statuses, JSON and times as the pages of this room show them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.text import size
from slipway.console.shell import to
from slipway.workflows.progress import TONES, sign

_PLAIN = {
    "SUCCEEDED": "succeeded",
    "RUNNING": "running",
    "PENDING_REDRIVE": "running",
    "FAILED": "failed",
    "TIMED_OUT": "failed",
    "ABORTED": "aborted",
}
"""What the statuses of executions and Map Runs are to the colours and signs of states."""
_MOST_CHARACTERS, _MOST_LINES = 1600, 24
_KEPT = 48


def plain(text: str) -> str:
    """Return the status of a state that says the same as one of an execution or a Map Run."""
    return _PLAIN.get(text, text)


def status(text: str, words: str = "") -> Html:
    """Return a status with its sign, or `words` with the sign of the status."""
    kind = plain(text)
    tone = TONES.get(kind)
    if tone is None:
        return el("span", words or text, class_="none")
    return el("span", el("span", sign(kind), aria_hidden="true"), f" {words or text}", class_=f"word {tone}")


def mark(text: str) -> Html:
    """Return the sign of a status alone; what it is of has to say it in words."""
    kind = plain(text)
    return el("span", sign(kind), class_=TONES.get(kind, "none"), aria_hidden="true")


def seconds(begun: Any, ended: Any, now: Any) -> float:
    return max(0.0, float(((ended or now) - begun).total_seconds()))


def data(text: str | None, address: str | None = None) -> Html | None:
    """Return JSON for people, cut to a bound, with a link to the whole of it; None if there is none."""
    if not text:
        return None
    shown, is_cut = pretty(text)
    more = el("p", to(f"The whole of it, {size(len(text.encode()))}", address)) if is_cut and address else None
    return el("div", el("pre", shown), more, class_="data")


@lru_cache(maxsize=_KEPT)
def pretty(text: str) -> tuple[str, bool]:
    """Return JSON with indents, or the text where it is none, cut to a bound; and whether it was cut."""
    whole = indented(text)
    lines = whole.split("\n")
    cut = "\n".join(lines[:_MOST_LINES])[:_MOST_CHARACTERS]
    return (whole, False) if cut == whole else (f"{cut}\n\N{HORIZONTAL ELLIPSIS}", True)


def indented(text: str) -> str:
    """Return JSON with indents; a text that is none as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def why(found: Mapping[str, Any]) -> Child:
    """Return error and cause of what failed; None if it did not. A cause that is JSON is shown so."""
    error, cause = str(found.get("error") or ""), str(found.get("cause") or "")
    if not error and not cause:
        return None
    return el(
        "div",
        el("p", el("strong", error), class_="bad") if error else None,
        data(cause) if cause.startswith("{") else el("p", cause) if cause else None,
        class_="why",
    )
