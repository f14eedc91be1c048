"""The projects that package and check the functions, and their roles, which change nothing."""

from __future__ import annotations

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import Statement, Template
from tests.cloudformation.test_permissions import granted, may

BUILD, CHECK = "BuildProjectRole", "CheckProjectRole"
LOCAL = {**templates.LONGEST, "SuffixID": "local", "ModelName": "wine-quality"}
MODEL = templates.LONGEST["ModelName"]


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline")


@pytest.fixture
def statements(template: Template) -> list[Statement]:
    return templates.role_statements(template)


@pytest.mark.parametrize(
    ("name", "spec", "variables"),
    [
        (
            "build",
            "buildspec.yml",
            {
                "MODEL_NAME": "wine-quality",
                "MODEL_BUCKET": "<slipway-local-model-bucket-name>",
                "KMS_KEY_ARN": "<slipway-local-key-arn>",
            },
        ),
        (
            "check",
            "checkspec.yml",
            {"PACKAGE_BUCKET": "<slipway-local-package-bucket-name>", "CHECKS_KEY": "checks/wine-quality.txt"},
        ),
    ],
)
def test_a_project_runs_for_the_pipeline_under_the_key(
    template: Template, name: str, spec: str, variables: dict[str, str]
) -> None:
    resource = f"{name.title()}Project"
    properties = templates.render(template["Resources"][resource]["Properties"], template, LOCAL)
    assert properties["Name"] == f"slipway-local-wine-quality-{name}"
    assert properties["Source"] == {"Type": "CODEPIPELINE", "BuildSpec": spec}
    assert properties["Artifacts"] == {"Type": "CODEPIPELINE"}
    assert properties["EncryptionKey"] == "<slipway-local-key-arn>"
    assert properties["ServiceRole"] == f"<{resource}Role.Arn>"
    assert properties["LogsConfig"] == {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": f"<{resource}LogGroup>"}}
    assert properties["TimeoutInMinutes"] <= 60
    assert properties["QueuedTimeoutInMinutes"] <= 60
    environment = properties["Environment"]
    assert {item["Name"]: item["Value"] for item in environment.get("EnvironmentVariables", [])} == variables
    assert environment["Image"].startswith("aws/codebuild/amazonlinux-")
    assert "PrivilegedMode" not in environment
    group = template["Resources"][f"{resource}LogGroup"]["Properties"]["LogGroupName"]
    assert templates.render(group, template, LOCAL) == f"/aws/codebuild/slipway-local-wine-quality-{name}"


@pytest.mark.parametrize(
    ("action", "key", "allowed"),
    [
        # The first 20 characters of the pipeline, 10 of the artifact: slipway-local-wine-q/PipelineLa/0Aa1b2C.
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/PipelineLa/0Aa1b2C", {BUILD, CHECK}),
        ("s3:GetObjectVersion", "artifact/slipway-aaaaaaaaaaaa/InferenceL/0Aa1b2C", {BUILD, CHECK}),
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/TrainingCo/0Aa1b2C", {BUILD}),
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/Dataset/0Aa1b2C", set()),
        ("s3:GetObject", "artifact/releases/wine-quality/e/test-evaluation.json", set()),
        ("s3:PutObject", "artifact/slipway-aaaaaaaaaaaa/PipelineLa/0Aa1b2C", set()),
        ("s3:PutObject", "artifact/slipway-aaaaaaaaaaaa/Packages/0Aa1b2C", {BUILD}),
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/Packages/0Aa1b2C", set()),
        ("s3:PutObject", "artifact/releases/wine-quality/e/test-evaluation.json", set()),
        ("s3:PutObject", "package/train-model/0123.zip", set()),
        ("s3:PutObject", "package/builds/0123.zip", set()),
        ("s3:GetObject", "package/builds/0123.zip", set()),
        ("s3:GetObject", f"package/checks/{MODEL}.txt", {CHECK}),
        ("s3:PutObject", f"package/checks/{MODEL}.txt", set()),
        ("s3:GetObject", "package/checks/other.txt", set()),
        ("s3:GetObject", "package/templates/pipeline.yml", set()),
        ("s3:GetObject", "data/wine-quality/manifest.json", set()),
        ("s3:GetObject", "model/training/x/output/model.tar.gz", set()),
        ("s3:GetObject", "model/wheels/0123/a.whl", {BUILD}),
        ("s3:GetObject", "model/source/0123/sourcedir.tar.gz", set()),
        ("s3:PutObject", "model/source/0123/sourcedir.tar.gz", set()),
        ("s3:PutObject", "model/wheels/0123/a.txt", set()),
    ],
)
def test_both_read_code_and_only_the_build_writes_packages(
    template: Template, statements: list[Statement], action: str, key: str, allowed: set[str]
) -> None:
    bucket, _, rest = key.partition("/")
    arn = f"arn:aws:s3:::<slipway-{'a' * 12}-{bucket}-bucket-name>/{rest}"
    assert {role for role in (BUILD, CHECK) if may(statements, template, role, action, arn)} == allowed


def test_only_the_build_writes_wheels_and_replaces_none(statements: list[Statement]) -> None:
    writing = [s for s in statements if "s3:PutObject" in s.actions and any("/wheels/" in str(r) for r in s.resources)]
    assert [tuple(statement.holders) for statement in writing] == [(BUILD,)]
    assert writing[0].condition == {"Null": {"s3:if-none-match": "false"}}


def test_what_was_built_is_kept_by_one_function_and_read_by_another(
    template: Template, statements: list[Statement]
) -> None:
    arn = f"arn:aws:s3:::<slipway-{'a' * 12}-package-bucket-name>/builds/0123.zip"
    roles = {role for statement in statements for role in statement.holders}
    for action, role in (
        ("s3:PutObject", "PublishFunctionRole"),
        ("s3:GetObject", "PublishApprovedFunctionRole"),
    ):
        assert {one for one in roles if may(statements, template, one, action, arn)} == {role}


def test_the_pipeline_starts_these_projects_only(template: Template, statements: list[Statement]) -> None:
    for action in ("codebuild:StartBuild", "codebuild:BatchGetBuilds"):
        holders = {role: granted(statements, template, role, action) for s in statements for role in s.holders}
        assert {role: arns for role, arns in holders.items() if arns} == {
            "PipelineRole": ["<BuildProject.Arn>", "<CheckProject.Arn>"]
        }


def test_what_they_hold_is_on_one_list(statements: list[Statement]) -> None:
    alike = {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetBucketAcl",
        "s3:GetBucketLocation",
        "kms:Decrypt",
    }
    for role, more in ((BUILD, {"s3:PutObject", "s3:ListBucket", "kms:GenerateDataKey"}), (CHECK, {"s3:ListBucket"})):
        assert {action for s in statements if role in s.holders for action in s.actions} == alike | more
