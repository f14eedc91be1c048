"""What CloudFormation of local AWS applies beyond MiniStack's own resource types."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.local_server import LocalServer, allow

WAIT = {"Delay": 1, "MaxAttempts": 30}


def create(server: LocalServer, name: str, resources: dict[str, Any]) -> None:
    client = server.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
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
