"""Roles: whose they are, who may assume them, and whether IAM takes them."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from pipeline_lambdas.release.names import TRIGGERS
from tests.cloudformation import templates
from tests.cloudformation.templates import Template

# IAM's quotas, white space not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
INLINE_POLICIES_LIMIT = 10_240
TRUST_POLICY_LIMIT = 2_048

FUNCTIONS = (
    "TrainModelFunction",
    "GetStatusFunction",
    "DeployModelFunction",
    "EvaluateModelFunction",
    "DeployProdFunction",
    "DeployChampionFunction",
    "RegisterModelFunction",
    "WriteEvidenceFunction",
    "RecordReleaseFunction",
    "SmokeTestProdFunction",
    "CleanUpFunction",
    "StartReleaseFunction",
    "EndReleaseFunction",
    "SettleJobFunction",
    "PublishFunction",
    "PublishApprovedFunction",
    "DispatchFunction",
    "DispatchApprovedFunction",
)


@pytest.fixture
def pipeline() -> Template:
    return templates.decided("pipeline")


def test_one_role_per_function(pipeline: Template) -> None:
    roles = {
        function: resource["Properties"]["Role"]["Fn::GetAtt"][0]
        for function, resource in templates.of_type(pipeline, "AWS::Lambda::Function").items()
    }
    assert roles == {function: f"{function}Role" for function in FUNCTIONS}


def test_no_role_is_trusted_by_two_services() -> None:
    trusted = {}
    pipeline = templates.decided("pipeline", RetrainingSchedule="rate(7 days)", BuildContainers="true")
    for role, resource in templates.of_type(pipeline, "AWS::IAM::Role").items():
        (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRole", role
        trusted[role] = statement["Principal"]
    assert trusted == {
        # Its sessions are named like the rules of the events.
        "StartPipelineRole": {"AWS": {"Fn::GetAtt": ["StartReleaseFunctionRole", "Arn"]}},
        "RetrainingRole": {"Service": "events.amazonaws.com"},
        "PipelineRole": {"Service": "codepipeline.amazonaws.com"},
        "BuildProjectRole": {"Service": "codebuild.amazonaws.com"},
        "CheckProjectRole": {"Service": "codebuild.amazonaws.com"},
        "ImageProjectRole": {"Service": "codebuild.amazonaws.com"},
        "TrainingRole": {"Service": "sagemaker.amazonaws.com"},
        "MetricsRole": {"Service": "sagemaker.amazonaws.com"},
        "HostingRole": {"Service": "sagemaker.amazonaws.com"},
        "ProdHostingRole": {"Service": "sagemaker.amazonaws.com"},
        **{f"{function}Role": {"Service": "lambda.amazonaws.com"} for function in FUNCTIONS},
    }


@pytest.mark.parametrize(
    ("role", "sources"),
    [
        (
            "RetrainingRole",
            [f"arn:aws:events:ap-northeast-1:111122223333:rule/slipway-{'a' * 12}-{'m' * 20}-retraining"],
        ),
        (
            "BuildProjectRole",
            [f"arn:aws:codebuild:ap-northeast-1:111122223333:project/slipway-{'a' * 12}-{'m' * 20}-build"],
        ),
        (
            "CheckProjectRole",
            [f"arn:aws:codebuild:ap-northeast-1:111122223333:project/slipway-{'a' * 12}-{'m' * 20}-check"],
        ),
        (
            "TrainingRole",
            [
                f"arn:aws:sagemaker:ap-northeast-1:111122223333:{kind}/*"
                for kind in ("training-job", "hyper-parameter-tuning-job")
            ],
        ),
        (
            "ImageProjectRole",
            [f"arn:aws:codebuild:ap-northeast-1:111122223333:project/slipway-{'a' * 12}-{'m' * 20}-image"],
        ),
        ("MetricsRole", ["arn:aws:sagemaker:ap-northeast-1:111122223333:processing-job/*"]),
        ("HostingRole", ["arn:aws:sagemaker:ap-northeast-1:111122223333:*"]),
        ("ProdHostingRole", ["arn:aws:sagemaker:ap-northeast-1:111122223333:*"]),
    ],
)
def test_a_role_is_only_assumed_for_this_account(role: str, sources: list[str]) -> None:
    pipeline = templates.decided("pipeline", RetrainingSchedule="rate(7 days)", BuildContainers="true")
    (statement,) = pipeline["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    condition = templates.render(statement["Condition"], pipeline)
    (found,) = [keys["aws:SourceArn"] for keys in condition.values() if "aws:SourceArn" in keys]
    assert templates.as_list(found) == sources


def test_the_rules_are_those_that_the_role_trusts() -> None:
    pipeline = templates.decided("pipeline", RetrainingSchedule="rate(7 days)", BuildContainers="true")
    (statement,) = pipeline["Resources"]["RetrainingRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    arns = templates.render(statement["Condition"]["ArnEquals"]["aws:SourceArn"], pipeline)
    names = [
        templates.render(rule["Properties"]["Name"], pipeline)
        for rule in templates.of_type(pipeline, "AWS::Events::Rule").values()
        if "RoleArn" in rule["Properties"]["Targets"][0]
    ]
    assert [arns.rsplit("/", 1)[1]] == names


def test_the_sessions_that_start_the_pipeline_name_the_rule(pipeline: Template) -> None:
    role = templates.render(pipeline["Resources"]["StartPipelineRole"]["Properties"], pipeline)
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    pattern = statement["Condition"]["StringLike"]["sts:RoleSessionName"]
    name = f"slipway-{'a' * 12}-{'m' * 20}"
    sessions = [f"{name}-{end}" for end in TRIGGERS.values()]
    assert all(fnmatchcase(session, pattern) and len(session) <= 64 for session in sessions)
    rules = templates.of_type(pipeline, "AWS::Events::Rule").values()
    started = {
        templates.render(rule["Properties"]["Name"], pipeline)
        for rule in rules
        if rule["Properties"]["Targets"][0]["Id"] == "start-release"
    }
    assert started == set(sessions)


@pytest.mark.parametrize("name", ["pipeline", "workflows"])
def test_policies_fit_iams_quotas(name: str) -> None:
    template = templates.decided(name)
    shared = templates.of_type(template, "AWS::IAM::Policy").values()
    for role, resource in templates.of_type(template, "AWS::IAM::Role").items():
        documents: list[Any] = [policy["PolicyDocument"] for policy in resource["Properties"].get("Policies", [])]
        documents += [
            policy["Properties"]["PolicyDocument"]
            for policy in shared
            if {"Ref": role} in policy["Properties"]["Roles"]
        ]
        size = sum(len(_compact(templates.render(document, template))) for document in documents)
        assert size <= INLINE_POLICIES_LIMIT, role
        trust = _compact(templates.render(resource["Properties"]["AssumeRolePolicyDocument"], template))
        assert len(trust) <= TRUST_POLICY_LIMIT, role


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))
