"""Parameters, exports, and what resources name outside of their stack, refused as AWS refuses them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.cloudformation.test_templates import BUCKET, refusal, settled
from tests.local_server import ACCOUNT, REGION, LocalServer, allow

PARAMETERS = {
    "Stage": {"Type": "String", "AllowedValues": ["test", "prod"]},
    "Count": {"Type": "Number", "Default": "1"},
    "Name": {"Type": "String", "Default": "abc", "AllowedPattern": "[a-z]+"},
}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/nobody"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:nothing"
CANNOT = "The role defined for the function cannot be assumed by Lambda."
CODE = "def handler(event, context):\n    return event\n"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Parameters: [Stage] must have values"),
        ({"Stage": "test", "Size": "1"}, "Parameters: [Size] do not exist in the template"),
        ({"Stage": "dev"}, "Parameter 'Stage' must be one of AllowedValues"),
        ({"Stage": "test", "Count": "x"}, "Parameter 'Count' must be a number"),
        ({"Stage": "test", "Name": "A"}, "Parameter 'Name' must match pattern [a-z]+"),
    ],
)
def test_parameters(local_aws: LocalServer, given: dict[str, str], sentence: str) -> None:
    body = json.dumps({"Parameters": PARAMETERS, "Resources": {"B": BUCKET}})
    values = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    client = local_aws.client("cloudformation")
    assert refusal(client.create_stack, StackName="values", TemplateBody=body, Parameters=values) == sentence


def reasons(client: Any, name: str) -> str:
    assert settled(client, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def test_exports(local_aws: LocalServer) -> None:
    client = local_aws.client("cloudformation")
    output = {"O": {"Value": "v", "Export": {"Name": "exported"}}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "exported"}}}
    importing = json.dumps({"Resources": {"T": topic}})
    client.create_stack(StackName="imports-nothing", TemplateBody=importing)
    assert "No export named exported found" in reasons(client, "imports-nothing")
    client.create_stack(StackName="exports", TemplateBody=json.dumps({"Resources": {"B": BUCKET}, "Outputs": output}))
    assert settled(client, "exports")["StackStatus"] == "CREATE_COMPLETE"
    client.create_stack(StackName="imports", TemplateBody=importing)
    assert settled(client, "imports")["StackStatus"] == "CREATE_COMPLETE"
    sentence = "Export exported cannot be deleted as it is in use by imports"
    assert refusal(client.delete_stack, StackName="exports") == sentence


NAMING: dict[str, tuple[str, dict[str, Any], str]] = {
    "permission": (
        "AWS::Lambda::Permission",
        {"FunctionName": "nothing", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
        f"Function not found: {FUNCTION}",
    ),
    "function": (
        "AWS::Lambda::Function",
        {"Role": ROLE, "Handler": "index.handler", "Runtime": "python3.13", "Code": {"ZipFile": CODE}},
        CANNOT,
    ),
    "subscription": (
        "AWS::SNS::Subscription",
        {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:nothing", "Protocol": "email", "Endpoint": "a@example.com"},
        "Topic does not exist",
    ),
    "metric": (
        "AWS::Logs::MetricFilter",
        {
            "LogGroupName": "nothing",
            "FilterPattern": "x",
            "MetricTransformations": [{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}],
        },
        "The specified log group does not exist.",
    ),
    "policy": (
        "AWS::S3::BucketPolicy",
        {
            "Bucket": "nothing-there",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::nothing-there/*"}
                ],
            },
        },
        "The specified bucket does not exist",
    ),
    "rule": (
        "AWS::Events::Rule",
        {
            "ScheduleExpression": "rate(1 day)",
            "Targets": [{"Id": "t", "Arn": f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:p", "RoleArn": ROLE}],
        },
        f"Provided role '{ROLE}' cannot be assumed by principal 'events.amazonaws.com'.",
    ),
}


@pytest.mark.parametrize("case", NAMING)
def test_a_resource_that_names_a_missing_resource_fails(local_aws: LocalServer, case: str) -> None:
    client, (kind, properties, sentence) = local_aws.client("cloudformation"), NAMING[case]
    body = json.dumps({"Resources": {"R": {"Type": kind, "Properties": properties}}})
    client.create_stack(StackName=f"names-{case}", TemplateBody=body)
    assert sentence in reasons(client, f"names-{case}")


def test_a_function_needs_a_role_that_lambda_may_assume(local_aws: LocalServer) -> None:
    client = local_aws.client("lambda")
    wanted = {
        "FunctionName": "roleless",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": b"PK"},
    }
    other = local_aws.create_role("for-another-service", "codebuild.amazonaws.com", allow("logs:*"))
    for role in (ROLE, other):
        with pytest.raises(ClientError, match=CANNOT) as refused:
            client.create_function(Role=role, **wanted)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_a_target_needs_a_role_that_eventbridge_may_assume(local_aws: LocalServer) -> None:
    """The sentence is from https://github.com/Miserlou/Zappa/issues/381."""
    events = local_aws.client("events")
    events.put_rule(Name="roleless", ScheduleExpression="rate(1 day)")
    pipeline = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:p"
    other = local_aws.create_role("not-for-rules", "codebuild.amazonaws.com", allow("codepipeline:*"))
    for role in (ROLE, other):
        with pytest.raises(ClientError, match=f"Provided role '{role}' cannot be assumed by principal") as refused:
            events.put_targets(Rule="roleless", Targets=[{"Id": "t", "Arn": pipeline, "RoleArn": role}])
        assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_project_needs_a_role_that_codebuild_may_assume(local_aws: LocalServer) -> None:
    other = local_aws.create_role("not-for-builds", "lambda.amazonaws.com", allow("logs:*"))
    with pytest.raises(ClientError, match=f"CodeBuild is not authorized to perform: sts:AssumeRole on {other}"):
        local_aws.client("codebuild").create_project(
            name="roleless",
            source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {build: {commands: [true]}}"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=other,
        )
