"""Tells CloudWatch and EventBridge of executions, behind the engine's back.

Deliveries are best-effort on AWS; here what a kill finds in the queue is lost.
https://docs.aws.amazon.com/step-functions/latest/dg/monitoring-logging.html
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial

from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import RUNNING, ExecutionRecord
from local_aws.stepfunctions.registry.records import EXPRESS
from local_aws.stepfunctions.telemetry.events import PutEvent, announce, announcer
from local_aws.stepfunctions.telemetry.logs import Deliver, log_events
from local_aws.stepfunctions.telemetry.metrics import PutMetric, TaskCounter, count, count_express

log = logging.getLogger(__name__)

_STOP_S = 5.0


class Telemetry:
    """One thread that delivers in the order in which it is told, so that who tells never waits."""

    def __init__(self, put_event: PutEvent, put_metric: PutMetric, deliver: Deliver, now: Callable[[], float]) -> None:
        """The thread begins with the first delivery."""
        self._send, self._put_metric, self._deliver, self._now = announcer(put_event), put_metric, deliver, now
        self._tasks = TaskCounter(put_metric)
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def status(self, record: ExecutionRecord) -> None:
        """An execution has started, been redriven or ended."""
        self._put(partial(self._tell_status, record))

    def events(self, record: ExecutionRecord, events: list[Event]) -> None:
        """Events were added to the history of an execution."""
        self._put(partial(self._tell_events, record, list(events)))

    def stop(self) -> None:
        """Deliver what is in the queue, and end the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_STOP_S)

    def _put(self, delivery: Callable[[], None]) -> None:
        self._queue.put(delivery)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stepfunctions-telemetry", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (delivery := self._queue.get()) is not None:
            try:
                delivery()
            except Exception:
                log.exception("Step Functions could not tell of an execution")

    def _tell_status(self, record: ExecutionRecord) -> None:
        announce(self._send, record, self._now())
        count(self._put_metric, record)
        if record.status != RUNNING:
            if record.machine.type == EXPRESS:
                count_express(self._put_metric, record)
            self._tasks.forget(record.arn)

    def _tell_events(self, record: ExecutionRecord, events: list[Event]) -> None:
        log_events(self._deliver, record, events)
        self._tasks.count(record.arn, events)
