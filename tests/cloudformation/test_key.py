"""The key: who may use it beside the roles of the account, and doing without one of the stack's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloudformation import templates
from tests.cloudformation.test_buckets import EXISTING_KEY

SUFFIX = "a" * 12


def statements() -> dict[str, dict[str, Any]]:
    """Return the statements of the key's policy by Sid, rendered for the longest names."""
    setup = templates.decided("setup")
    key = setup["Resources"]["Key"]["Properties"]
    return {statement["Sid"]: templates.render(statement, setup) for statement in key["KeyPolicy"]["Statement"]}


def test_the_key_rotates_and_the_account_decides_in_iam() -> None:
    assert templates.decided("setup")["Resources"]["Key"]["Properties"]["EnableKeyRotation"] is True
    assert statements()["AccountDecidesInIam"]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert set(statements()) == {"AccountDecidesInIam", "LogGroups", "RulesPublishToTopics", "AlarmsPublishToTopics"}


def test_it_serves_the_logs_of_this_installation_only() -> None:
    logs = statements()["LogGroups"]
    assert logs["Principal"] == {"Service": "logs.ap-northeast-1.amazonaws.com"}
    (pattern,) = logs["Condition"]["ArnLike"].values()
    assert pattern.endswith(f":log-group:/aws/*/slipway-{SUFFIX}-*")


def test_the_logs_principal_follows_the_partition() -> None:
    setup = templates.decided("setup")
    china = {**templates.LONGEST, "AWS::Region": "cn-north-1", "AWS::URLSuffix": "amazonaws.com.cn"}
    (logs,) = [s for s in setup["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"] if s["Sid"] == "LogGroups"]
    assert templates.render(logs["Principal"], setup, china) == {"Service": "logs.cn-north-1.amazonaws.com.cn"}


@pytest.mark.parametrize(
    ("sid", "service", "condition"),
    [
        (
            # Source conditions would drop each notification without an error:
            # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
            "RulesPublishToTopics",
            "events.amazonaws.com",
            {
                "ArnLike": {
                    "kms:EncryptionContext:aws:sns:topicArn": (
                        f"arn:aws:sns:ap-northeast-1:111122223333:slipway-{SUFFIX}-*"
                    )
                }
            },
        ),
        (
            "AlarmsPublishToTopics",
            "cloudwatch.amazonaws.com",
            {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnLike": {
                    "aws:SourceArn": f"arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:slipway-{SUFFIX}-*"
                },
            },
        ),
    ],
)
def test_what_publishes_to_an_encrypted_topic_may_use_the_key(
    sid: str, service: str, condition: dict[str, Any]
) -> None:
    assert statements()[sid] == {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        "Condition": condition,
    }


def test_an_existing_key_replaces_the_key_everywhere() -> None:
    setup = templates.decided("setup", ExistingKeyArn=EXISTING_KEY)
    assert not templates.of_type(setup, "AWS::KMS::Key")
    assert not templates.of_type(setup, "AWS::KMS::Alias")
    assert setup["Outputs"]["KeyArn"]["Value"] == {"Ref": "ExistingKeyArn"}
    assert not [
        value
        for value in templates.walk([setup["Resources"], setup["Outputs"]])
        if value == {"Fn::GetAtt": ["Key", "Arn"]}
    ]
