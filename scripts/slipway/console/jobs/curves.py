"""Learning curves of a training job, read from its log as it grows.

The log has every step; CloudWatch has a value a minute. An algorithm whose log is known is read as for a release's
report, any other by the job's own metric definitions:
https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from pipeline_lambdas.algorithms.algorithm import LogPattern
from pipeline_lambdas.algorithms.table import algorithm_of_image
from pipeline_lambdas.evidence.learning_curves import MOST_CURVES, MOST_POINTS, curves
from slipway.console.jobs.kinds import KINDS, Job
from slipway.console.kept import kept
from slipway.console.log_lines import streams_of
from slipway.session import Session

Curves = Mapping[str, list[float | None]]
_PROGRAM = "sagemaker_program"
_LATE_S = 60.0
"""After its end a job's last lines are there."""
_MATCH_S = 0.02
_MATCH_ALL_S = 1.0
"""For one definition on one line, and on all of a job's: others write them."""
_LONGEST_LINE = 500
_MOST_LINES, _LINES_AT_ONCE = 200_000, 4000
"""Of a job's log, and of them when a page is drawn: the next time it goes on."""
_GROUP = KINDS["training"].log_group


@dataclass(frozen=True, slots=True)
class Learned:
    """Each metric with its values, their rounds, and whether more of the log is to be read the next time."""

    curves: Curves
    rounds: list[int]
    more: bool


@dataclass(slots=True)
class _Definition:
    """A metric of the job's own: the pattern has one group, the value."""

    name: str
    pattern: Any
    spent_s: float = 0.0


@dataclass(slots=True)
class _Reading:
    """What has been read of a job's log so far."""

    pattern: LogPattern | None
    definitions: list[_Definition]
    stream: str = ""
    token: str = ""
    read: int = 0
    complete: bool = False
    matching: int = 0
    stride: int = 1
    lines: list[str] = field(default_factory=list)
    """Each `stride`th of the `matching` lines."""
    last: str = ""
    values: dict[str, list[float | None]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, line: str) -> None:
        """Keep what a line tells."""
        if self.pattern is None:
            for one in self.definitions:
                if one.spent_s < _MATCH_ALL_S:
                    self.values[one.name] += _values(one, line[:_LONGEST_LINE])
        elif self.pattern.line.search(line):
            self._keep(line)

    def _keep(self, line: str) -> None:
        if self.matching % self.stride == 0:
            self.lines.append(line)
        self.matching, self.last = self.matching + 1, line
        if len(self.lines) >= MOST_POINTS:
            self.lines, self.stride = self.lines[::2], 2 * self.stride

    def learned(self, *, more: bool) -> Learned:
        """Return what is known, as many rounds as can be drawn."""
        if self.pattern is not None:
            found = curves([*self.lines, self.last], self.pattern)
            return Learned(found, [*range(1, self.matching, self.stride), self.matching], more)
        longest = max(map(len, self.values.values()), default=1)
        stride = max(-(-longest // MOST_POINTS), 1)
        thinned = {name: [*values[:-1:stride], values[-1]] for name, values in self.values.items() if values}
        return Learned(thinned, [*range(1, longest, stride), longest], more)


def load_curves(session: Session, job: Job, now: datetime) -> Learned:
    """Return what the log has told so far; nothing for an algorithm that logs no values."""
    reading = kept(("curves", job["TrainingJobArn"], job["CreationTime"]), partial(_begin, job))
    with reading.lock:
        if not (reading.pattern or reading.definitions):
            return Learned({}, [], more=False)
        at_end = reading.complete or _read_on(session, job, reading)
        ended = job.get("TrainingEndTime")
        reading.complete = at_end and ended is not None and (now - ended).total_seconds() > _LATE_S
        return reading.learned(more=not at_end)


def _begin(job: Job) -> _Reading:
    specification = job["AlgorithmSpecification"]
    algorithm = algorithm_of_image(specification.get("TrainingImage", ""))
    has_program = _PROGRAM in (job.get("HyperParameters") or {})
    pattern = algorithm.log if algorithm and not has_program else None
    return _Reading(pattern, [] if pattern else list(_definitions(specification.get("MetricDefinitions") or ())))


def _definitions(given: Iterable[Mapping[str, str]]) -> Iterable[_Definition]:
    import regex  # noqa: PLC0415 - few jobs have definitions of their own

    for one in [*given][:MOST_CURVES]:
        try:
            yield _Definition(one["Name"], regex.compile(one["Regex"]))
        except regex.error:
            continue


def _values(definition: _Definition, line: str) -> list[float | None]:
    """Return the values on a line. The library `regex` ends a match that goes on and on, and lets others run."""
    begun = time.monotonic()
    try:
        found = [match.group(1) for match in definition.pattern.finditer(line, timeout=_MATCH_S, concurrent=True)]
        return [float(text) for text in found]
    except (TimeoutError, ValueError, TypeError, IndexError):
        return []
    finally:
        definition.spent_s += time.monotonic() - begun


def _read_on(session: Session, job: Job, reading: _Reading) -> bool:
    """Read what the first host, <job>/algo-1-<time>, has logged since; tell whether that was all."""
    reading.stream = reading.stream or next(iter(streams_of(session, _GROUP, f"{job['TrainingJobName']}/algo-1-")), "")
    if not reading.stream:
        return True
    logs, most = session.client("logs"), min(reading.read + _LINES_AT_ONCE, _MOST_LINES)
    while reading.read < most:
        since = {"nextToken": reading.token} if reading.token else {}
        page = logs.get_log_events(
            logGroupName=_GROUP, logStreamName=reading.stream, startFromHead=True, limit=_LINES_AT_ONCE, **since
        )
        for event in page["events"]:
            reading.take(event["message"])
        reading.read += len(page["events"])
        # At the end the token of the request comes back.
        if page["nextForwardToken"] == reading.token:
            return True
        reading.token = page["nextForwardToken"]
    return reading.read >= _MOST_LINES
