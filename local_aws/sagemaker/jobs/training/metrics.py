"""Metrics of a training job, read from its log by the algorithm's metric definitions.

https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html: every match of a definition's expression on
a log line is a data point in CloudWatch, and the last value of each metric is in FinalMetricDataList.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.sagemaker.objects import ClientOf
from local_aws.wire import Document

log = logging.getLogger(__name__)

NAMESPACE = "/aws/sagemaker/TrainingJobs"
_PERIOD_S = 60.0
_MATCH_S = 1.0
"""For one expression on one line."""
_MATCH_ALL_S = 20.0
"""Of the processor, for one expression on all lines of a job: one that is slow on each would hold up the whole log."""
_MOST_WATCHED = 20_000
"""Hyperband's largest MaxResource; a script may log what it likes."""
_MAX_DATA_PER_CALL = 1000
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""
_CODE = re.compile(r"\\[xuUN0-9]")
"""An escape whose following characters are not themselves in the text."""
_META = frozenset(".^$*+?{}[]\\|()")


@dataclass(frozen=True)
class _Definition:
    name: str
    pattern: Any
    literal: str
    """Text without which the expression cannot match: searching for it first is a hundred times faster."""

    @classmethod
    def of(cls, name: str, expression: str, *, bounded: bool) -> _Definition:
        """`bounded` is for a user's expression: the library `regex` ends one that goes on and on, `re` never does."""
        if not bounded:
            return cls(name, re.compile(expression), required_text(expression))
        import regex  # noqa: PLC0415 - few jobs have one

        return cls(name, regex.compile(expression), required_text(expression))

    def values(self, line: str) -> list[float]:
        """The values on a line. Raises TimeoutError."""
        if self.literal not in line:
            return []
        limits = {} if isinstance(self.pattern, re.Pattern) else {"timeout": _MATCH_S, "concurrent": True}
        texts = [match.group(1) for match in self.pattern.finditer(line, **limits) if self.pattern.groups]
        return [value for text in texts if (value := _number(text or "")) is not None]


@dataclass
class Watched:
    """Every value of one metric, for who decides by them while the job runs."""

    name: str = ""
    on_value: Callable[[], None] | None = None
    values: list[float] = field(default_factory=list)

    def take(self, name: str, value: float) -> None:
        """Keep the value of the metric if it is this one."""
        if name == self.name and len(self.values) < _MOST_WATCHED:
            self.values.append(value)
            if self.on_value:
                self.on_value()


class JobMetrics:
    """Collects the metrics of one job and publishes them with its role."""

    def __init__(
        self,
        job: str,
        definitions: list[tuple[str, str]],
        client_of: ClientOf,
        *,
        bounded: bool = False,
        watched: Watched | None = None,
    ) -> None:
        """`definitions` are names and expressions whose first group is the value, `bounded` those of a user."""
        self._watched = watched or Watched()
        self._job, self._client_of = job, client_of
        self._definitions = [_Definition.of(name, text, bounded=bounded) for name, text in definitions]
        self._points: list[tuple[str, float, float]] = []
        self._last: dict[str, tuple[float, float]] = {}
        self._publish_at = time.monotonic() + _PERIOD_S
        self._denied = False
        self._spent_s = dict.fromkeys((name for name, _ in definitions), 0.0)

    def read(self, line: str, at: float) -> None:
        """Take the metrics from a line of the log; `at` is its Unix time."""
        for definition in list(self._definitions):
            for value in self._values(definition, line):
                self._points.append((definition.name, value, at))
                self._last[definition.name] = (value, at)
                self._watched.take(definition.name, value)
        if self._points and time.monotonic() >= self._publish_at:
            self.publish()

    def _values(self, definition: _Definition, line: str) -> list[float]:
        """The values on a line; none from an expression that takes too long, which is tried no more."""
        started = time.thread_time()
        try:
            values = definition.values(line)
        except TimeoutError:
            values, slow = [], True
        else:
            self._spent_s[definition.name] += time.thread_time() - started
            slow = self._spent_s[definition.name] > _MATCH_ALL_S
        if slow:
            log.warning("metric %s of training job %s is left out: it takes too long", definition.name, self._job)
            self._definitions.remove(definition)
        return values

    def final(self) -> list[Document]:
        """The last value of each metric; Timestamp is a Unix time here."""
        return [{"MetricName": name, "Value": value, "Timestamp": at} for name, (value, at) in self._last.items()]

    def publish(self) -> None:
        """Send what has not been sent yet. Metrics that CloudWatch refuses are logged and dropped."""
        points, self._points = self._points, []
        self._publish_at = time.monotonic() + _PERIOD_S
        for start in range(0, len(points), _MAX_DATA_PER_CALL):
            if self._denied:
                return
            try:
                self._send(points[start : start + _MAX_DATA_PER_CALL])
            except Exception as error:  # noqa: BLE001 - metrics never affect a job
                self._denied = True
                log.warning("metrics of training job %s are not published: %s", self._job, error)

    def _send(self, points: list[tuple[str, float, float]]) -> None:
        dimensions = [{"Name": "TrainingJobName", "Value": self._job}]
        data = [
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": datetime.fromtimestamp(at, UTC),
                "Value": value,
                "Unit": "None",
            }
            for name, value, at in points
        ]
        self._client_of("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)


def required_text(expression: str) -> str:
    """The longest literal text that every match of an expression contains; empty if that is not evident."""
    if "|" in expression or "(?" in expression or _CODE.search(expression):
        return ""
    runs, run, depth, position = [], "", 0, 0
    while position < len(expression):
        char = expression[position]
        if char == "\\":
            escaped = expression[position + 1 : position + 2]
            char, width = (escaped, 2) if not escaped.isalnum() else ("", 2)
        elif char == "[":
            char, width = "", _class_width(expression, position)
        else:
            depth += (char == "(") - (char == ")")
            char, width = ("" if char in _META else char), 1
        after = expression[position + width : position + width + 1]
        if char and depth == 0 and after not in ("*", "?", "{"):
            run += char
        else:
            runs.append(run)
            run = ""
        position += width
    return max([*runs, run], key=len)


def _class_width(expression: str, start: int) -> int:
    """Width of `[…]`; a bracket directly after the opening one is part of the class."""
    end = start + (3 if expression[start + 1 : start + 3] == "^]" else 2)
    while end < len(expression) and expression[end] != "]":
        end += 2 if expression[end] == "\\" else 1
    return end + 1 - start


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
