"""CloudFormation: the permissions that a change of a stack's resource needs of who makes it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.base.iam.passing import KEY_USES, key_context
from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT
from local_aws.wire import Permission

_CREATED: Mapping[str, tuple[str, str, str]] = {
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:{region}:{account}:alarm:", "AlarmName"),
    "AWS::CodeBuild::Project": ("codebuild:CreateProject", "codebuild:{region}:{account}:project/", "Name"),
    "AWS::CodeCommit::Repository": (
        "codecommit:CreateRepository",
        "codecommit:{region}:{account}:",
        "RepositoryName",
    ),
    "AWS::CodePipeline::Pipeline": ("codepipeline:CreatePipeline", "codepipeline:{region}:{account}:", "Name"),
    "AWS::ECR::Repository": ("ecr:CreateRepository", "ecr:{region}:{account}:repository/", "RepositoryName"),
    "AWS::Events::Rule": ("events:PutRule", "events:{region}:{account}:rule/", "Name"),
    "AWS::IAM::InstanceProfile": (
        "iam:CreateInstanceProfile",
        "iam::{account}:instance-profile/",
        "InstanceProfileName",
    ),
    "AWS::IAM::ManagedPolicy": ("iam:CreatePolicy", "iam::{account}:policy/", "ManagedPolicyName"),
    "AWS::IAM::Role": ("iam:CreateRole", "iam::{account}:role/", "RoleName"),
    "AWS::IAM::User": ("iam:CreateUser", "iam::{account}:user/", "UserName"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "lambda:{region}:{account}:function:", "FunctionName"),
    "AWS::Lambda::Permission": ("lambda:AddPermission", "lambda:{region}:{account}:function:", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "logs:{region}:{account}:log-group:", "LogGroupName"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:::", "BucketName"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", "s3:::", "Bucket"),
    "AWS::SNS::Topic": ("sns:CreateTopic", "sns:{region}:{account}:", "TopicName"),
    "AWS::StepFunctions::Activity": ("states:CreateActivity", "states:{region}:{account}:activity:", "Name"),
    "AWS::StepFunctions::StateMachine": (
        "states:CreateStateMachine",
        "states:{region}:{account}:stateMachine:",
        "StateMachineName",
    ),
}
"""The main action of a type's creation, the beginning of the resource's ARN, and the property that ends it."""
_DELETED: Mapping[str, str] = {
    "AWS::IAM::InstanceProfile": "iam:DeleteInstanceProfile",
    "AWS::IAM::ManagedPolicy": "iam:DeletePolicy",
    "AWS::IAM::Role": "iam:DeleteRole",
    "AWS::IAM::User": "iam:DeleteUser",
}
_HOLDERS = (("Roles", "Role", "role"), ("Users", "User", "user"), ("Groups", "Group", "group"))
_PASSED: Mapping[str, tuple[str, str]] = {
    "AWS::CodeBuild::Project": ("ServiceRole", "codebuild.amazonaws.com"),
    "AWS::CodePipeline::Pipeline": ("RoleArn", "codepipeline.amazonaws.com"),
    "AWS::Events::Rule": ("RoleArn", "events.amazonaws.com"),
    "AWS::Lambda::Function": ("Role", "lambda.amazonaws.com"),
    "AWS::StepFunctions::StateMachine": ("RoleArn", "states.amazonaws.com"),
}
"""The property that gives a role to a service."""
ASKED_FOR = frozenset({*_CREATED, "AWS::IAM::Policy"})
"""The types for which IAM is asked."""


def creation(kind: str, logical_id: str, properties: Mapping[str, Any], stack: str) -> Iterator[Permission]:
    """The main action of a creation; a name that is not given ends in random letters, as CloudFormation's do."""
    if kind in _CREATED:
        action, _, name = _CREATED[kind]
        generated = f"{stack}-{logical_id}-{secrets.token_hex(6).upper()}"
        if kind == "AWS::S3::Bucket":
            generated = generated.lower()
        yield Permission(action, _arn(kind, str(properties.get(name) or generated), properties))


def grants(kind: str, old: Mapping[str, Any], new: Mapping[str, Any], physical_id: str) -> Iterator[Permission]:
    """Return the permissions for changes of the properties that grant permissions."""
    if kind in _PASSED:
        role, service = new.get(_PASSED[kind][0]), _PASSED[kind][1]
        if role and role != old.get(_PASSED[kind][0]):
            yield Permission("iam:PassRole", role, {"iam:PassedToService": service})
    if kind == "AWS::Lambda::Function":
        yield from _uses_of_key(old.get("KmsKeyArn"), new, physical_id)
    if kind in {"AWS::IAM::Role", "AWS::IAM::User"}:
        yield from _grants_of_holder(kind.rpartition(":")[2], old, new, physical_id)
    if kind in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
        verb = "Put" if kind == "AWS::IAM::Policy" else "Attach"
        changed = new.get("PolicyDocument") != old.get("PolicyDocument")
        if changed and old and verb == "Attach":
            yield Permission("iam:CreatePolicyVersion", physical_id)
        for members, holder, path in _HOLDERS:
            before = [] if changed and verb == "Put" else old.get(members) or []
            for name in new.get(members) or []:
                if name not in before:
                    yield Permission(f"iam:{verb}{holder}Policy", f"arn:aws:iam::{ACCOUNT}:{path}/{name}")


def _uses_of_key(before: Any, new: Mapping[str, Any], physical_id: str) -> Iterator[Permission]:
    key = new.get("KmsKeyArn")
    if key and key != before:
        region = ministack("core.responses").get_region()
        for use in KEY_USES:
            yield Permission(use, key, key_context(region, physical_id or str(new.get("FunctionName") or "*")))


def _grants_of_holder(
    holder: str, old: Mapping[str, Any], new: Mapping[str, Any], physical_id: str
) -> Iterator[Permission]:
    arn = _arn(f"AWS::IAM::{holder}", physical_id or str(new.get(f"{holder}Name") or "*"), new)
    if old and new.get("AssumeRolePolicyDocument") != old.get("AssumeRolePolicyDocument"):
        yield Permission("iam:UpdateAssumeRolePolicy", arn)
    if new.get("Policies") and new["Policies"] != old.get("Policies"):
        yield Permission(f"iam:Put{holder}Policy", arn)
    for policy in new.get("ManagedPolicyArns") or []:
        if policy not in (old.get("ManagedPolicyArns") or []):
            yield Permission(f"iam:Attach{holder}Policy", arn, {"iam:PolicyARN": policy})
    for group in new.get("Groups") or []:
        if group not in (old.get("Groups") or []):
            yield Permission("iam:AddUserToGroup", f"arn:aws:iam::{ACCOUNT}:group/{group}")


def deletion(kind: str, physical_id: str, properties: Mapping[str, Any]) -> Iterator[Permission]:
    """Return the permissions for the deletion of a resource of IAM."""
    if kind in _DELETED:
        yield Permission(_DELETED[kind], _arn(kind, physical_id, properties))
    if kind == "AWS::IAM::Policy":
        for members, holder, path in _HOLDERS:
            for name in properties.get(members) or []:
                yield Permission(f"iam:Delete{holder}Policy", f"arn:aws:iam::{ACCOUNT}:{path}/{name}")


def _arn(kind: str, name: str, properties: Mapping[str, Any]) -> str:
    if name.startswith("arn:"):
        return name
    region = ministack("core.responses").get_region()
    path = str(properties.get("Path") or "/").lstrip("/") if kind.startswith("AWS::IAM::") else ""
    return "arn:aws:" + _CREATED[kind][1].format(region=region, account=ACCOUNT) + path + name
