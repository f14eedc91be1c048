"""Spot instances, warm pools, sharded channels and FastFile in a training config, and in the job's request."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config.model import TrainingConfig, config_values
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from pipeline_lambdas.release.dataset import parse_manifest
from pipeline_lambdas.steps.found import differences
from pipeline_lambdas.steps.training import TrainingSite, training_request
from tests.events import DATA_BUCKET, KMS_KEY_ARN, MODEL_BUCKET, REGISTRY, ROLE_ARN
from tests.pipeline_lambdas.aws_doubles import manifest, plain_document, sample_config
from tests.pipeline_lambdas.scripts import script_document
from tests.pipeline_lambdas.steps.test_source import RELEASE

SITE = TrainingSite(DATA_BUCKET, MODEL_BUCKET, ROLE_ARN, KMS_KEY_ARN, dict.fromkeys(ALGORITHMS, REGISTRY))
LINEAR = {
    "algorithm": {"name": "linear-learner", "version": 1},
    "hyperparameters": {"predictor_type": "regressor"},
}


def config_with(document: dict[str, Any] | None = None, **training: Any) -> TrainingConfig:
    changed = document or plain_document()
    changed["training"] = {**changed["training"], **training}
    return parse_config(yaml.safe_dump(changed), "wine-quality.yml")


def request_of(config: TrainingConfig) -> dict[str, Any]:
    dataset = parse_manifest(json.dumps(manifest({"train/train.csv": b"5,1\n"})).encode(), "wine-quality")
    return training_request("job", RELEASE, config, dataset, SITE, "s3://b/source/" if config.script else None)


def test_a_config_without_them_has_the_values_that_it_had() -> None:
    values = config_values(sample_config())["training"]
    assert values.keys() == {"instance_type", "instance_count", "volume_gib", "max_runtime_s"}
    assert config_values(config_with(spot={"max_wait_s": 7200}))["training"]["spot"] == {"max_wait_s": 7200}


def test_spot_asks_for_the_wait_and_keeps_checkpoints() -> None:
    request = request_of(config_with(max_runtime_s=3600, spot={"max_wait_s": 7200}))
    assert request["EnableManagedSpotTraining"]
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert request["CheckpointConfig"] == {
        "S3Uri": f"s3://{MODEL_BUCKET}/training/job/checkpoints",
        "LocalPath": "/opt/ml/checkpoints",
    }
    linear = request_of(config_with({**plain_document(), **LINEAR}, max_runtime_s=600, spot={"max_wait_s": 3600}))
    assert linear["EnableManagedSpotTraining"]
    assert "CheckpointConfig" not in linear


def test_instances_channels_and_modes_are_asked_for() -> None:
    request = request_of(config_with(instance_count=3, distribution="sharded", keep_alive_s=600))
    assert request["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 600
    source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["S3DataDistributionType"] == "ShardedByS3Key"
    script = request_of(config_with(script_document(), input_mode="FastFile"))
    assert script["AlgorithmSpecification"]["TrainingInputMode"] == "FastFile"
    code = script["InputDataConfig"][-1]
    assert code["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "FullyReplicated"


def test_a_job_of_the_same_name_has_to_be_alike() -> None:
    plain, spot = request_of(sample_config()), request_of(config_with(max_runtime_s=600, spot={"max_wait_s": 7200}))
    parts = ("EnableManagedSpotTraining", "CheckpointConfig", "ResourceConfig")
    assert differences("TrainingJob", spot, {part: spot[part] for part in parts}) == []
    found = differences("TrainingJob", spot, {"ResourceConfig": plain["ResourceConfig"]})
    assert found == ["EnableManagedSpotTraining", "CheckpointConfig"]


@pytest.mark.parametrize(
    ("document", "training", "message"),
    [
        (
            None,
            {"max_runtime_s": 3600, "spot": {"max_wait_s": 60}},
            "training.spot.max_wait_s: found 60, below max_runtime_s 3600; expected that or more",
        ),
        (
            LINEAR,
            {"max_runtime_s": 600, "spot": {"max_wait_s": 3601}},
            "training.spot.max_wait_s: found 3601; expected at most 3600, as linear-learner saves no checkpoints",
        ),
        (
            None,
            {"max_runtime_s": 600, "spot": {"max_wait_s": 600}, "keep_alive_s": 60},
            "training.keep_alive_s: found with spot; allowed without, as SageMaker keeps no spot instances",
        ),
        (None, {"keep_alive_s": 3601}, "training.keep_alive_s: found 3601; expected an integer from 1 to 3600"),
        (None, {"spot": {}}, "training.spot.max_wait_s: missing; expected an integer from 1 to 2419200"),
        (
            None,
            {"instance_count": 1, "distribution": "sharded"},
            "training.distribution: found sharded with one instance; allowed with an instance_count above 1",
        ),
        (
            None,
            {"input_mode": "FastFile"},
            "training.input_mode: found FastFile with xgboost; allowed with script, whose program opens the files "
            "itself",
        ),
        (
            None,
            {"input_mode": "Pipe"},
            "training.input_mode: found Pipe, which is not offered; expected File, or with script FastFile, which "
            "reads from S3 what a program opens, and needs no volume for it either",
        ),
    ],
)
def test_what_cannot_be_is_refused(document: dict[str, Any] | None, training: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_with({**plain_document(), **(document or {})}, **training)
    assert caught.value.problems == (f"wine-quality.yml: {message}",)
