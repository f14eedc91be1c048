"""What checkov has no rule for: keys, retention and policies of the resources that it does not look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import as_list
from tests.policies.rendering import Partition

# Resource type, and where it names the key.
KEYED = {
    "AWS::CodeBuild::Project": ("EncryptionKey",),
    "AWS::CodePipeline::Pipeline": ("ArtifactStore", "EncryptionKey", "Id"),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::ECR::Repository": ("EncryptionConfiguration", "KmsKey"),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
}
# Types that hold nothing of a release, or hold it in a resource of another type.
NOTHING_KEPT = {
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::Scheduler::Schedule",
    # What executions are given and give on stays with Step Functions for 90 days, under a key of AWS:
    # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    "AWS::StepFunctions::StateMachine",
}
# Keyed in their own way: buckets by their default encryption (tests/cloudformation/test_buckets.py), repositories
# by a key of AWS: https://docs.aws.amazon.com/codecommit/latest/userguide/encryption.html
OTHERWISE = {"AWS::S3::Bucket", "AWS::CodeCommit::Repository"}
KEY = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-4e5f-4a1b-8c3d-0a1b2c3d4e5f"


def resources() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Template, logical id and resource, rendered."""
    for name in templates.NAMES:
        for logical_id, resource in templates.load(name)["Resources"].items():
            yield name, logical_id, resource


def rendered(name: str, resource: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = resource["Properties"]
    for part in path:
        value = value.get(part, {})
    return Partition("aws").render(templates.load(name), value)


def test_every_type_is_looked_at() -> None:
    types = {resource["Type"] for _, _, resource in resources()}
    assert types - set(KEYED) - NOTHING_KEPT - OTHERWISE == set()


def test_what_keeps_something_names_the_key() -> None:
    found = {
        logical_id: rendered(name, resource, KEYED[resource["Type"]])
        for name, logical_id, resource in resources()
        if resource["Type"] in KEYED
    }
    assert len(found) >= 9
    assert {logical_id: key for logical_id, key in found.items() if key != KEY} == {}


@pytest.mark.parametrize("statement", ["Principal", "Action"])
def test_no_policy_of_a_resource_allows_everyone(statement: str) -> None:
    """A bucket, a key or a topic; what is denied to everyone is meant."""
    for name, logical_id, resource in resources():
        for property_name in ("KeyPolicy", "PolicyDocument", "RepositoryPolicyText"):
            document = rendered(name, resource, (property_name,)) if "Properties" in resource else {}
            for each in document.get("Statement", []) if isinstance(document, dict) else []:
                if each["Effect"] != "Allow" or statement not in each:
                    continue
                for value in as_list(each[statement]):
                    assert value not in ("*", {"AWS": "*"}), logical_id


def test_every_topic_has_a_policy_that_refuses_plain_http() -> None:
    topics = {logical_id for _, logical_id, resource in resources() if resource["Type"] == "AWS::SNS::Topic"}
    closed = set()
    for _, _, resource in resources():
        if resource["Type"] != "AWS::SNS::TopicPolicy":
            continue
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny" and statement.get("Condition") == {
                "Bool": {"aws:SecureTransport": "false"}
            }:
                closed |= {topic["Ref"] for topic in resource["Properties"]["Topics"]}
    assert closed == topics


def test_no_function_can_be_called_from_outside() -> None:
    types = {resource["Type"] for _, _, resource in resources()}
    assert not types & {"AWS::Lambda::Url", "AWS::ApiGateway::RestApi"}
    for name, logical_id, resource in resources():
        if resource["Type"] == "AWS::Lambda::Permission":
            rule = resource["Properties"]["SourceArn"]["Fn::GetAtt"][0]
            assert templates.load(name)["Resources"][rule]["Type"] == "AWS::Events::Rule", logical_id
            assert resource["Properties"]["Principal"] == "events.amazonaws.com", logical_id
