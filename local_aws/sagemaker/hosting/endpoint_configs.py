"""The endpoint config operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html. A config never changes; it can
be deleted at any time, though an endpoint that serves it can then not be updated.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from local_aws.sagemaker import faults, listing, names
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record, TakenError
from local_aws.sagemaker.refusals import check_volume_key, refuse
from local_aws.wire import Caller, Document

_KIND = names.ENDPOINT_CONFIG
_MEMORY_STEP_MIB = 1024
_NOT_EMULATED = {
    "AsyncInferenceConfig": "asynchronous endpoints (AsyncInferenceConfig)",
    "ExplainerConfig": "explainers (ExplainerConfig)",
    "ShadowProductionVariants": "shadow variants (ShadowProductionVariants)",
}
_VARIANT_NOT_EMULATED = {
    "InstancePools": "instance pools (InstancePools)",
    "ManagedInstanceScaling": "managed instance scaling (ManagedInstanceScaling)",
    "CoreDumpConfig": "core dumps (CoreDumpConfig)",
}


class EndpointConfigs:
    """All endpoint configs."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def create(self, caller: Caller, request: Document) -> Document:
        """CreateEndpointConfig: every model must exist."""
        name = request["EndpointConfigName"]
        arn = names.arn(caller, _KIND, name)
        self._check(caller, request)
        variants = [{"InitialVariantWeight": 1.0, **variant} for variant in request["ProductionVariants"]]
        try:
            self._platform.records.create(_KIND, arn, name, {**request, "ProductionVariants": variants})
        except TakenError:
            raise faults.exists(_KIND, arn) from None
        return {"EndpointConfigArn": arn}

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeEndpointConfig."""
        record = self._find(caller, request)
        members = (
            "ProductionVariants",
            "DataCaptureConfig",
            "KmsKeyId",
            "ExecutionRoleArn",
            "VpcConfig",
            "EnableNetworkIsolation",
            "MetricsConfig",
        )
        kept = {member: record.request[member] for member in members if member in record.request}
        return {**_summary(record), **kept}

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListEndpointConfigs."""
        shape = listing.Listing("EndpointConfigs", _summary)
        records = self._platform.records
        return listing.answer(shape, records.heads(_KIND), request, records.full)

    def delete(self, caller: Caller, request: Document) -> Document:
        """DeleteEndpointConfig, even while an endpoint serves it."""
        self._platform.records.delete(self._find(caller, request))
        return {}

    def _find(self, caller: Caller, request: Document) -> Record:
        record = self._platform.records.find(_KIND, request["EndpointConfigName"])
        if record is None:
            raise faults.not_found(_KIND, names.arn(caller, _KIND, request["EndpointConfigName"]))
        return record

    def _check(self, caller: Caller, request: Document) -> None:
        refuse(request, _NOT_EMULATED)
        if request.get("DataCaptureConfig", {}).get("EnableCapture"):
            raise faults.not_emulated("data capture (DataCaptureConfig)")
        variants = request["ProductionVariants"]
        for name, times in Counter(variant["VariantName"] for variant in variants).items():
            if times > 1:
                raise faults.invalid(f"The variant name {name} is used {times} times; each must be unique.")
        for variant in variants:
            self._check_variant(caller, variant, alone=len(variants) == 1)
            check_volume_key("KmsKeyId", request.get("KmsKeyId"), variant.get("InstanceType", ""))

    def _check_variant(self, caller: Caller, variant: Document, *, alone: bool) -> None:
        name = variant["VariantName"]
        refuse(variant, _VARIANT_NOT_EMULATED)
        if "ModelName" not in variant:
            raise faults.not_emulated(f"inference components (variant {name} without ModelName)")
        model = self._platform.records.find(names.MODEL, variant["ModelName"])
        if model is None:
            raise faults.not_found(names.MODEL, names.arn(caller, names.MODEL, variant["ModelName"]))
        serverless = variant.get("ServerlessConfig")
        if serverless is None:
            missing = [member for member in ("InstanceType", "InitialInstanceCount") if member not in variant]
            if missing:
                raise faults.invalid(f"Variant {name} must have {' and '.join(missing)}, or a ServerlessConfig.")
            return
        _check_serverless(variant, serverless, model.request, alone=alone)


def _check_serverless(variant: Document, serverless: Document, model: Document, *, alone: bool) -> None:
    """Refuse what a serverless variant excludes.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """
    name = variant["VariantName"]
    if not alone:
        raise faults.invalid("An endpoint with a serverless variant can have only this one variant.")
    if "InstanceType" in variant or "InitialInstanceCount" in variant:
        raise faults.invalid(f"Variant {name} has a ServerlessConfig, so it cannot have an instance type or count.")
    memory_mib = serverless["MemorySizeInMB"]
    if memory_mib % _MEMORY_STEP_MIB:
        raise faults.invalid(f"MemorySizeInMB is {memory_mib}; expected 1024, 2048, 3072, 4096, 5120 and 6144.")
    provisioned = serverless.get("ProvisionedConcurrency", 0)
    if provisioned > serverless["MaxConcurrency"]:
        raise faults.invalid(
            f"ProvisionedConcurrency ({provisioned}) must not exceed MaxConcurrency ({serverless['MaxConcurrency']})."
        )
    if model.get("EnableNetworkIsolation") or model.get("VpcConfig"):
        raise faults.invalid(
            f"Variant {name}: a serverless variant cannot use a model with network isolation or a VPC."
        )


def _summary(record: Record) -> Document:
    return {
        "EndpointConfigName": record.name,
        "EndpointConfigArn": record.arn,
        "CreationTime": datetime.fromtimestamp(record.created_at, UTC),
    }
