"""AWS-managed policies: what they grant, and what cannot be attached, through IAM and through CloudFormation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local_aws.cloudformation.test_stacks import create
from tests.local_server import LocalServer, allow

AWS = "arn:aws:iam::aws:policy/"
MISPELT = f"{AWS}AmazonSagemakerFullAccess"
REFUSAL = f"Policy {MISPELT} does not exist or is not attachable."
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.mark.parametrize(
    "name",
    [
        "AmazonSageMakerFullAccess",
        "AWSCodePipeline_FullAccess",
        "AWSCodeCommitPowerUser",
        "AWSCodeBuildDeveloperAccess",
        "CloudWatchFullAccessV2",
        "CloudWatchLogsReadOnlyAccess",
        "AmazonEC2ContainerRegistryReadOnly",
        "AWSLambda_FullAccess",
        "AWSStepFunctionsFullAccess",
        "AmazonS3ReadOnlyAccess",
        "service-role/AWSLambdaBasicExecutionRole",
    ],
)
def test_common_policies_are_there_as_published(local_aws: LocalServer, name: str) -> None:
    iam = local_aws.client("iam")
    policy = iam.get_policy(PolicyArn=AWS + name)["Policy"]
    version = iam.get_policy_version(PolicyArn=AWS + name, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    statements = version["Document"]["Statement"]
    assert policy["PolicyName"] == name.rpartition("/")[2]
    assert version["IsDefaultVersion"]
    assert any(statement["Effect"] == "Allow" for statement in statements)
    assert {"Effect": "Allow", "Action": "*", "Resource": "*"} not in statements


def test_an_attached_policy_grants_what_it_says_and_no_more(local_aws: LocalServer) -> None:
    key, secret = local_aws.user_with("reader-of-buckets", allow("iam:GetUser"))
    local_aws.client("s3").create_bucket(Bucket="read-by-policy")
    s3 = local_aws.client("s3", key, secret)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket="read-by-policy")
    local_aws.client("iam").attach_user_policy(UserName="reader-of-buckets", PolicyArn=f"{AWS}AmazonS3ReadOnlyAccess")
    assert s3.list_objects_v2(Bucket="read-by-policy")["KeyCount"] == 0
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="read-by-policy", Key="k", Body=b"x")


def test_a_policy_that_does_not_exist_cannot_be_attached(local_aws: LocalServer) -> None:
    iam = local_aws.client("iam")
    local_aws.create_role("without-policies", "lambda.amazonaws.com", allow("s3:GetObject"))
    iam.create_user(UserName="without-policies")
    iam.create_group(GroupName="without-policies")
    for attach, name in (
        (iam.attach_role_policy, "RoleName"),
        (iam.attach_user_policy, "UserName"),
        (iam.attach_group_policy, "GroupName"),
    ):
        with pytest.raises(iam.exceptions.NoSuchEntityException) as refused:
            attach(PolicyArn=MISPELT, **{name: "without-policies"})
        assert refused.value.response["Error"]["Message"] == REFUSAL
    attached = iam.list_attached_role_policies(RoleName="without-policies")
    assert attached["AttachedPolicies"] == []


def failure(server: LocalServer, name: str, resources: dict[str, Any]) -> str:
    """The reasons of a stack that cannot be created."""
    with pytest.raises(WaiterError):
        create(server, name, resources)
    events = server.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def test_a_stack_fails_if_its_roles_or_policies_name_missing_resources(local_aws: LocalServer) -> None:
    def role(**properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **properties}}

    document = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject")]}
    managed = {"PolicyDocument": document, "Roles": ["nobody"]}
    assert REFUSAL in failure(local_aws, "misspelt", {"Role": role(ManagedPolicyArns=[MISPELT])})
    assert REFUSAL in failure(local_aws, "boundless", {"Role": role(PermissionsBoundary=MISPELT)})
    reasons = failure(local_aws, "nobodys", {"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": managed}})
    assert "The role with name nobody cannot be found." in reasons


def test_a_stack_may_attach_a_policy_of_its_own(local_aws: LocalServer) -> None:
    document = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject")]}
    own = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "own", "PolicyDocument": document}}
    properties = {
        "RoleName": "with-own-policy",
        "AssumeRolePolicyDocument": TRUST,
        "ManagedPolicyArns": [{"Ref": "Own"}, f"{AWS}service-role/AWSLambdaBasicExecutionRole"],
    }
    create(local_aws, "own-policy", {"Own": own, "Role": {"Type": "AWS::IAM::Role", "Properties": properties}})
    attached = local_aws.client("iam").list_attached_role_policies(RoleName="with-own-policy")["AttachedPolicies"]
    assert {policy["PolicyName"] for policy in attached} == {"own", "AWSLambdaBasicExecutionRole"}


def test_kms_encryption_without_a_key_id_takes_the_managed_key(local_aws: LocalServer) -> None:
    s3, kms = local_aws.client("s3"), local_aws.client("kms")
    s3.create_bucket(Bucket="managed-key")
    first, second = (
        s3.put_object(Bucket="managed-key", Key=key, Body=b"x", ServerSideEncryption="aws:kms") for key in "ab"
    )
    assert first["SSEKMSKeyId"] == second["SSEKMSKeyId"] == s3.head_object(Bucket="managed-key", Key="a")["SSEKMSKeyId"]
    described = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (described["Arn"], described["KeyManager"]) == (first["SSEKMSKeyId"], "AWS")
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    s3.put_bucket_encryption(Bucket="managed-key", ServerSideEncryptionConfiguration={"Rules": rules})
    assert s3.put_object(Bucket="managed-key", Key="c", Body=b"x")["SSEKMSKeyId"] == first["SSEKMSKeyId"]
    own = kms.create_key()["KeyMetadata"]
    assert own["KeyManager"] == "CUSTOMER"
    assert json.loads(kms.get_key_policy(KeyId=own["KeyId"], PolicyName="default")["Policy"])["Statement"]
