"""Create, Describe, List and Stop of one kind of job, and its runs.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html and its siblings of processing
and transform jobs.
"""

from __future__ import annotations

import shutil
import threading
from abc import ABC, abstractmethod
from functools import partial

from local_aws import base
from local_aws.sagemaker import faults, listing, names
from local_aws.sagemaker.jobs import lifecycle
from local_aws.sagemaker.jobs.job_run import JobRun
from local_aws.sagemaker.jobs.lifecycle import Kind
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record, TakenError
from local_aws.wire import AwsError, Caller, Document


class Jobs(ABC):
    """All jobs of a kind; each running one has a JobRun. What a kind does in its own way is a method to override."""

    def __init__(self, platform: Platform, kind: Kind, lists: listing.Listing | None = None) -> None:
        """`lists` is how the kind is listed, if it is not listed like a processing or transform job."""
        self._platform, self._kind = platform, kind
        summary = partial(lifecycle.summary, kind)
        self._listing = lists or listing.Listing(f"{kind.member}Summaries", summary)
        self._runs: dict[str, JobRun] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def _accept(self, caller: Caller, request: Document) -> Document:
        """The request as it is kept, with its defaults. Raises ValidationException."""

    @abstractmethod
    def _new_run(self, record: Record) -> JobRun:
        """The run of a job."""

    def create(self, caller: Caller, request: Document) -> Document:
        """The Create operation: accepted, stored and started."""
        return self._create(caller, request, {})

    def _create(self, caller: Caller, request: Document, more: Document) -> Document:
        """Accept, store and start a job; `more` is added to its first state."""
        kept = self._accept(caller, request)
        name = request[f"{self._kind.member}Name"]
        arn = names.arn(caller, self._kind.resource, name)
        if self._platform.records.find(self._kind.resource, name):
            raise faults.exists(self._kind.resource, arn)
        self._check_role(request, arn)
        state = {**self._first_state(request), **more}
        try:
            record = self._platform.records.create(
                self._kind.resource, arn, name, kept, status=lifecycle.IN_PROGRESS, state=state
            )
        except TakenError:
            raise faults.exists(self._kind.resource, arn) from None
        self._announce(record)
        self._launch(record)
        return {f"{self._kind.member}Arn": arn}

    def describe(self, caller: Caller, request: Document) -> Document:
        """The Describe operation."""
        return lifecycle.describe(self._kind, self._find(caller, request))

    def list(self, _caller: Caller, request: Document) -> Document:
        """The List operation."""
        records = self._platform.records
        return listing.answer(self._listing, records.heads(self._kind.resource), request, records.full)

    def stop(self, caller: Caller, request: Document) -> Document:
        """The Stop operation: returns while the job is being stopped. A job that is already Stopping stays so."""
        record = self._find(caller, request)
        with self._platform.records.edit(self._kind.resource, record.name) as current:
            if current.status in lifecycle.TERMINAL:
                raise faults.invalid(
                    f"The request was rejected because the {self._kind.noun} is in status {current.status}."
                )
            changed = current.status != lifecycle.STOPPING
            if changed:
                self._enter_stopping(current)
        if changed:
            self._announce(current)
        with self._lock:
            run = self._runs.get(record.name)
        if run:
            run.wake()
        return {}

    def delete(self, caller: Caller, request: Document) -> Document:
        """The Delete operation: only after the job's end. What it wrote stays in S3."""
        record = self._find(caller, request)
        if record.status not in lifecycle.TERMINAL:
            raise AwsError(
                "ResourceInUse",
                f"The {self._kind.noun} {record.arn} is in status {record.status}; it can be deleted when it is "
                "Completed, Failed or Stopped.",
            )
        self._platform.records.delete(record)
        return {}

    def resume(self) -> None:
        """Start jobs again that ran when local AWS was killed; end those that were being stopped."""
        shutil.rmtree(self._platform.folder / "jobs" / self._kind.resource, ignore_errors=True)
        for record in self._platform.records.all(self._kind.resource):
            if record.status == lifecycle.STOPPING:
                self._end_stopped(record.name)
            elif record.status == lifecycle.IN_PROGRESS:
                self._restart(record)
                self._launch(record)

    def stop_all(self, timeout_s: float) -> None:
        """Wait until no job runs; `stopping` of the platform must be set."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.wake()
        for run in runs:
            run.join(timeout_s)

    def _first_state(self, _request: Document) -> Document:
        return {}

    def _announce(self, record: Record) -> None:
        lifecycle.announce(self._platform, self._kind, record)

    def _enter_stopping(self, record: Record) -> None:
        record.status = lifecycle.STOPPING

    def _end_stopped(self, name: str) -> None:
        lifecycle.move(self._platform, self._kind, name, lifecycle.STOPPED)

    def _restart(self, record: Record) -> None:
        """Say that a job starts again."""
        lifecycle.move(self._platform, self._kind, record.name, lifecycle.IN_PROGRESS)

    def _check_role(self, request: Document, arn: str) -> None:
        """Raise ValidationException if SageMaker cannot assume the job's role."""
        try:
            self._platform.role(request["RoleArn"], arn).assume()
        except base.RoleNotAssumableError:
            raise faults.role_not_assumable(request["RoleArn"]) from None

    def _launch(self, record: Record) -> None:
        run = self._new_run(record)
        with self._lock:
            self._runs = {name: kept for name, kept in self._runs.items() if kept.is_alive()}
            self._runs[record.name] = run
            run.start()

    def _find(self, caller: Caller, request: Document) -> Record:
        name = request[f"{self._kind.member}Name"]
        record = self._platform.records.find(self._kind.resource, name)
        if record is None:
            raise faults.not_found(self._kind.resource, names.arn(caller, self._kind.resource, name))
        return record
