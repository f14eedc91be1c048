"""The repository of a model's images, and the project that makes them where it is asked for."""

from __future__ import annotations

import json

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import Template
from tests.cloudformation.test_permissions import granted, may

ROLE = "ImageProjectRole"
LOCAL = {**templates.LONGEST, "SuffixID": "local", "ModelName": "wine-quality", "BuildContainers": "true"}


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline", BuildContainers="true")


def test_without_the_parameter_nothing_is_privileged() -> None:
    template = templates.decided("pipeline")
    projects = templates.of_type(template, "AWS::CodeBuild::Project")
    assert sorted(projects) == ["BuildProject", "CheckProject"]
    assert "PrivilegedMode" not in json.dumps(projects)
    assert "BuildImage" not in json.dumps(template["Resources"]["Pipeline"])
    assert "ImageRepository" in template["Resources"]


def test_the_project_runs_imagespec_for_the_model(template: Template) -> None:
    properties = templates.render(template["Resources"]["ImageProject"]["Properties"], template, LOCAL)
    assert properties["Source"] == {"Type": "CODEPIPELINE", "BuildSpec": "imagespec.yml"}
    environment = properties["Environment"]
    assert environment["PrivilegedMode"] is True
    assert {item["Name"]: item["Value"] for item in environment["EnvironmentVariables"]} == {
        "MODEL_NAME": "wine-quality",
        "IMAGE_REPOSITORY": "<ImageRepository.RepositoryUri>",
    }
    (build,) = [
        stage for stage in template["Resources"]["Pipeline"]["Properties"]["Stages"] if stage["Name"] == "Build"
    ]
    (action,) = [action for action in build["Actions"] if action["Name"] == "BuildImage"]
    assert [one["Name"] for one in action["InputArtifacts"]] == ["PipelineLambdas", "TrainingConfig"]
    assert action["Configuration"]["PrimarySource"] == "PipelineLambdas"


def test_the_repository_keeps_what_is_pushed(template: Template) -> None:
    properties = templates.render(template["Resources"]["ImageRepository"]["Properties"], template, LOCAL)
    assert properties["ImageTagMutability"] == "IMMUTABLE"
    assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert properties["EncryptionConfiguration"] == {"EncryptionType": "KMS", "KmsKey": "<slipway-local-key-arn>"}
    rules = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]
    (statement,) = properties["RepositoryPolicyText"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert "ecr:PutImage" in statement["Action"]


def test_who_builds_writes_images_and_nothing_else(template: Template) -> None:
    statements = templates.role_statements(template)
    repository = "<ImageRepository.Arn>"
    assert {
        one for s in statements for one in s.holders if may(statements, template, one, "ecr:PutImage", repository)
    } == {ROLE}
    for action in ("s3:PutObject", "lambda:UpdateFunctionCode", "iam:PassRole", "sagemaker:CreateTrainingJob"):
        assert granted(statements, template, ROLE, action) == []


def test_jobs_and_endpoints_pull_from_it(template: Template) -> None:
    statements = templates.role_statements(template)
    for role in ("TrainingRole", "HostingRole", "ProdHostingRole"):
        assert may(statements, template, role, "ecr:BatchGetImage", "<ImageRepository.Arn>")
        assert not may(statements, template, role, "ecr:BatchGetImage", "arn:aws:ecr:us-east-1:1:repository/other")
