"""Every policy against AWS's list of actions: does the action exist, and does it work on what is granted?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import as_list
from tests.policies.reference import Kind, expand, fits, kinds
from tests.policies.rendering import PARTITIONS, Partition, all_identity_policies, resource_policies

# Actions whose kinds of resources are all optional and do not mean what is done here.
STARS_DESPITE_KINDS = {
    "cloudwatch:PutMetricData": "its one kind, a dataset, is for OpenTelemetry; a metric has no ARN",
}
# The list marks both kinds of executions as required; a call is about an execution of one of them.
ONE_OF_TWO = {("states:DescribeExecution", "express"), ("states:StopExecution", "express")}


@dataclass(frozen=True)
class Granted:
    """A statement of a role's policy."""

    where: str
    role: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


def statements(partition: str) -> Iterator[Granted]:
    for policy in all_identity_policies(partition):
        for statement in policy.document["Statement"]:
            where = f"{policy.role}: {policy.name}"
            yield Granted(
                where, policy.role, tuple(as_list(statement["Action"])), tuple(as_list(statement["Resource"]))
            )


@pytest.fixture(params=PARTITIONS)
def partition(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_there_are_policies_to_look_at(partition: str) -> None:
    assert len(list(statements(partition))) > 40


def test_every_action_exists() -> None:
    documents: list[dict[str, Any]] = [policy.document for policy in all_identity_policies("aws")]
    for name in templates.NAMES:
        documents += resource_policies(templates.load(name), Partition("aws")).values()
    actions = {action for document in documents for each in document["Statement"] for action in as_list(each["Action"])}
    assert [action for action in sorted(actions) if not expand(action)] == []


def test_an_action_works_on_what_is_granted(partition: str) -> None:
    wrong = [
        f"{granted.where}: {action} works on none of {granted.resources}"
        for granted in statements(partition)
        for written in granted.actions
        for action in expand(written)
        if granted.resources != ("*",) and not any(fits(r, kind) for r in granted.resources for kind in kinds(action))
    ]
    assert wrong == []


def test_what_is_granted_takes_an_action(partition: str) -> None:
    wrong = [
        f"{granted.where}: {resource} is for none of {granted.actions}"
        for granted in statements(partition)
        for resource in granted.resources
        if resource != "*"
        and not any(fits(resource, kind) for written in granted.actions for a in expand(written) for kind in kinds(a))
    ]
    assert wrong == []


def test_a_role_has_every_kind_that_an_action_requires() -> None:
    """CreateEndpoint, for example, is asked of the endpoint and of its config."""
    held: dict[tuple[str, str], set[str]] = {}
    for granted in statements("aws"):
        for written in granted.actions:
            for action in expand(written):
                held.setdefault((granted.role, action), set()).update(granted.resources)
    wrong = [
        f"{role}: {action} also requires a resource of the kind {kind.name}"
        for (role, action), resources in held.items()
        for kind in kinds(action)
        if kind.required
        and (action, kind.name) not in ONE_OF_TWO
        and "*" not in resources
        and not any(fits(resource, kind) for resource in resources)
    ]
    assert wrong == []


def test_a_star_is_for_actions_that_take_nothing_else() -> None:
    found = {
        action
        for granted in statements("aws")
        if "*" in granted.resources
        for written in granted.actions
        for action in expand(written)
        if kinds(action)
    }
    assert found == set(STARS_DESPITE_KINDS)


def test_arns_are_of_the_partition(partition: str) -> None:
    region = PARTITIONS[partition][0]
    for granted in statements(partition):
        for resource in granted.resources:
            if resource == "*":
                continue
            parts = resource.split(":", 5)
            assert parts[:2] == ["arn", partition], granted.where
            assert parts[3] in {"", region}, granted.where
            assert "<" not in resource, granted.where


def test_services_are_named_as_in_the_partition(partition: str) -> None:
    """`amazonaws.com` in every partition, but Logs, whose name is regional and has the partition's suffix.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    region, suffix = PARTITIONS[partition]
    named = {
        service
        for name in templates.NAMES
        for document in resource_policies(templates.load(name), Partition(partition)).values()
        for statement in document["Statement"]
        if isinstance(statement.get("Principal"), dict)
        for service in as_list(statement["Principal"].get("Service", []))
    }
    regional = {service for service in named if service.startswith("logs.")}
    assert regional == {f"logs.{region}.{suffix}"}
    assert {service for service in named - regional if service.split(".", 1)[1] != "amazonaws.com"} == {
        service for service in named if service == "logging.s3.amazonaws.com"
    }


@pytest.mark.parametrize(
    ("resource", "arn", "expected"),
    [
        ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}", True),
        ("arn:aws:s3:::b/*", "arn:${Partition}:s3:::${BucketName}", False),
        ("arn:aws:s3:::b/*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", False),
        ("arn:aws:sqs:r:1:q", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}", False),
        ("arn:aws:logs:r:1:log-group:g:*", "arn:${Partition}:logs:${Region}:${Account}:log-group:${G}", True),
        ("arn:aws:logs:r:1:log-group:g:*", "arn:${Partition}:logs:r:1:log-group:${G}:log-stream:${S}", True),
        ("arn:aws:logs:r:1:log-group:g", "arn:${Partition}:logs:r:1:log-group:${G}:log-stream:${S}", False),
        ("arn:aws:sagemaker:r:1:model/n-????-*", "arn:${Partition}:sagemaker:${R}:${A}:model/${M}", True),
        ("arn:aws:sagemaker:r:1:model/n-????-*", "arn:${Partition}:sagemaker:${R}:${A}:endpoint/${E}", False),
        ("arn:aws:codepipeline:r:1:p", "arn:aws:codepipeline:r:1:${PipelineName}/${StageName}", False),
    ],
)
def test_fitting(resource: str, arn: str, expected: bool) -> None:
    assert fits(resource, Kind("kind", arn, required=True)) is expected


def test_wrong_actions_and_wildcards_are_known() -> None:
    assert expand("s3:GetObjects") == []
    assert expand("s4:GetObject") == []
    assert expand("kms:ReEncrypt*") == ["kms:ReEncryptFrom", "kms:ReEncryptTo"]
    assert kinds("codepipeline:PutJobSuccessResult") == ()
