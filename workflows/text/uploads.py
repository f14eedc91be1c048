"""Events that name uploaded objects: S3's own, as in Lambda's test event `S3 Put`, and those through EventBridge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from workflows.runtime.errors import InputError


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that was uploaded, with its key as S3 takes it."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def read_event(event: Any) -> tuple[Upload, ...]:
    """Return the uploads that an event names.

    In S3's own events the key is URL-encoded, a space as `+`:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    EventBridge's have no such note, and the key as it is:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    Raises InputError that names what is missing or mistyped.
    """
    if isinstance(event, dict) and isinstance(event.get("Records"), list) and event["Records"]:
        return tuple(
            _upload(record, "s3", f"Records[{number}]", encoded=True) for number, record in enumerate(event["Records"])
        )
    if isinstance(event, dict) and "detail" in event:
        return (_upload(event, "detail", "the event", encoded=False),)
    raise InputError(
        'The event has neither "Records" with at least one upload, as events of S3 have, nor "detail", as those of '
        "EventBridge. Use the template S3 Put for a test event."
    )


def _upload(record: Any, member: str, where: str, *, encoded: bool) -> Upload:
    bucket = _text(record, (member, "bucket", "name"), where)
    key = _text(record, (member, "object", "key"), where)
    return Upload(bucket, unquote_plus(key) if encoded else key)


def _text(record: Any, path: tuple[str, ...], where: str) -> str:
    found = record
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found:
        raise InputError(f"{where}: {'.'.join(path)} is missing or no text; expected the name of an uploaded object.")
    return found
