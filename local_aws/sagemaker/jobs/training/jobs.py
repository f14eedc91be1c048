"""The training job operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html and its siblings.
"""

from __future__ import annotations

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

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeTrainingJob."""
        return job_states.describe(self._find(caller, request))

    def _accept(self, _caller: Caller, request: Document) -> Document:
        job_requests.check(request)
        return job_requests.with_defaults(request)

    def _new_run(self, record: Record) -> TrainingRun:
        return TrainingRun(self._platform, record)

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
