"""Repositories at GitHub, GitLab or Bitbucket instead of CodeCommit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import Template
from tests.cloudformation.test_pipeline import ARN, FROM_CONNECTION

CONTEXT = {**templates.LONGEST, **FROM_CONNECTION}


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline", **FROM_CONNECTION)


def test_the_sources_come_through_the_connection(template: Template) -> None:
    actions = template["Resources"]["Pipeline"]["Properties"]["Stages"][0]["Actions"]
    by_name = {action["Name"]: action for action in actions}
    other = templates.decided("pipeline")["Resources"]["Pipeline"]["Properties"]["Stages"][0]["Actions"]
    assert list(by_name) == [action["Name"] for action in other]
    for action, with_codecommit in zip(actions, other, strict=True):
        assert action["Namespace"] == with_codecommit["Namespace"]
        assert action["OutputArtifacts"] == with_codecommit["OutputArtifacts"]
    assert by_name.pop("Dataset")["ActionTypeId"]["Provider"] == "S3"
    for name, action in by_name.items():
        assert action["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
        assert templates.render(action["Configuration"], template, CONTEXT) == {
            "ConnectionArn": ARN,
            "FullRepositoryId": FROM_CONNECTION[f"{name}RepositoryId"],
            "BranchName": "main",
            "DetectChanges": "true",
            "OutputArtifactFormat": "CODE_ZIP",
        }


def test_the_pipeline_may_use_the_connection_and_no_repository_of_codecommit(template: Template) -> None:
    statements = templates.role_statements(template)
    (statement,) = [s for s in statements if any("UseConnection" in action for action in s.actions)]
    assert statement.holders == ("PipelineRole",)
    assert statement.actions == ("codeconnections:UseConnection", "codestar-connections:UseConnection")
    # The connection's own account and Region, under its old and its new name.
    assert templates.render(list(statement.resources), template, CONTEXT) == [
        ARN,
        ARN.replace("codeconnections", "codestar-connections"),
    ]
    assert not [action for s in statements for action in s.actions if action.startswith("codecommit:")]


def test_an_old_arn_gives_the_same_rights(template: Template) -> None:
    context = {**CONTEXT, "ConnectionArn": ARN.replace("codeconnections", "codestar-connections")}
    (statement,) = [s for s in templates.role_statements(template) if "codeconnections:UseConnection" in s.actions]
    assert ARN in templates.render(list(statement.resources), template, context)


def test_nothing_is_asked_of_the_repositories_of_the_setup_stack(template: Template) -> None:
    imported = [
        templates.render(value["Fn::ImportValue"], template)
        for value in templates.walk(template["Resources"])
        if isinstance(value, dict) and "Fn::ImportValue" in value
    ]
    assert imported
    assert not [name for name in imported if "repository" in name]
    rules = templates.of_type(template, "AWS::Events::Rule")
    assert not [rule for rule in rules.values() if "aws.codecommit" in str(rule)]
    assert "DatasetRule" in rules


def test_a_connection_without_repositories_is_refused() -> None:
    rule = templates.load("pipeline")["Rules"]["ConnectionHasRepositories"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ConnectionArn"}, ""]}]}
    needed: set[Any] = {assertion["Assert"]["Fn::Not"][0]["Fn::Equals"][0]["Ref"] for assertion in rule["Assertions"]}
    assert needed == set(FROM_CONNECTION) - {"ConnectionArn"}
    assert all(assertion["AssertDescription"] for assertion in rule["Assertions"])


def test_the_setup_stack_can_do_without_repositories() -> None:
    with_repositories = templates.decided("setup")
    without = templates.decided("setup", CreateRepositories="false")
    assert len(templates.of_type(with_repositories, "AWS::CodeCommit::Repository")) == 3
    assert not templates.of_type(without, "AWS::CodeCommit::Repository")
    gone = set(with_repositories["Outputs"]) - set(without["Outputs"])
    assert len(gone) == 9
    assert all("Repository" in name or "CloneUrl" in name for name in gone)
