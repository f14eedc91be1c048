"""Which uploads an event names."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.runtime.errors import InputError
from workflows.text.uploads import Upload, read_event

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
RECORD = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "eventName": "ObjectCreated:Put",
    "s3": {
        "s3SchemaVersion": "1.0",
        "bucket": {"name": "a-bucket", "arn": "arn:aws:s3:::a-bucket"},
        "object": {"key": "red+flowers%2Bmore/%C3%BC.json.zip", "size": 1024, "eTag": "0123", "sequencer": "0A"},
    },
}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
EVENT = {
    "version": "0",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {
        "bucket": {"name": "a-bucket"},
        "object": {"key": "red flowers+more/100%25.json.zip", "size": 5, "etag": "b1", "sequencer": "617f08299329d189"},
        "reason": "CompleteMultipartUpload",
    },
}


def test_keys_of_events_of_s3_are_decoded_and_each_record_counts() -> None:
    other = {"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}
    found = read_event({"Records": [RECORD, other]})
    assert found == (Upload("a-bucket", "red flowers+more/ü.json.zip"), Upload("b", "k"))
    assert found[0].uri == "s3://a-bucket/red flowers+more/ü.json.zip"


def test_keys_of_events_of_eventbridge_are_taken_as_they_are() -> None:
    assert read_event(EVENT) == (Upload("a-bucket", "red flowers+more/100%25.json.zip"),)


@pytest.mark.parametrize("event", [None, [], {}, {"Records": []}, {"Records": {}}, {"key1": "value1"}])
def test_other_events_are_refused(event: Any) -> None:
    with pytest.raises(InputError, match=r'^The event has neither "Records" with at least one upload'):
        read_event(event)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"Records": [RECORD, {}]}, r"^Records\[1\]: s3\.bucket\.name is missing or no text"),
        ({"Records": [7]}, r"^Records\[0\]: s3\.bucket\.name is missing"),
        ({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": ""}}}]}, r"^Records\[0\]: s3\.object\.key is"),
        ({"detail": {"bucket": {"name": 1}}}, r"^the event: detail\.bucket\.name is missing or no text"),
        ({"detail": {"bucket": {"name": "b"}, "object": []}}, r"^the event: detail\.object\.key is missing or no text"),
    ],
)
def test_what_is_missing_is_named(event: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_event(event)
