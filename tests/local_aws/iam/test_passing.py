"""A role reaches a service only through somebody who may pass it there."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_server import ACCOUNT, LocalServer, allow

TARGET = f"arn:aws:sqs:us-east-1:{ACCOUNT}:passed"
MACHINE = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
Call = Callable[[Callable[[str], Any], str, str], Any]


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("app.py", "def handler(event, context):\n    pass\n")
    return packed.getvalue()


def put_targets(aws: Callable[[str], Any], name: str, role: str) -> Any:
    aws("events").put_rule(Name=name, ScheduleExpression="rate(1 day)")
    return aws("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": TARGET, "RoleArn": role}])


CALLS: dict[str, tuple[str, Call]] = {
    "CreateFunction": (
        "lambda",
        lambda aws, name, role: aws("lambda").create_function(
            FunctionName=name, Runtime="python3.12", Role=role, Handler="app.handler", Code={"ZipFile": archive()}
        ),
    ),
    "UpdateFunctionConfiguration": (
        "lambda",
        lambda aws, _name, role: aws("lambda").update_function_configuration(FunctionName="passed-to", Role=role),
    ),
    "PutRule": (
        "events",
        lambda aws, name, role: aws("events").put_rule(Name=name, ScheduleExpression="rate(1 day)", RoleArn=role),
    ),
    "PutTargets": ("events", put_targets),
    "CreateStateMachine": (
        "states",
        lambda aws, name, role: aws("stepfunctions").create_state_machine(name=name, definition=MACHINE, roleArn=role),
    ),
    "CreateSchedule": (
        "scheduler",
        lambda aws, name, role: aws("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": TARGET, "RoleArn": role},
        ),
    ),
    "CreateStack": (
        "cloudformation",
        lambda aws, name, role: aws("cloudformation").create_stack(StackName=name, TemplateBody=TEMPLATE, RoleARN=role),
    ),
    "CreateChangeSet": (
        "cloudformation",
        lambda aws, name, role: aws("cloudformation").create_change_set(
            StackName=name, TemplateBody=TEMPLATE, RoleARN=role, ChangeSetName="one", ChangeSetType="CREATE"
        ),
    ),
}


def role_for(server: LocalServer, name: str, service: str) -> str:
    return server.create_role(f"{name}-role", f"{service}.amazonaws.com", allow("sns:*"))


def as_user(server: LocalServer, name: str, *statements: dict[str, Any]) -> Callable[[str], Any]:
    key = server.user_with(name, *statements)
    return lambda service: server.client(service, *key)


@pytest.mark.parametrize("operation", CALLS)
def test_only_a_caller_with_pass_role_passes_a_role_to_a_service(local_aws: LocalServer, operation: str) -> None:
    service, call = CALLS[operation]
    name = f"passes-{operation}"
    role = role_for(local_aws, name, service)
    if operation == "UpdateFunctionConfiguration":
        CALLS["CreateFunction"][1](local_aws.client, "passed-to", role)
    everything_else = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}
    passing = {**allow("iam:PassRole"), "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    for user, statements in (("not", [everything_else]), ("elsewhere", [everything_else, passing])):
        with pytest.raises(ClientError) as error:
            call(as_user(local_aws, f"{name}-{user}", *statements), name, role)
        code, message = (error.value.response["Error"][key] for key in ("Code", "Message"))
        assert code.startswith("AccessDenied")
        assert f"is not authorized to perform: iam:PassRole on resource: {role} " in message
    passing["Condition"]["StringEquals"]["iam:PassedToService"] = f"{service}.amazonaws.com"
    call(as_user(local_aws, f"{name}-may", everything_else, passing), name, role)


def test_a_function_s_own_role_is_not_passed_again(local_aws: LocalServer) -> None:
    role = role_for(local_aws, "keeps", "lambda")
    CALLS["CreateFunction"][1](local_aws.client, "keeps-its-role", role)
    user = as_user(local_aws, "sets-timeouts", allow("lambda:UpdateFunctionConfiguration"))
    changed = user("lambda").update_function_configuration(FunctionName="keeps-its-role", Timeout=7)
    assert changed["Timeout"] == 7


def keyed(server: LocalServer, name: str, *statements: dict[str, Any]) -> tuple[str, str, Callable[[str], Any]]:
    """A role, a key and a user who may do everything but use keys, beside these statements."""
    role = role_for(server, name, "lambda")
    arn = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    no_keys = {"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}
    return role, arn, as_user(server, name, no_keys, *statements)


def create_keyed(user: Callable[[str], Any], name: str, role: str, key: str) -> Any:
    return user("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive()},
        KMSKeyArn=key,
        Environment={"Variables": {"MODEL": "wine"}},
    )


@pytest.mark.parametrize(
    ("name", "statements", "missing"),
    [
        ("key-none", [], "kms:CreateGrant"),
        ("key-grant", [allow("kms:CreateGrant")], "kms:Encrypt"),
        (
            "key-elsewhere",
            [
                {
                    **allow("kms:CreateGrant", "kms:Encrypt"),
                    "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
                }
            ],
            "kms:CreateGrant",
        ),
    ],
)
def test_only_a_caller_who_may_use_a_key_gives_it_to_a_function(
    local_aws: LocalServer, name: str, statements: list[dict[str, Any]], missing: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html."""
    role, key, user = keyed(local_aws, name, *statements)
    with pytest.raises(ClientError) as error:
        create_keyed(user, name, role, key)
    answer = error.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (
        "InvalidParameterValueException",
        400,
    )
    assert f"is not authorized to perform: {missing} on resource: {key} " in answer["Error"]["Message"]


def test_the_use_of_a_key_may_be_bound_to_lambda_and_a_function(local_aws: LocalServer) -> None:
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:key-bound"
    bound = {
        "kms:ViaService": "lambda.us-east-1.amazonaws.com*",
        "kms:EncryptionContext:aws:lambda:FunctionArn": [function, f"{function}:*"],
    }
    using = {**allow("kms:CreateGrant", "kms:Encrypt"), "Condition": {"StringLike": bound}}
    role, key, user = keyed(local_aws, "key-bound", using)
    create_keyed(user, "key-bound", role, key)
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        create_keyed(user, "key-other", role, key)
    # The code is nobody's environment: it is changed without the key.
    coder = as_user(local_aws, "key-coder", allow("lambda:UpdateFunctionCode"))
    coder("lambda").update_function_code(FunctionName="key-bound", ZipFile=archive())
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        as_user(local_aws, "key-giver", allow("lambda:*"))("lambda").update_function_configuration(
            FunctionName="key-bound", KMSKeyArn=key
        )


def test_a_key_may_name_its_users_itself(local_aws: LocalServer) -> None:
    role, key, user = keyed(local_aws, "key-named")
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/key-named"}
    statement = {**allow("kms:CreateGrant", "kms:Encrypt"), "Principal": principal}
    root = {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, statement]})
    local_aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    create_keyed(user, "key-named", role, key)
