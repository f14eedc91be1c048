"""S3 in memory behind the fakes: ranges, pages and uploads in parts as S3 has them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.stepfunctions.definition.model import ItemReader
from local_aws.stepfunctions.tasks.items.reader import DatasetReader, Item
from tests.local_aws.stepfunctions.tasks.fakes import MACHINE, ROLE, World, body, refused

GET = "arn:aws:states:::s3:getObject"
LIST = "arn:aws:states:::s3:listObjectsV2"
WHEN = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@dataclass
class FakeBucket:
    """One bucket, `data`; pages of two keys."""

    world: World
    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, list[bytes]] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        clients = self.world.clients
        clients.answer("s3", "get_object", self.get)
        clients.answer("s3", "list_objects_v2", self.page)
        clients.answer("s3", "put_object", self.put)
        clients.answer("s3", "create_multipart_upload", self.begin)
        clients.answer("s3", "upload_part", self.part)
        clients.answer("s3", "complete_multipart_upload", self.complete)
        clients.answer("s3", "abort_multipart_upload", self.abort)

    def get(self, Bucket: str, Key: str, Range: str, IfMatch: str = "") -> dict[str, Any]:  # noqa: N803 - S3's names
        if Bucket != "data" or Key not in self.objects:
            raise refused("NoSuchKey", "The specified key does not exist.", 404)
        content, found = self.objects[Key], re.fullmatch(r"bytes=(\d+)-(\d+)", Range)
        assert found
        self.ranges.append(Range)
        if IfMatch and IfMatch != etag(content):
            raise refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        start, end = int(found[1]), int(found[2])
        if start >= len(content):
            raise refused("InvalidRange", "The requested range is not satisfiable", 416)
        part = content[start : end + 1]
        told = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
        return {"Body": body(part), "ETag": etag(content), "ContentRange": told}

    def page(self, Bucket: str, Prefix: str = "", ContinuationToken: str = "") -> dict[str, Any]:  # noqa: N803
        assert Bucket == "data"
        keys = [key for key in sorted(self.objects) if key.startswith(Prefix) and key > ContinuationToken]
        entries = [
            {"Key": key, "ETag": etag(self.objects[key]), "LastModified": WHEN, "Size": len(self.objects[key])}
            for key in keys[:2]
        ]
        more = {"NextContinuationToken": keys[1]} if len(keys) > 2 else {}
        return {"Contents": entries, "IsTruncated": bool(more), **more}

    def put(self, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "data"
        self.objects[Key] = Body
        return {}

    def begin(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self.parts[f"up-{Bucket}-{Key}"] = []
        return {"UploadId": f"up-{Bucket}-{Key}"}

    def part(self, UploadId: str, PartNumber: int, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        parts = self.parts[UploadId]
        assert PartNumber == len(parts) + 1
        parts.append(Body)
        return {"ETag": etag(Body)}

    def complete(self, Key: str, UploadId: str, MultipartUpload: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        parts = self.parts.pop(UploadId)
        told = [{"ETag": etag(part), "PartNumber": number} for number, part in enumerate(parts, 1)]
        assert MultipartUpload == {"Parts": told}
        self.objects[Key] = b"".join(parts)
        return {}

    def abort(self, UploadId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        del self.parts[UploadId]
        return {}

    def read(self, resource: str, arguments: dict[str, Any], **config: Any) -> Iterator[Item]:
        reader = ItemReader(resource, arguments, config)
        return DatasetReader(self.world.tools).read(reader, arguments, config, ROLE, MACHINE)

    def items(self, content: bytes | str, **config: Any) -> list[Any]:
        """The values of an object with this content."""
        self.objects["key"] = content.encode() if isinstance(content, str) else content
        return [item.value for item in self.read(GET, {"Bucket": "data", "Key": "key"}, **config)]


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
