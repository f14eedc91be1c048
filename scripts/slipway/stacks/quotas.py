"""The quotas of SageMaker that releases need at most: sums over training configs.

Endpoints stay between releases, and an update runs old and new instances side by side:
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html Names of quotas are those of
Service Quotas: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline_lambdas.config.model import InstanceVariant, Variant
from pipeline_lambdas.config.parsing import TrainingConfig
from slipway.stacks.workflow_estimate import SAMPLES, Work

TRAINING_INSTANCES = "Number of instances across all training jobs"
PROCESSING_INSTANCES = "Number of instances across all processing jobs"
TRANSFORM_INSTANCES = "Number of instances across all transform jobs"
ENDPOINT_INSTANCES = "Number of instances across active endpoints"
SERVERLESS_ENDPOINTS = "Maximum number of serverless endpoints"
SERVERLESS_CONCURRENCY = "Maximum total concurrency that can be allocated across all serverless endpoints"

_OF_WORK = {
    "training": ("training job", TRAINING_INSTANCES),
    "processing": ("processing job", PROCESSING_INSTANCES),
    "transform": ("transform job", TRANSFORM_INSTANCES),
    "endpoint": ("endpoint", ENDPOINT_INSTANCES),
}
"""Kind of work to what the quota of an instance type calls it, and to the quota of all instances."""

Use = Counter[str]
"""Name of a quota to how much of it is in use."""


@dataclass(frozen=True)
class Need:
    """The limit that a quota must have."""

    quota: str
    alone: int
    """While a release of each model runs, at most."""
    overlapping: int
    """While one release of each model is in every stage: one in DeployProd, the next in DeployTest, and so on."""


def needs(configs: Iterable[TrainingConfig]) -> list[Need]:
    """Return each quota that releases of these models use, by name; the needs of models add up."""
    alone, overlapping = Use(), Use()
    for config in configs:
        stages = _stages(config)
        standing = sum(map(_standing, config.environments.values()), Use())
        alone += _greatest(standing + more for more in stages)
        overlapping += sum(stages, standing)
    return [Need(quota, alone[quota], overlapping[quota]) for quota in sorted(overlapping)]


def workflow_needs(instance_type: str) -> list[Need]:
    """Return each quota that the workflows' samples use, by name: one after the other, and all at once."""
    samples = [
        _greatest(_of_work(work, work.instance_type or instance_type) for work in run.work) for run in SAMPLES.values()
    ]
    alone, together = _greatest(samples), sum(samples, Use())
    return [Need(quota, alone[quota], together[quota]) for quota in sorted(together)]


def _of_work(work: Work, instance_type: str) -> Use:
    kind, of_all = _OF_WORK[work.kind]
    return Use({f"{instance_type} for {kind} usage": work.at_once, of_all: work.at_once})


def _stages(config: TrainingConfig) -> list[Use]:
    """Return what each stage of a release uses in addition to the existing endpoints."""
    training = config.training
    count = training.instance_count * (config.tuning.max_parallel_jobs if config.tuning else 1)
    usage = f"{training.instance_type} for {'spot ' if training.spot else ''}training job usage"
    kept = {f"{training.instance_type} for training warm pool usage": count} if training.keep_alive_s else {}
    stages = [Use({usage: count, TRAINING_INSTANCES: count, **kept})]
    for environment, variant in config.environments.items():
        more = _update(variant)
        if environment == "test" and config.compares:
            prod = config.environments["prod"]
            on_instances = prod.instance_type if isinstance(prod, InstanceVariant) else None
            more += _standing(config.champion_variant(on_instances))
        stages.append(more)
    return stages


def _standing(variant: Variant) -> Use:
    """An endpoint in service."""
    if isinstance(variant, InstanceVariant):
        count = variant.instance_count
        return Use({f"{variant.instance_type} for endpoint usage": count, ENDPOINT_INSTANCES: count})
    return Use({SERVERLESS_ENDPOINTS: 1, SERVERLESS_CONCURRENCY: variant.max_concurrency})


def _update(variant: Variant) -> Use:
    """An update needs the same again. Whether that holds for a serverless endpoint is not documented."""
    more = _standing(variant)
    del more[SERVERLESS_ENDPOINTS]
    return more


def _greatest(uses: Iterable[Use]) -> Use:
    greatest = Use()
    for use in uses:
        greatest |= use
    return greatest
