"""The transform AWS::Serverless-2016-10-31, which AWS's own translator applies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.base.cloudformation import template_checks
from tests.local_server import ROOT, LocalServer

WAIT = {"Delay": 0.1, "MaxAttempts": 600}
TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Globals": {"Function": {"Runtime": "python3.13", "Timeout": 7}},
    "Resources": {
        "Hello": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "index.handler",
                "InlineCode": "def handler(event, context):\n    return event\n",
            },
        }
    },
    "Outputs": {"Name": {"Value": {"Ref": "Hello"}}, "Role": {"Value": {"Ref": "HelloRole"}}},
}
NAMED = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def test_a_serverless_function_is_deployed_with_its_role(local_aws: LocalServer) -> None:
    client = local_aws.client("cloudformation")
    client.create_stack(StackName="serverless", TemplateBody=json.dumps(TEMPLATE), Capabilities=NAMED)
    client.get_waiter("stack_create_complete").wait(StackName="serverless", WaiterConfig=WAIT)
    stack = client.describe_stacks(StackName="serverless")["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    functions = local_aws.client("lambda")
    assert functions.get_function_configuration(FunctionName=outputs["Name"])["Timeout"] == 7
    answer = functions.invoke(FunctionName=outputs["Name"], Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"a": 1}
    client.delete_stack(StackName="serverless")
    client.get_waiter("stack_delete_complete").wait(StackName="serverless", WaiterConfig=WAIT)


def test_the_transform_has_to_be_acknowledged(local_aws: LocalServer) -> None:
    client = local_aws.client("cloudformation")
    with pytest.raises(ClientError) as refused:
        client.create_stack(
            StackName="serverless-no", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"]
        )
    assert refused.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    assert "CAPABILITY_AUTO_EXPAND" in refused.value.response["Error"]["Message"]


def test_what_the_transform_makes_is_checked(local_aws: LocalServer) -> None:
    client = local_aws.client("cloudformation")
    bad = json.loads(json.dumps(TEMPLATE))
    bad["Resources"]["Bucket"] = {"Type": "AWS::S3::Bucket", "Properties": {"Colour": "red"}}
    client.create_stack(StackName="serverless-bad", TemplateBody=json.dumps(bad), Capabilities=NAMED)
    with pytest.raises(Exception, match="Waiter StackCreateComplete failed"):
        client.get_waiter("stack_create_complete").wait(StackName="serverless-bad", WaiterConfig=WAIT)
    events = client.describe_events(StackName="serverless-bad")["OperationEvents"]
    assert any("Unsupported property [Colour]" in str(event.get("ValidationStatusReason")) for event in events)
    client.delete_stack(StackName="serverless-bad")


def test_without_the_extra_the_refusal_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not template_checks._needs_sam(TEMPLATE)
    monkeypatch.setattr(template_checks, "find_spec", lambda _name: None)
    assert template_checks._needs_sam(TEMPLATE)
    assert template_checks._needs_sam({"Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]})
    assert not template_checks._needs_sam({"Transform": "AWS::LanguageExtensions"})
    extra = (ROOT / "local_aws" / "pyproject.toml").read_text(encoding="utf-8")
    assert "slipway-local-aws[sam]" in template_checks._NO_SAM
    assert 'sam = ["aws-sam-translator==' in extra
