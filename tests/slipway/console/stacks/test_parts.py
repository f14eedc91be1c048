"""What the pages of stacks decide without AWS: nesting, links to other pages, tones, the first failure."""

from __future__ import annotations

from typing import Any

import pytest
from slipway.console.stacks.failure import first_failure
from slipway.console.stacks.places import status_word
from slipway.console.stacks.resources import Pages
from slipway.console.stacks.stacks import nested

PAGES = Pages("slipway-a-", {"id-of-it": "name"})
ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack"


def test_stacks_stand_below_their_parents_and_lost_ones_at_the_top() -> None:
    listed: list[dict[str, Any]] = [
        {"StackId": "inner", "ParentId": "outer"},
        {"StackId": "lost", "ParentId": "unknown"},
        {"StackId": "outer"},
        {"StackId": "innermost", "ParentId": "inner"},
        {"StackId": "self", "ParentId": "self"},
    ]
    found = [(one["StackId"], depth) for one, depth in nested(listed)]
    assert found == [("lost", 0), ("outer", 0), ("inner", 1), ("innermost", 2), ("self", 0)]


@pytest.mark.parametrize(
    ("kind", "physical", "page"),
    [
        ("AWS::CloudFormation::Stack", f"{ARN}/in/1", "stacks/in?id=arn%3Aaws%3Acloudformation"),
        ("AWS::CodeCommit::Repository", "id-of-it", "repositories/name"),
        ("AWS::CodeCommit::Repository", "unknown", None),
        ("AWS::CodePipeline::Pipeline", "slipway-a-wine", "models/wine"),
        ("AWS::CodePipeline::Pipeline", "other", None),
        ("AWS::Lambda::Function", "f", "logs?group=/aws/lambda/f"),
        ("AWS::Logs::LogGroup", "/g?<b>", "logs?group=/g%3F%3Cb%3E"),
        ("AWS::S3::Bucket", "b", "buckets/b"),
        ("AWS::SageMaker::Endpoint", "arn:aws:sagemaker:us-east-1:1:endpoint/e", "endpoints/e"),
        ("AWS::StepFunctions::StateMachine", "arn:aws:states:us-east-1:1:stateMachine:m", "workflows/m"),
        ("AWS::IAM::Role", "r", None),
        ("AWS::S3::Bucket", "", None),
    ],
)
def test_resources_lead_to_their_pages(kind: str, physical: str, page: str | None) -> None:
    found = PAGES.of(kind, physical)
    assert found is None if page is None else str(found).startswith(f"/_console/{page}")


@pytest.mark.parametrize(
    ("status", "tone"),
    [
        ("UPDATE_COMPLETE", "good"),
        ("UPDATE_ROLLBACK_COMPLETE", "bad"),
        ("CREATE_FAILED", "bad"),
        ("DELETE_IN_PROGRESS", "open"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "bad"),
        ("DELETE_COMPLETE", "none"),
    ],
)
def test_a_status_has_its_tone(status: str, tone: str) -> None:
    assert f'{tone}"' in status_word(status).partition(">")[0]


def _event(resource: str, status: str, reason: str = "") -> dict[str, Any]:
    return {
        "LogicalResourceId": resource,
        "ResourceType": "T",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_the_first_failure_is_of_the_last_operation_and_not_what_was_cancelled() -> None:
    newest_first = [
        _event("s", "UPDATE_ROLLBACK_COMPLETE"),
        _event("B", "CREATE_FAILED", "Resource creation cancelled"),
        _event("C", "CREATE_FAILED", "later"),
        _event("A", "CREATE_FAILED", "no <room>"),
        _event("s", "UPDATE_IN_PROGRESS"),
        _event("Z", "CREATE_FAILED", "of another time"),
    ]
    session: Any = None
    stack = {"StackName": "s", "StackStatus": "UPDATE_ROLLBACK_COMPLETE"}
    assert first_failure(session, stack, newest_first) == "A (T): no <room>"
    assert first_failure(session, {**stack, "StackStatus": "UPDATE_COMPLETE"}, newest_first) == ""
