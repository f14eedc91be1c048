"""Buckets: closed, encrypted with the one key, recorded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloudformation import templates
from tests.cloudformation.templates import Template

# S3 does not deliver access logs to a bucket whose default is a key in KMS:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
WITHOUT_KEY = {"AccessLogBucket"}


@pytest.fixture
def setup() -> Template:
    return templates.decided("setup")


def bucket_ids() -> list[str]:
    return list(templates.of_type(templates.decided("setup"), "AWS::S3::Bucket"))


def policy_of(template: Template, bucket: str) -> dict[str, dict[str, Any]]:
    """Return the statements of the bucket's policy by Sid."""
    (policy,) = (
        resource["Properties"]["PolicyDocument"]
        for resource in templates.of_type(template, "AWS::S3::BucketPolicy").values()
        if resource["Properties"]["Bucket"] == {"Ref": bucket}
    )
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_the_buckets_of_a_release_have_their_names(setup: Template) -> None:
    context = {**templates.LONGEST, "SuffixID": "local", "AWS::Region": "us-east-1"}
    names = {
        templates.render(resource["Properties"]["BucketName"], setup, context)
        for resource in templates.of_type(setup, "AWS::S3::Bucket").values()
    }
    assert names == {
        f"slipway-local-{purpose}-111122223333-us-east-1"
        for purpose in ("data", "packages", "models", "artifacts", "logs")
    }


@pytest.mark.parametrize("bucket", bucket_ids())
def test_every_bucket_is_closed_and_keeps_versions(setup: Template, bucket: str) -> None:
    properties = setup["Resources"][bucket]["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] > 0
    assert rule["NoncurrentVersionExpiration"]


@pytest.mark.parametrize("bucket", bucket_ids())
def test_every_bucket_refuses_plain_http(setup: Template, bucket: str) -> None:
    assert policy_of(setup, bucket)["TlsOnly"] == {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


EXISTING_KEY = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("parameters", "key_arn"),
    [({}, {"Fn::GetAtt": ["Key", "Arn"]}), ({"ExistingKeyArn": EXISTING_KEY}, {"Ref": "ExistingKeyArn"})],
)
@pytest.mark.parametrize("bucket", [bucket for bucket in bucket_ids() if bucket not in WITHOUT_KEY])
def test_every_bucket_but_the_log_bucket_is_encrypted_with_the_key_and_no_other(
    bucket: str, parameters: dict[str, str], key_arn: dict[str, Any]
) -> None:
    setup = templates.decided("setup", **parameters)
    properties = setup["Resources"][bucket]["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {
        "ServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": key_arn,
        },
        "BucketKeyEnabled": True,
    }
    statements = policy_of(setup, bucket)
    # Both only with a header: an upload without one takes the bucket's default, the key.
    assert statements["NoOtherKey"]["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
        "ArnNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key_arn},
    }
    assert statements["NoOtherEncryption"]["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption": "false"},
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
    }
    for sid in ("NoOtherKey", "NoOtherEncryption"):
        assert (statements[sid]["Effect"], statements[sid]["Action"]) == ("Deny", "s3:PutObject")
        assert statements[sid]["Resource"] == {"Fn::Sub": f"${{{bucket}.Arn}}/*"}


@pytest.mark.parametrize("bucket", [bucket for bucket in bucket_ids() if bucket not in WITHOUT_KEY])
def test_access_is_recorded_once_the_log_bucket_takes_it(setup: Template, bucket: str) -> None:
    assert setup["Resources"][bucket]["DependsOn"] == "AccessLogBucketPolicy"
    logging = setup["Resources"][bucket]["Properties"]["LoggingConfiguration"]
    assert logging["DestinationBucketName"] == {"Ref": "AccessLogBucket"}
    statement = policy_of(setup, "AccessLogBucket")["AccessLogs"]
    assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert set(statement["Condition"]) == {"StringEquals", "ArnLike"}


def test_only_the_data_bucket_announces_its_objects(setup: Template) -> None:
    announcing = {
        bucket: setup["Resources"][bucket]["Properties"]["NotificationConfiguration"]
        for bucket in bucket_ids()
        if "NotificationConfiguration" in setup["Resources"][bucket]["Properties"]
    }
    assert announcing == {"DataBucket": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}}
