"""Reads where and how a training job runs: the section `training` of a config.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.config import schema
from pipeline_lambdas.config.model import Spot
from pipeline_lambdas.config.reader import Reader

# For built-in algorithms that do not checkpoint.
_LONGEST_WAIT_S = 3600


def read_training(reader: Reader, item: object, algorithm: Algorithm | None, *, script: bool) -> dict[str, Any]:
    """Return the values of the section, for TrainingResources; some may be missing after a problem was noted."""
    values = reader.section(_without_pipe(reader, item), "training", schema.TRAINING, ["spot"])
    spot = values.pop("spot", None)
    if spot is not None:
        found = reader.section(spot, "training.spot", schema.SPOT)
        if "max_wait_s" in found:
            values["spot"] = Spot(**found)
            _check_spot(reader, values, algorithm, script=script)
    if values.get("distribution") == "sharded" and values.get("instance_count") == 1:
        reader.problem(
            "training.distribution", "found sharded with one instance; allowed with an instance_count above 1"
        )
    if values.get("input_mode") == "FastFile" and not script:
        name = algorithm.name if algorithm else "a built-in algorithm"
        reader.problem(
            "training.input_mode",
            f"found FastFile with {name}; allowed with script, whose program opens the files itself",
        )
    return values


def _without_pipe(reader: Reader, item: object) -> object:
    """Note SageMaker's third mode, whose named pipes XGBoost's image reads no longer, and programs have to be made for.

    https://github.com/aws/sagemaker-xgboost-container (data_utils.py)
    """
    if not isinstance(item, dict) or item.get("input_mode") != "Pipe":
        return item
    reader.problem(
        "training.input_mode",
        "found Pipe, which is not offered; expected File, or with script FastFile, which reads from S3 what a program "
        "opens, and needs no volume for it either",
    )
    return {key: value for key, value in item.items() if key != "input_mode"}


def _check_spot(reader: Reader, values: Mapping[str, Any], algorithm: Algorithm | None, *, script: bool) -> None:
    path, wait_s = "training.spot.max_wait_s", values["spot"].max_wait_s
    if wait_s < values.get("max_runtime_s", 0):
        reader.problem(path, f"found {wait_s}, below max_runtime_s {values['max_runtime_s']}; expected that or more")
    if algorithm and not script and not algorithm.checkpoints and wait_s > _LONGEST_WAIT_S:
        reader.problem(
            path, f"found {wait_s}; expected at most {_LONGEST_WAIT_S}, as {algorithm.name} saves no checkpoints"
        )
    if "keep_alive_s" in values:
        reader.problem(
            "training.keep_alive_s", "found with spot; allowed without, as SageMaker keeps no spot instances"
        )
