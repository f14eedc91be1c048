"""The project that checks and packages the functions, and its role, which changes nothing."""

from __future__ import annotations

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import Statement, Template
from tests.cloudformation.test_permissions import granted, may

ROLE = "BuildProjectRole"
LOCAL = {**templates.LONGEST, "SuffixID": "local", "ModelName": "wine-quality"}


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline")


@pytest.fixture
def statements(template: Template) -> list[Statement]:
    return templates.role_statements(template)


def test_the_project_builds_for_the_pipeline_under_the_key(template: Template) -> None:
    properties = templates.render(template["Resources"]["BuildProject"]["Properties"], template, LOCAL)
    assert properties["Name"] == "slipway-local-wine-quality-build"
    assert properties["Source"] == {"Type": "CODEPIPELINE", "BuildSpec": "buildspec.yml"}
    assert properties["Artifacts"] == {"Type": "CODEPIPELINE"}
    assert properties["EncryptionKey"] == "<slipway-local-key-arn>"
    assert properties["ServiceRole"] == "<BuildProjectRole.Arn>"
    assert properties["LogsConfig"] == {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": "<BuildProjectLogGroup>"}}
    assert properties["TimeoutInMinutes"] <= 60
    assert properties["QueuedTimeoutInMinutes"] <= 60
    group = template["Resources"]["BuildProjectLogGroup"]["Properties"]["LogGroupName"]
    assert templates.render(group, template, LOCAL) == "/aws/codebuild/slipway-local-wine-quality-build"


def test_the_build_knows_what_to_package_for_whom(template: Template) -> None:
    environment = templates.render(template["Resources"]["BuildProject"]["Properties"]["Environment"], template, LOCAL)
    variables = {item["Name"]: item["Value"] for item in environment.pop("EnvironmentVariables")}
    assert variables == {
        "MODEL_NAME": "wine-quality",
        "PACKAGE_BUCKET": "<slipway-local-package-bucket-name>",
    }
    assert environment["Image"].startswith("aws/codebuild/amazonlinux-")
    assert "PrivilegedMode" not in environment


@pytest.mark.parametrize(
    ("action", "key", "allowed"),
    [
        # The first 20 characters of the pipeline, 10 of the artifact: slipway-local-wine-q/PipelineLa/0Aa1b2C.
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/PipelineLa/0Aa1b2C", True),
        ("s3:GetObjectVersion", "artifact/slipway-aaaaaaaaaaaa/InferenceL/0Aa1b2C", True),
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/TrainingCo/0Aa1b2C", False),
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/Dataset/0Aa1b2C", False),
        ("s3:GetObject", "artifact/releases/wine-quality/e/test-evaluation.json", False),
        ("s3:PutObject", "artifact/slipway-aaaaaaaaaaaa/PipelineLa/0Aa1b2C", False),
        ("s3:PutObject", "artifact/slipway-aaaaaaaaaaaa/Packages/0Aa1b2C", True),
        ("s3:GetObject", "artifact/slipway-aaaaaaaaaaaa/Packages/0Aa1b2C", False),
        ("s3:PutObject", "artifact/releases/wine-quality/e/test-evaluation.json", False),
        ("s3:PutObject", "package/train-model/0123.zip", False),
        ("s3:GetObject", f"package/checks/{templates.LONGEST['ModelName']}.json", True),
        ("s3:PutObject", f"package/checks/{templates.LONGEST['ModelName']}.json", False),
        ("s3:GetObject", "package/checks/other.json", False),
        ("s3:GetObject", "package/templates/pipeline.yml", False),
        ("s3:GetObject", "data/wine-quality/manifest.json", False),
        ("s3:GetObject", "model/training/x/output/model.tar.gz", False),
    ],
)
def test_it_reads_code_and_writes_packages(
    template: Template, statements: list[Statement], action: str, key: str, allowed: bool
) -> None:
    bucket, _, rest = key.partition("/")
    arn = f"arn:aws:s3:::<slipway-{'a' * 12}-{bucket}-bucket-name>/{rest}"
    assert may(statements, template, ROLE, action, arn) is allowed


def test_the_pipeline_starts_this_project_only(template: Template, statements: list[Statement]) -> None:
    for action in ("codebuild:StartBuild", "codebuild:BatchGetBuilds"):
        holders = {role: granted(statements, template, role, action) for s in statements for role in s.holders}
        assert {role: arns for role, arns in holders.items() if arns} == {"PipelineRole": ["<BuildProject.Arn>"]}


def test_what_it_holds_is_on_one_list(statements: list[Statement]) -> None:
    assert {action for s in statements if ROLE in s.holders for action in s.actions} == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetBucketAcl",
        "s3:GetBucketLocation",
        "s3:PutObject",
        "s3:ListBucket",
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }
