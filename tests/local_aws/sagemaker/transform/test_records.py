"""What is sent for a record, and what is stored."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from local_aws.sagemaker.transform.data_processing import DataProcessing, RecordError
from local_aws.sagemaker.transform.json_paths import PathError, parse, select
from local_aws.sagemaker.transform.payloads import assembled, payloads, read

ROW = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("path", "record", "found"),
    [
        ("$", ROW, ROW),
        ("$[1:]", ROW, ["b", "c", "d", "e"]),
        ("$[:2]", ROW, ["a", "b"]),
        ("$[1:-1]", ROW, ["b", "c", "d"]),
        ("$[0,-1]", ROW, ["a", "e"]),
        ("$[2]", ROW, "c"),
        ("$.features", {"id": 1, "features": [1, 2]}, [1, 2]),
        ("$.a.b[0]", {"a": {"b": [7]}}, 7),
        ("$['a','c']", {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}),
        ("$['a']", {"a": 1}, 1),
        ("$.*", {"a": 1, "b": 2}, [1, 2]),
        ("$[*]", [1, 2], [1, 2]),
    ],
)
def test_paths(path: str, record: Any, found: Any) -> None:
    assert select(path, record) == found


@pytest.mark.parametrize("path", ["", "a", "$..a", "$[?(@.a)]", "$[1", "$[1:2:3]", "$['a',1]"])
def test_paths_that_are_not_supported(path: str) -> None:
    with pytest.raises(PathError):
        parse(path)


@pytest.mark.parametrize(("path", "record"), [("$[5]", ROW), ("$[0,9]", ROW), ("$.a", ROW), ("$.a", {}), ("$[0]", {})])
def test_what_a_record_lacks(path: str, record: Any) -> None:
    with pytest.raises(PathError):
        select(path, record)


def bodies(
    content: bytes, limit: int = 100, *, lines: bool = True, several: bool = True, path: str = "$"
) -> list[bytes]:
    processing = DataProcessing("text/csv", path)
    return [p.body for p in payloads(content, processing, lines=lines, several=several, limit=limit)]


def test_records_are_put_into_requests() -> None:
    assert bodies(b"1,2\n3,4\r\n\n5,6\n") == [b"1,2\n3,4\n5,6"]
    assert bodies(b"1,2\n3,4\n5,6", 7) == [b"1,2\n3,4", b"5,6"]
    assert bodies(b"1,2\n3,4", several=False) == [b"1,2", b"3,4"]
    assert bodies(b"1,2\n3,4\n", lines=False) == [b"1,2\n3,4\n"]
    assert bodies(b'1,"x, y",2\n', path="$[1:]") == [b'"x, y",2']
    with pytest.raises(RecordError, match="record 2 has 9 bytes"):
        bodies(b"1,2\n123456789\n", 8)


def stored(processing: DataProcessing, content: bytes, answer: bytes) -> bytes:
    [payload] = payloads(content, processing, lines=True, several=True, limit=1000)
    return assembled(payload, answer, processing, lines=True, split=True)


def test_joined_and_filtered() -> None:
    csv = DataProcessing("text/csv", "$[1:]", "$[0,-1]", join=True)
    assert stored(csv, b"id1,5\nid2,6\n", b"0.5\n0.6\n") == b"id1,0.5\nid2,0.6\n"
    assert stored(DataProcessing("text/csv", join=True), b"1,2\n", b"0.5,x") == b"1,2,0.5,x\n"
    lines = DataProcessing("application/jsonlines", "$.x", "$['id','SageMakerOutput']", join=True)
    assert stored(lines, b'{"id": 1, "x": [2]}\n', b'{"score": 3}\n') == b'{"id": 1, "SageMakerOutput": {"score": 3}}\n'
    plain = DataProcessing("application/jsonlines", join=True)
    assert stored(plain, b"[1]\n", b"2") == b'{"SageMakerInput": [1], "SageMakerOutput": 2}\n'
    with pytest.raises(RecordError, match="2 records with 1 predictions"):
        stored(csv, b"id1,5\nid2,6\n", b"0.5\n")
    with pytest.raises(RecordError, match="is not application/jsonlines"):
        stored(plain, b"nonsense\n", b"2")


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "object"
    path.write_bytes(gzip.compress(b"1,2\n"))
    assert read(path, compressed=True) == b"1,2\n"
    path.write_bytes(b"1,2\n")
    assert read(path, compressed=False) == b"1,2\n"
    with pytest.raises(RecordError, match="not gzip"):
        read(path, compressed=True)
