"""The training job operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html and its siblings.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from local_aws.sagemaker import listing
from local_aws.sagemaker.jobs import lifecycle, operations
from local_aws.sagemaker.jobs.training import requests as job_requests
from local_aws.sagemaker.jobs.training import states as job_states
from local_aws.sagemaker.jobs.training.run import TrainingRun
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Caller, Document

_LISTING = listing.Listing("TrainingJobSummaries", job_states.summary, ascending=True, status_after_page=True)


class TrainingJobs(operations.Jobs):
    """All training jobs, with their secondary statuses."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform, lifecycle.TRAINING, _LISTING)
        self.on_change: Callable[[str], None] = lambda _tuning_job: None
        """Called with the ARN of a tuning job when one of its training jobs has ended, or has a new objective value."""

    def create_for(self, tuning_job: str, watched: str, caller: Caller, request: Document) -> None:
        """CreateTrainingJob for a tuning job, by its ARN.

        `watched` is the metric whose every value the tuning job needs while the training job runs, empty if it needs
        none.
        """
        self._create(caller, request, {"tuning_job": tuning_job, "watched": watched})

    def curve(self, name: str) -> list[float]:
        """The values of the watched metric that a training job has logged so far."""
        with self._lock:
            run = self._runs.get(name)
        if isinstance(run, TrainingRun) and run.is_alive():
            return run.curve()
        record = self._platform.records.find(lifecycle.TRAINING.resource, name)
        return list(record.state.get("curve", [])) if record else []

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeTrainingJob."""
        return job_states.describe(self._find(caller, request))

    def _accept(self, _caller: Caller, request: Document) -> Document:
        job_requests.check(request, self._platform.own_images)
        return job_requests.with_defaults(request)

    def _new_run(self, record: Record) -> TrainingRun:
        tuning_job = record.state.get("tuning_job")
        return TrainingRun(self._platform, record, partial(self.on_change, tuning_job) if tuning_job else None)

    def _first_state(self, _request: Document) -> Document:
        return job_states.first_state(self._platform.records.now())

    def _announce(self, record: Record) -> None:
        job_states.announce(self._platform, record)

    def _enter_stopping(self, record: Record) -> None:
        job_states.enter(record, self._platform.records.now(), "Stopping", status=lifecycle.STOPPING)

    def _end_stopped(self, name: str) -> None:
        job_states.move(self._platform, name, "Stopped", status=lifecycle.STOPPED)

    def _restart(self, record: Record) -> None:
        message = "Local AWS was restarted while the job ran; the job starts again."
        job_states.move(self._platform, record.name, "Restarting", message)
