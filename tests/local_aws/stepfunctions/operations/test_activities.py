from __future__ import annotations

from typing import Any

import pytest

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.contracts.engine import ActivityWork
from tests.local_aws.stepfunctions.surroundings import MACHINE, REGION, Neighbourhood

ACTIVITY = f"arn:aws:states:{REGION}:{ACCOUNT}:activity:label"
AT = 1893456000.0


def test_an_activity_lives(states: Neighbourhood) -> None:
    made = states.call("CreateActivity", name="label", tags=[{"key": "team", "value": "models"}])
    assert made == {"activityArn": ACTIVITY, "creationDate": AT}
    states.clock.advance(1)
    assert states.call("CreateActivity", name="label", tags=[{"key": "other", "value": ""}]) == made
    states.restart()
    assert states.call("DescribeActivity", activityArn=ACTIVITY) == {
        **made,
        "name": "label",
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    assert states.call("ListTagsForResource", resourceArn=ACTIVITY) == {"tags": [{"key": "team", "value": "models"}]}
    assert states.call("ListActivities") == {"activities": [{**made, "name": "label"}]}
    states.call("DeleteActivity", activityArn=ACTIVITY)
    states.call("DeleteActivity", activityArn=ACTIVITY)
    missing = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{ACTIVITY}'")
    assert states.refused("DescribeActivity", activityArn=ACTIVITY) == missing
    assert states.refused("GetActivityTask", activityArn=ACTIVITY) == missing
    assert states.refused("ListTagsForResource", resourceArn=ACTIVITY)[0] == "ResourceNotFound"


def test_activities_are_listed_by_name_also_while_they_are_deleted(states: Neighbourhood) -> None:
    for name in "cab":
        states.call("CreateActivity", name=name)
    first = states.call("ListActivities", maxResults=2)
    assert [one["name"] for one in first["activities"]] == ["a", "b"]
    states.call("DeleteActivity", activityArn=first["activities"][1]["activityArn"])
    rest = states.call("ListActivities", maxResults=2, nextToken=first["nextToken"])
    assert [one["name"] for one in rest["activities"]] == ["c"]
    assert "nextToken" not in rest


def test_names_and_encryption(states: Neighbourhood) -> None:
    refused = ("InvalidName", "Invalid Name: 'Test Activity$'")
    assert states.refused("CreateActivity", name="Test Activity$") == refused
    states.call("CreateActivity", name="label")
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "key"}
    code, _ = states.refused("CreateActivity", name="label", encryptionConfiguration=encryption)
    assert code == "ActivityAlreadyExists"


def test_a_worker_takes_work_or_waits_a_minute_for_none(states: Neighbourhood) -> None:
    states.call("CreateActivity", name="label")
    states.engine.work.append(ActivityWork("token", "[1]"))
    assert states.call("GetActivityTask", activityArn=ACTIVITY, workerName="w") == {
        "taskToken": "token",
        "input": "[1]",
    }
    assert states.call("GetActivityTask", activityArn=ACTIVITY) == {}
    assert states.engine.told == [("poll", ACTIVITY, "w", "60"), ("poll", ACTIVITY, "", "60")]


@pytest.mark.parametrize(
    ("operation", "request_", "told"),
    [
        ("SendTaskSuccess", {"output": "1"}, ("succeed", "token", "1")),
        ("SendTaskFailure", {"error": "E", "cause": "C"}, ("fail", "token", "E", "C")),
        ("SendTaskFailure", {}, ("fail", "token", "None", "None")),
        ("SendTaskHeartbeat", {}, ("heartbeat", "token")),
    ],
)
def test_tokens_reach_the_engine(
    states: Neighbourhood, operation: str, request_: dict[str, Any], told: tuple[str, ...]
) -> None:
    assert states.call(operation, taskToken="token", **request_) == {}
    assert states.engine.told == [told]
    assert states.refused(operation, taskToken="gone", **request_)[0] == "TaskTimedOut"


def test_tags_are_added_changed_and_removed(states: Neighbourhood) -> None:
    states.create(publish=True)
    tags = [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]
    states.call("TagResource", resourceArn=MACHINE, tags=tags)
    states.call("TagResource", resourceArn=MACHINE, tags=[{"key": "a", "value": "2"}])
    states.call("UntagResource", resourceArn=MACHINE, tagKeys=["b", "none"])
    assert states.call("ListTagsForResource", resourceArn=MACHINE) == {"tags": [{"key": "a", "value": "2"}]}
    missing = ("ResourceNotFound", f"Resource not found: '{MACHINE}:1'")
    assert states.refused("TagResource", resourceArn=f"{MACHINE}:1", tags=tags) == missing


@pytest.mark.parametrize(
    ("tags", "code", "words"),
    [
        ([{"value": "x"}], "ValidationException", "Value null at 'tags.1.member.key'"),
        ([{"key": "x" * 129}], "ValidationException", "less than or equal to 128"),
        ([{"key": "a#b"}], "ValidationException", "Tag 'a#b': tags may only contain"),
        ([{"key": "AWS:b"}], "ValidationException", "reserved for AWS"),
        ([{"key": f"k{n}"} for n in range(51)], "TooManyTags", "50 tags"),
    ],
)
def test_tags_that_are_refused(states: Neighbourhood, tags: list[dict[str, str]], code: str, words: str) -> None:
    states.create()
    refused, message = states.refused("TagResource", resourceArn=MACHINE, tags=tags)
    assert refused == code
    assert words in message
    assert states.call("ListTagsForResource", resourceArn=MACHINE) == {"tags": []}


def test_fifty_tags_count_with_those_that_are_there(states: Neighbourhood) -> None:
    states.create(tags=[{"key": f"k{n}", "value": ""} for n in range(50)])
    states.call("TagResource", resourceArn=MACHINE, tags=[{"key": "k1", "value": "new"}])
    assert states.refused("TagResource", resourceArn=MACHINE, tags=[{"key": "more"}])[0] == "TooManyTags"
