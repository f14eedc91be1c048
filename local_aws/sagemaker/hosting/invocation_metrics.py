"""Metrics of invocations, added up in memory and published about once a second while there is traffic.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html. SageMaker publishes these itself, not the
endpoint's role. Latencies are sent as values with counts, so percentiles work.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.sagemaker.platform import Platform

log = logging.getLogger(__name__)

NAMESPACE = "AWS/SageMaker"
_PERIOD_S = 1.0
_MAX_VALUES = 150
_MAX_DATA_PER_CALL = 500
_UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}


@dataclass(frozen=True)
class Invocation:
    """The outcome of one request to an endpoint."""

    endpoint: str
    variant: str
    config: str | None
    """Set once an update has moved traffic: from then on the metrics are also published for each config."""
    instances: int
    model_latency_us: float
    overhead_latency_us: float
    concurrent: int
    status: int
    """The container's status code, 0 without a response."""


_Key = tuple[str, str, str | None, str]


class InvocationMetrics:
    """Adds up invocations; its thread sleeps while there are none."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._counts: dict[_Key, Counter[float]] = defaultdict(Counter)
        self._lock = threading.Lock()
        self._some, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def record(self, invocation: Invocation) -> None:
        """Add one invocation."""
        values = _values(invocation)
        with self._lock:
            for config in {None, invocation.config}:
                for name, value in values:
                    self._counts[invocation.endpoint, invocation.variant, config, name][value] += 1
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="sagemaker-metrics", daemon=True)
                self._thread.start()
        self._some.set()

    def stop(self) -> None:
        """Publish what remains and end the thread."""
        self._stopped.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def publish(self) -> None:
        """Send what was added since the last time."""
        with self._lock:
            counts, self._counts = self._counts, defaultdict(Counter)
        now = self._platform.runtime.clock.now()
        data = [datum for key, values in counts.items() for datum in _data(key, values, now)]
        for start in range(0, len(data), _MAX_DATA_PER_CALL):
            client = self._platform.runtime.clients.get("cloudwatch", self._platform.root())
            client.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + _MAX_DATA_PER_CALL])

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._some.wait()
            self._some.clear()
            self._stopped.wait(_PERIOD_S)
            try:
                self.publish()
            except Exception as error:  # noqa: BLE001 - traffic continues without metrics
                log.warning("metrics of invocations were not published: %s", error)


def _values(invocation: Invocation) -> list[tuple[str, float]]:
    status = invocation.status
    failed = not 200 <= status < 300
    return [
        ("Invocations", 1.0),
        ("InvocationsPerInstance", 1.0 / max(1, invocation.instances)),
        ("Invocation4XXErrors", float(400 <= status < 500)),
        ("Invocation5XXErrors", float(failed and not 400 <= status < 500)),
        ("InvocationModelErrors", float(failed)),
        ("ModelLatency", _rounded(invocation.model_latency_us)),
        ("OverheadLatency", _rounded(invocation.overhead_latency_us)),
        ("ConcurrentRequestsPerModel", float(invocation.concurrent)),
    ]


def _rounded(value: float) -> float:
    """Round to two significant digits: precise enough for a latency, and few different values."""
    return float(f"{value:.2g}")


def _data(key: _Key, values: Counter[float], now: datetime) -> list[dict[str, Any]]:
    endpoint, variant, config, name = key
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    if config is not None:
        dimensions.append({"Name": "EndpointConfigName", "Value": config})
    pairs = sorted(values.items())
    return [
        {
            "MetricName": name,
            "Dimensions": dimensions,
            "Timestamp": now,
            "Values": [value for value, _ in pairs[start : start + _MAX_VALUES]],
            "Counts": [float(count) for _, count in pairs[start : start + _MAX_VALUES]],
            "Unit": _UNITS.get(name, "Count" if name.startswith(("Invocations", "Concurrent")) else "None"),
        }
        for start in range(0, len(pairs), _MAX_VALUES)
    ]
