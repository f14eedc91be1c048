"""CreateTrainingJob's request for a training job of a tuning job.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html
"""

from __future__ import annotations

import secrets

from local_aws.sagemaker.jobs.tuning.search.space import Values
from local_aws.sagemaker.jobs.tuning.settings import OBJECTIVE, Tuning
from local_aws.wire import Document

_SAME = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)


def request_of(tuning: Tuning, name: str, values: Values) -> Document:
    """The request; it has the tags of the tuning job only once they are added."""
    definition = tuning.definition
    return {
        "TrainingJobName": name,
        **{member: definition[member] for member in _SAME if member in definition},
        "ResourceConfig": _resources(definition),
        "HyperParameters": {**tuning.static, OBJECTIVE: tuning.metric, **values},
    }


def new_name(tuning_job: str, number: int) -> str:
    """The name of training job `number`, counted from 0: `tuning-001-1a2b3c4d`. AWS documents the prefix only."""
    return f"{tuning_job}-{number + 1:03d}-{secrets.token_hex(4)}"


def _resources(definition: Document) -> Document:
    """ResourceConfig; of the HyperParameterTuningResourceConfig the instances that AWS would try first."""
    flexible = definition.get("HyperParameterTuningResourceConfig")
    if not flexible:
        return dict(definition.get("ResourceConfig", {}))
    first = (flexible.get("InstanceConfigs") or [flexible])[0]
    members = ("InstanceType", "InstanceCount", "VolumeSizeInGB")
    found = {member: first[member] for member in members if member in first}
    return found | {member: flexible[member] for member in ("VolumeKmsKeyId",) if member in flexible}
