from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pipeline_lambdas.runtime.failures import AwsRequestError
from tests.pipeline_lambdas.fixtures import account, own_clients, service_models
from workflows.aws import connections, listing
from workflows.aws.listing import list_folder, list_page

__all__ = ["account", "own_clients", "service_models"]

BUCKET = "pictures"
ODD = ["x/a b.png", "x/a+b.png", "x/a&b<c>.png", "x/é/日本.png", "x/100%.png", "x/%41.png", 'x/"quoted".png']


@pytest.fixture(autouse=True)
def _bucket() -> Iterator[None]:
    connections.s3.cache_clear()
    listing._client.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield
    connections.s3.cache_clear()
    listing._client.cache_clear()


def put(*keys: str) -> None:
    for number, key in enumerate(keys):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x" * number)


def test_a_page_has_keys_and_sizes() -> None:
    put("a/1", "a/2", "b/3", "a/4")
    assert list_page(BUCKET, "a/", "") == listing.Page([("a/1", 0), ("a/2", 1), ("a/4", 3)], complete=True)
    assert list_page(BUCKET, "a/", "a/1", 1) == listing.Page([("a/2", 1)], complete=False)
    assert list_page(BUCKET, "a/", "a/4") == listing.Page([], complete=True)
    assert list_page(BUCKET, "c/", "") == listing.Page([], complete=True)


def test_odd_keys_are_what_botocore_makes_of_them() -> None:
    put(*ODD)
    expected = [(item["Key"], item["Size"]) for item in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert list_page(BUCKET, "x/", "").objects == expected
    assert sorted(ODD) == [key for key, _ in expected]


def test_the_objects_are_taken_before_botocore_parses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where they cannot be, botocore parses them."""
    put("a/1")
    seen = []
    listing._client().meta.events.register("after-call.s3.ListObjectsV2", lambda parsed, **_: seen.append({**parsed}))
    list_page(BUCKET, "a/", "")
    assert "Contents" not in seen[-1]
    monkeypatch.setattr(listing, "_ENCODED", b"<Nothing>")
    assert list_page(BUCKET, "a/", "").objects == [("a/1", 0)]
    assert "Contents" in seen[-1]


def test_a_missing_bucket_is_told() -> None:
    with pytest.raises(AwsRequestError, match="NoSuchBucket"):
        list_page("nothing", "a/", "")


def test_a_folder_has_folders_and_objects() -> None:
    put("a/b/1", "a/c/2", "a/c/d/3", "a/4", "e/5")
    [found] = list_folder(BUCKET, "a/")
    assert found == listing.Folder(["b", "c"], [("a/4", 3)])
    assert [*list_folder(BUCKET, "nothing/")] == [listing.Folder([], [])]
