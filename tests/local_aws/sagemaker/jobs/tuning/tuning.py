"""Requests for tuning jobs, and containers that a test plays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.local_aws.sagemaker.fakes import Aws, FakeProcess
from tests.local_aws.sagemaker.training import job
from tests.local_server import wait_for

ENDED = ("Completed", "Failed", "Stopped")
OBJECTIVE = {"Type": "Minimize", "MetricName": "validation:rmse"}
ETA = {"Name": "eta", "MinValue": "0.1", "MaxValue": "0.9"}
DEPTH = {"Name": "max_depth", "MinValue": "1", "MaxValue": "10"}


def definition(**changes: Any) -> dict[str, Any]:
    """A training job definition, with the members of a training job."""
    made = job()
    del made["TrainingJobName"]
    made["StaticHyperParameters"] = made.pop("HyperParameters")
    return {**made, **changes}


def config(strategy: str = "Random", jobs: int | None = 4, parallel: int = 2, **changes: Any) -> dict[str, Any]:
    limits = {"MaxParallelTrainingJobs": parallel, **({} if jobs is None else {"MaxNumberOfTrainingJobs": jobs})}
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": OBJECTIVE,
        "ResourceLimits": limits,
        "ParameterRanges": {"ContinuousParameterRanges": [ETA], "IntegerParameterRanges": [DEPTH]},
        "RandomSeed": 7,
        **changes,
    }


def tuning(name: str = "Tune", **changes: Any) -> dict[str, Any]:
    """A CreateHyperParameterTuningJob request; changes of its configuration are those of `config`."""
    whole: dict[str, Any] = {key: changes.pop(key) for key in ("WarmStartConfig", "Tags", "Autotune") if key in changes}
    made = changes.pop("TrainingJobDefinition", definition())
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config(**changes),
        "TrainingJobDefinition": made,
        **whole,
    }


def hyperparameters(root: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((root / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    return found


def rmse(values: dict[str, str]) -> float:
    """What the played container measures: best at eta 0.3 and max_depth 4."""
    return abs(float(values["eta"]) - 0.3) + abs(int(values["max_depth"]) - 4)


def log_rmse(log_fd: int, epoch: int, value: float) -> None:
    os.write(log_fd, f"[{epoch}]\tvalidation-rmse:{value:.6f}\n".encode())


def measures(of: Callable[[dict[str, str]], float] = rmse) -> Any:
    """A container that logs the objective of its hyperparameters once and succeeds."""

    def train(root: Path, log_fd: int, process: FakeProcess) -> None:
        log_rmse(log_fd, 0, of(hyperparameters(root)))
        (root / "model" / "xgboost-model").write_bytes(b"trees")
        process.end(0)

    return train


def describe(aws: Aws, name: str = "Tune") -> dict[str, Any]:
    return aws.call("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name)


def ended(aws: Aws, name: str = "Tune") -> dict[str, Any]:
    def terminal() -> dict[str, Any] | None:
        found = describe(aws, name)
        return found if found["HyperParameterTuningJobStatus"] in ENDED else None

    found: dict[str, Any] = wait_for(terminal, f"the end of {name}", 30)
    return found


def listed(aws: Aws, name: str = "Tune", **more: Any) -> list[dict[str, Any]]:
    request = {"HyperParameterTuningJobName": name, "MaxResults": 100, **more}
    found: list[dict[str, Any]] = aws.call("ListTrainingJobsForHyperParameterTuningJob", **request)[
        "TrainingJobSummaries"
    ]
    return found
