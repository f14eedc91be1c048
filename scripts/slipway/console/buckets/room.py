"""S3 buckets: their folders and objects, and the content of an object where a browser can show it safely."""

from __future__ import annotations

from slipway.console.buckets.bucket import bucket
from slipway.console.buckets.buckets import buckets
from slipway.console.buckets.files import download, image, report
from slipway.console.buckets.object import s3_object
from slipway.console.room import Room

_BUCKET = "/buckets/{bucket}"

ROOM = Room(
    title="Buckets",
    home="/buckets",
    pages={"/buckets": buckets, _BUCKET: bucket, f"{_BUCKET}/object": s3_object},
    files={f"{_BUCKET}/download": download, f"{_BUCKET}/image": image, f"{_BUCKET}/report": report},
)
