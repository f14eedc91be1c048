"""Tuning jobs over the wire: real training jobs, tiny data, IAM on."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.sagemaker.containers.script_mode.scripts import SCIKIT_LEARN, hyperparameters, job, tarball
from tests.local_aws.sagemaker.house import ROUNDS, House
from tests.local_server import LocalServer, allow, wait_for

RANGES = {
    "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.01", "MaxValue": "0.9"}],
    "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "1", "MaxValue": "6"}],
}
GRID = {"CategoricalParameterRanges": [{"Name": "max_depth", "Values": ["1", "4"]}, {"Name": "eta", "Values": ["0.3"]}]}
ENDED = ("Completed", "Failed", "Stopped")


def request(house: House, name: str, strategy: str = "Random", jobs: int | None = 3, **changes: Any) -> dict[str, Any]:
    definition = house.request("x")
    del definition["TrainingJobName"]
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    limits = {"MaxParallelTrainingJobs": 2, **({} if jobs is None else {"MaxNumberOfTrainingJobs": jobs})}
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:rmse"},
            "ResourceLimits": limits,
            "ParameterRanges": RANGES,
            "RandomSeed": 1,
            **changes,
        },
        "TrainingJobDefinition": definition,
    }


def ended(sagemaker: Any, name: str) -> dict[str, Any]:
    def terminal() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return found if found["HyperParameterTuningJobStatus"] in ENDED else None

    found: dict[str, Any] = wait_for(terminal, f"the end of {name}")
    return found


def listed(sagemaker: Any, name: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    asked = pages.paginate(HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 2})
    return [one for page in asked for one in page["TrainingJobSummaries"]]


STRATEGIES: dict[str, dict[str, Any]] = {
    "Random": {"jobs": 3},
    "Bayesian": {"jobs": 5},
    "Grid": {"jobs": None, "ParameterRanges": GRID},
    "Hyperband": {"jobs": 3, "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 2, "MaxResource": ROUNDS}}},
}


def test_each_strategy(house: House) -> None:
    for strategy, changes in STRATEGIES.items():
        house.sagemaker.create_hyper_parameter_tuning_job(
            **request(house, f"tune-{strategy.lower()}", strategy, **changes)
        )
    for strategy, changes in STRATEGIES.items():
        jobs = listed_after_end(house, f"tune-{strategy.lower()}")
        assert len(jobs) == (changes["jobs"] or 2), strategy


def listed_after_end(house: House, name: str) -> list[dict[str, Any]]:
    """The training jobs of a tuning job, whose winner is what it should be."""
    found = ended(house.sagemaker, name)
    assert found["HyperParameterTuningJobStatus"] == "Completed", found.get("FailureReason")
    jobs = listed(house.sagemaker, name)
    measured = [one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for one in jobs]
    winner = found["BestTrainingJob"]
    completed = [value for value, one in zip(measured, jobs, strict=True) if one["TrainingJobStatus"] == "Completed"]
    assert winner["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(completed or measured)
    trained = house.sagemaker.describe_training_job(TrainingJobName=winner["TrainingJobName"])
    assert trained["TuningJobArn"] == found["HyperParameterTuningJobArn"]
    assert trained["ModelArtifacts"]["S3ModelArtifacts"].startswith(f"s3://{house.name}/out/{name}-")
    assert winner["TunedHyperParameters"].items() <= trained["HyperParameters"].items()
    streams = house.server.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=winner["TrainingJobName"]
    )
    assert len(streams["logStreams"]) == 1
    return jobs


SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float)
print(f"score={1 - (parser.parse_args().alpha - 0.5) ** 2};")
"""


def test_a_script_with_a_metric_of_its_own(house: House) -> None:
    definition = job(
        house,
        "x",
        SCIKIT_LEARN,
        tarball(train__py=SCRIPT),
        algorithm={"MetricDefinitions": [{"Name": "score", "Regex": r"score=(\S+);"}]},
        HyperParameters=hyperparameters("train.py"),
    )
    del definition["TrainingJobName"]
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    wanted = request(house, "tune-script", jobs=2)
    wanted["HyperParameterTuningJobConfig"] |= {
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "alpha", "MinValue": "0", "MaxValue": "1"}]},
    }
    house.sagemaker.create_hyper_parameter_tuning_job(**wanted | {"TrainingJobDefinition": definition})
    found = ended(house.sagemaker, "tune-script")
    assert found["HyperParameterTuningJobStatus"] == "Completed", found.get("FailureReason")
    winner = found["BestTrainingJob"]
    alpha = float(winner["TunedHyperParameters"]["alpha"])
    value = winner["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    assert value == pytest.approx(1 - (alpha - 0.5) ** 2, abs=1e-6)


def test_who_may_tune(house: House) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/{house.name}-*"
    may = allow("sagemaker:CreateHyperParameterTuningJob", resource=arn)
    passing = {
        **allow("iam:PassRole", resource=house.role),
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    wanted = request(house, f"{house.name}-a", jobs=1)
    cannot = house.server.client("sagemaker", *house.server.user_with(f"{house.name}-1", may))
    with pytest.raises(ClientError, match="iam:PassRole"):
        cannot.create_hyper_parameter_tuning_job(**wanted)
    can = house.server.client("sagemaker", *house.server.user_with(f"{house.name}-2", may, passing))
    can.create_hyper_parameter_tuning_job(**wanted)
    with pytest.raises(ClientError, match="sagemaker:DescribeHyperParameterTuningJob"):
        can.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=f"{house.name}-a")
    assert ended(house.sagemaker, f"{house.name}-a")["HyperParameterTuningJobStatus"] == "Completed"


def test_a_stop_and_a_restart(own_local_aws: LocalServer) -> None:
    house = House(own_local_aws, "sm-tuning-restart")
    long = request(house, "tune-long", jobs=3)
    long["TrainingJobDefinition"]["StaticHyperParameters"]["num_round"] = "20000"
    house.sagemaker.create_hyper_parameter_tuning_job(**long)
    house.sagemaker.create_hyper_parameter_tuning_job(**request(house, "tune-short", jobs=4))
    own_local_aws.kill()
    own_local_aws.up()
    found = ended(house.sagemaker, "tune-short")
    assert found["HyperParameterTuningJobStatus"] == "Completed", found.get("FailureReason")
    assert found["TrainingJobStatusCounters"]["Completed"] == 4
    house.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="tune-long")
    found = ended(house.sagemaker, "tune-long")
    assert found["HyperParameterTuningJobStatus"] == "Stopped"
    assert found["TrainingJobStatusCounters"]["InProgress"] == 0
