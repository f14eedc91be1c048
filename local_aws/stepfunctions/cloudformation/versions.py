"""AWS::StepFunctions::StateMachineVersion and AWS::StepFunctions::StateMachineAlias.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachineversion.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachinealias.html
"""

from __future__ import annotations

from local_aws.resource_properties import PropertyError, generated_name
from local_aws.stepfunctions.cloudformation.api import MAX_NAME, Api, camel
from local_aws.stepfunctions.registry.records import Document

VERSION, ALIAS = "AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"


class Versions:
    """Creates and deletes versions."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, _logical_id: str, properties: Document, _stack_name: str) -> tuple[str, Document]:
        """`Ref` is the ARN."""
        made = self._api.call(
            "PublishStateMachineVersion",
            stateMachineArn=properties["StateMachineArn"],
            revisionId=properties.get("StateMachineRevisionId"),
            description=properties.get("Description"),
        )
        return made["stateMachineVersionArn"], {"Arn": made["stateMachineVersionArn"]}

    def update(self, physical_id: str, old: Document, new: Document, stack_name: str) -> tuple[str, Document]:
        """Any change makes another version."""
        return (physical_id, {"Arn": physical_id}) if old == new else self.create("", new, stack_name)

    def delete(self, physical_id: str, _properties: Document) -> None:
        """Delete the version if it is there."""
        self._api.call("DeleteStateMachineVersion", stateMachineVersionArn=physical_id)


class Aliases:
    """Creates, updates and deletes aliases."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, logical_id: str, properties: Document, _stack_name: str) -> tuple[str, Document]:
        """`Ref` is the ARN."""
        made = self._api.call(
            "CreateStateMachineAlias",
            name=properties.get("Name") or generated_name(logical_id, MAX_NAME),
            description=properties.get("Description"),
            routingConfiguration=_routing(properties),
        )
        return made["stateMachineAliasArn"], {"Arn": made["stateMachineAliasArn"]}

    def update(self, physical_id: str, _old: Document, new: Document, stack_name: str) -> tuple[str, Document]:
        """Another name is another alias."""
        name = physical_id.rpartition(":")[2]
        if new.get("Name", name) != name:
            return self.create(name, new, stack_name)
        description, routing = new.get("Description", ""), _routing(new)
        self._api.call(
            "UpdateStateMachineAlias",
            stateMachineAliasArn=physical_id,
            description=description,
            routingConfiguration=routing,
        )
        return physical_id, {"Arn": physical_id}

    def delete(self, physical_id: str, _properties: Document) -> None:
        """Delete the alias if it is there."""
        self._api.call("DeleteStateMachineAlias", stateMachineAliasArn=physical_id)


def _routing(properties: Document) -> list[Document]:
    """The routing of an alias; one with a DeploymentPreference points to its version at once.

    LINEAR and CANARY shift the traffic over minutes or hours on AWS, which waits for it; here nothing is shifted step
    by step, and no alarm is asked.
    """
    given = properties.get("RoutingConfiguration")
    preference = properties.get("DeploymentPreference")
    if bool(given) == bool(preference):
        raise PropertyError(f"{ALIAS}: expected either RoutingConfiguration or DeploymentPreference")
    if preference:
        return [{"stateMachineVersionArn": preference["StateMachineVersionArn"], "weight": 100}]
    routing: list[Document] = camel(given)
    return routing
