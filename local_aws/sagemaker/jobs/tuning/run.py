"""One tuning job: makes its training jobs, watches them, and ends.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning.html. Each step is stored before it is taken, so
that a tuning job goes on after a restart: its training jobs start again as all do.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from local_aws.base import root_caller
from local_aws.sagemaker import names
from local_aws.sagemaker.jobs import lifecycle
from local_aws.sagemaker.jobs.job_run import JobFailedError, JobRun
from local_aws.sagemaker.jobs.lifecycle import TUNING, StopRequestedError
from local_aws.sagemaker.jobs.training.jobs import TrainingJobs
from local_aws.sagemaker.jobs.tuning import states, trials, warm_start
from local_aws.sagemaker.jobs.tuning.plan import Step, next_step
from local_aws.sagemaker.jobs.tuning.search.trial import Trial
from local_aws.sagemaker.jobs.tuning.settings import Tuning
from local_aws.sagemaker.jobs.tuning.strategies import Knowledge, suggest
from local_aws.sagemaker.jobs.tuning.training_requests import new_name, request_of
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import GoneError, Record
from local_aws.wire import AwsError, Caller, Document

_DAY_S = 86400.0
_PAUSE_S = 0.02
"""Between two steps, so that a training job that logs a lot does not keep the tuning job busy."""


class TuningRun(JobRun):
    """Runs a tuning job."""

    def __init__(self, platform: Platform, record: Record, jobs: TrainingJobs) -> None:
        self._tuning = Tuning(record.request)
        super().__init__(platform, TUNING, record, self._tuning.definition["RoleArn"])
        self._jobs = jobs
        self._over = False
        self._failure: str | None = None

    @property
    def _limit_s(self) -> float | None:
        return self._tuning.limits.get("MaxRuntimeInSeconds")

    def _work(self) -> None:
        self._platform.await_port()
        while True:
            self._check_server()
            if self._remaining_s() <= 0:
                self._overrun()
            step = self._step()
            if step.done:
                break
            self._platform.stopping.wait(_PAUSE_S)
            self._platform.runtime.clock.wait(self._wake, max(0.0, self._remaining_s()) if not self._over else _DAY_S)
            self._wake.clear()
        if self._failure:
            raise JobFailedError(self._failure)
        self._move(lifecycle.COMPLETED)

    def _step(self) -> Step:
        """Take the next step. Raises StopRequestedError once nothing runs in a tuning job that was stopped."""
        stopping = self._stop_requested()
        record = self._settle()
        if stopping or self._over:
            record = self._forget_unmade()
        step = next_step(self._tuning, self._trials(record), cores=os.cpu_count() or 1, over=stopping or self._over)
        self._over = self._over or step.finishing
        self._failure = self._failure or step.failure
        for name in step.stop:
            self._stop(name)
        for _ in range(step.make):
            record = self._plan()
        for entry in record.state["trials"]:
            self._make(entry, record)
        if stopping and step.done:
            raise StopRequestedError
        return step

    def _settle(self) -> Record:
        """Complete the entries of the training jobs that have ended."""
        record = self._current()
        found = trials.read(self._platform.records, record)
        ended = [trial for trial, _ in found if trial.ended and "status" not in record.state["trials"][trial.number]]
        if not ended:
            return record
        with self._platform.records.edit(TUNING.resource, self._name) as record:
            for trial in ended:
                record.state["trials"][trial.number].update(trials.settled(trial))
        return record

    def _trials(self, record: Record) -> list[Trial]:
        """All training jobs, with their curves where the tuning job looks at them."""
        found = [trial for trial, _ in trials.read(self._platform.records, record)]
        if not self._tuning.stops_early:
            return found
        return [replace(trial, curve=tuple(self._jobs.curve(trial.name))) for trial in found]

    def _plan(self) -> Record:
        """Store the next training job's name and values, unless a stop came first."""
        records = self._platform.records
        record = self._current()
        number = len(record.state["trials"])
        values = warm_start.first(records, record, number)
        entry = {"name": new_name(self._name, number), "values": dict(values or self._suggested(record))}
        with records.edit(TUNING.resource, self._name) as current:
            if current.status == lifecycle.IN_PROGRESS:
                current.state["trials"].append(entry)
        return current

    def _suggested(self, record: Record) -> dict[str, str]:
        known = [trial for trial, _ in trials.read(self._platform.records, record)]
        before = warm_start.known(self._platform.records, record)
        knowledge = Knowledge(self._tuning.space, record.state["seed"], self._tuning.maximize, known, before)
        return suggest(self._tuning.strategy, knowledge)

    def _forget_unmade(self) -> Record:
        """Drop training jobs that were planned, and not made before a stop or a restart."""
        with self._platform.records.edit(TUNING.resource, self._name) as record:
            record.state["trials"] = [entry for entry in record.state["trials"] if self._is_made(entry)]
        return record

    def _is_made(self, entry: Document) -> bool:
        return "status" in entry or self._platform.records.find(names.TRAINING_JOB, entry["name"]) is not None

    def _make(self, entry: Document, record: Record) -> None:
        """Make a planned training job, unless it was made."""
        if self._is_made(entry):
            return
        tags = self._platform.records.tags(record.arn)
        request = request_of(self._tuning, entry["name"], entry["values"])
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        watched = self._tuning.metric if self._tuning.stops_early else ""
        try:
            self._jobs.create_for(record.arn, watched, self._caller(), request)
        except AwsError as error:
            self._failure, self._over = f"ClientError: {error.message}", True
            self._wake.set()

    def _stop(self, name: str) -> None:
        self._quietly(lambda: self._jobs.stop(self._caller(), {"TrainingJobName": name}))

    def _quietly(self, call: Callable[[], object]) -> None:
        """A training job that ended or was deleted in the meantime needs no stop."""
        try:
            call()
        except AwsError:
            return

    def _caller(self) -> Caller:
        return root_caller(self._platform.runtime.settings.region)

    def _current(self) -> Record:
        record = self._platform.records.find(TUNING.resource, self._name)
        if record is None:
            raise GoneError(self._name)
        return record

    def _stopped(self) -> None:
        self._move(lifecycle.STOPPED)

    def _fail(self, reason: str) -> None:
        self._move(lifecycle.FAILED, {"failure": reason[: lifecycle.REASON_LENGTH]})

    def _overrun(self) -> None:
        """From now on only the end of the training jobs is awaited."""
        self._over = True

    def _tick(self) -> None:
        """Nothing is due at times: training jobs say when they change."""

    def _move(self, status: str, changes: Document | None = None) -> None:
        self._check_server()
        with self._platform.records.edit(TUNING.resource, self._name) as record:
            record.status = lifecycle.STOPPED if record.status == lifecycle.STOPPING else status
            record.state.update(changes or {}, end=self._platform.records.now())
        states.announce(self._platform, record)
