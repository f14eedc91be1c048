"""S3 Object Lock: what is locked stays, whoever asks, and what S3 refuses is refused in its words."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local_aws.cloudformation.test_stacks import create
from tests.local_server import ACCOUNT, LocalServer, allow

LOCKED, PLAIN, DEFAULT = "locked-objects", "unlocked-objects", "locked-by-default"
PROTECTED = "Access Denied because object protected by object lock."
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def s3(local_aws: LocalServer) -> Any:
    client = local_aws.client("s3")
    client.create_bucket(Bucket=PLAIN)
    for name in (LOCKED, DEFAULT):
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    set_default(client, Mode="GOVERNANCE", Days=30)
    return client


def set_default(s3: Any, bucket: str = DEFAULT, **retention: Any) -> None:
    rule = {"Rule": {"DefaultRetention": retention}} if retention else {}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule})


def ahead(delta: timedelta = DAY) -> datetime:
    return (datetime.now(UTC) + delta).replace(microsecond=0)


def put(s3: Any, mode: str, until: datetime, key: str = "k") -> dict[str, str]:
    """A version with a lock of its own, as the requests name it."""
    made = s3.put_object(Bucket=LOCKED, Key=key, Body=b"x", ObjectLockMode=mode, ObjectLockRetainUntilDate=until)
    return {"Bucket": LOCKED, "Key": key, "VersionId": made["VersionId"]}


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_locked_version_stays_and_a_marker_may_hide_it(s3: Any, mode: str, bypass: bool) -> None:
    version = put(s3, mode, ahead(), key=f"{mode}-{bypass}")
    header = {"BypassGovernanceRetention": True} if bypass else {}
    marker = s3.delete_object(Bucket=LOCKED, Key=version["Key"])
    assert marker["DeleteMarker"]
    assert s3.delete_object(Bucket=LOCKED, Key=version["Key"], VersionId=marker["VersionId"])["DeleteMarker"]
    listed = {"Objects": [{"Key": version["Key"], "VersionId": version["VersionId"]}]}
    if mode == "GOVERNANCE" and bypass:
        assert "Errors" not in s3.delete_objects(Bucket=LOCKED, Delete=listed, **header)
        assert refused(s3.head_object, **version)[0] == "404"
    else:
        assert refused(s3.delete_object, **version, **header) == ("AccessDenied", PROTECTED)
        (error,) = s3.delete_objects(Bucket=LOCKED, Delete=listed, **header)["Errors"]
        assert (error["Code"], error["Message"]) == ("AccessDenied", PROTECTED)
        assert s3.head_object(**version)["ObjectLockMode"] == mode


@pytest.mark.parametrize(
    ("held", "to", "later", "bypass", "done"),
    [
        ("GOVERNANCE", "GOVERNANCE", HOUR, False, True),
        ("COMPLIANCE", "COMPLIANCE", HOUR, False, True),
        ("GOVERNANCE", "GOVERNANCE", -HOUR, False, False),
        ("GOVERNANCE", "GOVERNANCE", -HOUR, True, True),
        ("GOVERNANCE", "COMPLIANCE", HOUR, False, False),
        ("GOVERNANCE", "COMPLIANCE", -HOUR, True, True),
        ("GOVERNANCE", None, HOUR, False, False),
        ("GOVERNANCE", None, HOUR, True, True),
        ("COMPLIANCE", "COMPLIANCE", -HOUR, True, False),
        ("COMPLIANCE", "GOVERNANCE", HOUR, True, False),
        ("COMPLIANCE", None, HOUR, True, False),
    ],
)
def test_a_lock_grows_and_is_weakened_only_in_governance(
    s3: Any, held: str, to: str | None, later: timedelta, bypass: bool, done: bool
) -> None:
    until = ahead()
    version = put(s3, held, until)
    wanted = {"Mode": to, "RetainUntilDate": until + later} if to else {}
    request = {**version, "Retention": wanted, "BypassGovernanceRetention": bypass}
    if not done:
        assert refused(s3.put_object_retention, **request) == ("AccessDenied", PROTECTED)
        assert s3.get_object_retention(**version)["Retention"] == {"Mode": held, "RetainUntilDate": until}
        return
    s3.put_object_retention(**request)
    if to:
        assert s3.get_object_retention(**version)["Retention"] == wanted
    else:
        assert refused(s3.get_object_retention, **version)[0] == "NoSuchObjectLockConfiguration"
        s3.delete_object(**version)


def test_every_way_into_the_bucket_takes_its_lock(s3: Any) -> None:
    s3.put_object(Bucket=PLAIN, Key="source", Body=b"x")
    source = put(s3, "COMPLIANCE", ahead(), key="source")
    begun = s3.create_multipart_upload(Bucket=DEFAULT, Key="parts", ChecksumAlgorithm="CRC32")["UploadId"]
    upload = {"Bucket": DEFAULT, "Key": "parts", "UploadId": begun}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC32")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}]}
    made = {
        "put": s3.put_object(Bucket=DEFAULT, Key="put", Body=b"x"),
        "parts": s3.complete_multipart_upload(**upload, MultipartUpload=parts),
        "copy": s3.copy_object(Bucket=DEFAULT, Key="copy", CopySource=f"{PLAIN}/source"),
        "copied": s3.copy_object(Bucket=DEFAULT, Key="copied", CopySource=f"{LOCKED}/{source['Key']}"),
    }
    for key, one in made.items():
        found = s3.head_object(Bucket=DEFAULT, Key=key, VersionId=one["VersionId"])
        assert found["ObjectLockMode"] == "GOVERNANCE", key
        assert abs(found["ObjectLockRetainUntilDate"] - ahead(30 * DAY)) < timedelta(minutes=2)
    assert refused(s3.delete_bucket, Bucket=DEFAULT)[0] == "BucketNotEmpty"


def test_a_stack_locks_its_bucket(local_aws: LocalServer) -> None:
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    properties = {"BucketName": "locked-by-stack", "ObjectLockEnabled": True, "ObjectLockConfiguration": lock}
    create(local_aws, "locked-by-stack", {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    s3 = local_aws.client("s3")
    assert s3.get_object_lock_configuration(Bucket="locked-by-stack")["ObjectLockConfiguration"] == lock
    assert s3.get_bucket_versioning(Bucket="locked-by-stack")["Status"] == "Enabled"
    made = s3.put_object(Bucket="locked-by-stack", Key="k", Body=b"x")
    version = {"Bucket": "locked-by-stack", "Key": "k", "VersionId": made["VersionId"]}
    assert refused(s3.delete_object, **version) == ("AccessDenied", PROTECTED)


@pytest.mark.usefixtures("s3")
def test_an_upload_with_a_lock_needs_a_checksum(local_aws: LocalServer) -> None:
    plain = boto3.client(
        "s3",
        endpoint_url=local_aws.url,
        region_name="us-east-1",
        aws_access_key_id=local_aws.root.access_key_id,
        aws_secret_access_key=local_aws.root.secret_access_key,
        config=Config(request_checksum_calculation="when_required", s3={"addressing_style": "path"}),
    )
    code, message = refused(plain.put_object, Bucket=DEFAULT, Key="unchecked", Body=b"x")
    assert code == "InvalidRequest"
    assert message.startswith("Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with")
    plain.put_object(Bucket=DEFAULT, Key="checked", Body=b"x", ChecksumAlgorithm="SHA256")
    plain.put_object(Bucket=LOCKED, Key="free", Body=b"x")


@pytest.mark.parametrize(
    ("lock", "argument"),
    [
        ({"ObjectLockMode": "GOVERNANCE"}, "must both be supplied"),
        ({"ObjectLockRetainUntilDate": ahead()}, "must both be supplied"),
        ({"ObjectLockMode": "WORM", "ObjectLockRetainUntilDate": ahead()}, "Unknown wormMode directive."),
        ({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": ahead(-DAY)}, "must be in the future!"),
    ],
)
def test_a_lock_that_makes_no_sense_is_refused(s3: Any, lock: dict[str, Any], argument: str) -> None:
    code, message = refused(s3.put_object, Bucket=LOCKED, Key="k", Body=b"x", **lock)
    assert (code, argument in message) == ("InvalidArgument", True)


def test_what_a_bucket_with_and_without_locks_takes(s3: Any) -> None:
    versioning = {"Bucket": LOCKED, "VersioningConfiguration": {"Status": "Suspended"}}
    assert refused(s3.put_bucket_versioning, **versioning)[0] == "InvalidBucketState"
    for days, said in ((0, "must be a positive integer value."), (40_000, "too large.")):
        code, message = refused(set_default, s3=s3, bucket=LOCKED, Mode="GOVERNANCE", Days=days)
        assert (code, said in message) == ("InvalidArgument", True)
    s3.put_object(Bucket=PLAIN, Key="k", Body=b"x")
    missing = refused(s3.get_object_retention, Bucket=PLAIN, Key="k")
    assert missing == ("InvalidRequest", "Bucket is missing Object Lock Configuration")
    code, _ = refused(s3.delete_object, Bucket=PLAIN, Key="k", BypassGovernanceRetention=True)
    assert code == "InvalidArgument"
    version = put(s3, "GOVERNANCE", ahead())
    past = {"Mode": "GOVERNANCE", "RetainUntilDate": ahead(-DAY)}
    assert refused(s3.put_object_retention, **version, Retention=past)[0] == "InvalidArgument"
    assert refused(s3.put_object_retention, **version, Retention={"Mode": "GOVERNANCE"})[0] == "MalformedXML"


def test_rights_are_asked_for_and_a_bucket_policy_holds_for_the_root_user_too(s3: Any, local_aws: LocalServer) -> None:
    objects = f"arn:aws:s3:::{LOCKED}"
    writer = local_aws.client("s3", *local_aws.user_with("lock-writer", allow("s3:PutObject")))
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": ahead()}
    assert "s3:PutObjectRetention" in refused(writer.put_object, Bucket=LOCKED, Key="w", Body=b"x", **lock)[1]
    version = put(s3, "GOVERNANCE", ahead())
    deleter = local_aws.client("s3", *local_aws.user_with("lock-deleter", allow("s3:DeleteObjectVersion")))
    bypass = {**version, "BypassGovernanceRetention": True}
    assert "s3:BypassGovernanceRetention" in refused(deleter.delete_object, **bypass)[1]
    deny = {"Sid": "d", "Effect": "Deny", "Principal": "*", "Action": "s3:BypassGovernanceRetention"}
    nobody = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/keeper-*"}}
    statements = [{**deny, "Resource": f"{objects}/*", "Condition": nobody}]
    s3.put_bucket_policy(Bucket=LOCKED, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    try:
        assert refused(s3.delete_object, **bypass)[0] == "AccessDenied"
        local_aws.client("s3", *keeper(local_aws)).delete_object(**bypass)
    finally:
        s3.delete_bucket_policy(Bucket=LOCKED)


def keeper(server: LocalServer) -> tuple[str, str, str]:
    """Credentials of a session of the role that the policy names."""
    iam, root = server.client("iam"), f"arn:aws:iam::{ACCOUNT}:root"
    trust = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName="keeper-1", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    server.put_role_policy("keeper-1", allow("s3:*"))
    found = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="keeper")["Credentials"]
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


def test_locks_outlive_the_process(own_local_aws: LocalServer) -> None:
    s3 = own_local_aws.client("s3")
    s3.create_bucket(Bucket=LOCKED, ObjectLockEnabledForBucket=True)
    until = ahead()
    version = put(s3, "COMPLIANCE", until)
    s3.put_object_legal_hold(**version, LegalHold={"Status": "ON"})
    own_local_aws.kill()
    own_local_aws.up()
    assert s3.get_object_retention(**version)["Retention"] == {"Mode": "COMPLIANCE", "RetainUntilDate": until}
    assert s3.get_object_legal_hold(**version)["LegalHold"] == {"Status": "ON"}
    assert refused(s3.delete_object, **version) == ("AccessDenied", PROTECTED)
