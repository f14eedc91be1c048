"""S3 in memory, for services that are tested without a server."""

from __future__ import annotations

import hashlib
import io
from collections import UserDict, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

Place = tuple[str, str]
"""Bucket and key."""


def client_error(operation: str, code: str, message: str = "", status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message or code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)


class Objects(UserDict[Place, bytes]):
    """The newest content of each object; each content that is set becomes a version, v1, v2, …"""

    def __init__(self) -> None:
        super().__init__()
        self.versions: defaultdict[Place, list[bytes]] = defaultdict(list)

    def __setitem__(self, place: Place, content: bytes) -> None:
        self.versions[place].append(content)
        super().__setitem__(place, content)


class Body(io.BytesIO):
    """A streaming body."""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        return iter(lambda: self.read(size), b"")


@dataclass
class FakeS3:
    """Objects by bucket and key; `denied` keys answer AccessDenied."""

    objects: Objects = field(default_factory=Objects)
    puts: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    versioning: str = "Enabled"
    page: int = 1000

    def head_bucket(self, **_: Any) -> None:
        return None

    def get_bucket_versioning(self, **_: Any) -> dict[str, str]:
        return {"Status": self.versioning}

    def list_objects_v2(self, **request: str) -> dict[str, Any]:
        bucket, prefix = request["Bucket"], request["Prefix"]
        keys = sorted(k for b, k in self.objects if b == bucket and k.startswith(prefix))
        start = int(request.get("ContinuationToken", "0"))
        chosen = keys[start : start + self.page]
        more = start + self.page < len(keys)
        answer: dict[str, Any] = {"Contents": [{"Key": key} for key in chosen], "IsTruncated": more}
        return {**answer, "NextContinuationToken": str(start + self.page)} if more else answer

    def put_object(self, **request: Any) -> None:
        if request["Key"] in self.denied:
            raise client_error("PutObject", "AccessDenied", "Access Denied", 403)
        body = request["Body"]
        content = body if isinstance(body, bytes) else body.read()
        self.objects[request["Bucket"], request["Key"]] = content
        self.puts.append({**request, "Body": content})

    def head_object(self, **request: Any) -> dict[str, Any]:
        version, content = self._version("HeadObject", request)
        modified = datetime(2030, 1, 1, tzinfo=UTC)
        return {"VersionId": version, "ETag": etag(content), "LastModified": modified, "Metadata": self.metadata}

    def get_object(self, **request: Any) -> dict[str, Any]:
        _, content = self._version("GetObject", request)
        return {"Body": Body(content), "ETag": etag(content)}

    def _version(self, operation: str, request: Mapping[str, Any]) -> tuple[str, bytes]:
        place = request["Bucket"], request["Key"]
        if request["Key"] in self.denied:
            raise client_error(operation, "AccessDenied", "Access Denied", 403)
        if place not in self.objects:
            # HeadObject has no body to hold a code: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
            code = "404" if operation == "HeadObject" else "NoSuchKey"
            raise client_error(operation, code, "The specified key does not exist.", 404)
        versions = self.objects.versions[place]
        wanted = request.get("VersionId", f"v{len(versions)}")
        return wanted, versions[int(wanted[1:]) - 1]


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()}"'
