"""Reads the environments of a training config: the instances or the serverless settings, and how updates roll out."""

from __future__ import annotations

from pipeline_lambdas.config import schema
from pipeline_lambdas.config.model import InstanceVariant, Rollout, ServerlessVariant, TrainingConfig, Variant
from pipeline_lambdas.config.reader import Reader


def read_variant(reader: Reader, item: object, environment: str) -> Variant | None:
    """Return the variant of an environment; None after a problem was noted."""
    path = f"environments.{environment}"
    extra = ["deployment"] if environment in schema.DEPLOYED_IN_STEPS else []
    if not isinstance(item, dict) or "serverless" not in item:
        values = reader.section(item, path, schema.INSTANCE, ["serverless", *extra])
        rollout = Rollout()
        if "deployment" in values:
            rollout = _rollout(reader, values.pop("deployment"), path, values.get("instance_count"))
        complete = len(values) == len(schema.INSTANCE)
        return InstanceVariant(**values, rollout=rollout) if complete else None
    reader.mapping(item, path, ["serverless", *schema.INSTANCE, *extra])
    if any(key in item for key in schema.INSTANCE):
        reader.problem(path, "found serverless together with instances; expected one of them")
    if "deployment" in item and extra:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
        reader.problem(f"{path}.deployment", "found together with serverless; allowed with instances")
    values = reader.section(item["serverless"], f"{path}.serverless", schema.SERVERLESS)
    return ServerlessVariant(**values) if len(values) == len(schema.SERVERLESS) else None


def short_waits(config: TrainingConfig) -> list[tuple[str, int]]:
    """Return path and seconds of each wait that is too short for the roll-back alarms.

    A serverless endpoint has no such wait, and SageMaker does not roll it back:
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    """
    found: list[tuple[str, int]] = []
    for environment in schema.DEPLOYED_IN_STEPS:
        variant = config.environments.get(environment)
        if not isinstance(variant, InstanceVariant):
            continue
        waits = {"termination_wait_s": variant.rollout.termination_wait_s}
        if variant.rollout.type != "all-at-once":
            waits["wait_s"] = variant.rollout.wait_s
        path = f"environments.{environment}.deployment"
        found += [(f"{path}.{key}", wait_s) for key, wait_s in waits.items() if wait_s < schema.ALARMS_NEED_S]
    return found


def _rollout(reader: Reader, item: object, path: str, instances: int | None) -> Rollout:
    path = f"{path}.deployment"
    before = len(reader.problems)
    values = reader.section(item, path, schema.DEPLOYMENT)
    if len(reader.problems) > before:
        return Rollout()
    rollout = Rollout(**values)
    for kind, key in (("canary", "canary_percent"), ("linear", "linear_percent")):
        if rollout.type == kind and key not in values:
            reader.problem(f"{path}.{key}", f"missing; expected {schema.DEPLOYMENT[key].allowed}")
        if rollout.type != kind and key in values:
            reader.problem(f"{path}.{key}", f"found with type {rollout.type}; allowed with type {kind}")
    if rollout.type == "all-at-once" and rollout.wait_s:
        reader.problem(f"{path}.wait_s", "found with type all-at-once; allowed with canary, linear")
    if rollout.type != "all-at-once" and instances == 1:
        reader.problem(
            f"{path}.type",
            f"found {rollout.type} with 1 instance; allowed from 2 on, as traffic moves by whole instances",
        )
    if rollout.longest_s > schema.LONGEST_WAITS_S:
        reader.problem(
            path, f"found waits of {rollout.longest_s} s together; expected at most {schema.LONGEST_WAITS_S} s"
        )
    return rollout
