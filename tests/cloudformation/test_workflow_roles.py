"""The roles of the workflows: whose they are, who may assume them, and what bounds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_lambdas.release.names import WORKFLOW_SYSTEMS
from tests.cloudformation import templates
from tests.cloudformation.templates import Statement, Template

# Policies whose resource is '*', with the actions they hold. Each action has no resource type in
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
STARS = {
    # Log deliveries have no ARN: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
    "deliver-logs": {
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    },
    # The token is for a whole registry, and pulling is granted on images; a metric has no ARN; its namespace is bound.
    "log-in-and-measure": {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"},
    # A list has no ARN; the function deletes only what it may by name.
    "sweep": {"sagemaker:ListEndpoints"},
    "remove": {"sagemaker:ListEndpoints"},
}
SERVICES = {"Function": "lambda.amazonaws.com", "Machine": "states.amazonaws.com"}
JOBS = {"ImagesJobsRole", "TextJobsRole", "TabularJobsRole", "LifecycleJobRole"}
# Roles whose names have their system not in them.
OF_FUNCTIONS = {
    "MakeDatasetFunctionRole": "text",
    "PrepareReviewsFunctionRole": "text",
    "ScorePredictionsFunctionRole": "text",
    "MonitorModelFunctionRole": "lifecycle",
}
# What a role has of a model's data: it makes the datasets of releases, and writes nothing else of the model.
OF_A_RELEASE = {"MakeDatasetFunctionRole": ("<ReviewsModel>/datasets/",)}
LISTED = {"MakeDatasetFunctionRole": ("${ReviewsModel}/datasets/",)}
OF_SAGEMAKER = "arn:aws:sagemaker:ap-northeast-1:111122223333:"


@pytest.fixture
def workflows() -> Template:
    return templates.decided("workflows")


@pytest.fixture
def statements(workflows: Template) -> list[Statement]:
    return templates.role_statements(workflows)


def system_of(role: str) -> str:
    """The system that a role is of; empty for the sweeper, which is of all."""
    if role in OF_FUNCTIONS:
        return OF_FUNCTIONS[role]
    return next((system for system in WORKFLOW_SYSTEMS if system.capitalize() in role), "")


def roles(template: Template) -> dict[str, Any]:
    return templates.of_type(template, "AWS::IAM::Role")


def test_one_role_per_function_and_machine(workflows: Template) -> None:
    given = {
        i: resource["Properties"]["Role"]["Fn::GetAtt"][0]
        for i, resource in templates.of_type(workflows, "AWS::Lambda::Function").items()
    }
    given |= {
        i: resource["Properties"]["RoleArn"]["Fn::GetAtt"][0]
        for i, resource in templates.of_type(workflows, "AWS::StepFunctions::StateMachine").items()
    }
    assert given == {name: f"{name}Role" for name in given}
    assert set(roles(workflows)) == set(given.values()) | JOBS


def test_no_role_is_trusted_by_two_services(workflows: Template) -> None:
    for role, resource in roles(workflows).items():
        (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        service = next(
            (name for kind, name in SERVICES.items() if role.endswith(f"{kind}Role")), "sagemaker.amazonaws.com"
        )
        assert statement["Action"] == "sts:AssumeRole", role
        assert statement["Principal"] == {"Service": service}, role
        if service != "lambda.amazonaws.com":
            assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}, role


def test_a_machine_is_only_assumed_for_machines_of_its_system(workflows: Template) -> None:
    stem = f"arn:aws:states:ap-northeast-1:111122223333:stateMachine:slipway-{'a' * 12}-"
    for role, resource in roles(workflows).items():
        if not role.endswith("MachineRole"):
            continue
        (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        sources = templates.as_list(templates.render(statement["Condition"]["ArnLike"], workflows)["aws:SourceArn"])
        assert [one for one in sources if not one.startswith(f"{stem}{system_of(role)}")] == [], role


def test_every_star_is_on_the_list(statements: list[Statement]) -> None:
    found: dict[str, set[str]] = {}
    for statement in statements:
        if "*" in statement.resources:
            found.setdefault(statement.policy, set()).update(statement.actions)
    assert found == STARS


def test_no_policy_allows_all_actions_of_a_service(statements: list[Statement]) -> None:
    assert [action for statement in statements for action in statement.actions if "*" in action] == []
    assert {statement.effect for statement in statements} == {"Allow"}


def test_every_pass_role_names_the_role_of_the_systems_jobs_and_sagemaker(statements: list[Statement]) -> None:
    passing = [statement for statement in statements if "iam:PassRole" in statement.actions]
    assert len(passing) >= 4
    for statement in passing:
        assert statement.actions == ("iam:PassRole",)
        assert statement.condition == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        ((role, attribute),) = [resource["Fn::GetAtt"] for resource in statement.resources]
        assert (role in JOBS, attribute) == (True, "Arn")
        assert {system_of(holder) for holder in statement.holders} == {system_of(role)}


def test_a_grant_on_the_key_is_for_aws_resources(statements: list[Statement]) -> None:
    for statement in statements:
        if "kms:CreateGrant" in statement.actions:
            assert statement.condition == {"Bool": {"kms:GrantIsForAWSResource": "true"}}, statement.holders


def test_the_key_is_used_through_a_service(statements: list[Statement], workflows: Template) -> None:
    for statement in statements:
        if not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(statement.actions):
            continue
        (keys,) = templates.render(statement.condition, workflows).values()
        assert set(keys) <= {"kms:ViaService", "kms:EncryptionContext:aws:lambda:FunctionArn"}, statement.holders


def test_a_system_reaches_only_what_is_its_own(statements: list[Statement], workflows: Template) -> None:
    """Objects below its folder, and what SageMaker has under its name."""
    for statement in statements:
        for holder in statement.holders:
            system = system_of(holder)
            for arn in templates.render(list(statement.resources), workflows):
                if arn.startswith(OF_SAGEMAKER) and system:
                    name = arn.rpartition("/")[2]
                    assert name.startswith(f"slipway-{'a' * 12}-{system}-"), f"{holder}: {arn}"
                if ":s3:::" in arn and "/" in arn:
                    key = arn.partition("/")[2]
                    below = (f"workflows/{system}/", f"workflows/*/scripts/{system}/", *OF_A_RELEASE.get(holder, ()))
                    assert key.startswith(below), f"{holder}: {arn}"


def test_a_list_of_a_bucket_is_bound_to_a_folder(statements: list[Statement]) -> None:
    listing = [statement for statement in statements if "s3:ListBucket" in statement.actions]
    assert listing
    for statement in listing:
        (prefixes,) = [keys["s3:prefix"] for keys in statement.condition.values() if "s3:prefix" in keys]
        prefixes = [json.dumps(prefix) for prefix in templates.as_list(prefixes)]
        allowed = ("workflows/", *(key for holder in statement.holders for key in LISTED.get(holder, ())))
        assert all(any(key in prefix for key in allowed) for prefix in prefixes), statement.holders


def test_a_container_cannot_write_the_metrics_that_alarms_look_at(
    statements: list[Statement], workflows: Template
) -> None:
    alarms = templates.of_type(workflows, "AWS::CloudWatch::Alarm").values()
    watched = {alarm["Properties"]["Namespace"] for alarm in alarms}
    assert watched
    for statement in statements:
        if "cloudwatch:PutMetricData" in statement.actions:
            assert not watched & set(statement.condition["StringEquals"]["cloudwatch:namespace"])


def test_jobs_may_pull_images_and_write_metrics(statements: list[Statement]) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms."""
    for action in (
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "cloudwatch:PutMetricData",
    ):
        holders = {holder for one in statements if action in one.actions for holder in one.holders}
        assert holders == JOBS, action
