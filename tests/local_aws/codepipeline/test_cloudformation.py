from __future__ import annotations

from typing import Any

import pytest

from local_aws.settings import ACCOUNT
from local_aws.shapes import ShapeError
from local_aws.wire import AwsError
from tests.local_aws.codepipeline.documents import KEY, ROLE
from tests.local_aws.codepipeline.surroundings import Surroundings

ROOT = f"arn:aws:iam::{ACCOUNT}:root"

SOURCE = {
    "Name": "Code",
    "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": "CodeCommit", "Version": 1},
    "OutputArtifacts": [{"Name": "CodeArtifact"}],
    "Configuration": {"RepositoryName": "repo", "BranchName": "main", "PollForSourceChanges": False},
}
RUN = {
    "Name": "Run",
    "RunOrder": "2",
    "ActionTypeId": {"Category": "Invoke", "Owner": "AWS", "Provider": "Lambda", "Version": "1"},
    "Configuration": {"FunctionName": "function", "UserParameters": "x"},
}
PROPERTIES: dict[str, Any] = {
    "Name": "release",
    "RoleArn": ROLE,
    "ArtifactStores": [
        {
            "Region": "us-east-1",
            "ArtifactStore": {"Type": "S3", "Location": "artifacts", "EncryptionKey": {"Type": "KMS", "Id": KEY}},
        }
    ],
    "Stages": [{"Name": "Source", "Actions": [SOURCE]}, {"Name": "Work", "Actions": [RUN]}],
    "Tags": [{"Key": "team", "Value": "models"}],
}


def resource(codepipeline: Surroundings) -> Any:
    return codepipeline.service.resource_types()["AWS::CodePipeline::Pipeline"]


def test_create(codepipeline: Surroundings) -> None:
    name, attributes = resource(codepipeline).create("Pipeline", PROPERTIES, "stack")
    arn = f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:release"
    assert (name, attributes) == ("release", {"Version": "1", "Arn": arn})
    shown = codepipeline.call("GetPipeline", name="release")["pipeline"]
    source, run = (stage["actions"][0] for stage in shown["stages"])
    assert source["configuration"]["PollForSourceChanges"] == "false"
    assert source["actionTypeId"]["version"] == "1"
    assert run["runOrder"] == 2
    assert run["configuration"] == {"FunctionName": "function", "UserParameters": "x"}
    assert shown["artifactStores"]["us-east-1"]["encryptionKey"] == {"id": KEY, "type": "KMS"}
    assert codepipeline.call("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "team", "value": "models"}]
    first = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"][0]
    assert first["trigger"] == {"triggerType": "CreatePipeline", "triggerDetail": ROOT}


def test_a_name_is_made_up(codepipeline: Surroundings) -> None:
    unnamed = {key: value for key, value in PROPERTIES.items() if key != "Name"}
    first, _ = resource(codepipeline).create("Pipeline", unnamed, "stack")
    second, _ = resource(codepipeline).create("Pipeline", unnamed, "s" * 128)
    assert first.startswith("stack-Pipeline-")
    assert len(second) == 100


def test_what_the_service_refuses_fails_the_resource(codepipeline: Surroundings) -> None:
    with pytest.raises(AwsError, match="InvalidStructureException"):
        resource(codepipeline).create("Pipeline", {**PROPERTIES, "Stages": PROPERTIES["Stages"][:1]}, "stack")
    with pytest.raises(ShapeError, match="executionMode"):
        resource(codepipeline).create("Pipeline", {**PROPERTIES, "ExecutionMode": "FAST"}, "stack")
    held = [{"StageName": "Nowhere", "Reason": "x"}]
    with pytest.raises(AwsError, match="StageNotFoundException"):
        resource(codepipeline).create("Pipeline", {**PROPERTIES, "DisableInboundStageTransitions": held}, "stack")
    assert codepipeline.call("ListPipelines") == {"pipelines": []}


def test_transitions_hold_the_first_execution(codepipeline: Surroundings) -> None:
    held = [{"StageName": "Work", "Reason": "not yet"}]
    with_transition = {**PROPERTIES, "DisableInboundStageTransitions": held}
    resource(codepipeline).create("Pipeline", with_transition, "stack")
    assert codepipeline.stages()["Work"]["inboundTransitionState"]["disabledReason"] == "not yet"
    _, attributes = resource(codepipeline).update("release", with_transition, PROPERTIES, "stack")
    assert attributes["Version"] == "1"
    assert codepipeline.stages()["Work"]["inboundTransitionState"]["enabled"] is True
    codepipeline.job()


def test_update_in_place(codepipeline: Surroundings) -> None:
    resource(codepipeline).create("Pipeline", PROPERTIES, "stack")
    changed = {**PROPERTIES, "ExecutionMode": "QUEUED", "Tags": [{"Key": "stage", "Value": "dev"}]}
    name, attributes = resource(codepipeline).update("release", PROPERTIES, changed, "stack")
    assert (name, attributes["Version"]) == ("release", "2")
    tags = codepipeline.call("ListTagsForResource", resourceArn=attributes["Arn"])["tags"]
    assert tags == [{"key": "stage", "value": "dev"}]
    listed = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"]
    assert len(listed) == 1


def test_update_may_start_the_pipeline(codepipeline: Surroundings) -> None:
    resource(codepipeline).create("Pipeline", PROPERTIES, "stack")
    changed = {**PROPERTIES, "ExecutionMode": "QUEUED", "RestartExecutionOnUpdate": "true"}
    resource(codepipeline).update("release", PROPERTIES, changed, "stack")
    listed = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"]
    assert [e["trigger"]["triggerType"] for e in listed] == ["StartPipelineExecution", "CreatePipeline"]


def test_another_name_is_another_pipeline(codepipeline: Surroundings) -> None:
    resource(codepipeline).create("Pipeline", PROPERTIES, "stack")
    name, attributes = resource(codepipeline).update("release", PROPERTIES, {**PROPERTIES, "Name": "other"}, "stack")
    assert (name, attributes["Version"]) == ("other", "1")
    assert [p["name"] for p in codepipeline.call("ListPipelines")["pipelines"]] == ["other"]


def test_delete(codepipeline: Surroundings) -> None:
    resource(codepipeline).create("Pipeline", PROPERTIES, "stack")
    resource(codepipeline).delete("release", PROPERTIES)
    resource(codepipeline).delete("release", PROPERTIES)
    assert codepipeline.call("ListPipelines") == {"pipelines": []}
