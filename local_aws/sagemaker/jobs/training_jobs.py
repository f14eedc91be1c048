"""The training job operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html and its siblings.
"""

from __future__ import annotations

import shutil
import threading

from local_aws import base
from local_aws.sagemaker import faults, listing, names
from local_aws.sagemaker.jobs import requests as job_requests
from local_aws.sagemaker.jobs import states as job_states
from local_aws.sagemaker.jobs.training_run import TrainingRun
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record, TakenError
from local_aws.wire import AwsError, Caller, Document

_KIND = names.TRAINING_JOB
_LISTING = listing.Listing("TrainingJobSummaries", job_states.summary, ascending=True, status_after_page=True)


class TrainingJobs:
    """All training jobs; those that run have a TrainingRun."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._runs: dict[str, TrainingRun] = {}
        self._lock = threading.Lock()

    def create(self, caller: Caller, request: Document) -> Document:
        """CreateTrainingJob: accepted, stored and started."""
        job_requests.check(request)
        name = request["TrainingJobName"]
        arn = names.arn(caller, _KIND, name)
        if self._platform.records.find(_KIND, name):
            raise faults.exists(_KIND, arn)
        try:
            self._platform.role(request["RoleArn"], arn).assume()
        except base.RoleNotAssumableError:
            raise faults.role_not_assumable(request["RoleArn"]) from None
        try:
            record = self._platform.records.create(
                _KIND,
                arn,
                name,
                job_requests.with_defaults(request),
                status=job_states.IN_PROGRESS,
                state=job_states.first_state(self._platform.records.now()),
            )
        except TakenError:
            raise faults.exists(_KIND, arn) from None
        job_states.announce(self._platform, record)
        self._run(record)
        return {"TrainingJobArn": arn}

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeTrainingJob."""
        return job_states.describe(self._find(caller, request))

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListTrainingJobs."""
        return listing.answer(_LISTING, self._platform.records.all(_KIND), request)

    def stop(self, caller: Caller, request: Document) -> Document:
        """StopTrainingJob: returns while the container is being stopped. A job that is Stopping stays so."""
        record = self._find(caller, request)
        with self._platform.records.edit(_KIND, record.name) as current:
            if current.status in job_states.TERMINAL:
                raise faults.invalid(
                    f"The request was rejected because the training job is in status {current.status}."
                )
            changed = current.status != job_states.STOPPING
            if changed:
                now = self._platform.records.now()
                job_states.enter(current, now, "Stopping", status=job_states.STOPPING)
        if changed:
            job_states.announce(self._platform, current)
        with self._lock:
            run = self._runs.get(record.name)
        if run:
            run.wake()
        return {}

    def delete(self, caller: Caller, request: Document) -> Document:
        """DeleteTrainingJob: only after the job's end. The artifacts stay in S3."""
        record = self._find(caller, request)
        if record.status not in job_states.TERMINAL:
            raise AwsError(
                "ResourceInUse",
                f"The training job {record.arn} is in status {record.status}; it can be deleted when it is "
                "Completed, Failed or Stopped.",
            )
        self._platform.records.delete(record)
        return {}

    def resume(self) -> None:
        """Start again what ran when local AWS was killed; end what was being stopped."""
        shutil.rmtree(self._platform.folder / "jobs", ignore_errors=True)
        for record in self._platform.records.all(_KIND):
            if record.status == job_states.STOPPING:
                job_states.move(self._platform, record.name, "Stopped", status=job_states.STOPPED)
            elif record.status == job_states.IN_PROGRESS:
                message = "Local AWS was restarted while the job ran; the job begins again."
                job_states.move(self._platform, record.name, "Restarting", message)
                self._run(record)

    def stop_all(self, timeout_s: float) -> None:
        """Wait until no job runs; the platform's stopping must be set."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.wake()
        for run in runs:
            run.join(timeout_s)

    def _run(self, record: Record) -> None:
        run = TrainingRun(self._platform, record)
        with self._lock:
            self._runs = {name: kept for name, kept in self._runs.items() if kept.is_alive()}
            self._runs[record.name] = run
            run.start()

    def _find(self, caller: Caller, request: Document) -> Record:
        name = request["TrainingJobName"]
        record = self._platform.records.find(_KIND, name)
        if record is None:
            raise faults.not_found(_KIND, names.arn(caller, _KIND, name))
        return record
