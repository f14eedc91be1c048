"""When each action of an execution ran, and where time went by with nobody and nothing at work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pipeline_lambdas.report.kit.markup import Html, el, join
from pipeline_lambdas.report.kit.scales import Scale, rounds
from pipeline_lambdas.report.kit.svg import block, fitted, px, width, words
from pipeline_lambdas.report.kit.tables import facts
from pipeline_lambdas.report.kit.text import duration
from slipway.console.releases.subject import Seen

Kind = Literal["ran", "failed", "person", "queue"]
_ROW, _HALF, _LEFT, _RIGHT, _WIDTH, _TOP = 22.0, 6.0, 200.0, 72.0, 860.0, 22.0
_SHORTEST_SHARE = 0.01
"""A gap between stages that is shorter is the time that CodePipeline takes to go on."""
_MOST_TICKS = 8
_TICKS_APART = 64.0
_LONGEST_WAIT = 0.3
"""How long a wait is drawn at most, as a share of the time that went by with work."""
_LEAST_SHARE = 1e-6
_LEGEND: tuple[tuple[Kind, str], ...] = (
    ("ran", "at work"),
    ("failed", "failed"),
    ("person", "waiting for a person"),
    ("queue", "waiting in front of a stage"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time, in seconds since the start."""

    row: str
    kind: Kind
    start: float
    end: float
    told: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps seconds to pixels; waits that would leave no room for the rest are drawn shorter than they were."""

    total: float
    waits: tuple[Bar, ...]
    shown: float
    """The most seconds of a wait that are drawn."""

    @classmethod
    def of(cls, found: Sequence[Bar], total: float) -> Axis:
        waits = tuple(bar for bar in found if bar.kind in {"person", "queue"})
        rest = max(total - sum(bar.end - bar.start for bar in waits), total * _LEAST_SHARE)
        shown = rest * _LONGEST_WAIT
        return cls(total, tuple(bar for bar in waits if bar.end - bar.start > shown), shown)

    def _drawn(self, second: float) -> float:
        hidden = 0.0
        for wait in self.waits:
            length = wait.end - wait.start
            hidden += (
                (min(second, wait.end) - wait.start) / length * (length - self.shown) if second > wait.start else 0.0
            )
        return second - hidden

    def x(self, second: float) -> float:
        """Return the pixel of a second since the start."""
        return Scale(0.0, self._drawn(self.total), _LEFT, _WIDTH - _RIGHT)(self._drawn(second))

    def ticks(self) -> list[tuple[float, float]]:
        """Return pixels with their seconds, apart from each other, and none within a shortened wait."""
        start = min((wait.start for wait in self.waits), default=self.total)
        times = rounds(0.0, max(start, self.total / 1000), _MOST_TICKS)
        times += [wait.end for wait in self.waits]
        found: list[tuple[float, float]] = []
        for time in sorted(times):
            if not found or self.x(time) - found[-1][0] >= _TICKS_APART:
                found.append((self.x(time), time))
        return found


def bars(seen: Seen, now: datetime) -> list[Bar]:
    """Return every attempt at every action, and the waits in front of stages, in the order in which they began."""
    attempts = seen.attempts
    if not attempts:
        return []
    first: datetime = attempts[0]["startTime"]
    found = [_bar(one, first, now) for one in attempts]
    found += _waits(attempts, found, seen, (now - first).total_seconds())
    return sorted(found, key=lambda bar: (bar.start, bar.end))


def _bar(attempt: Mapping[str, Any], first: datetime, now: datetime) -> Bar:
    running = attempt["status"] == "InProgress"
    end = now if running else attempt.get("lastUpdateTime", attempt["startTime"])
    manual = attempt.get("input", {}).get("actionTypeId", {}).get("provider") == "Manual"
    failed = attempt["status"] in {"Failed", "Abandoned"}
    kind: Kind = "person" if manual else "failed" if failed else "ran"
    row = f"{attempt['stageName']}/{attempt['actionName']}"
    start = (attempt["startTime"] - first).total_seconds()
    return Bar(row, kind, start, max((end - first).total_seconds(), start), str(attempt["status"]))


def _waits(attempts: Sequence[Mapping[str, Any]], ran: Sequence[Bar], seen: Seen, now_s: float) -> list[Bar]:
    """Return the time between the end of all that ran and the start of the next stage, or of another try."""
    found: list[Bar] = []
    ended, stage, failed = 0.0, str(attempts[0]["stageName"]), False
    for attempt, bar in zip(attempts, ran, strict=True):
        if bar.start > ended and attempt["stageName"] != stage:
            found.append(Bar(f"in front of {attempt['stageName']}", "queue", ended, bar.start, "waited"))
        elif bar.start > ended and failed:
            found.append(Bar(f"until {stage} was retried", "person", ended, bar.start, "waited"))
        failed = bar.told == "Failed" or (failed and attempt["stageName"] == stage and bar.start <= ended)
        ended, stage = max(ended, bar.end), str(attempt["stageName"])
    if seen.run.waits_for and now_s > ended:
        found.append(Bar(f"in front of {seen.run.waits_for}", "queue", ended, now_s, "waits"))
    least = max((bar.end for bar in [*ran, *found]), default=0.0) * _SHORTEST_SHARE
    return [bar for bar in found if bar.end - bar.start >= max(least, 1.0)]


def timeline(seen: Seen, now: datetime) -> Html | None:
    """Return the bars below each other; None before the first action."""
    found = bars(seen, now)
    if not found:
        return None
    total = max(*(bar.end for bar in found), 0.1)
    names = list(dict.fromkeys(bar.row for bar in found))
    axis = Axis.of(found, total)
    bottom = _TOP + _ROW * len(names)
    ticks = axis.ticks()
    grid = "".join(f"M{px(x)} {px(_TOP)}V{px(bottom)}" for x, _ in ticks)
    svg = el(
        "svg",
        el("title", "Timeline of the actions", id="timeline-name"),
        el(
            "desc",
            "; ".join(f"{bar.row} {duration(bar.end - bar.start)}, {bar.told}" for bar in found),
            id="timeline-told",
        ),
        el("path", d=grid, class_="grid"),
        *(words(duration(tick), x, _TOP - 8, "tick middle") for x, tick in ticks),
        *(_name(name, place) for place, name in enumerate(names)),
        *(_drawn(bar, names.index(bar.row), axis) for bar in found),
        viewBox=f"0 0 {px(_WIDTH)} {px(bottom + 4)}",
        role="img",
        aria_labelledby="timeline-name timeline-told",
        class_="timeline",
    )
    box = el("div", svg, class_="scroll", role="region", tabindex=0, aria_label="Timeline")
    return join(_sums(found, total), el("figure", box, _legend({bar.kind for bar in found}, axis), class_="wide"))


def _name(name: str, place: int) -> Html:
    middle = _TOP + _ROW * (place + 0.5)
    shown = words(fitted(name, _LEFT - 8), 0, middle + 4, "label")
    return shown if width(name) <= _LEFT - 8 else el("g", el("title", name), shown)


def _drawn(bar: Bar, place: int, axis: Axis) -> Html:
    middle = _TOP + _ROW * (place + 0.5)
    left, right = axis.x(bar.start), max(axis.x(bar.end), axis.x(bar.start) + 2)
    took = duration(bar.end - bar.start)
    return el(
        "g",
        el("title", f"{bar.row}: {bar.told}, {took}, from {duration(bar.start)} on"),
        block(left, middle - _HALF, right, middle + _HALF, f"bar {bar.kind}"),
        words(took, right + 5, middle + 4, "tick"),
    )


def _legend(kinds: set[Kind], axis: Axis) -> Html:
    known = [(kind, name) for kind, name in _LEGEND if kind in kinds]
    keys = (el("span", el("span", class_=f"swatch {kind}"), name, class_="key-of") for kind, name in known)
    shortened = "Long waits are drawn shorter than they were." if axis.waits else None
    return el("figcaption", *keys, shortened, class_="legend")


def _sums(found: Sequence[Bar], total: float) -> Html:
    """Return how long it took in all, and how long of that it waited; actions that ran together count once."""
    waits = {kind: sum(bar.end - bar.start for bar in found if bar.kind == kind) for kind in ("person", "queue")}
    return facts(
        [
            ("From the first action to the last", duration(total)),
            ("Waiting for a person", duration(waits["person"]) if waits["person"] else None),
            ("Waiting in front of a stage", duration(waits["queue"]) if waits["queue"] else None),
            ("All the rest", duration(max(total - sum(waits.values()), 0.0)) if any(waits.values()) else None),
        ]
    )
