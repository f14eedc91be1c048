"""A release whose config searches hyperparameters: its tuning job, from the start to the best model."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.aws import executions
from pipeline_lambdas.config.tuning_model import Objective, Range, Resource, Tuning
from pipeline_lambdas.release.dataset import Dataset, parse_manifest
from pipeline_lambdas.release.names import Release, is_tuning_job, tuning_job_of
from pipeline_lambdas.release.script_mode import SCRIPT_PROGRAM
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed
from pipeline_lambdas.steps import release_end, status
from pipeline_lambdas.steps.release_end import end_release
from pipeline_lambdas.steps.status import poll
from pipeline_lambdas.steps.training import TrainingSite, start_training, training_request
from pipeline_lambdas.steps.tuning import tuning_differences, tuning_request
from pipeline_lambdas.steps.tuning_status import decide_tuning, has_winner
from tests.events import DATA_BUCKET, EXECUTION_ID, KMS_KEY_ARN, MODEL_BUCKET, PREFIX, REGISTRY, ROLE_ARN
from tests.pipeline_lambdas.aws_doubles import client_of, sample_config, upload_dataset

RELEASE = Release(PREFIX, EXECUTION_ID)
STACK = "slipway-1a2b3c4d"
JOB = f"{STACK}-8f3c2a1d-4b5e"
TRIAL = f"{JOB}-003-0a1b2c3d"
SITE = TrainingSite(DATA_BUCKET, MODEL_BUCKET, ROLE_ARN, KMS_KEY_ARN, {"xgboost": REGISTRY}, STACK)
TUNING = Tuning(
    "Bayesian",
    Objective("validation:rmse", "Minimize"),
    {
        "eta": Range("continuous", 0.05, 0.5, "Logarithmic"),
        "num_round": Range("integer", 10, 60),
        "booster": Range("categorical", values=("gbtree", "dart")),
    },
    max_jobs=20,
    max_parallel_jobs=2,
    seed=7,
)
CONFIG = replace(sample_config(), tuning=TUNING)
FILES = {"train/train.csv": b"5,1\n6,2\n", "validation/validation.csv": b"5,1\n", "test/test.csv": b"5,1\n"}
COLUMNS = ["quality", "alcohol"]
NOT_FOUND = ("ResourceNotFound", "Amazon SageMaker can't find a tuning job")
ARN = {"HyperParameterTuningJobArn": "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/x"}
ASKED = {"HyperParameterTuningJobName": JOB}


@pytest.fixture
def dataset(buckets: object) -> Dataset:  # noqa: ARG001 - the manifest's files lie in them
    return parse_manifest(json.dumps(upload_dataset(FILES, COLUMNS)).encode(), "wine-quality")


def request_of(dataset: Dataset, attempt: int = 1) -> dict[str, Any]:
    name = RELEASE.tuning_job(STACK, attempt)
    job = training_request(name, RELEASE, CONFIG, dataset, SITE)
    folder = f"s3://{MODEL_BUCKET}/training/{RELEASE.training_job(attempt)}"
    return tuning_request(job, TUNING, folder, None)


def described(request: dict[str, Any], state: str = "InProgress", **more: Any) -> dict[str, Any]:
    """What SageMaker describes of a tuning job that was asked for, with what it adds."""
    document: dict[str, Any] = json.loads(json.dumps({key: value for key, value in request.items() if key != "Tags"}))
    definition = document["TrainingJobDefinition"]
    definition["StaticHyperParameters"]["_tuning_objective_metric"] = "validation:rmse"
    for channel in definition["InputDataConfig"]:
        channel |= {"CompressionType": "None", "RecordWrapperType": "None"}
    return {
        **document,
        **ARN,
        "HyperParameterTuningJobStatus": state,
        "CreationTime": 0,
        "TrainingJobStatusCounters": {"Completed": 12, "InProgress": 2, "NonRetryableError": 1, "Stopped": 0},
        "ObjectiveStatusCounters": {},
        **more,
    }


def trial(name: str = TRIAL, state: str = "Completed", value: float | None = 0.5, **more: Any) -> dict[str, Any]:
    metric = {"MetricName": "validation:rmse", "Value": value}
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{name}",
        "CreationTime": 0,
        "TrainingJobStatus": state,
        "TunedHyperParameters": {"eta": "0.1"},
        **({} if value is None else {"FinalHyperParameterTuningJobObjectiveMetric": metric}),
        **more,
    }


def test_a_tuning_job_has_the_settings_of_a_training_job(dataset: Dataset) -> None:
    request = request_of(dataset)
    job = training_request(JOB, RELEASE, CONFIG, dataset, SITE)
    definition = request["TrainingJobDefinition"]
    assert request["HyperParameterTuningJobName"] == JOB
    assert len(RELEASE.tuning_job(STACK, 9)) == 32
    assert request["HyperParameterTuningJobConfig"] == {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:rmse"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "ContinuousParameterRanges": [
                {"Name": "eta", "MinValue": "0.05", "MaxValue": "0.5", "ScalingType": "Logarithmic"}
            ],
            "IntegerParameterRanges": [
                {"Name": "num_round", "MinValue": "10", "MaxValue": "60", "ScalingType": "Auto"}
            ],
            "CategoricalParameterRanges": [{"Name": "booster", "Values": ["gbtree", "dart"]}],
        },
        "TrainingJobEarlyStoppingType": "Off",
        "RandomSeed": 7,
    }
    assert definition["StaticHyperParameters"] == job["HyperParameters"]
    assert definition["OutputDataConfig"]["S3OutputPath"] == f"s3://{MODEL_BUCKET}/training/{RELEASE.training_job()}"
    same = ("AlgorithmSpecification", "InputDataConfig", "ResourceConfig", "StoppingCondition", "RoleArn")
    assert {name: definition[name] for name in same} == {name: job[name] for name in same}
    assert definition["EnableNetworkIsolation"] is True
    assert request["Tags"] == job["Tags"]


def test_a_program_takes_its_values_as_json() -> None:
    job = {"TrainingJobName": JOB, "HyperParameters": {}, "OutputDataConfig": {}, "Tags": [], "CheckpointConfig": {}}
    tuning = replace(TUNING, strategy="Hyperband", resource=Resource(1, 9), max_runtime_s=600)
    request = tuning_request(job, tuning, "s3://models/x", SCRIPT_PROGRAM)
    config = request["HyperParameterTuningJobConfig"]
    assert config["ParameterRanges"]["CategoricalParameterRanges"][0]["Values"] == ['"gbtree"', '"dart"']
    assert config["StrategyConfig"] == {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    assert config["ResourceLimits"]["MaxRuntimeInSeconds"] == 600
    assert "CheckpointConfig" not in request["TrainingJobDefinition"]


def test_a_tuning_job_is_created_once(sagemaker: Stubber, dataset: Dataset) -> None:
    request = request_of(dataset)
    sagemaker.add_client_error("describe_hyper_parameter_tuning_job", *NOT_FOUND, expected_params=ASKED)
    sagemaker.add_response("create_hyper_parameter_tuning_job", ARN, request)
    sagemaker.add_response("describe_hyper_parameter_tuning_job", described(request), ASKED)
    for _ in range(2):
        done = start_training(RELEASE, CONFIG, dataset, SITE).done({})
        assert (done.variables["TrainingJobName"], done.summary) == (JOB, f"Tuning job {JOB}")
    sagemaker.assert_no_pending_responses()


@pytest.mark.parametrize("state", ["Failed", "Stopped", "Stopping", "Completed"])
def test_after_a_search_without_a_model_comes_the_next_attempt(
    sagemaker: Stubber, dataset: Dataset, state: str
) -> None:
    sagemaker.add_response("describe_hyper_parameter_tuning_job", described(request_of(dataset), state))
    sagemaker.add_client_error(
        "describe_hyper_parameter_tuning_job",
        *NOT_FOUND,
        expected_params={"HyperParameterTuningJobName": f"{JOB}-2"},
    )
    sagemaker.add_response("create_hyper_parameter_tuning_job", ARN, request_of(dataset, 2))
    assert start_training(RELEASE, CONFIG, dataset, SITE).job_name == f"{JOB}-2"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("HyperParameterTuningJobConfig", "Strategy"), "Random", "HyperParameterTuningJobConfig"),
        (("TrainingJobDefinition", "RoleArn"), "arn:aws:iam::1:role/other", "TrainingJobDefinition"),
        (("TrainingJobDefinition", "StaticHyperParameters", "csv_weights"), "1", "StaticHyperParameters"),
        (("TrainingJobDefinition", "Environment"), {"A": "b"}, "TrainingJobDefinition.Environment"),
        (("WarmStartConfig",), {"WarmStartType": "TransferLearning"}, "WarmStartConfig"),
        (
            ("HyperParameterTuningJobConfig", "ParameterRanges", "CategoricalParameterRanges"),
            [{"Name": "booster", "Values": ["gbtree", "dart"]}, {"Name": "x", "Values": ["1"]}],
            "ParameterRanges",
        ),
    ],
)
def test_another_tuning_job_of_the_name_is_refused(
    sagemaker: Stubber, dataset: Dataset, path: tuple[str, ...], value: object, named: str
) -> None:
    found = described(request_of(dataset))
    place = found
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert named in tuning_differences(found, request_of(dataset))
    if path != ("WarmStartConfig",):
        sagemaker.add_response("describe_hyper_parameter_tuning_job", found)
        with pytest.raises(JobFailedError, match=f"Tuning job {JOB} exists with other settings"):
            start_training(RELEASE, CONFIG, dataset, SITE)


def test_a_stack_from_before_is_told(dataset: Dataset) -> None:
    with pytest.raises(ConfigurationError, match=r"TUNING_PREFIX .* Update the pipeline stack"):
        start_training(RELEASE, CONFIG, dataset, replace(SITE, tuning_prefix=""))


def documented() -> list[str]:
    """The statuses in AWS's own model of SageMaker."""
    values: list[str] = client_of("sagemaker").meta.service_model.shape_for("HyperParameterTuningJobStatus").enum
    return values


@pytest.mark.parametrize(
    ("state", "kind", "text"),
    [
        ("InProgress", Continue, "13 of 20 training jobs ended, 1 failed, the best has validation:rmse 0.5"),
        ("Failed", Failed, f"failed: No training job succeeded. {TRIAL}: no rows"),
        ("Stopped", Failed, "was stopped (Stopped). Retry all actions of the stage to tune again."),
        ("Stopping", Failed, "was stopped (Stopping)."),
        ("Deleting", Failed, "is being deleted (Deleting)."),
        ("DeleteFailed", Failed, "is being deleted (DeleteFailed)."),
        ("Resting", Failed, "has the status Resting, which this function does not know"),
    ],
)
def test_each_status_is_decided(dataset: Dataset, state: str, kind: type, text: str) -> None:
    found = described(request_of(dataset), state, BestTrainingJob=trial(), FailureReason="No training job succeeded.")
    outcome = decide_tuning(JOB, found, [trial(state="Failed", value=None, FailureReason="no\nrows")])
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, str)
    assert text in (outcome.summary if isinstance(outcome, Continue) else outcome.message)


def test_every_documented_status_is_known(dataset: Dataset) -> None:
    for state in documented():
        found = described(request_of(dataset), state, BestTrainingJob=trial())
        assert "does not know" not in str(decide_tuning(JOB, found, []))
    assert isinstance(decide_tuning(JOB, None, []), Failed)


def test_the_best_is_one_that_completed(dataset: Dataset) -> None:
    found = described(request_of(dataset), "Completed", BestTrainingJob=trial())
    assert decide_tuning(JOB, found, []) == TRIAL
    stopped = described(request_of(dataset), "Completed", BestTrainingJob=trial("x", "Stopped", 0.1))
    assert (
        decide_tuning(JOB, stopped, [trial("a", value=0.4), trial("b", value=0.3), trial("x", "Stopped", 0.1)]) == "b"
    )
    none = described(request_of(dataset), "Completed")
    outcome = decide_tuning(JOB, none, [trial("a", "Failed", None, FailureReason="no rows")])
    assert isinstance(outcome, Failed)
    assert "ended without a training job that completed with validation:rmse. a: no rows" in outcome.message


def test_a_search_that_ran_as_long_as_it_may_has_its_best(dataset: Dataset) -> None:
    found = described(
        request_of(dataset), "Stopped", BestTrainingJob=trial(), ConsumedResources={"RuntimeInSeconds": 700}
    )
    assert not has_winner(found)
    found["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxRuntimeInSeconds"] = 600
    assert has_winner(found)
    assert decide_tuning(JOB, found, []) == TRIAL


def test_a_search_whose_jobs_were_all_stopped_is_tried_again(dataset: Dataset) -> None:
    found = described(request_of(dataset), "Completed", BestTrainingJob=trial("x", "Stopped", 0.1))
    assert has_winner(found)
    found["TrainingJobStatusCounters"] = {"Completed": 0, "Stopped": 3}
    assert not has_winner(found)
    assert isinstance(decide_tuning(JOB, found, [trial("x", "Stopped", 0.1)]), Failed)


def test_the_wait_ends_with_the_best_model(
    sagemaker: Stubber, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "versions_of", lambda _: ["v1"])
    found = described(request_of(dataset), "Completed", BestTrainingJob=trial())
    sagemaker.add_response("describe_hyper_parameter_tuning_job", found, ASKED)
    sagemaker.add_response(
        "describe_training_job",
        {
            "TrainingJobName": TRIAL,
            "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/x",
            "TrainingJobStatus": "Completed",
            "SecondaryStatus": "Completed",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "StoppingCondition": {},
            "ResourceConfig": {"VolumeSizeInGB": 1},
            "CreationTime": 0,
            "ModelArtifacts": {"S3ModelArtifacts": "s3://models/x/model.tar.gz"},
        },
        {"TrainingJobName": TRIAL},
    )
    outcome = poll("training-job", JOB, None, None)
    assert isinstance(outcome, Done)
    assert outcome.variables["TrainingJobName"] == TRIAL
    assert outcome.variables["TuningJobName"] == JOB
    assert outcome.variables["ArtifactVersion"] == "v1"
    assert json.loads(outcome.variables["TunedHyperparameters"]) == {"eta": "0.1"}
    assert outcome.summary is not None
    assert outcome.summary.endswith(f"Training job {TRIAL} is the best")


def test_what_is_made_of_the_best_job_has_the_names_of_the_release() -> None:
    assert RELEASE.model(TRIAL, isolated=True) == RELEASE.training_job()
    second = f"{JOB}-2-0123-xY9"
    assert RELEASE.prod_model(second) == f"{RELEASE.training_job(2)}-prod"
    assert RELEASE.endpoint_config("dev", second).endswith("-dev-8f3c2a1d-4b5e-2")
    assert (tuning_job_of(TRIAL), tuning_job_of(second), tuning_job_of(RELEASE.training_job())) == (
        JOB,
        f"{JOB}-2",
        None,
    )
    assert is_tuning_job(JOB)
    assert not is_tuning_job(RELEASE.training_job())
    # Of a model that is called as the short id begins.
    assert not is_tuning_job("slipway-1a2b3c4d-8f3c2a1d-8f3c2a1d-4b5e")


def test_a_failed_release_stops_its_search(
    sagemaker: Stubber, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "get_execution", lambda *_: {"status": "Failed"})
    monkeypatch.setattr(release_end, "await_deletion", lambda *_: None)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    for _ in range(2):
        sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    sagemaker.add_response("describe_hyper_parameter_tuning_job", described(request_of(dataset)), ASKED)
    sagemaker.add_response("stop_hyper_parameter_tuning_job", {}, ASKED)
    sagemaker.add_client_error(
        "describe_hyper_parameter_tuning_job", *NOT_FOUND, expected_params={"HyperParameterTuningJobName": f"{JOB}-2"}
    )
    assert end_release(RELEASE, lambda: 60_000, STACK).stopped == (JOB,)
    sagemaker.assert_no_pending_responses()
