"""Runtimes: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html."""

from __future__ import annotations

import json
import sys
from importlib.resources import files

import pytest
from botocore.exceptions import ClientError

from local_aws.base.functions.runtimes import NOT_CREATED, NOT_UPDATED
from tests.local_aws.functions.deployed import deploy
from tests.local_server import LocalServer, allow, wait_for

CODE = "def handler(event, context):\n    return event"
COMPARED_ON = "2025-01-01"


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        (
            "python9.9",
            "Value python9.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [",
        ),
        ("python3.7", "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda "),
    ],
)
def test_refused_when_a_function_is_created(local_aws: LocalServer, runtime: str, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        deploy(local_aws, f"refused-{runtime.replace('.', '-')}", CODE, Runtime=runtime)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert refused.value.response["Error"]["Message"].startswith(message)


def test_refused_when_a_function_is_updated(local_aws: LocalServer) -> None:
    function = deploy(local_aws, "updated-runtime", CODE)
    update = local_aws.client("lambda").update_function_configuration
    with pytest.raises(ClientError, match="at 'runtime' failed to satisfy constraint"):
        update(FunctionName=function.name, Runtime="python9.9")
    with pytest.raises(ClientError, match=r"runtime parameter of python3\.6 is no longer supported"):
        update(FunctionName=function.name, Runtime="python3.6")
    update(FunctionName=function.name, Runtime="python3.7")


def test_refused_in_a_stack(local_aws: LocalServer) -> None:
    role = local_aws.create_role("stack-runtime-role", "lambda.amazonaws.com", allow("logs:*"))
    properties = {"Runtime": "python9.9", "Handler": "index.handler", "Role": role, "Code": {"ZipFile": CODE}}
    template = {"Resources": {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
    cloudformation = local_aws.client("cloudformation")
    cloudformation.create_stack(StackName="stack-runtime", TemplateBody=json.dumps(template))

    def failures() -> list[str]:
        events = cloudformation.describe_stack_events(StackName="stack-runtime")["StackEvents"]
        return [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]

    assert any("Member must satisfy enum value set" in reason for reason in wait_for(failures, "the stack to fail"))


def test_the_log_says_that_this_machine_runs_another_python(local_aws: LocalServer) -> None:
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    other = "python3.12" if here != "python3.12" else "python3.13"
    function = deploy(local_aws, "other-python", CODE, Runtime=other)
    function.call()
    function.call()
    warning = f"[WARN] local AWS runs this {other} function with {here}, the Python of this machine"
    assert function.log().count(warning) == 1, "it is said when a process starts"
    same = deploy(local_aws, "same-python", CODE, Runtime=here)
    same.call()
    assert not [line for line in same.log() if line.startswith("[WARN]")]


def test_the_blocked_runtimes_are_those_of_aws_s_table() -> None:
    """cfn-lint keeps the table of dates."""
    text = (files("cfnlint") / "data" / "AdditionalSpecs" / "LmbdRuntimeLifecycle.json").read_text(encoding="utf-8")
    table = json.loads(text)

    def passed(key: str) -> set[str]:
        return {name for name, dates in table.items() if dates[key] and dates[key] < COMPARED_ON}

    assert passed("create-block") == NOT_CREATED
    assert passed("update-block") == NOT_UPDATED
