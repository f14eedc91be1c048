"""CloudFormation's AWS::SageMaker types: Model, EndpointConfig, Endpoint, ModelPackageGroup.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html. The properties are those of
the API, so they are checked by its shapes; a property that the shape lacks is refused. `Ref` is the ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from local_aws import base
from local_aws.resource_properties import generated_name, typed
from local_aws.sagemaker import faults
from local_aws.sagemaker.platform import Platform
from local_aws.wire import AwsError, Service

_POLL_S = 0.02
_WRITE_ONLY = ("RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig")
_MAX_NAME = 63

Properties = dict[str, Any]


class ResourceFailedError(Exception):
    """The resource could not be created; CloudFormation shows the message as the reason."""


class ResourceTypes:
    """Handlers of the types, on the same operations as the API."""

    def __init__(self, platform: Platform, operations: Mapping[str, Any]) -> None:
        self._platform = platform
        self._service = Service("sagemaker", operations, base.identify, base.enforce)

    def table(self) -> dict[str, base.ResourceType]:
        """The types by name."""
        return {
            "AWS::SageMaker::Model": self._immutable("Model"),
            "AWS::SageMaker::EndpointConfig": self._immutable("EndpointConfig"),
            "AWS::SageMaker::Endpoint": base.ResourceType(
                self._create_endpoint, self._update_endpoint, partial(self._delete, "Endpoint")
            ),
            "AWS::SageMaker::ModelPackageGroup": self._immutable("ModelPackageGroup"),
        }

    def _immutable(self, kind: str) -> base.ResourceType:
        """A type whose tags alone can be updated in place."""
        create = partial(self._create, kind)

        def update(physical_id: str, old: Properties, new: Properties, stack: str) -> tuple[str, dict[str, Any]]:
            if {**old, "Tags": None} == {**new, "Tags": None}:
                self._retag(physical_id, old, new)
                return physical_id, self._attributes(kind, physical_id)
            return create(_logical_id(physical_id), new, stack)

        return base.ResourceType(create, update, partial(self._delete, kind))

    def _create(self, kind: str, logical_id: str, properties: Properties, _stack: str) -> tuple[str, dict[str, Any]]:
        name = properties.get(f"{kind}Name") or generated_name(logical_id, _MAX_NAME)
        answer = self._call(f"Create{kind}", {**properties, f"{kind}Name": name})
        arn = answer[f"{kind}Arn"]
        return arn, self._attributes(kind, arn)

    def _create_endpoint(self, logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, Any]]:
        wanted = {key: value for key, value in properties.items() if key not in _WRITE_ONLY}
        wanted["EndpointConfigName"] = _name(wanted.get("EndpointConfigName", ""))
        arn, attributes = self._create("Endpoint", logical_id, wanted, stack)
        self._await_endpoint(attributes["EndpointName"], wanted["EndpointConfigName"])
        return arn, attributes

    def _update_endpoint(
        self, physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, dict[str, Any]]:
        if new.get("EndpointName") != old.get("EndpointName"):
            return self._create_endpoint(_logical_id(physical_id), new, stack)
        attributes = self._attributes("Endpoint", physical_id)
        self._retag(physical_id, old, new)
        config = _name(new.get("EndpointConfigName", ""))
        if config != _name(old.get("EndpointConfigName", "")):
            wanted = {key: value for key, value in new.items() if key != "Tags"}
            name = attributes["EndpointName"]
            self._call("UpdateEndpoint", {**wanted, "EndpointName": name, "EndpointConfigName": config})
            self._await_endpoint(name, config)
        return physical_id, attributes

    def _delete(self, kind: str, physical_id: str, _properties: Properties) -> None:
        name = _name(physical_id)
        try:
            self._call(f"Delete{kind}", {f"{kind}Name": name})
            while kind == "Endpoint":
                self._call("DescribeEndpoint", {"EndpointName": name})
                self._pause()
        except AwsError as error:
            if not _is_gone(error):
                raise

    def _await_endpoint(self, name: str, config: str) -> None:
        """Return when the endpoint serves the config. Raises ResourceFailedError."""
        while True:
            found = self._call("DescribeEndpoint", {"EndpointName": name})
            status = found["EndpointStatus"]
            if status == "InService" and found["EndpointConfigName"].lower() == config.lower():
                return
            if status not in ("Creating", "Updating"):
                reason = found.get("FailureReason", f"the endpoint is {status}")
                raise ResourceFailedError(f"Endpoint {name}: {reason}")
            self._pause()

    def _pause(self) -> None:
        if self._platform.stopping.wait(_POLL_S):
            raise ResourceFailedError("Local AWS is shutting down.")

    def _attributes(self, kind: str, arn: str) -> dict[str, Any]:
        """The attributes for GetAtt; the name as given, since the ARN has it in lower case."""
        found = self._call(f"Describe{kind}", {f"{kind}Name": _name(arn)})
        attributes = {f"{kind}Name": found[f"{kind}Name"], f"{kind}Arn": arn}
        if kind != "ModelPackageGroup":
            return attributes
        made = found["CreationTime"].isoformat(timespec="milliseconds")
        return {**attributes, "ModelPackageGroupStatus": found["ModelPackageGroupStatus"], "CreationTime": made}

    def _retag(self, arn: str, old: Properties, new: Properties) -> None:
        before, after = ({tag["Key"]: tag["Value"] for tag in p.get("Tags", [])} for p in (old, new))
        gone = sorted(before.keys() - after.keys())
        if gone:
            self._call("DeleteTags", {"ResourceArn": arn, "TagKeys": gone})
        if after and after != before:
            self._call("AddTags", {"ResourceArn": arn, "Tags": new["Tags"]})

    def _call(self, operation: str, document: Properties) -> Mapping[str, Any]:
        if document.get("ModelPackageGroupPolicy"):
            raise faults.not_emulated("resource policies of model package groups (ModelPackageGroupPolicy)")
        policy = (document.get("DeploymentConfig") or {}).get("BlueGreenUpdatePolicy")
        if policy and "TrafficRoutingConfiguration" in policy:  # optional in a template, required by the API
            policy["TrafficRoutingConfiguration"].setdefault("WaitIntervalInSeconds", 0)
        shape = self._service.model.operation_model(operation).input_shape
        caller = base.root_caller(self._platform.runtime.settings.region)
        return self._service.call(operation, caller, typed(shape, document, operation))


def _is_gone(error: AwsError) -> bool:
    return error.message.startswith("Could not find") or error.message.endswith("does not exist.")


def _name(name_or_arn: str) -> str:
    """`!Ref` of a model or config returns its ARN, but the API takes names: the last part is the name."""
    return name_or_arn.rpartition("/")[2]


def _logical_id(physical_id: str) -> str:
    """The prefix of a generated name; not called if a name is given."""
    return _name(physical_id).rpartition("-")[0] or "resource"
