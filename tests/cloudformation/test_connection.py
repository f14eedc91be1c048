"""Repositories at GitHub, GitLab or Bitbucket instead of CodeCommit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slipway.project import Project
from slipway.repositories.staging import repository_files

from local_aws.codeconnections.links import Link, Push
from local_aws.codepipeline.definition.triggers import Document, PushFilter, check_filters, read_triggers
from pipeline_lambdas.release.affected import releasing
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
            "DetectChanges": "false",
            "OutputArtifactFormat": "CODE_ZIP",
        }


def triggers(model: str) -> list[Document]:
    """The triggers of a model's pipeline as the API takes them."""
    context = {**CONTEXT, "ModelName": model}
    template = templates.decided("pipeline", **FROM_CONNECTION)
    found = templates.render(template["Resources"]["Pipeline"]["Properties"]["Triggers"], template, context)
    return [_camel(trigger) for trigger in found]


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def filters(model: str) -> dict[str, PushFilter]:
    """Source action to the filter of its pushes."""
    return {one.source: push for one in read_triggers(triggers(model)) for push in one.push or ()}


MODELS = ("wine-quality", "cider")
SOURCES = ("TrainingConfig", "PipelineLambdas", "InferenceLambdas")
NAMES = (
    "wine-quality.yml",
    "wine-quality.yaml",
    "cider.yml",
    "README.md",
    "a.md.py",
    "md",
    ".md",
    ".hidden",
    "buildspec.yml",
    "checkspec.yml",
    "build.txt",
    "checks.txt",
)
FOLDERS = ("pipeline_lambdas", "inference_lambdas", "scripts", "requirements", "tests", "cloudformation", "a b", ".x")
PATHS = st.tuples(st.lists(st.sampled_from(FOLDERS), max_size=3), st.sampled_from(NAMES)).map(
    lambda parts: "/".join((*parts[0], parts[1]))
)


def taken(model: str, source: str, paths: list[str], branch: str = "main") -> bool:
    link = Link(ARN, FROM_CONNECTION[f"{source}RepositoryId"], Path("/nowhere"))
    return filters(model)[source].takes(Push(link, branch, "c" * 40, paths=tuple(paths)))


@given(st.sampled_from(MODELS), st.sampled_from(SOURCES), st.lists(PATHS, max_size=4))
def test_a_push_releases_through_the_connection_what_it_releases_through_codecommit(
    model: str, source: str, paths: list[str]
) -> None:
    assert taken(model, source, paths) == bool(releasing(source, model, paths)), (model, source, paths)


@pytest.mark.parametrize("folder", ["pipeline_lambdas", "inference_lambdas", "training_config"])
def test_the_existing_files_do_too(folder: str) -> None:
    source = {"pipeline_lambdas": SOURCES[1], "inference_lambdas": SOURCES[2], "training_config": SOURCES[0]}[folder]
    files = repository_files(Project(templates.ROOT), folder)
    assert files
    for path in files:
        assert taken(MODELS[0], source, [path]) == bool(releasing(source, MODELS[0], [path])), path


def test_only_pushes_to_the_branch_of_releases_count() -> None:
    for source, path in zip(
        SOURCES, ("wine-quality.yml", "buildspec.yml", "scripts/slipway_build/build.py"), strict=True
    ):
        assert taken("wine-quality", source, [path])
        assert not taken("wine-quality", source, [path], branch="main2")


def test_each_source_of_a_connection_has_the_one_trigger_that_codepipeline_allows_it() -> None:
    found = triggers("m" * 20)
    assert [trigger["gitConfiguration"]["sourceActionName"] for trigger in found] == list(SOURCES)
    assert {trigger["providerType"] for trigger in found} == {"CodeStarSourceConnection"}
    for trigger in found:
        check_filters(trigger["gitConfiguration"])
    assert "Triggers" not in templates.decided("pipeline")["Resources"]["Pipeline"]["Properties"]


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


def test_a_connection_needs_no_repositories_of_the_setup_stack(template: Template) -> None:
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
