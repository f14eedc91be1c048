"""The endpoint operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html and their siblings.
"""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker import faults, listing, names
from local_aws.sagemaker.hosting import deployment_configs, endpoint_states, plans
from local_aws.sagemaker.hosting.deployments import Deployments
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record, TakenError
from local_aws.wire import Caller, Document

_KIND = names.ENDPOINT


class Endpoints:
    """All endpoints: records the API's changes, which `Deployments` carries out."""

    def __init__(self, platform: Platform, deployments: Deployments) -> None:
        self._platform, self._deployments = platform, deployments

    def create(self, caller: Caller, request: Document) -> Document:
        """CreateEndpoint: Creating, then InService or Failed."""
        name = request["EndpointName"]
        arn = names.arn(caller, _KIND, name)
        if self._platform.records.find(_KIND, name):
            raise faults.exists(_KIND, arn)
        plan = plans.resolve(self._platform.records, caller, request["EndpointConfigName"])
        deployment_configs.check(request.get("DeploymentConfig"), plan)
        state: Document = {
            "config": plan.config_name,
            "pending": endpoint_states.pending(plan, self._platform.records.now()),
            "deployment": request.get("DeploymentConfig"),
        }
        try:
            record = self._platform.records.create(
                _KIND, arn, name, request, status=endpoint_states.CREATING, state=state
            )
        except TakenError:
            raise faults.exists(_KIND, arn) from None
        self._platform.prewarm(plan.variants[0].image, plan.variants[0].environment)
        endpoint_states.announce(self._platform, record)
        self._deployments.create(record)
        return {"EndpointArn": arn}

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeEndpoint."""
        return endpoint_states.describe(self._find(caller, request))

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListEndpoints."""
        shape = listing.Listing("Endpoints", endpoint_states.summary)
        records = self._platform.records
        return listing.answer(shape, records.heads(_KIND), request, records.full)

    def update(self, caller: Caller, request: Document) -> Document:
        """UpdateEndpoint: Updating, then InService with the new config, or with the old one and a FailureReason."""
        found = self._find(caller, request)
        deployment = request.get("DeploymentConfig")
        if deployment and request.get("RetainDeploymentConfig"):
            raise faults.invalid("UpdateEndpoint takes either a DeploymentConfig or RetainDeploymentConfig.")
        with self._platform.records.edit(_KIND, found.name) as record:
            self._require_in_service(record)
            self._require_config(caller, record.state["config"])
            plan = plans.resolve(self._platform.records, caller, request["EndpointConfigName"])
            active = plans.from_document(record.state["active"])
            if plan.serverless and not active.serverless:
                raise faults.invalid(
                    f"The endpoint {record.name} has instances; it cannot be updated to a serverless config."
                )
            plan = plan.changed(_retained(active, request))
            if request.get("RetainDeploymentConfig"):
                deployment = record.state["deployment"]
            deployment_configs.check(deployment, plan, active)
            record.status = endpoint_states.UPDATING
            record.state.pop("failure", None)
            record.state["pending"] = endpoint_states.pending(plan, self._platform.records.now())
            record.state["deployment"] = deployment
        self._platform.prewarm(plan.variants[0].image, plan.variants[0].environment)
        endpoint_states.announce(self._platform, record)
        self._deployments.update(record)
        return {"EndpointArn": record.arn}

    def update_weights(self, caller: Caller, request: Document) -> Document:
        """UpdateEndpointWeightsAndCapacities: Updating, then InService."""
        found = self._find(caller, request)
        with self._platform.records.edit(_KIND, found.name) as record:
            self._require_in_service(record)
            active = plans.from_document(record.state["active"])
            desired: Document = {}
            for change in request["DesiredWeightsAndCapacities"]:
                if active.variant(change["VariantName"]) is None:
                    raise faults.invalid(
                        f'Could not find variant "{change["VariantName"]}" of endpoint "{record.arn}".'
                    )
                if change.get("ServerlessUpdateConfig"):
                    raise faults.not_emulated("changing a serverless variant (ServerlessUpdateConfig)")
                desired[change["VariantName"]] = _wanted(change)
            record.status = endpoint_states.UPDATING
            record.state["desired"] = desired
        endpoint_states.announce(self._platform, record)
        self._deployments.update(record)
        return {"EndpointArn": record.arn}

    def delete(self, caller: Caller, request: Document) -> Document:
        """DeleteEndpoint: Deleting, then gone."""
        found = self._find(caller, request)
        with self._platform.records.edit(_KIND, found.name) as record:
            if record.status in endpoint_states.IN_PROGRESS:
                raise faults.in_progress(record.arn)
            record.status = endpoint_states.DELETING
        endpoint_states.announce(self._platform, record)
        self._deployments.delete(record)
        return {}

    def _find(self, caller: Caller, request: Document) -> Record:
        record = self._platform.records.find(_KIND, request["EndpointName"])
        if record is None:
            raise faults.not_found(_KIND, names.arn(caller, _KIND, request["EndpointName"]))
        return record

    @staticmethod
    def _require_in_service(record: Record) -> None:
        if record.status in endpoint_states.IN_PROGRESS:
            raise faults.in_progress(record.arn)
        if record.status != endpoint_states.IN_SERVICE:
            raise faults.invalid(f'The endpoint "{record.arn}" is in status {record.status}; it can only be deleted.')

    def _require_config(self, caller: Caller, config_name: str) -> None:
        """The config that is served must still exist, or the endpoint cannot be updated."""
        if self._platform.records.find(names.ENDPOINT_CONFIG, config_name) is None:
            arn = names.arn(caller, names.ENDPOINT_CONFIG, config_name)
            raise faults.not_found(names.ENDPOINT_CONFIG, arn)


def _wanted(change: Document) -> Document:
    wanted: Document = {}
    if "DesiredWeight" in change:
        wanted["weight"] = change["DesiredWeight"]
    if "DesiredInstanceCount" in change:
        wanted["instance_count"] = change["DesiredInstanceCount"]
    return wanted


def _retained(active: plans.Plan, request: Document) -> dict[str, dict[str, Any]]:
    """Weights and counts that the new fleet keeps from running variants of the same names."""
    if not request.get("RetainAllVariantProperties"):
        return {}
    excluded = {entry["VariantPropertyType"] for entry in request.get("ExcludeRetainedVariantProperties", [])}
    kept = {}
    for variant in active.variants:
        properties: dict[str, Any] = {}
        if "DesiredWeight" not in excluded:
            properties["weight"] = variant.weight
        if "DesiredInstanceCount" not in excluded:
            properties["instance_count"] = variant.instance_count
        kept[variant.name] = properties
    return kept
