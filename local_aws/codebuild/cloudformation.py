"""The resource type AWS::CodeBuild::Project.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_aws import shapes
from local_aws.base import ResourceType, root_caller
from local_aws.codebuild.names import project_arn
from local_aws.resource_properties import generated_name, typed
from local_aws.wire import load_model

if TYPE_CHECKING:
    from local_aws.codebuild.projects import Projects
    from local_aws.codebuild.records import Document

TYPE = "AWS::CodeBuild::Project"
_SPELLED = {"BuildSpec": "buildspec"}
_MAX_NAME = 150


class ProjectResource:
    """Creates, updates and deletes projects for CloudFormation, which acts as the account's root."""

    def __init__(self, projects: Projects, region: str) -> None:
        self._projects, self._region, self._caller = projects, region, root_caller(region)

    def resource_type(self) -> ResourceType:
        return ResourceType(create=self.create, update=self.update, delete=self.delete)

    def create(self, logical_id: str, properties: Document, stack_name: str) -> tuple[str, Document]:
        """`Ref` is the name."""
        name = properties.get("Name") or generated_name(f"{stack_name}-{logical_id}", _MAX_NAME)
        self._projects.create(self._caller, _request("CreateProject", {**properties, "Name": name}))
        return name, self._attributes(name)

    def update(self, physical_id: str, old: Document, new: Document, stack_name: str) -> tuple[str, Document]:
        """Update in place; a new name creates another project. A removed property gets its default again."""
        if new.get("Name", physical_id) != physical_id:
            created = self.create("Project", new, stack_name)
            self.delete(physical_id, old)
            return created
        request = _request("UpdateProject", {**new, "Name": physical_id})
        self._projects.replace(self._caller, request)
        return physical_id, self._attributes(physical_id)

    def delete(self, physical_id: str, _properties: Document) -> None:
        self._projects.delete(self._caller, {"name": physical_id})

    def _attributes(self, name: str) -> Document:
        return {"Arn": project_arn(self._region, name)}


def _request(operation: str, properties: Document) -> Document:
    """The request as the API would parse it; the model is loaded each time, as stacks change rarely."""
    shape = load_model("codebuild", frozenset({operation})).operation_model(operation).input_shape
    return shapes.parse(shape, typed(shape, properties, TYPE, _spelled))


def _spelled(name: str) -> str:
    return _SPELLED.get(name, shapes.lower_first(name))
