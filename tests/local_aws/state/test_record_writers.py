"""Records of releases that end at once: each takes a number of its own, on local S3 as S3 is documented.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline_lambdas.aws import clients
from pipeline_lambdas.evidence.chain import Entry, parsed, verify
from pipeline_lambdas.evidence.site import RecordSite
from pipeline_lambdas.evidence.store import store
from tests.local_server import LocalServer

BUCKET, ARTIFACTS = "record-writers", "record-writers-artifacts"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SITE = RecordSite("wine-quality", "us-east-1", "console", BUCKET, KEY, BUCKET, ARTIFACTS)


@pytest.fixture
def s3(local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    client = local_aws.client("s3")
    for bucket in (BUCKET, ARTIFACTS):
        client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    monkeypatch.setattr(clients, "client", lambda _service: client)
    yield client
    for item in client.list_object_versions(Bucket=BUCKET).get("Versions", ()):
        client.delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])
    for bucket in (BUCKET, ARTIFACTS):
        client.delete_bucket(Bucket=bucket)


def record(number: int) -> dict[str, Any]:
    ended = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"schema": "slipway-record/1", "execution_id": f"release-{number}", "ended": ended}


def test_an_object_is_created_once(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"2", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"1"


def test_writers_at_once_get_a_number_each(s3: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda number: store(record(number), SITE), range(16)))
    assert sorted(one["sequence"] for one in written) == list(range(1, 17))
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="records/")["Contents"]
    chain = [Entry(item["Key"], s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()) for item in listed]
    assert verify(chain) == []
    assert {parsed(entry.content)["execution_id"] for entry in chain} == {f"release-{n}" for n in range(16)}


def test_two_deliveries_of_one_event_at_once_are_recorded_once(s3: Any) -> None:
    again = record(1)
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda _: store(again, SITE), range(8)))
    assert {one["sequence"] for one in written} == {1}
    assert len(s3.list_objects_v2(Bucket=BUCKET, Prefix="records/")["Contents"]) == 1
