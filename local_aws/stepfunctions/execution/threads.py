"""Threads of the engine, which go on if what they run raises."""

from __future__ import annotations

import logging
from functools import partial

from local_aws.workers import Task, Workers

log = logging.getLogger(__name__)


class Threads(Workers):
    """Workers that write down what a task raises."""

    def submit(self, task: Task) -> None:
        """Run the task in a thread."""
        super().submit(partial(_run, task))


def _run(task: Task) -> None:
    try:
        task()
    except Exception:
        log.exception("Step Functions failed within local AWS")
