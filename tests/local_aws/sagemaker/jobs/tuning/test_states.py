"""A tuning job's life with containers that a test plays."""

from __future__ import annotations

import itertools
import operator
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_aws import base
from local_aws.sagemaker.service import SageMakerService
from local_aws.wire import AwsError
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.sagemaker.fakes import Aws, FakeParent, FakeProcess
from tests.local_aws.sagemaker.jobs.tuning.tuning import (
    definition,
    describe,
    ended,
    hyperparameters,
    listed,
    log_rmse,
    measures,
    rmse,
    tuning,
)
from tests.local_aws.sagemaker.training import ends_with, idle
from tests.local_server import wait_for

ARN = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/tune"
CREATE = "CreateHyperParameterTuningJob"
STOP = "StopHyperParameterTuningJob"
NAMED = {"HyperParameterTuningJobName": "Tune"}


def test_a_completed_job(data: Aws) -> None:
    data.use(FakeParent(measures()))
    assert data.call(CREATE, **tuning(Tags=[{"Key": "team", "Value": "wine"}])) == {"HyperParameterTuningJobArn": ARN}
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    counters = {"Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}
    assert found["TrainingJobStatusCounters"] == counters
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    assert found["HyperParameterTuningEndTime"] >= found["CreationTime"]
    jobs = listed(data)
    assert [one["TrainingJobName"][:9] for one in jobs] == ["Tune-001-", "Tune-002-", "Tune-003-", "Tune-004-"]
    costs = {one["TrainingJobName"]: rmse(one["TunedHyperParameters"]) for one in jobs}
    for one in jobs:
        metric = one["FinalHyperParameterTuningJobObjectiveMetric"]
        assert metric == {
            "MetricName": "validation:rmse",
            "Value": pytest.approx(costs[one["TrainingJobName"]], abs=1e-5),
        }
        assert one["ObjectiveStatus"] == "Succeeded"
    assert found["BestTrainingJob"]["TrainingJobName"] == min(costs, key=lambda name: costs[name])
    by_metric = listed(data, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert [one["TrainingJobName"] for one in by_metric] == sorted(costs, key=lambda name: -costs[name])
    first = data.call("DescribeTrainingJob", TrainingJobName=jobs[0]["TrainingJobName"])
    assert first["TuningJobArn"] == ARN
    assert first["HyperParameters"] == {
        "num_round": "2",
        "_tuning_objective_metric": "validation:rmse",
        **jobs[0]["TunedHyperParameters"],
    }
    tags = data.call("ListTags", ResourceArn=first["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "wine"}]
    told = [detail for kind, detail in data.events if kind == "SageMaker HyperParameter Tuning Job State Change"]
    assert [one["HyperParameterTuningJobStatus"] for one in told] == ["InProgress", "Completed"]
    assert told[-1]["TrainingJobStatusCounters"] == counters
    assert told[-1]["Tags"] == {"team": "wine"}
    [entry] = data.call("ListHyperParameterTuningJobs")["HyperParameterTuningJobSummaries"]
    assert (entry["Strategy"], entry["ResourceLimits"]["MaxNumberOfTrainingJobs"]) == ("Random", 4)


def test_no_more_training_jobs_at_a_time_than_asked_for_and_than_cores(
    data: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    most, running, lock, released = [0], [0], threading.Lock(), threading.Semaphore(0)

    def train(root: Path, log_fd: int, process: FakeProcess) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        released.acquire()
        with lock:
            running[0] -= 1
        measures()(root, log_fd, process)

    data.use(FakeParent(train))
    for name, parallel, bound in (("two", 2, 2), ("many", 10, 3)):
        data.call(CREATE, **tuning(name, jobs=6, parallel=parallel))
        wait_for(partial(operator.eq, running, [bound]), f"{bound} containers", 20)
        assert describe(data, name)["TrainingJobStatusCounters"]["InProgress"] == bound
        released.release(6)
        assert ended(data, name)["TrainingJobStatusCounters"]["Completed"] == 6
        assert most == [bound]


def test_a_failing_training_job_does_not_fail_the_rest(data: Aws) -> None:
    def train(root: Path, log_fd: int, process: FakeProcess) -> None:
        if int(hyperparameters(root)["max_depth"]) > 5:
            (root / "output" / "failure").write_text("too deep", encoding="utf-8")
            process.end(1)
        else:
            measures()(root, log_fd, process)

    data.use(FakeParent(train))
    data.call(CREATE, **tuning(jobs=8))
    found = ended(data)
    jobs = listed(data)
    deep = [one for one in jobs if int(one["TunedHyperParameters"]["max_depth"]) > 5]
    assert 0 < len(deep) < 8
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["NonRetryableError"] == len(deep)
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 8 - len(deep), "Pending": 0, "Failed": len(deep)}
    for one in deep:
        assert "too deep" in one["FailureReason"]
        assert one["ObjectiveStatus"] == "Failed"
    assert len(listed(data, SortBy="FinalObjectiveMetricValue")) == 8 - len(deep)
    assert len(listed(data, StatusEquals="Failed")) == len(deep)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1, "No training job succeeded after 5 attempts. Please take a look at the training job failures"),
        (0, "No objective metrics found after running 5 training jobs."),
    ],
)
def test_five_training_jobs_without_an_objective_are_enough(data: Aws, code: int, reason: str) -> None:
    data.use(FakeParent(lambda _root, _log, process: process.end(code)))
    data.call(CREATE, **tuning(jobs=50, parallel=1))
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert found["FailureReason"].startswith(reason)
    assert "BestTrainingJob" not in found
    assert len(listed(data)) == 5


def test_a_role_that_is_lost(data: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise base.RoleNotAssumableError("The role is gone.")

    def train(root: Path, log_fd: int, process: FakeProcess) -> None:
        monkeypatch.setattr(base, "assume_role", refuse)
        measures()(root, log_fd, process)

    data.use(FakeParent(train))
    data.call(CREATE, **tuning(jobs=3, parallel=1))
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("ClientError: Could not assume role")
    assert len(listed(data)) == 1


def test_a_stop_ends_the_training_jobs_first(data: Aws) -> None:
    parent = FakeParent(idle, ends_with(0))
    data.use(parent)
    data.call(CREATE, **tuning(jobs=10))
    wait_for(lambda: len(parent.started) == 2, "both containers", 10)
    data.call(STOP, **NAMED)
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Stopped"
    assert found["TrainingJobStatusCounters"]["Stopped"] == 2
    assert {one["TrainingJobStatus"] for one in listed(data)} == {"Stopped"}
    assert len(parent.started) == 2
    with pytest.raises(AwsError, match="is in status Stopped"):
        data.call(STOP, **NAMED)
    told = [detail for kind, detail in data.events if kind == "SageMaker HyperParameter Tuning Job State Change"]
    assert [one["HyperParameterTuningJobStatus"] for one in told] == ["InProgress", "Stopping", "Stopped"]


def restarted(data: Aws, parent: FakeParent) -> None:
    again = SageMakerService(data.runtime)
    data.service, data.front.operations = again, again.operations()
    data.use(parent)
    again.resume()


def test_after_a_restart_it_goes_on(data: Aws) -> None:
    first = FakeParent(idle, ends_with(0))
    data.use(first)
    data.call(CREATE, **tuning(jobs=5))
    wait_for(lambda: len(first.started) == 2, "both containers", 10)
    before = [one["TrainingJobName"] for one in listed(data)]
    data.service.stop()  # what is stored is the same as after a kill
    restarted(data, FakeParent(measures()))
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Completed"] == 5
    assert [one["TrainingJobName"] for one in listed(data)][:2] == before


def test_what_was_planned_before_a_kill_is_made_after_it(data: Aws) -> None:
    first = FakeParent(idle, ends_with(0))
    data.use(first)
    data.call(CREATE, **tuning(jobs=2, parallel=1))
    wait_for(lambda: len(first.started) == 1, "the container", 10)
    data.service.stop()
    values = {"eta": "0.5", "max_depth": "9"}
    with data.service._platform.records.edit("hyper-parameter-tuning-job", "Tune") as record:
        record.state["trials"].append({"name": "Tune-002-0123abcd", "values": values})
    restarted(data, FakeParent(measures()))
    assert ended(data)["TrainingJobStatusCounters"]["Completed"] == 2
    assert listed(data)[1]["TrainingJobName"] == "Tune-002-0123abcd"
    assert listed(data)[1]["TunedHyperParameters"] == values


def test_a_stop_goes_on_after_a_restart(data: Aws) -> None:
    first = FakeParent(idle, ends_with(0))
    data.use(first)
    data.call(CREATE, **tuning(jobs=5))
    wait_for(lambda: len(first.started) == 2, "both containers", 10)
    data.service.stop()
    with data.service._platform.records.edit("hyper-parameter-tuning-job", "Tune") as record:
        record.status = "Stopping"
        record.state["trials"].append({"name": "Tune-003-0123abcd", "values": {}})
    restarted(data, FakeParent(idle, ends_with(0)))
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Stopped"
    assert found["TrainingJobStatusCounters"] == {
        "Completed": 0,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 2,
    }


def advance(data: Aws, seconds: float) -> None:
    clock = data.runtime.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds)


def test_its_time_is_limited(data: Aws) -> None:
    parent = FakeParent(idle, ends_with(0))
    data.use(parent)
    limits = {"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 120}
    data.call(CREATE, **tuning(ResourceLimits=limits))
    wait_for(lambda: len(parent.started) == 2, "both containers", 10)
    advance(data, 121)
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Stopped"] == 2
    assert found["ConsumedResources"]["RuntimeInSeconds"] >= 121


def test_a_target_ends_it(data: Aws) -> None:
    data.use(FakeParent(measures()))
    criteria = {"TargetObjectiveMetricValue": 100.0}
    data.call(CREATE, **tuning(jobs=20, parallel=1, TuningJobCompletionCriteria=criteria))
    assert ended(data)["TrainingJobStatusCounters"]["Completed"] == 1


def test_jobs_that_do_not_improve_end_it(data: Aws) -> None:
    data.use(FakeParent(measures(lambda _values: 1.0)))
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    data.call(CREATE, **tuning(jobs=20, parallel=1, TuningJobCompletionCriteria=criteria))
    found = ended(data)
    assert found["TrainingJobStatusCounters"]["Completed"] == 4
    assert found["TuningJobCompletionDetails"]["NumberOfTrainingJobsObjectiveNotImproving"] == 3


def test_what_ends_it_holds_even_if_the_last_one_is_better(data: Aws) -> None:
    """The one that is stopped at the end improves on the others, which does not begin the search again."""
    started = itertools.count()

    def train(_root: Path, log_fd: int, process: FakeProcess) -> None:
        if next(started) == 0:
            log_rmse(log_fd, 0, 0.5)
            process.wait()
        else:
            log_rmse(log_fd, 0, 1.0)
            process.end(0)

    def end_later(process: FakeProcess) -> None:
        advance(data, 1)
        process.end(0)

    data.use(FakeParent(train, end_later))
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    data.call(CREATE, **tuning(jobs=20, TuningJobCompletionCriteria=criteria))
    counters = ended(data)["TrainingJobStatusCounters"]
    assert (counters["Completed"], counters["Stopped"]) == (4, 1)


def patient(epochs: int) -> Any:
    """A container that logs its objective each epoch and, when it is bad, goes on until it is stopped."""

    def train(root: Path, log_fd: int, process: FakeProcess) -> None:
        value = rmse(hyperparameters(root))
        for epoch in range(epochs):
            log_rmse(log_fd, epoch, value)
        if value > 3:
            process.wait()
        else:
            (root / "model" / "xgboost-model").write_bytes(b"trees")
            process.end(0)

    return train


def test_early_stopping(data: Aws) -> None:
    """The bad ones never end by themselves, so the tuning job ends only if it stops them."""
    data.use(FakeParent(patient(3), ends_with(0)))
    ranges = {"CategoricalParameterRanges": [{"Name": "max_depth", "Values": ["5", "4", "9", "10"]}]}
    static = definition(StaticHyperParameters={"num_round": "3", "eta": "0.3"})
    wanted = tuning(
        strategy="Grid",
        jobs=None,
        parallel=1,
        ParameterRanges=ranges,
        TrainingJobDefinition=static,
        TrainingJobEarlyStoppingType="Auto",
    )
    data.call(CREATE, **wanted)
    found = ended(data)
    assert found["TrainingJobStatusCounters"]["Stopped"] == 2
    assert [one["TrainingJobStatus"] for one in listed(data)] == ["Completed", "Completed", "Stopped", "Stopped"]
    assert found["ObjectiveStatusCounters"]["Succeeded"] == 4
    assert found["BestTrainingJob"]["TunedHyperParameters"] == {"max_depth": "4"}


def test_hyperband_stops_beyond_the_largest_resource(data: Aws) -> None:
    def endless(root: Path, log_fd: int, process: FakeProcess) -> None:
        (root / "model" / "xgboost-model").write_bytes(b"trees")
        for epoch in range(10):
            log_rmse(log_fd, epoch, rmse(hyperparameters(root)))
        process.wait()

    data.use(FakeParent(endless, ends_with(0)))
    bands = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    data.call(CREATE, **tuning(strategy="Hyperband", jobs=6, parallel=3, StrategyConfig=bands))
    found = ended(data)
    assert found["TrainingJobStatusCounters"]["Stopped"] == 6
    best = min(listed(data), key=lambda one: rmse(one["TunedHyperParameters"]))
    assert found["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]


def test_one_that_was_stopped_without_a_model_is_not_the_best(data: Aws) -> None:
    def endless(root: Path, log_fd: int, process: FakeProcess) -> None:
        for epoch in range(10):
            log_rmse(log_fd, epoch, rmse(hyperparameters(root)))
        process.wait()

    data.use(FakeParent(endless, ends_with(0)))
    bands = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    data.call(CREATE, **tuning(strategy="Hyperband", jobs=2, parallel=2, StrategyConfig=bands))
    found = ended(data)
    assert found["TrainingJobStatusCounters"]["Stopped"] == 2
    assert found["ObjectiveStatusCounters"]["Succeeded"] == 2
    assert "BestTrainingJob" not in found


def test_warm_start(data: Aws) -> None:
    data.use(FakeParent(measures()))
    data.call(CREATE, **tuning(jobs=6))
    ended(data)
    parents = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "Tune"}]}
    same = {**parents, "WarmStartType": "IdenticalDataAndAlgorithm"}
    data.call(CREATE, **tuning("same", strategy="Bayesian", jobs=2, WarmStartConfig=same))
    found = ended(data, "same")
    parents_values = [one["TunedHyperParameters"] for one in listed(data)]
    assert listed(data, "same")[0]["TunedHyperParameters"] not in parents_values
    of_both = [*listed(data), *listed(data, "same")]
    least = min(rmse(one["TunedHyperParameters"]) for one in of_both)
    assert rmse(found["OverallBestTrainingJob"]["TunedHyperParameters"]) == least
    other = {**parents, "WarmStartType": "TransferLearning"}
    data.call(CREATE, **tuning("other", jobs=2, WarmStartConfig=other))
    found = ended(data, "other")
    assert "OverallBestTrainingJob" not in found
    best = describe(data)["BestTrainingJob"]["TunedHyperParameters"]
    assert listed(data, "other")[0]["TunedHyperParameters"] == best


def test_a_deleted_job_leaves_its_training_jobs(data: Aws) -> None:
    parent = FakeParent(idle, ends_with(0))
    data.use(parent)
    data.call(CREATE, **tuning(jobs=2))
    with pytest.raises(AwsError, match="is in status InProgress") as busy:
        data.call("DeleteHyperParameterTuningJob", **NAMED)
    assert busy.value.code == "ResourceInUse"
    wait_for(lambda: len(parent.started) == 2, "both containers", 10)
    data.call(STOP, **NAMED)
    ended(data)
    name = listed(data)[0]["TrainingJobName"]
    data.call("DeleteTrainingJob", TrainingJobName=name)
    assert [one["TrainingJobName"] for one in listed(data)] != [name]
    assert describe(data)["TrainingJobStatusCounters"]["Stopped"] == 2
    data.call("DeleteHyperParameterTuningJob", **NAMED)
    with pytest.raises(AwsError, match="can't find a tuning job called tune") as lost:
        describe(data)
    assert lost.value.code == "ResourceNotFound"
    assert len(data.call("ListTrainingJobs")["TrainingJobSummaries"]) == 1
