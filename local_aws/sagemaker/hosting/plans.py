"""The plan of an endpoint: its config and models as they were when the deployment began.

A deployment copies them completely, so an endpoint starts again after a restart even if its config or models have been
deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from local_aws.sagemaker import faults, names
from local_aws.sagemaker.hosting.models import container_of, data_uri
from local_aws.sagemaker.records import Record, Records
from local_aws.wire import Caller, Document

_STARTUP_S = 480.0
"""https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"""


@dataclass(frozen=True)
class VariantPlan:
    """One production variant, resolved."""

    name: str
    image: str
    model_uri: str
    role_arn: str
    weight: float
    instance_count: int
    startup_timeout_s: float
    instance_type: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    serverless: Mapping[str, int] | None = None
    routing: Mapping[str, str] | None = None
    offline: bool = False
    """Whether the model's container has no network (EnableNetworkIsolation)."""


@dataclass(frozen=True)
class Plan:
    """An endpoint config, resolved."""

    config_name: str
    variants: tuple[VariantPlan, ...]

    @property
    def serverless(self) -> bool:
        """Whether the endpoint is serverless."""
        return any(variant.serverless for variant in self.variants)

    def variant(self, name: str) -> VariantPlan | None:
        """The variant of that name, or None."""
        return next((variant for variant in self.variants if variant.name == name), None)

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Plan:
        """The plan with other weights and counts; `changes` are fields by variant name."""
        return replace(self, variants=tuple(replace(v, **changes.get(v.name, {})) for v in self.variants))

    def as_document(self) -> Document:
        """The plan as a document for the store."""
        return asdict(self)


def from_document(document: Document) -> Plan:
    """The reverse of `Plan.as_document`."""
    return Plan(document["config_name"], tuple(VariantPlan(**variant) for variant in document["variants"]))


def resolve(records: Records, caller: Caller, config_name: str) -> Plan:
    """The plan of an endpoint config. Raises ValidationException if it or one of its models is missing."""
    config = records.find(names.ENDPOINT_CONFIG, config_name)
    if config is None:
        arn = names.arn(caller, names.ENDPOINT_CONFIG, config_name)
        raise faults.not_found(names.ENDPOINT_CONFIG, arn)
    variants = []
    for variant in config.request["ProductionVariants"]:
        model = records.find(names.MODEL, variant["ModelName"])
        if model is None:
            raise faults.not_found(names.MODEL, names.arn(caller, names.MODEL, variant["ModelName"]))
        variants.append(_variant(variant, model))
    return Plan(config.name, tuple(variants))


def _variant(variant: Document, model: Record) -> VariantPlan:
    container = container_of(model)
    serverless = variant.get("ServerlessConfig")
    return VariantPlan(
        name=variant["VariantName"],
        image=container["Image"],
        model_uri=data_uri(container),
        role_arn=model.request["ExecutionRoleArn"],
        weight=variant["InitialVariantWeight"],
        instance_count=1 if serverless else variant["InitialInstanceCount"],
        startup_timeout_s=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _STARTUP_S),
        instance_type=variant.get("InstanceType"),
        environment=container.get("Environment", {}),
        serverless=serverless,
        routing=variant.get("RoutingConfig"),
        offline=bool(model.request.get("EnableNetworkIsolation")),
    )
