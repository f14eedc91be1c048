"""The answer of an API operation as the output of a Task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES
from local_aws.stepfunctions.tasks.sdk.requests import Named

Time = Callable[[datetime], Any]
"""How an integration writes a moment."""

MOST_BYTES = MAX_DATA_BYTES + 1
"""A body is read up to one byte beyond what a state may put out, so that the state fails by its own limit."""
_HEADERS = {
    "content-length": "Content-Length",
    "content-type": "Content-Type",
    "date": "Date",
    "x-amz-executed-version": "X-Amz-Executed-Version",
    "x-amzn-requestid": "x-amzn-RequestId",
}
"""The headers that SdkHttpMetadata tells, as AWS spells them; botocore writes them in lower case."""


def iso(moment: datetime) -> str:
    """A moment as `aws-sdk` integrations write it: `2026-01-31T12:00:00.123Z`, without a fraction that is 0."""
    whole = moment.astimezone(UTC)
    text = whole.strftime("%Y-%m-%dT%H:%M:%S")
    millis = whole.microsecond // 1000
    return f"{text}.{millis:03d}Z" if millis else f"{text}Z"


def epoch_ms(moment: datetime) -> int:
    """A moment as optimized integrations write it: milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def write(shape: Any, answer: Any, named: Named, time: Time) -> Any:
    """JSON of a part of an answer; `shape` None for no output. What is absent stays absent.

    Blobs and streaming bodies become text; a body is read at most MOST_BYTES far.
    """
    if shape is None:
        return {}
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        return {
            named(name): write(member, answer[name], named, time)
            for name, member in shape.members.items()
            if answer.get(name) is not None
        }
    if shape.type_name == "list":
        return [write(shape.member, item, named, time) for item in answer]
    if shape.type_name == "map":
        return {key: write(shape.value, item, named, time) for key, item in answer.items()}
    if shape.type_name == "blob":
        return text_of(answer)
    return time(answer) if isinstance(answer, datetime) else answer


def text_of(blob: Any) -> str:
    """Text of bytes or of a streaming body; what is no UTF-8 in it becomes the replacement character."""
    if isinstance(blob, str):
        return blob
    data = blob if isinstance(blob, bytes | bytearray) else blob.read(MOST_BYTES)
    return bytes(data).decode("utf-8", "replace")


def metadata(response: Mapping[str, Any]) -> dict[str, Any]:
    """What optimized integrations add to an answer; `response` is botocore's ResponseMetadata."""
    told = {_HEADERS[name]: value for name, value in response.get("HTTPHeaders", {}).items() if name in _HEADERS}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in told.items()},
            "HttpHeaders": told,
            "HttpStatusCode": response.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": response.get("RequestId", "")},
    }
