"""The tuning job operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html and its siblings.
"""

from __future__ import annotations

import secrets

from local_aws.sagemaker import listing
from local_aws.sagemaker.jobs import lifecycle, operations
from local_aws.sagemaker.jobs.training.jobs import TrainingJobs
from local_aws.sagemaker.jobs.tuning import requests, states, trials, warm_start
from local_aws.sagemaker.jobs.tuning.run import TuningRun
from local_aws.sagemaker.jobs.tuning.settings import Tuning
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Caller, Document

_BY_METRIC = "FinalObjectiveMetricValue"
_LARGEST_SEED = 1 << 31


class TuningJobs(operations.Jobs):
    """All tuning jobs. Their training jobs tell them when they change."""

    def __init__(self, platform: Platform, training: TrainingJobs) -> None:
        def summary(record: Record) -> Document:
            return states.summary(platform.records, record)

        lists = listing.Listing("HyperParameterTuningJobSummaries", summary, ascending=True, by="Name")
        super().__init__(platform, lifecycle.TUNING, lists)
        self._training = training
        training.on_change = self._wake

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeHyperParameterTuningJob."""
        return states.describe(self._platform.records, self._find(caller, request))

    def list_training_jobs(self, caller: Caller, request: Document) -> Document:
        """ListTrainingJobsForHyperParameterTuningJob."""
        record = self._find(caller, request)
        tuning = Tuning(record.request)
        found = {one.name: (trial, one) for trial, one in trials.read(self._platform.records, record) if one}
        objective = {name: trial.objective for name, (trial, _) in found.items()}
        lists = listing.Listing(
            "TrainingJobSummaries",
            lambda one: states.training_summary(tuning, found[one.name]) or {},
            ascending=True,
            by="Name",
            keys={_BY_METRIC: lambda one: objective[one.name] or 0.0},
        )
        measured = request.get("SortBy") == _BY_METRIC
        listed = [one for _, one in found.values() if not (measured and objective[one.name] is None)]
        return listing.answer(lists, listed, request)

    def _accept(self, caller: Caller, request: Document) -> Document:
        requests.check(request, self._platform.own_images)
        warm_start.check(self._platform.records, caller, request)
        return request

    def _check_role(self, request: Document, arn: str) -> None:
        super()._check_role(Tuning(request).definition, arn)

    def _first_state(self, request: Document) -> Document:
        given = request["HyperParameterTuningJobConfig"].get("RandomSeed")
        seed = secrets.randbelow(_LARGEST_SEED) if given is None else given
        return {"seed": seed, "start": self._platform.records.now(), "trials": []}

    def _new_run(self, record: Record) -> TuningRun:
        return TuningRun(self._platform, record, self._training)

    def _announce(self, record: Record) -> None:
        states.announce(self._platform, record)

    def _end_stopped(self, name: str) -> None:
        """Its training jobs may run again: a run stops them first."""
        record = self._platform.records.find(lifecycle.TUNING.resource, name)
        if record:
            self._launch(record)

    def _restart(self, record: Record) -> None:
        """A tuning job has no state for it, and goes on where it was."""

    def _wake(self, arn: str) -> None:
        record = self._platform.records.find_arn(arn)
        with self._lock:
            run = self._runs.get(record.name) if record else None
        if run:
            run.wake()
