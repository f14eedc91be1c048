"""Types that stacks may have with nothing behind them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.local_server import ACCOUNT, REGION, LocalServer

WAIT = {"Delay": 0.1, "MaxAttempts": 600}


def deploy(server: LocalServer, name: str, resources: dict[str, Any], verb: str = "create", **outputs: Any) -> Any:
    """The outputs of the stack, or a WaiterError."""
    client = server.client("cloudformation")
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
    getattr(client, f"{verb}_stack")(StackName=name, TemplateBody=json.dumps(template))
    client.get_waiter(f"stack_{verb}_complete").wait(StackName=name, WaiterConfig=WAIT)
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def delete(server: LocalServer, name: str) -> None:
    client = server.client("cloudformation")
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=WAIT)


def notebook(**properties: Any) -> dict[str, Any]:
    role = f"arn:aws:iam::{ACCOUNT}:role/none"
    values = {"InstanceType": "ml.t3.medium", "RoleArn": role, **properties}
    return {"Type": "AWS::SageMaker::NotebookInstance", "Properties": values}


def test_notebooks_and_repositories_are_accepted(local_aws: LocalServer) -> None:
    prefix = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    resources = {
        "Book": notebook(
            NotebookInstanceName="Inert-Book",
            LifecycleConfigName={"Fn::GetAtt": ["Setup", "NotebookInstanceLifecycleConfigName"]},
            DefaultCodeRepository={"Fn::GetAtt": ["Code", "CodeRepositoryName"]},
        ),
        "Setup": {
            "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
            "Properties": {"OnStart": [{"Content": "ZWNobw=="}]},
        },
        "Code": {
            "Type": "AWS::SageMaker::CodeRepository",
            "Properties": {"GitConfig": {"RepositoryUrl": "https://github.com/acme/model.git"}},
        },
    }
    asked: dict[str, Any] = {
        "Ref": {"Ref": "Book"},
        "Name": {"Fn::GetAtt": ["Book", "NotebookInstanceName"]},
        "Setup": {"Ref": "Setup"},
        "Code": {"Ref": "Code"},
    }
    found = deploy(local_aws, "inert", resources, **asked)
    assert found["Ref"] == f"{prefix}:notebook-instance/inert-book"
    assert found["Name"] == "Inert-Book"
    assert found["Setup"].startswith(f"{prefix}:notebook-instance-lifecycle-config/inert-setup-")
    assert found["Code"].startswith(f"{prefix}:code-repository/inert-code-")
    with pytest.raises(WaiterError):
        deploy(local_aws, "inert-two", {"Book": notebook(NotebookInstanceName="inert-book")})
    resources["Book"]["Properties"] |= {"VolumeSizeInGB": 20, "Tags": [{"Key": "a", "Value": "b"}]}
    again = deploy(local_aws, "inert", resources, "update", **asked)
    assert again == found
    resources["Book"]["Properties"]["NotebookInstanceName"] = "other"
    assert deploy(local_aws, "inert", resources, "update", **asked)["Ref"] == f"{prefix}:notebook-instance/other"
    delete(local_aws, "inert")
    delete(local_aws, "inert-two")
    deploy(local_aws, "inert-two", {"Book": notebook(NotebookInstanceName="other")})
    delete(local_aws, "inert-two")


def test_a_trail_is_kept_by_cloudtrail(local_aws: LocalServer) -> None:
    client = local_aws.client("cloudtrail")
    properties: dict[str, Any] = {
        "S3BucketName": "audit",
        "IsLogging": True,
        "TrailName": "inert-trail",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    resources = {"Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": properties}}
    asked: dict[str, Any] = {"Ref": {"Ref": "Trail"}, "Arn": {"Fn::GetAtt": ["Trail", "Arn"]}}
    found = deploy(local_aws, "trail", resources, **asked)
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/inert-trail"
    assert found == {"Ref": "inert-trail", "Arn": arn}
    assert client.get_trail_status(Name="inert-trail")["IsLogging"] is True
    properties |= {"IsLogging": False, "IsMultiRegionTrail": True, "Tags": [{"Key": "c", "Value": "d"}]}
    deploy(local_aws, "trail", resources, "update", **asked)
    assert client.get_trail_status(Name="inert-trail")["IsLogging"] is False
    assert client.get_trail(Name="inert-trail")["Trail"]["IsMultiRegionTrail"] is True
    assert client.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"] == [{"Key": "c", "Value": "d"}]
    delete(local_aws, "trail")
    assert client.describe_trails()["trailList"] == []
