"""AWS::StepFunctions::StateMachine.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.resource_properties import PropertyError, generated_name, tags_of
from local_aws.stepfunctions.cloudformation.api import MAX_NAME, Api, camel
from local_aws.stepfunctions.registry.records import INITIAL, STANDARD, Document
from local_aws.wire import AwsError

TYPE = "AWS::StepFunctions::StateMachine"
_DELETION_S, _PAUSE_S = 60.0, 0.05
ReadObject = Callable[[str, str, str | None], bytes | None]
"""`base.read_object`: bucket, key, version."""
_DEFAULTS: Mapping[str, Any] = {
    "loggingConfiguration": {"level": "OFF"},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}
"""What an update sets where a template no longer says anything."""


class Machines:
    """Creates, updates and deletes state machines."""

    def __init__(self, api: Api, read_object: ReadObject) -> None:
        self._api, self._read_object = api, read_object

    def create(self, logical_id: str, properties: Document, _stack_name: str) -> tuple[str, Document]:
        """`Ref` is the ARN."""
        name = properties.get("StateMachineName") or generated_name(logical_id, MAX_NAME)
        made = self._api.call(
            "CreateStateMachine",
            name=name,
            type=properties.get("StateMachineType"),
            tags=tags_of(properties),
            **self._configuration(properties),
        )
        return made["stateMachineArn"], self._attributes(made["stateMachineArn"])

    def update(self, physical_id: str, old: Document, new: Document, stack_name: str) -> tuple[str, Document]:
        """Update in place; another name or type is another machine. What is gone goes back to its default."""
        name = physical_id.rpartition(":")[2]
        kinds = [properties.get("StateMachineType", STANDARD) for properties in (old, new)]
        if new.get("StateMachineName", name) != name or kinds[0] != kinds[1]:
            return self.create(name.rpartition("-")[0] or name, new, stack_name)
        configuration = {**_DEFAULTS, **{k: v for k, v in self._configuration(new).items() if v is not None}}
        self._api.call("UpdateStateMachine", stateMachineArn=physical_id, **configuration)
        self._api.set_tags(physical_id, tags_of(new))
        return physical_id, self._attributes(physical_id)

    def delete(self, physical_id: str, _properties: Document) -> None:
        """Delete the machine, and wait for its executions to end."""
        self._api.call("DeleteStateMachine", stateMachineArn=physical_id)
        deadline = time.monotonic() + _DELETION_S
        while self._is_there(physical_id):
            if time.monotonic() > deadline:
                raise PropertyError(f"{physical_id} still has running executions {_DELETION_S:g} s after its deletion")
            time.sleep(_PAUSE_S)

    def _is_there(self, arn: str) -> bool:
        try:
            self._api.call("DescribeStateMachine", stateMachineArn=arn)
        except AwsError as error:
            if error.code == "StateMachineDoesNotExist":
                return False
            raise
        return True

    def _attributes(self, arn: str) -> Document:
        shown = self._api.call("DescribeStateMachine", stateMachineArn=arn)
        return {"Arn": arn, "Name": shown["name"], "StateMachineRevisionId": shown.get("revisionId") or INITIAL}

    def _configuration(self, properties: Document) -> Document:
        return {
            "definition": self._definition(properties),
            "roleArn": properties.get("RoleArn"),
            "loggingConfiguration": camel(properties.get("LoggingConfiguration")),
            "tracingConfiguration": camel(properties.get("TracingConfiguration")),
            "encryptionConfiguration": camel(properties.get("EncryptionConfiguration")),
        }

    def _definition(self, properties: Document) -> str:
        """The text, with each `${name}` of DefinitionSubstitutions replaced; other names stay as they are."""
        given = [name for name in ("Definition", "DefinitionString", "DefinitionS3Location") if properties.get(name)]
        if len(given) != 1:
            raise PropertyError(
                f"{TYPE}: expected one of Definition, DefinitionString and DefinitionS3Location, found "
                f"{', '.join(given) or 'none'}"
            )
        value = properties[given[0]]
        text = self._read(value) if given[0] == "DefinitionS3Location" else value
        text = text if isinstance(text, str) else json.dumps(text)
        for name, replacement in (properties.get("DefinitionSubstitutions") or {}).items():
            text = text.replace(f"${{{name}}}", _text(replacement))
        return text

    def _read(self, location: Document) -> str:
        """The definition in S3, which is JSON or YAML."""
        bucket, key = location["Bucket"], location["Key"]
        found = self._read_object(bucket, key, location.get("Version"))
        if found is None:
            raise PropertyError(f"{TYPE}: DefinitionS3Location: s3://{bucket}/{key} does not exist")
        text = found.decode()
        return text if text.lstrip().startswith("{") else _json_of(text, f"s3://{bucket}/{key}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json_of(text: str, where: str) -> str:
    import yaml  # noqa: PLC0415 - needed for definitions in YAML alone

    try:
        return json.dumps(yaml.safe_load(text))
    except (yaml.YAMLError, TypeError) as error:
        raise PropertyError(f"{TYPE}: DefinitionS3Location: {where} is neither JSON nor YAML: {error}") from None
