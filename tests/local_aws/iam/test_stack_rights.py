"""A stack makes nothing that its caller, or the role it was given, could not make."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local_server import ACCOUNT, LocalServer, allow

WAIT = {"Delay": 0.1, "MaxAttempts": 300}
ALL = {"Version": "2012-10-17", "Statement": [allow("*")]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
PLACEHOLDER = "def handler(event, context):\n    pass\n"


def deploy(client: Any, name: str, resources: dict[str, Any], verb: str = "create", **more: Any) -> str:
    """The reasons that a stack gives for its end, empty if it ends well."""
    template = json.dumps({"Resources": resources})
    getattr(client, f"{verb}_stack")(
        StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"], **more
    )
    try:
        client.get_waiter(f"stack_{verb}_complete").wait(StackName=name, WaiterConfig=WAIT)
    except WaiterError:
        events = client.describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)
    return ""


def caller(server: LocalServer, user: str, *statements: dict[str, Any]) -> Any:
    return server.client("cloudformation", *server.user_with(user, allow("cloudformation:*"), *statements))


def policy_on(user: str) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "all", "PolicyDocument": ALL, "Users": [user]},
    }


def role(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **properties}}


def function(role_arn: str) -> dict[str, Any]:
    properties = {
        "Role": role_arn,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": PLACEHOLDER},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


CASES: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "policy": (policy_on("rights-policy"), [], "iam:PutUserPolicy"),
    "role": (role(), [], "iam:CreateRole"),
    "inline": (
        role(Policies=[{"PolicyName": "p", "PolicyDocument": ALL}]),
        [allow("iam:CreateRole")],
        "iam:PutRolePolicy",
    ),
    "attached": (
        role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
        [allow("iam:CreateRole")],
        "iam:AttachRolePolicy",
    ),
    "managed": (
        {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": ALL, "Users": ["rights-managed"]}},
        [allow("iam:CreatePolicy")],
        "iam:AttachUserPolicy",
    ),
    "bucket": ({"Type": "AWS::S3::Bucket"}, [], "s3:CreateBucket"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stack_creates_only_what_its_caller_may_create(local_aws: LocalServer, name: str) -> None:
    resource, statements, missing = CASES[name]
    client = caller(local_aws, f"rights-{name}", *statements)
    reasons = deploy(client, f"rights-{name}", {"Made": resource})
    assert f"user/rights-{name} is not authorized to perform: {missing} on resource: arn:aws:" in reasons
    document = {"Version": "2012-10-17", "Statement": [allow("cloudformation:*", missing), *statements]}
    local_aws.client("iam").put_user_policy(
        UserName=f"rights-{name}", PolicyName="policy", PolicyDocument=json.dumps(document)
    )
    assert deploy(client, f"rights-{name}-2", {"Made": resource}) == ""


def test_a_refused_policy_leaves_nothing(local_aws: LocalServer) -> None:
    client = caller(local_aws, "climbs")
    assert deploy(client, "climbs", {"Made": policy_on("climbs")})
    assert local_aws.client("iam").list_user_policies(UserName="climbs")["PolicyNames"] == ["policy"]


def test_a_stack_gives_a_function_only_roles_that_its_caller_may_pass(local_aws: LocalServer) -> None:
    arn = local_aws.create_role("rights-passed", "lambda.amazonaws.com", allow("*"))
    client = caller(local_aws, "rights-passes", allow("lambda:*"))
    assert f"iam:PassRole on resource: {arn} " in deploy(client, "rights-passes", {"Made": function(arn)})


def test_a_stack_gives_a_function_only_keys_that_its_caller_may_use(local_aws: LocalServer) -> None:
    arn = local_aws.create_role("rights-keyed", "lambda.amazonaws.com", allow("*"))
    key = local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    client = caller(local_aws, "rights-keys", allow("lambda:*", "iam:PassRole"))
    made = function(arn)
    made["Properties"] |= {"KmsKeyArn": key, "Environment": {"Variables": {"MODEL": "wine"}}}
    assert f"kms:CreateGrant on resource: {key} " in deploy(client, "rights-keys", {"Made": made})
    using = allow("lambda:*", "iam:PassRole", "kms:CreateGrant", "kms:Encrypt")
    may = caller(local_aws, "rights-uses", using)
    assert deploy(may, "rights-uses", {"Made": made}) == ""
    # A role of the stack that the key names itself needs no policy of its own for it.
    role_arn = local_aws.create_role(
        "rights-stack", "cloudformation.amazonaws.com", allow("lambda:*", "iam:PassRole", "cloudformation:*")
    )
    root = local_aws.client("cloudformation")
    assert f"kms:CreateGrant on resource: {key} " in deploy(root, "rights-keyed-1", {"Made": made}, RoleARN=role_arn)
    statements = [{**allow("kms:*"), "Principal": {"AWS": arn_}} for arn_ in (f"arn:aws:iam::{ACCOUNT}:root", role_arn)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    local_aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert deploy(root, "rights-keyed-2", {"Made": made}, RoleARN=role_arn) == ""


def test_an_update_and_a_deletion_ask_too(local_aws: LocalServer) -> None:
    resources = {"Made": role(RoleName="rights-updated")}
    assert deploy(local_aws.client("cloudformation"), "rights-updated", resources) == ""
    client = caller(local_aws, "rights-updates")
    changed = {"Made": role(RoleName="rights-updated", Policies=[{"PolicyName": "p", "PolicyDocument": ALL}])}
    assert "perform: iam:PutRolePolicy" in deploy(client, "rights-updated", changed, verb="update")
    client.delete_stack(StackName="rights-updated")
    with pytest.raises(WaiterError):
        client.get_waiter("stack_delete_complete").wait(StackName="rights-updated", WaiterConfig=WAIT)
    assert local_aws.client("iam").get_role(RoleName="rights-updated")["Role"]["RoleName"] == "rights-updated"


def test_a_stack_with_a_role_has_the_permissions_of_the_role(local_aws: LocalServer) -> None:
    arn = local_aws.create_role("rights-service", "cloudformation.amazonaws.com", allow("s3:*"))
    client = caller(local_aws, "rights-roles", allow("iam:PassRole"))
    bucket, topic = {"Type": "AWS::S3::Bucket"}, {"Type": "AWS::SNS::Topic"}
    assert deploy(client, "rights-service", {"Made": bucket}, RoleARN=arn) == ""
    # The role stays the stack's, for root as well.
    reasons = deploy(local_aws.client("cloudformation"), "rights-service", {"Made": bucket, "T": topic}, verb="update")
    assert "assumed-role/rights-service/AWSCloudFormation is not authorized to perform: sns:CreateTopic" in reasons
    other = local_aws.create_role("rights-other", "lambda.amazonaws.com", allow("s3:*"))
    with pytest.raises(ClientError, match="is invalid or cannot be assumed"):
        deploy(client, "rights-other", {"Made": bucket}, RoleARN=other)


def test_a_change_set_keeps_its_role(local_aws: LocalServer) -> None:
    arn = local_aws.create_role("rights-change-set", "cloudformation.amazonaws.com", allow("s3:*"))
    client = local_aws.client("cloudformation")
    client.create_change_set(
        StackName="rights-change-set",
        ChangeSetName="one",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}),
        RoleARN=arn,
    )
    client.get_waiter("change_set_create_complete").wait(
        StackName="rights-change-set", ChangeSetName="one", WaiterConfig=WAIT
    )
    client.execute_change_set(StackName="rights-change-set", ChangeSetName="one")
    with pytest.raises(WaiterError):
        client.get_waiter("stack_create_complete").wait(StackName="rights-change-set", WaiterConfig=WAIT)
