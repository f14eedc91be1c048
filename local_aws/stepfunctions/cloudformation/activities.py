"""AWS::StepFunctions::Activity.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-activity.html
"""

from __future__ import annotations

from local_aws.resource_properties import tags_of
from local_aws.stepfunctions.cloudformation.api import Api, camel
from local_aws.stepfunctions.registry.records import Document

TYPE = "AWS::StepFunctions::Activity"


class Activities:
    """Creates, updates and deletes activities."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, _logical_id: str, properties: Document, _stack_name: str) -> tuple[str, Document]:
        """`Ref` is the ARN."""
        name, encryption = properties["Name"], camel(properties.get("EncryptionConfiguration"))
        made = self._api.call("CreateActivity", name=name, tags=tags_of(properties), encryptionConfiguration=encryption)
        return made["activityArn"], {"Arn": made["activityArn"], "Name": name}

    def update(self, physical_id: str, old: Document, new: Document, stack_name: str) -> tuple[str, Document]:
        """Tags change in place; another name or encryption is another activity."""
        if any(old.get(name) != new.get(name) for name in ("Name", "EncryptionConfiguration")):
            return self.create("", new, stack_name)
        self._api.set_tags(physical_id, tags_of(new))
        return physical_id, {"Arn": physical_id, "Name": new["Name"]}

    def delete(self, physical_id: str, _properties: Document) -> None:
        """Delete the activity if it is there."""
        self._api.call("DeleteActivity", activityArn=physical_id)
