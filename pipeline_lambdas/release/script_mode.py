"""SageMaker's script mode: a framework's image that runs a program of its caller's, to train and then to serve.

The names and forms are those of AWS's SDK and of its toolkits: https://github.com/aws/sagemaker-python-sdk
(estimator.py: Framework), https://github.com/aws/sagemaker-training-toolkit,
https://github.com/aws/sagemaker-inference-toolkit. Training and serving have no network, so the source comes through a
channel, and travels on in the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline_lambdas.config.model import TrainingConfig

TABLE_PROGRAM = "slipway_tabular.py"
"""The program that trains on a table; the source is packed with it."""
SCRIPT_PROGRAM = "slipway_script.py"
"""The program that runs a data scientist's, and is packed with it."""
TARBALL = "sourcedir.tar.gz"
CHANNEL = "code"
OBJECTIVE = "_tuning_objective_metric"
"""The hyperparameter in which SageMaker tells each training job of a tuning job its aim."""
_TRAINING_SOURCE = f"/opt/ml/input/data/{CHANNEL}/{TARBALL}"
# Where the program copies itself to when it saves the model.
_SERVING_SOURCE = "/opt/ml/model/code"
_OWN = "sagemaker_"
_PROGRAM = f"{_OWN}program"
_LOG_LEVEL = 20
# What Python reads as numbers and JSON has not.
_NO_JSON = ("NaN", "Infinity", "-Infinity")


def program_of(config: TrainingConfig) -> str | None:
    """Return the program that trains and serves a config's model; None for an algorithm as it is built in."""
    if config.script:
        return SCRIPT_PROGRAM
    return TABLE_PROGRAM if config.features else None


def region_of(arn: str) -> str:
    """Return the Region of an ARN."""
    return arn.split(":")[3]


def job_hyperparameters(values: Mapping[str, str], program: str, job: str, region: str) -> dict[str, str]:
    """Return the hyperparameters of a job that runs a program: each value as JSON, as the SDK sends it.

    What is written as JSON writes a number becomes one to a program of a data scientist's.
    """
    own: dict[str, str | int] = {
        _PROGRAM: program,
        "sagemaker_submit_directory": _TRAINING_SOURCE,
        "sagemaker_container_log_level": _LOG_LEVEL,
        "sagemaker_region": region,
        "sagemaker_job_name": job,
    }
    return {
        **{name: encoded(value, program) for name, value in values.items()},
        **{n: json.dumps(v) for n, v in own.items()},
    }


def encoded(value: str, program: str | None) -> str:
    """Return a hyperparameter's value as a job that runs a program takes it; without one as it is."""
    if program is None:
        return value
    return _encoded(value) if program == SCRIPT_PROGRAM else json.dumps(value)


def plain_hyperparameters(values: Mapping[str, str]) -> dict[str, str]:
    """Return the hyperparameters of any job as its config gives them."""
    if _PROGRAM not in values:
        return dict(values)
    return {name: str(_decoded(value)) for name, value in values.items() if not name.startswith(_OWN)}


def trained_program(values: Mapping[str, str]) -> str | None:
    """Return the program that a job of these hyperparameters ran; None if it ran none."""
    return str(_decoded(values[_PROGRAM])) if _PROGRAM in values else None


def serving_environment(program: str | None, region: str) -> dict[str, str]:
    """Return the variables of a container that serves with a program; none without one."""
    if program is None:
        return {}
    return {
        "SAGEMAKER_PROGRAM": program,
        "SAGEMAKER_SUBMIT_DIRECTORY": _SERVING_SOURCE,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": str(_LOG_LEVEL),
        "SAGEMAKER_REGION": region,
    }


def _encoded(value: str) -> str:
    found = _decoded(value)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    # What JSON would write in another way, such as 1e5 or 1.50, is left as it is.
    return value if is_number and json.dumps(found) == value and value not in _NO_JSON else json.dumps(value)


def _decoded(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value
