"""What a training script is told, against the toolkit's documented example.

https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.containers import processing_images, registry
from local_aws.sagemaker.containers.script_mode import frameworks
from local_aws.sagemaker.containers.script_mode.environment import TrainingEnvironment
from local_aws.sagemaker.containers.script_mode.frameworks import SCIKIT_LEARN, XGBOOST, Framework
from local_aws.sagemaker.containers.script_mode.task import Task
from tests.local_aws.sagemaker.containers.conftest import MlBuilder

GIVEN = {
    "sagemaker_program": '"train.py"',
    "sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"',
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": '"wine-1"',
    "sagemaker_region": '"eu-west-1"',
    "sagemaker_mpi_enabled": "false",
    "batch-size": "25",
    "learning_rate": "0.0001",
    "name": '"two words"',
    "raw": "not JSON",
    "sizes": "[1,2]",
    "weights": '{"b": 2, "a": 1}',
    "verbose": "true",
    "nothing": "null",
    "k": "3",
}


def environment(ml_builder: MlBuilder, framework: Framework = SCIKIT_LEARN, **variables: str) -> TrainingEnvironment:
    ml = ml_builder.build(GIVEN, {"train/a.csv": "1,2\n", "code/sourcedir.tar.gz": b""})
    task = Task(image=framework.repository, base=str(ml.root), cache="", offline=True)
    return TrainingEnvironment(task, framework, {"TRAINING_JOB_NAME": "wine-1", **variables})


def test_the_arguments(ml_builder: MlBuilder) -> None:
    made = environment(ml_builder)
    assert made.program == "train.py"
    assert made.arguments == [
        *("--batch-size", "25"),
        *("-k", "3"),
        *("--learning_rate", "0.0001"),
        *("--name", "two words"),
        *("--nothing", ""),
        *("--raw", "not JSON"),
        *("--sizes", "[1, 2]"),
        *("--verbose", "True"),
        *("--weights", "a=1,b=2"),
    ]


def test_the_variables(ml_builder: MlBuilder) -> None:
    made = environment(ml_builder)
    base = made.task.base
    seen = made.all_variables()
    expected: dict[str, Any] = {
        "SM_CHANNEL_TRAIN": f"{base}/input/data/train",
        "SM_CHANNEL_CODE": f"{base}/input/data/code",
        "SM_CHANNELS": '["code","train"]',
        "SM_MODEL_DIR": f"{base}/model",
        "SM_OUTPUT_DATA_DIR": f"{base}/output/data",
        "SM_OUTPUT_DIR": f"{base}/output",
        "SM_OUTPUT_INTERMEDIATE_DIR": f"{base}/output/intermediate",
        "SM_INPUT_DIR": f"{base}/input",
        "SM_INPUT_CONFIG_DIR": f"{base}/input/config",
        "SM_HP_BATCH-SIZE": "25",
        "SM_HP_NAME": "two words",
        "SM_HP_WEIGHTS": '{"a":1,"b":2}',
        "SM_HP_NOTHING": "",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_NUM_GPUS": "0",
        "SM_LOG_LEVEL": "20",
        "SM_MODULE_DIR": "/opt/ml/input/data/code/sourcedir.tar.gz",
        "SM_MODULE_NAME": "train",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_FRAMEWORK_MODULE": "sagemaker_sklearn_container.training:main",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_mpi_enabled":false}',
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_INPUT_TRAINING_CONFIG_FILE": f"{base}/input/config/hyperparameters.json",
        "SAGEMAKER_JOB_NAME": "wine-1",
        "SAGEMAKER_REGION": "eu-west-1",
        "CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_TYPE": "local",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert int(seen["SM_NUM_CPUS"]) >= 1
    assert json.loads(seen["SM_HPS"]) == made.hyperparameters
    assert json.loads(seen["SM_USER_ARGS"]) == made.arguments
    assert set(json.loads(seen["SM_INPUT_DATA_CONFIG"])) == {"code", "train"}
    described = json.loads(seen["SM_TRAINING_ENV"])
    assert described["job_name"] == "wine-1"
    assert described["channel_input_dirs"]["train"] == f"{base}/input/data/train"
    assert described["is_master"] is True
    assert described["hyperparameters"] == made.hyperparameters


def test_the_older_toolkit_knows_no_clusters(ml_builder: MlBuilder) -> None:
    seen = environment(ml_builder, XGBOOST).all_variables()
    assert "SM_CURRENT_INSTANCE_TYPE" not in seen
    assert seen["SM_FRAMEWORK_MODULE"] == "sagemaker_xgboost_container.training:main"


def test_a_variable_names_the_program_too(ml_builder: MlBuilder) -> None:
    assert environment(ml_builder, SAGEMAKER_PROGRAM="other.py").program == "other.py"


_URI = "683313688378.dkr.ecr.us-east-1.amazonaws.com/{}"


@pytest.mark.parametrize(
    ("image", "named", "found"),
    [
        ("sagemaker-xgboost:3.2-0", False, None),
        ("sagemaker-xgboost:3.2-0", True, XGBOOST),
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", False, SCIKIT_LEARN),
        ("pytorch-training:2.6.0-cpu-py312-ubuntu22.04-sagemaker", True, frameworks.PYTORCH_TRAINING),
        ("linear-learner:1", True, None),
    ],
)
def test_the_framework_of_a_job(image: str, named: bool, found: Framework | None) -> None:
    given = {"sagemaker_program": "train.py"} if named else {}
    assert frameworks.to_train(_URI.format(image), given, {}) is found


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("sagemaker-xgboost:9.9-9", "has the unknown tag '9.9-9'"),
        ("sagemaker-scikit-learn:9.9-9", "known: sagemaker-scikit-learn with tag 1.4-2-cpu-py3, "),
        ("pytorch-inference:2.6.0-cpu-py312", "is not run locally to train"),
        ("mine:1", "to run a script: sagemaker-scikit-learn with tag"),
    ],
)
def test_images_that_run_no_script(image: str, message: str) -> None:
    with pytest.raises(registry.UnknownImageError, match=message):
        frameworks.to_train(_URI.format(image), {"sagemaker_program": "train.py"}, {})


def test_the_versions_of_an_image() -> None:
    assert frameworks.versions(_URI.format("sagemaker-xgboost:3.0-5"))["xgboost"] == "3.0.5"
    assert frameworks.versions(_URI.format("sagemaker-scikit-learn:1.4-2-cpu-py3"))["scikit-learn"] == "1.4.2"
    assert frameworks.versions(_URI.format("pytorch-training:2.6.0-cpu-py312")) == {"torch": "2.6.0"}
    assert set(XGBOOST.versions) == set(registry.TABLE[XGBOOST.repository].tags)
    assert {f"{version}-cpu-py3" for version in SCIKIT_LEARN.versions} == set(processing_images.TAGS)


def test_a_task_is_taken_out_of_the_environment(tmp_path: Path) -> None:
    task = Task(image="i", base=str(tmp_path), cache="c", offline=False, secret="s", listener=7)
    variables = {"COLOUR": "red", **task.as_variables()}
    assert Task.take(variables) == task
    assert variables == {"COLOUR": "red"}
    assert task.here("/opt/ml/input/data/code") == tmp_path / "input/data/code"
    assert task.here("/srv/code") == Path("/srv/code")
