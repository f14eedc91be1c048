from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.codepipeline.actions import RULES
from local_aws.codepipeline.definition.validation import validate
from local_aws.wire import AwsError
from tests.local_aws.codepipeline.documents import (
    approval,
    artifacts,
    codecommit,
    invoke,
    kind,
    pipeline,
    s3_source,
    small,
    stage,
)

Document = dict[str, Any]

STRUCTURE, STAGE, ACTION = (
    f"Invalid{what}Exception" for what in ("Structure", "StageDeclaration", "ActionDeclaration")
)


def with_action(**changes: Any) -> Document:
    """The small pipeline with a changed function."""
    return pipeline(stage("Source", codecommit()), stage("Work", {**invoke("Run"), **changes}))


def with_source(**changes: Any) -> Document:
    return pipeline(stage("Source", codecommit(**changes)), stage("Work", invoke("Run")))


def work(*actions: Document) -> Document:
    return pipeline(stage("Source", codecommit()), stage("Work", *actions))


def refers(text: str, **changes: Any) -> Document:
    return work({**invoke("Run", user_parameters=text), **changes})


def connected(*triggers: Document, **values: Any) -> Document:
    """The small pipeline with a connection as its source, and triggers."""
    source = codecommit(actionTypeId=kind("Source", "CodeStarSourceConnection"))
    source["configuration"] = {"ConnectionArn": "arn:c", "FullRepositoryId": "acme/model", "BranchName": "main"}
    return pipeline(stage("Source", source), stage("Work", invoke("Run")), **{"triggers": list(triggers), **values})


def trigger(action: str = "Code", **filters: Any) -> Document:
    configuration = {"sourceActionName": action, **filters}
    return {"providerType": "CodeStarSourceConnection", "gitConfiguration": configuration}


STORE = {"type": "S3", "location": "artifacts"}

REFUSED: dict[str, tuple[Document, str, str]] = {
    "one stage": (pipeline(stage("Source", codecommit())), STRUCTURE, "Pipeline has only 1 stage(s)"),
    "two stores": (small(artifactStores={"us-east-1": STORE}), STRUCTURE, "Exactly one of artifactStore"),
    "no store": ({k: v for k, v in small().items() if k != "artifactStore"}, STRUCTURE, "found neither"),
    "no store in the Region": (
        small(artifactStore=None, artifactStores={"eu-west-1": STORE}),
        STRUCTURE,
        "must contain the pipeline's Region us-east-1",
    ),
    "a second Region": (
        small(artifactStore=None, artifactStores={"us-east-1": STORE, "eu-west-1": STORE}),
        STRUCTURE,
        "also names eu-west-1",
    ),
    "a queue of type V1": (small(pipelineType="V1", executionMode="QUEUED"), STRUCTURE, "needs a pipeline of type V2"),
    "triggers of type V1": (connected(trigger(), pipelineType="V1"), STRUCTURE, "triggers need a pipeline of type V2"),
    "a trigger of no action": (
        connected(trigger("Other")),
        STRUCTURE,
        "must reference a CodeStarSourceConnection action. Note that when you specify a trigger, you cant specify more "
        "than one trigger per source action. Found Other.",
    ),
    "a trigger of another source": (small(triggers=[trigger()]), STRUCTURE, "must reference a CodeStarSource"),
    "two triggers of a source": (connected(trigger(), trigger()), STRUCTURE, "more than one trigger per source"),
    "a trigger of tags and branches": (
        connected(trigger(push=[{"tags": {"includes": ["v*"]}, "branches": {"includes": ["main"]}}])),
        STRUCTURE,
        "The trigger configuration for the source action is not valid. Make sure to choose valid filter combinations. "
        "Code: found branches, tags",
    ),
    "two variables of a name": (
        small(variables=[{"name": "a", "defaultValue": "1"}, {"name": "a"}]),
        STRUCTURE,
        "Pipeline variable must be unique: a",
    ),
    "no source action": (
        pipeline(stage("Source", invoke("Run")), stage("Work", invoke("Run"))),
        STRUCTURE,
        "the first stage must contain source actions only",
    ),
    "a source action later": (work(codecommit("Other")), STRUCTURE, "can only occur in the first stage"),
    "two stages of a name": (
        pipeline(stage("Source", codecommit()), stage("Source", invoke("Run"))),
        STAGE,
        "Stage name must be unique: Source",
    ),
    "an empty stage": (pipeline(stage("Source", codecommit()), stage("Work")), STAGE, "Work has 0 actions"),
    "an entry condition": (
        pipeline(stage("Source", codecommit()), stage("Work", invoke("Run"), beforeEntry={"conditions": [{}]})),
        STAGE,
        "has beforeEntry; local AWS does not run",
    ),
    "automatic retry": (
        pipeline(stage("Source", codecommit()), stage("Work", invoke("Run"), onFailure={"result": "RETRY"})),
        STAGE,
        "has onFailure; local AWS does not run",
    ),
    "blockers": (
        pipeline(stage("Source", codecommit()), stage("Work", invoke("Run"), blockers=[{"name": "b"}])),
        "InvalidBlockerDeclarationException",
        "reserved",
    ),
    "two actions of a name": (work(invoke("Run"), invoke("Run")), ACTION, "in stage Work must be unique: Run"),
    "an unknown provider": (
        with_action(actionTypeId=kind("Deploy", "S3")),
        ACTION,
        "is not available in local AWS, which runs Source/AWS/CodeCommit, ",
    ),
    "an unknown version": (
        with_action(actionTypeId={**kind("Invoke", "Lambda"), "version": "2"}),
        ACTION,
        "Version: '2'",
    ),
    "another Region": (with_action(region="eu-west-1"), ACTION, "local AWS has one Region, us-east-1"),
    "commands": (with_action(commands=["ls"]), ACTION, "has commands, which only the Commands action takes"),
    "a timeout": (with_action(timeoutInMinutes=5), ACTION, "which only a manual approval takes"),
    "no function": (with_action(configuration={}), ACTION, "missing required configuration 'FunctionName'"),
    "a strange key": (
        with_action(configuration={"FunctionName": "f", "Colour": "red"}),
        ACTION,
        "Action configuration for action 'Run' contains unknown configuration 'Colour'",
    ),
    "no output": (
        with_source(outputArtifacts=[]),
        ACTION,
        "declares 0 output artifacts which is less than the minimum",
    ),
    "input of an approval": (
        work({**approval(), "inputArtifacts": artifacts("CodeArtifact")}),
        ACTION,
        "declares 1 input artifacts which is more than the maximum count (0)",
    ),
    "polling perhaps": (
        with_source(configuration={"PollForSourceChanges": "maybe"}),
        ACTION,
        "PollForSourceChanges is 'maybe'; 'true' and 'false' are allowed",
    ),
    "a clone reference": (
        with_source(configuration={"OutputArtifactFormat": "CODEBUILD_CLONE_REF"}),
        ACTION,
        "CODE_ZIP",
    ),
    "an output twice": (
        pipeline(
            stage("Source", codecommit(), s3_source(outputArtifacts=artifacts("CodeArtifact"))), stage("W", invoke("R"))
        ),
        ACTION,
        "Output Artifact Bundle name must be unique within the pipeline. CodeArtifact has been used more than once.",
    ),
    "an input of nobody": (with_action(inputArtifacts=artifacts("Nothing")), ACTION, "Input Artifact Bundle Nothing"),
    "an input of a sibling": (
        work(
            {**invoke("A"), "outputArtifacts": artifacts("Made")}, {**invoke("B"), "inputArtifacts": artifacts("Made")}
        ),
        ACTION,
        "not declared as Output Artifact Bundle in any of the preceding actions",
    ),
    "an input twice": (with_action(inputArtifacts=artifacts("CodeArtifact", "CodeArtifact")), ACTION, "must be unique"),
    "a namespace twice": (
        with_action(namespace="CodeVariables"),
        ACTION,
        "Namespaces must be unique across the pipeline definition.",
    ),
    "a reserved namespace": (with_action(namespace="variables"), ACTION, "reserved"),
    "a namespace like an artifact": (with_action(namespace="CodeArtifact"), ACTION, "is the name of an artifact"),
    "a reference to nobody": (refers("#{Nobody.Id}"), ACTION, "#{Nobody.Id}: no action has this namespace"),
    "a reference to itself": (refers("#{Me.Id}", namespace="Me"), ACTION, "does not run before it"),
    "a reference to an unknown variable": (refers("#{variables.x}"), ACTION, "declares no such variable"),
    "a reference to an unknown fact": (refers("#{codepipeline.Name}"), ACTION, "contains PipelineExecutionId only"),
    "a variable in a source": (
        {
            **with_source(configuration={"BranchName": "#{variables.branch}"}),
            "variables": [{"name": "branch", "defaultValue": "main"}],
        },
        ACTION,
        "cannot be used in source actions",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    document, code, message = REFUSED[case]
    present = {key: value for key, value in document.items() if value is not None}
    with pytest.raises(AwsError) as refused:
        validate(present, "us-east-1", 1, RULES)
    assert refused.value.code == code
    assert message in refused.value.message


def test_defaults_are_filled_in_and_the_input_is_left_alone() -> None:
    document = small()
    before = copy.deepcopy(document)
    completed, structure = validate(document, "us-east-1", 7, RULES)
    assert document == before
    assert (completed["version"], completed["executionMode"], structure.version) == (7, "SUPERSEDED", 7)
    action = completed["stages"][1]["actions"][0]
    assert (action["runOrder"], action["inputArtifacts"], action["outputArtifacts"]) == (1, [], [])


def untyped(**values: Any) -> Document:
    return {key: value for key, value in small(**values).items() if key != "pipelineType"}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (untyped, "V1"),
        (lambda: untyped(executionMode="QUEUED"), "V2"),
        (lambda: untyped(variables=[{"name": "a", "defaultValue": "b"}]), "V2"),
        (lambda: {key: value for key, value in connected(trigger()).items() if key != "pipelineType"}, "V2"),
        (small, "V2"),
    ],
)
def test_type(make: Callable[[], Document], expected: str) -> None:
    assert validate(make(), "us-east-1", 1, RULES)[1].type == expected


def test_a_store_per_region() -> None:
    document = small(artifactStores={"us-east-1": {**STORE, "encryptionKey": {"id": "alias/k", "type": "KMS"}}})
    del document["artifactStore"]
    store = validate(document, "us-east-1", 1, RULES)[1].store
    assert (store.bucket, store.key_id) == ("artifacts", "alias/k")


def test_references_to_what_surely_ran_are_allowed() -> None:
    text = "#{codepipeline.PipelineExecutionId} #{CodeVariables.CommitId} #{First.Id} #{variables.place} #{not one}"
    document = work(invoke("A", namespace="First"), invoke("B", user_parameters=text, runOrder=2))
    validate({**document, "variables": [{"name": "place"}]}, "us-east-1", 1, RULES)
