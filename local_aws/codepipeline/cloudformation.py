"""The resource type AWS::CodePipeline::Pipeline.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html
"""

from __future__ import annotations

import string
from typing import Any

from local_aws import shapes
from local_aws.base import ResourceType, root_caller
from local_aws.codepipeline.definition.model import pipeline_arn
from local_aws.codepipeline.execution.changes import Trigger
from local_aws.codepipeline.operations.executions import Executions
from local_aws.codepipeline.operations.pipelines import Pipelines
from local_aws.codepipeline.state.state import State
from local_aws.resource_properties import generated_name, tags_of, typed
from local_aws.wire import load_model

Document = dict[str, Any]
TYPE = "AWS::CodePipeline::Pipeline"

_DECLARED = ("RoleArn", "ArtifactStore", "Stages", "ExecutionMode", "PipelineType", "Variables", "Triggers")
_SUFFIX = string.ascii_uppercase + string.digits
_MAX_NAME = 100


class PipelineResource:
    """Creates, updates and deletes pipelines for CloudFormation, which acts as the account's root."""

    def __init__(self, state: State, pipelines: Pipelines, executions: Executions, region: str) -> None:
        """Keep the operations."""
        self._state, self._pipelines, self._executions = state, pipelines, executions
        self._region, self._caller = region, root_caller(region)

    def resource_type(self) -> ResourceType:
        """The three functions that CloudFormation calls."""
        return ResourceType(create=self.create, update=self.update, delete=self.delete)

    def create(self, logical_id: str, properties: Document, stack_name: str) -> tuple[str, Document]:
        """Create the pipeline; its first execution starts with the transitions as the template declares them."""
        name = properties.get("Name") or generated_name(f"{stack_name}-{logical_id}", _MAX_NAME, _SUFFIX)
        request = _request("CreatePipeline", {"pipeline": _declaration(name, properties), "tags": tags_of(properties)})
        with self._state.transaction():
            self._pipelines.create(self._caller, request)
            self._set_transitions(name, {}, properties)
        return name, self._attributes(name)

    def update(self, physical_id: str, old: Document, new: Document, stack_name: str) -> tuple[str, Document]:
        """Update in place, as a new version; a new name creates another pipeline, which replaces this one."""
        if new.get("Name", physical_id) != physical_id:
            created = self.create("Pipeline", new, stack_name)
            self.delete(physical_id, old)
            return created
        with self._state.transaction():
            if _without_settings(old) != _without_settings(new):
                declaration = _declaration(physical_id, new)
                self._pipelines.update(self._caller, _request("UpdatePipeline", {"pipeline": declaration}))
            self._set_tags(physical_id, new)
            self._set_transitions(physical_id, old, new)
        if str(new.get("RestartExecutionOnUpdate", "")).lower() == "true":
            self._executions.begin(physical_id, Trigger("StartPipelineExecution", self._caller.arn))
        return physical_id, self._attributes(physical_id)

    def delete(self, physical_id: str, _properties: Document) -> None:
        """Delete the pipeline if it is there."""
        self._pipelines.delete(self._caller, {"name": physical_id})

    def _attributes(self, name: str) -> Document:
        record = self._state.pipeline(name)
        version = str(record.version) if record else ""
        return {"Version": version, "Arn": pipeline_arn(self._region, name)}

    def _set_tags(self, name: str, new: Document) -> None:
        arn, wanted = pipeline_arn(self._region, name), tags_of(new)
        there = {tag["key"] for tag in self._pipelines.list_tags(self._caller, {"resourceArn": arn})["tags"]}
        gone = sorted(there - {tag["key"] for tag in wanted})
        self._pipelines.untag(self._caller, {"resourceArn": arn, "tagKeys": gone})
        self._pipelines.tag(self._caller, {"resourceArn": arn, "tags": wanted})

    def _set_transitions(self, name: str, old: Document, new: Document) -> None:
        before, after = _disabled(old), _disabled(new)
        stages = {stage["Name"] for stage in new["Stages"]}
        for stage in sorted((before.keys() - after.keys()) & stages):
            self._pipelines.enable_transition(self._caller, _transition(name, stage))
        for stage, reason in after.items():
            if before.get(stage) != reason:
                self._pipelines.disable_transition(self._caller, {**_transition(name, stage), "reason": reason})


def _request(operation: str, document: Document) -> Document:
    """The request as the API would parse it; the model is loaded each time, as stacks change rarely."""
    shape = load_model("codepipeline", frozenset({operation})).operation_model(operation).input_shape
    return shapes.parse(shape, typed(shape, document, TYPE, shapes.lower_first))


def _declaration(name: str, properties: Document) -> Document:
    declared = {key: properties[key] for key in _DECLARED if properties.get(key) is not None}
    document: Document = {"Name": name, **declared}
    if properties.get("ArtifactStores"):
        document["ArtifactStores"] = {store["Region"]: store["ArtifactStore"] for store in properties["ArtifactStores"]}
    return document


def _disabled(properties: Document) -> dict[str, str]:
    return {t["StageName"]: t["Reason"] for t in properties.get("DisableInboundStageTransitions") or []}


def _transition(name: str, stage: str) -> Document:
    return {"pipelineName": name, "stageName": stage, "transitionType": "Inbound"}


def _without_settings(properties: Document) -> Document:
    """The properties that make a new version: not tags, transitions and RestartExecutionOnUpdate."""
    return {key: properties.get(key) for key in (*_DECLARED, "ArtifactStores")}
