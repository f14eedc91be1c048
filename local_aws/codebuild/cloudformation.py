"""The resource type AWS::CodeBuild::Project.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local_aws import shapes
from local_aws.base import ResourceType, root_caller
from local_aws.codebuild.names import project_arn
from local_aws.wire import load_model

if TYPE_CHECKING:
    from local_aws.codebuild.projects import Projects
    from local_aws.codebuild.records import Document

TYPE = "AWS::CodeBuild::Project"
_SPELLED = {"BuildSpec": "buildspec"}
_SUFFIX = string.ascii_letters + string.digits
_MAX_NAME, _SUFFIX_LENGTH = 150, 12
_CASTS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


class ProjectPropertyError(Exception):
    """A property that cannot be used; CloudFormation shows the message as the reason."""


class ProjectResource:
    """Creates, updates and deletes projects for CloudFormation, which acts as the account's root."""

    def __init__(self, projects: Projects, region: str) -> None:
        self._projects, self._region, self._caller = projects, region, root_caller(region)

    def resource_type(self) -> ResourceType:
        return ResourceType(create=self.create, update=self.update, delete=self.delete)

    def create(self, logical_id: str, properties: Document, stack_name: str) -> tuple[str, Document]:
        """`Ref` is the name."""
        name = properties.get("Name") or _generated_name(stack_name, logical_id)
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
    return shapes.parse(shape, _typed(shape, properties, TYPE))


def _typed(shape: Any, value: Any, path: str) -> Any:
    """Properties with the API's names and types: templates may have numbers and booleans as text."""
    if shape.type_name == "structure" and isinstance(value, dict):
        typed = {}
        for key, item in value.items():
            member = _SPELLED.get(key, key[:1].lower() + key[1:])
            if member not in shape.members:
                raise ProjectPropertyError(f"{path}: local AWS does not emulate the property {key}")
            typed[member] = _typed(shape.members[member], item, f"{path}.{key}")
        return typed
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, item, path) for item in value]
    if isinstance(value, str) and shape.type_name in _CASTS:
        try:
            return _CASTS[shape.type_name](value)
        except (ValueError, KeyError):
            raise ProjectPropertyError(f"{path}: expected {shape.type_name}, found {value!r}") from None
    return value


def _generated_name(stack_name: str, logical_id: str) -> str:
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(_SUFFIX_LENGTH))
    return f"{logical_id}-{suffix}" if not stack_name else f"{stack_name}-{logical_id}"[: _MAX_NAME - 13] + f"-{suffix}"
