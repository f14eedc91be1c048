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
        for purpose in ("data", "packages", "models", "artifacts", "evidence", "logs")
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
    # Evidence is read by the versions that a record names.
    assert ("NoncurrentVersionExpiration" in rule) is (bucket != "EvidenceBucket")


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


KEEPERS = ["arn:aws:iam::111122223333:role/audit", "arn:aws:iam::111122223333:role/sso/*"]


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE", "NONE"])
def test_evidence_is_locked_from_the_beginning(mode: str) -> None:
    setup = templates.decided("setup", EvidenceLockMode=mode)
    properties = setup["Resources"]["EvidenceBucket"]["Properties"]
    assert properties["ObjectLockEnabled"] is True
    rule = properties["ObjectLockConfiguration"].get("Rule")
    if mode == "NONE":
        assert rule is None
    else:
        retention = {"Mode": {"Ref": "EvidenceLockMode"}, "Days": {"Ref": "EvidenceLockInDays"}}
        assert rule == {"DefaultRetention": retention}
    locking = [name for name in bucket_ids() if "ObjectLockEnabled" in setup["Resources"][name]["Properties"]]
    assert locking == ["EvidenceBucket"]


@pytest.mark.parametrize("keepers", [[], KEEPERS])
def test_only_evidence_keepers_lift_locks_or_hide_evidence(keepers: list[str]) -> None:
    setup = templates.decided("setup", EvidenceKeepers=",".join(keepers))
    statements = policy_of(setup, "EvidenceBucket")
    named = {"Fn::Split": [",", {"Ref": "EvidenceKeepers"}]}
    root = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    condition = {"ArnNotLike": {"aws:PrincipalArn": named if keepers else root}}
    actions = {"NothingIsHidden": "s3:DeleteObject"}
    lifting = ["s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]
    for sid, action in {**actions, "LocksStay": lifting}.items():
        assert (statements[sid]["Effect"], statements[sid]["Principal"]) == ("Deny", "*")
        assert (statements[sid]["Action"], statements[sid]["Condition"]) == (action, condition)
    # Without a lock whoever may delete in the account may delete here.
    assert "NothingIsHidden" not in policy_of(templates.decided("setup", EvidenceLockMode="NONE"), "EvidenceBucket")


def test_no_rule_of_another_bucket_writes_evidence(setup: Template) -> None:
    statement = policy_of(setup, "EvidenceBucket")["NothingIsReplicatedHere"]
    assert statement == {
        "Sid": "NothingIsReplicatedHere",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
        "Resource": {"Fn::Sub": "${EvidenceBucket.Arn}/*"},
    }


def test_evidence_has_its_writers_and_a_record_is_written_once(setup: Template) -> None:
    statements = policy_of(setup, "EvidenceBucket")
    once = statements["RecordsAreWrittenOnce"]
    assert (once["Effect"], once["Principal"], once["Action"]) == ("Deny", "*", "s3:PutObject")
    assert once["Resource"] == {"Fn::Sub": "${EvidenceBucket.Arn}/records/*"}
    assert once["Condition"] == {"Null": {"s3:if-none-match": "true"}}
    tagged = {
        sid: statements[sid]["Condition"]["StringNotEquals"]["aws:PrincipalTag/slipway-evidence"]
        for sid in ("RecordersRecord", "ReportersReport", "EvaluatorsEvaluate")
    }
    pipeline = templates.decided("pipeline")
    tags = {
        name: [tag["Value"] for tag in role["Properties"]["Tags"] if tag["Key"] == "slipway-evidence"]
        for name, role in templates.of_type(pipeline, "AWS::IAM::Role").items()
        if "Tags" in role["Properties"]
    }
    assert tags == {
        "EvaluateModelFunctionRole": ["evaluate"],
        "SmokeTestProdFunctionRole": ["evaluate"],
        "WriteEvidenceFunctionRole": ["report"],
        "RecordReleaseFunctionRole": ["record"],
    }
    assert tagged == {
        "RecordersRecord": "record",
        "ReportersReport": "report",
        "EvaluatorsEvaluate": "evaluate",
    }
    # What is written once nobody has to approve any more is the recorder's alone; a draft matches none of these.
    assert statements["RecordersRecord"]["Resource"] == [
        {"Fn::Sub": f"${{EvidenceBucket.Arn}}/{keys}"}
        for keys in ("records/*", "releases/*/record.json", "releases/*/report.html")
    ]
    assert statements["ReportersReport"]["Resource"] == {"Fn::Sub": "${EvidenceBucket.Arn}/releases/*/draft-*"}
