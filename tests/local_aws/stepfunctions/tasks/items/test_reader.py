from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from local_aws.stepfunctions.contracts.errors import StatesError
from local_aws.stepfunctions.tasks.items import objects
from local_aws.stepfunctions.tasks.items.reader import Item
from tests.local_aws.stepfunctions.tasks.fakes import ROLE, refused
from tests.local_aws.stepfunctions.tasks.items.bucket import GET, LIST, FakeBucket, etag

FIRST_ROW = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}


def failure(bucket: FakeBucket, content: bytes | str, **config: Any) -> str:
    with pytest.raises(StatesError) as failed:
        bucket.items(content, **config)
    assert failed.value.error == "States.ItemReaderFailed"
    return failed.value.cause


@pytest.mark.parametrize(
    ("content", "config", "values"),
    [
        ('[1, {"a": "ü"}, null]', {"InputType": "JSON"}, [1, {"a": "ü"}, None]),
        ('\ufeff{"a": 1, "b": [2]}', {"InputType": "JSON"}, [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]),
        ('{"in": {"side": [1, 2]}}', {"InputType": "JSON", "ItemsPointer": "/in/side"}, [1, 2]),
        ('{"a": 1}\n\n[2]\r\n"x\u2028y"', {"InputType": "JSONL"}, [{"a": 1}, [2], "x\u2028y"]),
        ("", {"InputType": "JSONL"}, []),
        ("a,b\r\n1,2\r\n\r\n3\n4,5,6", FIRST_ROW, [{"a": "1", "b": "2"}, {"a": "3", "b": ""}, {"a": "4", "b": "5"}]),
        ('a,b\n"x, ""y""\nz",2\n', FIRST_ROW, [{"a": 'x, "y"\nz', "b": "2"}]),
        ("a|b\n1|2,3\n", FIRST_ROW | {"CSVDelimiter": "PIPE"}, [{"a": "1", "b": "2,3"}]),
        ("a;b\n1;2\n", FIRST_ROW | {"CSVDelimiter": "SEMICOLON"}, [{"a": "1", "b": "2"}]),
        ("a\tb\n1\t2\n", FIRST_ROW | {"CSVDelimiter": "TAB"}, [{"a": "1", "b": "2"}]),
        ("a b\n1 2\n", FIRST_ROW | {"CSVDelimiter": "SPACE"}, [{"a": "1", "b": "2"}]),
        (
            "1,2\n3,4",
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x", "y"]},
            [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}],
        ),
        ("", FIRST_ROW, []),
    ],
)
def test_formats(bucket: FakeBucket, content: str, config: dict[str, Any], values: list[Any]) -> None:
    assert bucket.items(content, **config) == values


@pytest.mark.parametrize(
    ("content", "config", "cause"),
    [
        ('"text"', {"InputType": "JSON"}, "Attempting to map over non-iterable node."),
        ("[1, 2", {"InputType": "JSON"}, "The dataset is no valid JSON: "),
        ("{}\nx", {"InputType": "JSONL"}, "The dataset is no valid JSONL: "),
        ('{"a": 1}', {"InputType": "JSON", "ItemsPointer": "/b"}, "The ItemsPointer '/b' leads to nothing"),
        (b"[\xff]", {"InputType": "JSON"}, "The dataset is not UTF-8: "),
        ("a\n1", FIRST_ROW | {"CSVDelimiter": "DOT"}, "CSVDelimiter is 'DOT'; expected COMMA"),
        ("a\n1", {"InputType": "CSV"}, "CSVHeaderLocation is 'None'; expected FIRST_ROW, or GIVEN with CSVHeaders"),
        ("a" * 10_241, FIRST_ROW, "The headers of the CSV file are longer than 10 KiB"),
        ("", {"InputType": "PARQUET"}, "Local AWS reads no Parquet files"),
        ("", {}, "InputType is 'None'; expected CSV, JSON, JSONL, MANIFEST or PARQUET"),
        ("", {"InputType": "CSV", "ManifestType": "OTHER"}, "ManifestType is 'OTHER'; expected S3_INVENTORY"),
        ("[1]", {"InputType": "JSON", "MaxItems": -1}, "MaxItems is -1; expected an integer"),
        ("[1]", {"InputType": "JSON", "MaxItems": "2"}, "MaxItems is '2'; expected an integer"),
    ],
)
def test_what_cannot_be_read(bucket: FakeBucket, content: bytes | str, config: dict[str, Any], cause: str) -> None:
    assert failure(bucket, content, **config).startswith(cause)


@pytest.mark.parametrize(("most", "values"), [(2, [0, 1]), (2.0, [0, 1]), (9, [0, 1, 2]), (0, [0, 1, 2])])
def test_most_items(bucket: FakeBucket, most: float, values: list[int]) -> None:
    assert bucket.items("[0, 1, 2]", InputType="JSON", MaxItems=most) == values


def test_a_dataset_is_read_part_by_part_as_it_is_taken(bucket: FakeBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects.Bucket.__init__, "__defaults__", (10,))
    content = "".join(f'{{"n": {number}, "u": "ü"}}\n' for number in range(20))
    bucket.objects["key"] = content.encode()
    found = bucket.read(GET, {"Bucket": "data", "Key": "key"}, InputType="JSONL")
    assert next(found).value == {"n": 0, "u": "ü"}
    assert len(bucket.ranges) <= 3
    assert sum(1 for _ in found) == 19
    assert bucket.ranges[1] == "bytes=10-19"
    assert set(bucket.world.clients.keys) == {f"KEY-{ROLE.rpartition('/')[2]}"}


def test_an_object_that_changes_meanwhile(bucket: FakeBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects.Bucket.__init__, "__defaults__", (10,))
    bucket.objects["key"] = b"[1]\n" * 20
    found = bucket.read(GET, {"Bucket": "data", "Key": "key"}, InputType="JSONL")
    next(found)
    bucket.objects["key"] = b"[2]\n" * 20
    with pytest.raises(StatesError, match="pre-conditions"):
        list(found)


def test_an_object_that_does_not_exist(bucket: FakeBucket) -> None:
    with pytest.raises(StatesError) as failed:
        list(bucket.read(GET, {"Bucket": "data", "Key": "none"}, InputType="JSON"))
    assert failed.value.cause == (
        "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: req-1, "
        "Extended Request ID: host-1) (SDK Attempt Count: 1)"
    )


def test_a_role_that_cannot_be_assumed(bucket: FakeBucket) -> None:
    bucket.world.unassumable.add(ROLE)
    with pytest.raises(StatesError, match="does not exist") as failed:
        list(bucket.read(GET, {"Bucket": "data", "Key": "key"}, InputType="JSON"))
    assert failed.value.error == "States.ItemReaderFailed"


@pytest.mark.parametrize(
    ("resource", "arguments", "cause"),
    [
        ("arn:aws:states:::s3:headObject", {}, "The ItemReader's Resource is arn:aws:states:::s3:headObject; expected"),
        (GET, {"Bucket": "data"}, "The field 'key' is required but was missing"),
        (GET, {"Bucket": "data", "Key": 5}, "The value for the field 'Key' must be a STRING"),
        (LIST, {"Bucket": "data", "Folder": "f"}, "The field 'Folder' is not supported by Step Functions"),
    ],
)
def test_readers_that_are_none(bucket: FakeBucket, resource: str, arguments: dict[str, Any], cause: str) -> None:
    with pytest.raises(StatesError) as failed:
        list(bucket.read(resource, arguments, InputType="JSON"))
    assert cause in failed.value.cause


def test_a_listing(bucket: FakeBucket) -> None:
    bucket.objects |= {"in/1": b"a", "in/2": b"bb", "in/3": b"", "out/1": b"c"}
    found = list(bucket.read(LIST, {"Bucket": "data", "Prefix": "in/"}))
    assert [item.value["Key"] for item in found] == ["in/1", "in/2", "in/3"]
    entry = {"Etag": etag(b"bb"), "Key": "in/2", "LastModified": 1769860800, "Size": 2, "StorageClass": "STANDARD"}
    assert found[1] == Item(entry, source="s3://data")


def test_a_listing_whose_objects_are_loaded(bucket: FakeBucket) -> None:
    bucket.objects |= {"in/": b"", "in/1": b"[1, 2]", "in/2": b"[]", "in/3": b'{"k": 3}'}
    config = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 3}
    assert list(bucket.read(LIST, {"Bucket": "data", "Prefix": "in/"}, **config)) == [
        Item(1, None, "s3://data/in/1"),
        Item(2, None, "s3://data/in/1"),
        Item({"Key": "k", "Value": 3}, "k", "s3://data/in/3"),
    ]


MANIFEST = {
    "sourceBucket": "source",
    "destinationBucket": "arn:aws:s3:::data",
    "fileFormat": "CSV",
    "fileSchema": "Bucket, Key, Size",
    "files": [{"key": "inventory/1.csv.gz", "size": 1}, {"key": "inventory/2.csv", "size": 1}],
}


@pytest.mark.parametrize("config", [{"InputType": "MANIFEST"}, {"ManifestType": "S3_INVENTORY"}])
def test_an_inventory(bucket: FakeBucket, config: dict[str, Any]) -> None:
    bucket.objects |= {
        "inventory/manifest.json": json.dumps(MANIFEST).encode(),
        "inventory/1.csv.gz": gzip.compress(b'"source","a","1"\n"source","b","2"\n'),
        "inventory/2.csv": b'"source","c","3"\n',
    }
    found = list(bucket.read(GET, {"Bucket": "data", "Key": "inventory/manifest.json"}, **config))
    assert [item.value["Key"] for item in found] == ["a", "b", "c"]
    assert found[0] == Item({"Bucket": "source", "Key": "a", "Size": "1"}, source="s3://data/inventory/1.csv.gz")


@pytest.mark.parametrize(
    ("manifest", "cause"),
    [
        ("[]", "key is no manifest of an S3 inventory"),
        (json.dumps(MANIFEST | {"fileFormat": "ORC"}), "The S3 inventory of key has the format ORC; expected CSV"),
    ],
)
def test_what_is_no_inventory(bucket: FakeBucket, manifest: str, cause: str) -> None:
    assert failure(bucket, manifest, InputType="MANIFEST").startswith(cause)


def test_a_file_of_an_inventory_that_is_no_gzip(bucket: FakeBucket) -> None:
    bucket.objects["inventory/1.csv.gz"] = b"plain"
    assert failure(bucket, json.dumps(MANIFEST), InputType="MANIFEST").startswith("The file is no gzip: ")


def test_a_manifest_of_athena(bucket: FakeBucket) -> None:
    bucket.objects |= {"out/1": b'{"a": 1}\n', "out/2": b'{"a": 2}\n'}
    manifest = "s3://data/out/1\ns3://data/out/2\n"
    assert bucket.items(manifest, ManifestType="ATHENA_DATA", InputType="JSONL") == [{"a": 1}, {"a": 2}]
    cause = failure(bucket, "out/1\n", ManifestType="ATHENA_DATA", InputType="JSONL")
    assert cause == "key is no manifest of Athena: 'out/1' is no URI of S3"


def test_a_bucket_that_may_not_be_listed(bucket: FakeBucket) -> None:
    bucket.world.clients.answer("s3", "list_objects_v2", refused("AccessDenied", "Access Denied", 403))
    with pytest.raises(StatesError, match=r"^States.ItemReaderFailed: Access Denied \(Service: S3, Status Code: 403"):
        list(bucket.read(LIST, {"Bucket": "data"}))
