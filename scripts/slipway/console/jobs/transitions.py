"""What a training job did when: its secondary statuses as bars, one below the other.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SecondaryStatusTransition.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipeline_lambdas.report.kit.markup import Html, el, join
from pipeline_lambdas.report.kit.svg import WIDTH, image, px, words
from pipeline_lambdas.report.kit.tables import table
from pipeline_lambdas.report.kit.text import duration
from slipway.console.shell import clock, panel, took

Transition = Mapping[str, Any]
_ROW, _BAR, _LEFT, _RIGHT = 20.0, 10.0, 110.0, 70.0
_NARROWEST = 2.0
_FAILED = frozenset(("Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded", "Interrupted"))


def transitions_panel(found: Sequence[Transition], now: datetime) -> Html | None:
    """Return the timeline with its table; None before a job has begun."""
    if not found:
        return None
    headings = ("Status", "Began", "Took", "Message")
    rows = [
        (one["Status"], clock(one["StartTime"]), took(_seconds(one, now)), one.get("StatusMessage") or None)
        for one in found
    ]
    told = table("transitions-table", "Secondary statuses", headings, rows, "kknw", heard=True)
    return panel("transitions", "Timeline", _figure(found, now), told)


def _seconds(one: Transition, now: datetime) -> float:
    return max(float(((one.get("EndTime") or now) - one["StartTime"]).total_seconds()), 0.0)


def _figure(found: Sequence[Transition], now: datetime) -> Html:
    first = found[0]["StartTime"]
    total = max((_after(one, first) + _seconds(one, now) for one in found), default=0.0)
    scale = (WIDTH - _LEFT - _RIGHT) / max(total, 0.001)
    bars = (_bar(one, place * _ROW, _after(one, first), _seconds(one, now), scale) for place, one in enumerate(found))
    told = ", ".join(f"{one['Status']} {duration(_seconds(one, now))}" for one in found)
    drawn = image("transitions-image", "Timeline of the job", told, len(found) * _ROW, bars)
    return el("figure", drawn, el("figcaption", f"{duration(total)} in all."))


def _after(one: Transition, first: datetime) -> float:
    return max(float((one["StartTime"] - first).total_seconds()), 0.0)


def _bar(one: Transition, top: float, start: float, seconds: float, scale: float) -> Html:
    left, width = _LEFT + start * scale, max(seconds * scale, _NARROWEST)
    tone = "failed" if one["Status"] in _FAILED else "ran"
    return join(
        words(one["Status"], 0, top + 13, "name"),
        el("rect", x=px(left), y=px(top + 4), width=px(width), height=_BAR, class_=f"bar {tone}"),
        words(duration(seconds), left + width + 4, top + 13, "tick"),
    )
