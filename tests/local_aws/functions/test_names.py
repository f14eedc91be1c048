"""The names that Lambda creates functions with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_server import LocalServer, allow, wait_for

PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
BY_PATTERN = f"Member must satisfy regular expression pattern: {PATTERN}"
BY_LENGTH = "Member must have length less than or equal to 64"
LONG, LONG_AND_ODD = "x" * 65, "x/" * 40


def refused(name: str, *constraints: str) -> str:
    found = "; ".join(f"Value '{name}' at 'functionName' failed to satisfy constraint: {one}" for one in constraints)
    return f"{len(constraints)} validation error{'s' if len(constraints) > 1 else ''} detected: {found}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../x", refused("../x", BY_PATTERN)),
        ("a b", refused("a b", BY_PATTERN)),
        ("a.b", refused("a.b", BY_PATTERN)),
        ("x\n", refused("x\n", BY_PATTERN)),
        (LONG, refused(LONG, BY_LENGTH)),
        (LONG_AND_ODD, refused(LONG_AND_ODD, BY_PATTERN, BY_LENGTH)),
    ],
)
def test_a_name_that_the_pattern_excludes_is_refused(local_aws: LocalServer, name: str, message: str) -> None:
    body = json.dumps({"FunctionName": name, "Role": "arn:aws:iam::111122223333:role/x", "Code": {"ZipFile": ""}})
    status, text = local_aws.ask("POST", "/2015-03-31/functions", body.encode(), signed_for="lambda")
    assert (status, json.loads(text)["message"]) == (400, message)
    with pytest.raises(ClientError, match="ValidationException"):
        local_aws.client("lambda").create_function(
            FunctionName="..", Role="arn:aws:iam::111122223333:role/x", Code={"ZipFile": b""}
        )


def test_a_name_that_a_parameter_brings_fails_the_stack(local_aws: LocalServer) -> None:
    role = local_aws.create_role("odd-name", "lambda.amazonaws.com", allow("s3:GetObject"))
    properties: dict[str, Any] = {
        "FunctionName": {"Ref": "Name"},
        "Role": role,
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": "def handler(event, context): pass"},
    }
    resources = {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}
    template = {"Parameters": {"Name": {"Type": "String"}}, "Resources": resources}
    client = local_aws.client("cloudformation")
    parameters = [{"ParameterKey": "Name", "ParameterValue": "../x"}]
    client.create_stack(StackName="odd-name", TemplateBody=json.dumps(template), Parameters=parameters)

    def reasons() -> list[str]:
        events = client.describe_stack_events(StackName="odd-name")["StackEvents"]
        return [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]

    assert refused("../x", BY_PATTERN) in wait_for(reasons, "the function's failure")[0]
