"""The tuning job of a release whose config has the section `tuning`: the request for it, and whether one is the same.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.config.tuning_model import Range, Tuning
from pipeline_lambdas.release.script_mode import OBJECTIVE, encoded
from pipeline_lambdas.steps.found import differences

_CONFIG, _DEFINITION, _STATIC = "HyperParameterTuningJobConfig", "TrainingJobDefinition", "StaticHyperParameters"
_LISTS = {
    "integer": "IntegerParameterRanges",
    "continuous": "ContinuousParameterRanges",
    "categorical": "CategoricalParameterRanges",
}
_OF_THE_WHOLE = frozenset({"TrainingJobName", "Tags", "HyperParameters", "CheckpointConfig"})


def tuning_request(job: Mapping[str, Any], tuning: Tuning, folder: str, program: str | None) -> dict[str, Any]:
    """Return the request for a tuning job of the name, the settings and the tags of a training job's request.

    All training jobs leave their models below `folder`. Checkpoints are left out: the jobs would share their place, and
    one would go on from what another has saved.
    """
    definition = {name: value for name, value in job.items() if name not in _OF_THE_WHOLE}
    return {
        "HyperParameterTuningJobName": job["TrainingJobName"],
        _CONFIG: _config(tuning, program),
        _DEFINITION: {
            **definition,
            _STATIC: job["HyperParameters"],
            "OutputDataConfig": {**job["OutputDataConfig"], "S3OutputPath": folder},
        },
        "Tags": job["Tags"],
    }


def _config(tuning: Tuning, program: str | None) -> dict[str, Any]:
    limits = {
        "MaxNumberOfTrainingJobs": tuning.max_jobs,
        "MaxParallelTrainingJobs": tuning.max_parallel_jobs,
        "MaxRuntimeInSeconds": tuning.max_runtime_s,
    }
    resource = tuning.resource
    hyperband = {"MinResource": resource.min, "MaxResource": resource.max} if resource else None
    return {
        "Strategy": tuning.strategy,
        **({"StrategyConfig": {"HyperbandStrategyConfig": hyperband}} if hyperband else {}),
        "HyperParameterTuningJobObjective": {"Type": tuning.objective.type, "MetricName": tuning.objective.metric},
        "ResourceLimits": {name: value for name, value in limits.items() if value is not None},
        "ParameterRanges": _ranges(tuning.ranges, program),
        "TrainingJobEarlyStoppingType": tuning.early_stopping,
        **({} if tuning.seed is None else {"RandomSeed": tuning.seed}),
    }


def _ranges(ranges: Mapping[str, Range], program: str | None) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, one in ranges.items():
        if one.type == "categorical":
            # The values of a program are JSON, as its other hyperparameters are.
            tried: dict[str, Any] = {"Values": [encoded(value, program) for value in one.values]}
        else:
            tried = {"MinValue": str(one.min), "MaxValue": str(one.max), "ScalingType": one.scaling}
        found.setdefault(_LISTS[one.type], []).append({"Name": name, **tried})
    return found


def tuning_differences(description: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    """Return the settings in which a tuning job differs from the request; none if it is the requested one."""
    asked = dict(request[_DEFINITION])
    static = asked.pop(_STATIC)
    different = differences("HyperParameterTuningJob", description, {_CONFIG: request[_CONFIG], _DEFINITION: asked})
    found = dict((description.get(_DEFINITION) or {}).get(_STATIC) or {})
    found.pop(OBJECTIVE, None)
    if found != static:
        different.append(_STATIC)
    if _names(description) != _names(request):
        different.append("ParameterRanges")
    return different


def _names(document: Mapping[str, Any]) -> list[str]:
    ranges = (document.get(_CONFIG) or {}).get("ParameterRanges") or {}
    return sorted(str(one.get("Name")) for kind in ranges.values() for one in kind)
