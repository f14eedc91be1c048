"""What a change set says about replacement, against the schemas of CloudFormation's registry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local_aws.base import CREATE_ONLY
from tests.local_server import REGION, LocalServer, wait_for


@pytest.mark.parametrize("resource_type", sorted(CREATE_ONLY))
def test_the_properties_that_replace_are_those_of_the_registry(resource_type: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    create_only = {path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])}
    assert create_only == CREATE_ONLY[resource_type]


def test_a_bucket_is_replaced_for_its_name_alone(local_aws: LocalServer) -> None:
    cloudformation, name = local_aws.client("cloudformation"), "change-sets"

    def template(bucket: str, **properties: Any) -> str:
        return json.dumps(
            {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket, **properties}}}}
        )

    cloudformation.create_stack(StackName=name, TemplateBody=template("change-sets-one"))
    wait_for(
        lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE",
        "the stack",
    )
    wanted = {
        "versioned": (template("change-sets-one", VersioningConfiguration={"Status": "Enabled"}), "False"),
        "renamed": (template("change-sets-two"), "True"),
    }
    for change_set, (body, replacement) in wanted.items():
        cloudformation.create_change_set(StackName=name, ChangeSetName=change_set, TemplateBody=body)
        found = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        assert [change["ResourceChange"]["Replacement"] for change in found["Changes"]] == [replacement]


def test_a_resource_whose_condition_is_false_is_not_in_the_stack(local_aws: LocalServer) -> None:
    cloudformation, name = local_aws.client("cloudformation"), "conditional"
    bucket = {"Type": "AWS::S3::Bucket", "Condition": "Wanted", "Properties": {"BucketName": "conditional-bucket"}}
    topic = {"Type": "AWS::SNS::Topic", "Condition": "Unwanted", "Properties": {"TopicName": "conditional"}}
    wanted = {"Fn::Equals": [{"Ref": "Bucket"}, "yes"]}
    body = {
        "Parameters": {"Bucket": {"Type": "String"}},
        "Conditions": {"Wanted": wanted, "Unwanted": {"Fn::Not": [wanted]}},
        "Resources": {"B": bucket, "T": topic, "Always": {"Type": "AWS::SNS::Topic"}},
    }

    def changes(change_set: str, kind: str, value: str) -> set[tuple[str, str]]:
        cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=change_set,
            ChangeSetType=kind,
            TemplateBody=json.dumps(body),
            Parameters=[{"ParameterKey": "Bucket", "ParameterValue": value}],
        )
        found = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)["Changes"]
        return {(one["ResourceChange"]["Action"], one["ResourceChange"]["LogicalResourceId"]) for one in found}

    assert changes("made", "CREATE", "no") == {("Add", "T"), ("Add", "Always")}
    cloudformation.execute_change_set(StackName=name, ChangeSetName="made")
    wait_for(
        lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE",
        "the stack",
    )
    assert changes("turned", "UPDATE", "yes") == {("Remove", "T"), ("Add", "B")}
