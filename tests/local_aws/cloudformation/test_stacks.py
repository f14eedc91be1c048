"""What CloudFormation of local AWS applies beyond MiniStack's own resource types."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for

WAIT = {"Delay": 1, "MaxAttempts": 30}


def create(server: LocalServer, name: str, resources: dict[str, Any]) -> None:
    client = server.client("cloudformation")
    capabilities = ["CAPABILITY_NAMED_IAM"]
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}), Capabilities=capabilities)
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=WAIT)


def test_a_buckets_default_encryption_holds_for_its_objects(local_aws: LocalServer) -> None:
    key = local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
    }
    encryption = {"ServerSideEncryptionConfiguration": [rule]}
    properties = {"BucketName": "encrypted-by-default", "BucketEncryption": encryption}
    create(local_aws, "encryption", {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    s3 = local_aws.client("s3")
    found = s3.get_bucket_encryption(Bucket="encrypted-by-default")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert found["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert found["BucketKeyEnabled"] is True
    stored = s3.put_object(Bucket="encrypted-by-default", Key="k", Body=b"x")
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_function_without_its_package_fails_the_stack(local_aws: LocalServer) -> None:
    local_aws.client("s3").create_bucket(Bucket="no-packages")
    role = local_aws.create_role("packageless", "lambda.amazonaws.com", allow("s3:GetObject"))
    properties = {
        "FunctionName": "packageless",
        "Role": role,
        "Runtime": "python3.13",
        "Handler": "a.handler",
        "Code": {"S3Bucket": "no-packages", "S3Key": "missing.zip"},
    }
    with pytest.raises(WaiterError):
        create(local_aws, "packageless", {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}})
    events = local_aws.client("cloudformation").describe_stack_events(StackName="packageless")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("S3 Error Code: NoSuchKey" in reason and "no-packages/missing.zip" in reason for reason in reasons)


BUCKET_STATES: dict[str, tuple[bool, Callable[[Any, str], Any]]] = {
    "an object": (False, lambda s3, bucket: s3.put_object(Bucket=bucket, Key="k", Body=b"x")),
    "a version": (True, lambda s3, bucket: s3.put_object(Bucket=bucket, Key="k", Body=b"x")),
    "a delete marker": (True, lambda s3, bucket: s3.delete_object(Bucket=bucket, Key="k")),
}


def bucket(name: str, *, versioned: bool) -> dict[str, Any]:
    versioning = {"VersioningConfiguration": {"Status": "Enabled"}} if versioned else {}
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **versioning}}


def delete(server: LocalServer, name: str, **more: Any) -> str:
    """Delete a stack; the status that it ends in."""
    client = server.client("cloudformation")
    stack_id = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=name, **more)

    def ended() -> str | None:
        status = client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        return None if status.endswith("_IN_PROGRESS") else str(status)

    return str(wait_for(ended, f"the deletion of {name}"))


def empty(server: LocalServer, name: str) -> None:
    s3 = server.client("s3")
    listed = s3.list_object_versions(Bucket=name)
    for one in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])


@pytest.mark.parametrize("content", BUCKET_STATES)
def test_a_bucket_that_is_not_empty_stops_the_deletion_of_its_stack(local_aws: LocalServer, content: str) -> None:
    versioned, fill = BUCKET_STATES[content]
    name = f"holds-{content.replace(' ', '-')}"
    create(local_aws, name, {"B": bucket(name, versioned=versioned), "T": {"Type": "AWS::SNS::Topic"}})
    client, s3 = local_aws.client("cloudformation"), local_aws.client("s3")
    fill(s3, name)
    assert delete(local_aws, name) == "DELETE_FAILED"
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [B]."
    (left,) = client.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert (left["LogicalResourceId"], left["ResourceStatus"]) == ("B", "DELETE_FAILED")
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    failed = next(one for one in events if one["LogicalResourceId"] == "B")
    versions = "\\. You must delete all versions in the bucket\\." if versioned else ""
    assert re.fullmatch(
        rf"The bucket you tried to delete is not empty{versions} \(Service: Amazon S3; Status Code: 409; "
        r"Error Code: BucketNotEmpty; Request ID: [0-9a-f-]{36}; Proxy: null\)",
        failed["ResourceStatusReason"],
    )
    empty(local_aws, name)
    s3.head_bucket(Bucket=name)
    assert delete(local_aws, name) == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=name)


def test_a_full_bucket_can_be_retained_in_a_second_deletion(local_aws: LocalServer) -> None:
    create(local_aws, "retained", {"B": bucket("retained-full", versioned=True)})
    s3 = local_aws.client("s3")
    s3.put_object(Bucket="retained-full", Key="k", Body=b"kept")
    assert delete(local_aws, "retained") == "DELETE_FAILED"
    assert delete(local_aws, "retained", RetainResources=["B"]) == "DELETE_COMPLETE"
    assert s3.get_object(Bucket="retained-full", Key="k")["Body"].read() == b"kept"


@pytest.mark.parametrize(("policy", "left"), [("Retain", True), ("RetainExceptOnCreate", False)])
def test_what_a_failed_creation_leaves(local_aws: LocalServer, policy: str, left: bool) -> None:
    """Either stays when its stack is deleted, and one of them when its creation is rolled back as well.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    name, client, s3 = f"left-by-{policy.lower()}", local_aws.client("cloudformation"), local_aws.client("s3")
    kept = {**bucket(name, versioned=True), "DeletionPolicy": policy}
    missing = {"S3Bucket": "no-packages-at-all", "S3Key": "missing.zip"}
    role = local_aws.create_role(name, "lambda.amazonaws.com", allow("s3:GetObject"))
    properties = {"Role": role, "Runtime": "python3.13", "Handler": "a.handler", "Code": missing}
    failing = {"Type": "AWS::Lambda::Function", "DependsOn": "B", "Properties": properties}
    with pytest.raises(WaiterError):
        create(local_aws, name, {"B": kept, "F": failing})
    wait_for(lambda: _status(client, name) == "ROLLBACK_COMPLETE", "the rollback")
    there = name in {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert there is left
    assert delete(local_aws, name) == "DELETE_COMPLETE"
    if not left:
        create(local_aws, name, {"B": kept})
        assert delete(local_aws, name) == "DELETE_COMPLETE"
        s3.head_bucket(Bucket=name)


def _status(client: Any, name: str) -> str:
    return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def test_a_bucket_that_is_gone_already_is_no_failure(local_aws: LocalServer) -> None:
    create(local_aws, "gone", {"B": bucket("gone-already", versioned=False)})
    local_aws.client("s3").delete_bucket(Bucket="gone-already")
    assert delete(local_aws, "gone") == "DELETE_COMPLETE"


def test_a_log_group_that_is_there_fails_the_stack_and_stays(local_aws: LocalServer) -> None:
    logs, cloudformation, name = local_aws.client("logs"), local_aws.client("cloudformation"), "/aws/lambda/taken"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}
    with pytest.raises(WaiterError):
        create(local_aws, "taken-group", {"Group": group})
    events = cloudformation.describe_stack_events(StackName="taken-group")["StackEvents"]
    [reason] = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert re.fullmatch(
        "Resource handler returned message: \"Resource of type 'AWS::Logs::LogGroup' with identifier "
        r"""'\{"/properties/LogGroupName":"/aws/lambda/taken"\}' already exists\." """
        r"\(RequestToken: [0-9a-f-]{36}, HandlerErrorCode: AlreadyExists\)",
        reason,
    )
    assert logs.describe_log_streams(logGroupName=name)["logStreams"]
    logs.delete_log_group(logGroupName=name)
    cloudformation.delete_stack(StackName="taken-group")
    create(local_aws, "group-of-stack", {"Group": group})
    assert delete(local_aws, "group-of-stack") == "DELETE_COMPLETE"
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []


def test_the_keys_of_a_function_and_a_topic_are_those_of_the_template(local_aws: LocalServer) -> None:
    role = local_aws.create_role("keyed", "lambda.amazonaws.com", allow("s3:GetObject"))
    properties = {
        "FunctionName": "keyed",
        "Role": role,
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": "def handler(event, context): pass"},
    }

    def resources(function: dict[str, str], topic: dict[str, str]) -> dict[str, Any]:
        return {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": {**properties, **function}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "keyed", **topic}},
        }

    def keys() -> tuple[str | None, str | None]:
        function = local_aws.client("lambda").get_function_configuration(FunctionName="keyed")
        topic = local_aws.client("sns").get_topic_attributes(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:keyed")
        return function.get("KMSKeyArn"), topic["Attributes"].get("KmsMasterKeyId")

    arn = local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    create(local_aws, "keyed", resources({"KmsKeyArn": arn}, {"KmsMasterKeyId": arn}))
    assert keys() == (arn, arn)
    client = local_aws.client("cloudformation")
    client.update_stack(StackName="keyed", TemplateBody=json.dumps({"Resources": resources({}, {})}))
    client.get_waiter("stack_update_complete").wait(StackName="keyed", WaiterConfig=WAIT)
    assert keys() == (None, None)


def test_an_update_sets_a_functions_code_only_if_its_property_changes(local_aws: LocalServer) -> None:
    """What UpdateFunctionCode has put there stays otherwise, whatever else the template changes.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
    """
    role = local_aws.create_role("kept-code", "lambda.amazonaws.com", allow("s3:GetObject"))
    functions, client = local_aws.client("lambda"), local_aws.client("cloudformation")
    properties: dict[str, Any] = {
        "FunctionName": "kept-code",
        "Role": role,
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Timeout": 3,
        "Code": {"ZipFile": "def handler(event, context):\n    return 'placeholder'\n"},
    }

    def answer() -> Any:
        return json.load(functions.invoke(FunctionName="kept-code")["Payload"])

    def update(**changed: Any) -> None:
        resources = {"Function": {"Type": "AWS::Lambda::Function", "Properties": {**properties, **changed}}}
        client.update_stack(StackName="kept-code", TemplateBody=json.dumps({"Resources": resources}))
        client.get_waiter("stack_update_complete").wait(StackName="kept-code", WaiterConfig=WAIT)

    create(local_aws, "kept-code", {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}})
    assert answer() == "placeholder"
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as package:
        package.writestr("index.py", "def handler(event, context):\n    return 'published'\n")
    functions.update_function_code(FunctionName="kept-code", ZipFile=body.getvalue())
    update(Timeout=9, Description="changed")
    assert functions.get_function_configuration(FunctionName="kept-code")["Timeout"] == 9
    assert answer() == "published"
    update(Timeout=9, Code={"ZipFile": "def handler(event, context):\n    return 'other'\n"})
    assert answer() == "other"


def test_code_in_a_template_lies_in_a_file_index(local_aws: LocalServer) -> None:
    role = local_aws.create_role("inline-code", "lambda.amazonaws.com", allow("s3:GetObject"))
    properties = {
        "FunctionName": "inline-code",
        "Role": role,
        "Runtime": "python3.13",
        "Handler": "other.handler",
        "Code": {"ZipFile": "def handler(event, context):\n    return 1\n"},
    }
    create(local_aws, "inline-code", {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}})
    answer = local_aws.client("lambda").invoke(FunctionName="inline-code")
    assert answer.get("FunctionError") == "Unhandled"
    assert "other" in answer["Payload"].read().decode()


def test_a_nested_stack_names_its_parent_and_its_root(local_aws: LocalServer) -> None:
    s3, client = local_aws.client("s3"), local_aws.client("cloudformation")
    s3.create_bucket(Bucket="nested-templates")

    def nested(name: str, resources: dict[str, Any]) -> dict[str, Any]:
        s3.put_object(Bucket="nested-templates", Key=name, Body=json.dumps({"Resources": resources}).encode())
        properties = {"TemplateURL": f"{local_aws.url}/nested-templates/{name}"}
        return {"Type": "AWS::CloudFormation::Stack", "Properties": properties}

    inner = nested("inner.json", {"Group": {"Type": "AWS::Logs::LogGroup"}})
    create(local_aws, "nesting", {"Outer": nested("outer.json", {"Inner": inner})})
    listed = {one["StackName"]: one for one in client.list_stacks()["StackSummaries"]}
    root = listed["nesting"]
    outer = next(one for one in listed.values() if one.get("ParentId") == root["StackId"])
    (found,) = (one for one in listed.values() if one.get("ParentId") == outer["StackId"])
    (described,) = client.describe_stacks(StackName=found["StackName"])["Stacks"]
    assert (described["ParentId"], described["RootId"]) == (outer["StackId"], root["StackId"])
    assert found["RootId"] == outer["RootId"] == root["StackId"]
    assert "ParentId" not in root
