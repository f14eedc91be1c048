"""The registry behind ECR's addresses: what Docker and Podman speak when they push and pull.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md, in front of `images.py`. A client signs in with
the user AWS and a token of GetAuthorizationToken, and IAM decides each request as that token's owner:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html. Layers are written to disk as they arrive.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import shutil
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs

from local_aws import base
from local_aws.ecr.images import Images
from local_aws.ecr.repositories import repository_arn
from local_aws.ecr.tokens import Tokens
from local_aws.state import space
from local_aws.wire import AwsError, Caller, Permission

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/v2/"
_NAME = r"(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
_DIGEST = r"sha256:[0-9a-f]{64}"
_MANIFEST = re.compile(rf"/v2/{_NAME}/manifests/(?P<reference>{_DIGEST}|[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})")
_BLOB = re.compile(rf"/v2/{_NAME}/blobs/(?P<digest>{_DIGEST})")
_UPLOADS = re.compile(rf"/v2/{_NAME}/blobs/uploads/?")
_UPLOAD = re.compile(rf"/v2/{_NAME}/blobs/uploads/(?P<upload>[0-9a-f-]{{36}})")
_ACTIONS = {
    ("manifest", "GET"): "BatchGetImage",
    ("manifest", "HEAD"): "BatchGetImage",
    ("manifest", "PUT"): "PutImage",
    ("blob", "GET"): "GetDownloadUrlForLayer",
    ("blob", "HEAD"): "BatchCheckLayerAvailability",
    ("uploads", "POST"): "InitiateLayerUpload",
    ("upload", "PATCH"): "UploadLayerPart",
    ("upload", "PUT"): "CompleteLayerUpload",
    ("upload", "DELETE"): "UploadLayerPart",
}
_CHUNK = 1 << 20
DEFAULT_KIND = "application/vnd.oci.image.manifest.v1+json"
_MOST_MANIFEST = 4 * 1024 * 1024
MOST_LAYER = 52_000 << 20
"""Bytes: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html."""
_VERSION = (b"docker-distribution-api-version", b"registry/2.0")


class RefusedError(Exception):
    """The response has this status, the specification's error code, and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class _DisconnectedError(Exception):
    """The client went away before its request was complete."""


@dataclass(frozen=True)
class _Request:
    """What a request is about: its kind, the parts of its path, and its query."""

    kind: str
    method: str
    name: str
    parts: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]


class Registry:
    """An ASGI application for the paths below `/v2/`."""

    def __init__(self, images: Images, tokens: Tokens, region: str) -> None:
        self._images, self._tokens, self._region = images, tokens, region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            await self._answer(scope, receive, send)
        except RefusedError as error:
            await _send_error(send, error.status, error.code, error.message)
        except AwsError as error:
            status, code = _as_registry(error)
            await _send_error(send, status, code, error.message)
        except _DisconnectedError:
            log.debug("a registry's client disconnected before its request was complete")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        caller = self._tokens.caller(headers.get("authorization", ""))
        if caller is None:
            raise RefusedError(401, "UNAUTHORIZED", "Sign in as AWS with the token of ecr:GetAuthorizationToken.")
        if scope["path"].rstrip("/") == PREFIX.rstrip("/"):
            await _send(send, 200, {}, b"{}")
            return
        request = _parse(scope, headers)
        await asyncio.to_thread(self._authorize, request, caller)
        answers = {"manifest": self._manifest, "blob": self._blob, "uploads": self._begin, "upload": self._upload}
        await answers[request.kind](request, receive, send)

    def _authorize(self, request: _Request, caller: Caller) -> None:
        action = _ACTIONS.get((request.kind, request.method))
        if action is None:
            raise RefusedError(405, "UNSUPPORTED", f"{request.method} is not allowed here.")
        denial = base.enforce(caller, Permission(f"ecr:{action}", repository_arn(self._region, request.name)))
        if denial:
            raise RefusedError(403, "DENIED", denial)
        self._images.repository(request.name)

    async def _manifest(self, request: _Request, receive: Receive, send: Send) -> None:
        reference = request.parts["reference"]
        if request.method == "PUT":
            content = await _body(receive)
            kind = request.headers.get("content-type", DEFAULT_KIND)
            digest = await asyncio.to_thread(self._images.put, request.name, reference, kind, content)
            place = f"/v2/{request.name}/manifests/{digest}"
            await _send(send, 201, {"location": place, "docker-content-digest": digest}, b"")
            return
        image = self._images.find(request.name, reference)
        path = self._images.content(request.name, image.digest) if image else None
        if image is None or path is None:
            raise RefusedError(404, "MANIFEST_UNKNOWN", f"Requested image not found: {reference}")
        headers = {"content-type": image.media_type, "docker-content-digest": image.digest}
        await _send_file(send, path, headers, head=request.method == "HEAD")

    async def _blob(self, request: _Request, _receive: Receive, send: Send) -> None:
        digest = request.parts["digest"]
        path = self._images.content(request.name, digest)
        if path is None:
            raise RefusedError(404, "BLOB_UNKNOWN", f"Requested layer not found: {digest}")
        headers = {"content-type": "application/octet-stream", "docker-content-digest": digest}
        await _send_file(send, path, headers, head=request.method == "HEAD")

    async def _begin(self, request: _Request, receive: Receive, send: Send) -> None:
        """Begin an upload, or take a whole one (`?digest=`); a layer of another repository is never mounted."""
        upload = await asyncio.to_thread(self._images.new_upload, request.name, str(uuid.uuid4()))
        size = await _write(receive, upload)
        if "digest" in request.query and "from" not in request.query:
            await self._finish(request, upload, send)
        else:
            await _send_progress(send, request.name, upload, size)

    async def _upload(self, request: _Request, receive: Receive, send: Send) -> None:
        upload = self._images.upload(request.name, request.parts["upload"])
        if not upload.is_file():
            raise RefusedError(404, "BLOB_UPLOAD_UNKNOWN", "The upload does not exist, or has ended.")
        if request.method == "DELETE":
            upload.unlink()
            await _send(send, 204, {}, b"")
            return
        size = await _write(receive, upload)
        if request.method == "PUT":
            await self._finish(request, upload, send)
        else:
            await _send_progress(send, request.name, upload, size)

    async def _finish(self, request: _Request, upload: Path, send: Send) -> None:
        digest = request.query.get("digest", "")
        if not re.fullmatch(_DIGEST, digest):
            raise RefusedError(400, "DIGEST_INVALID", f"found {digest!r}; expected sha256 and 64 hexadecimal digits")
        if not await asyncio.to_thread(self._images.finish_upload, request.name, upload, digest):
            raise RefusedError(400, "DIGEST_INVALID", f"the uploaded content has another digest than {digest}")
        place = f"/v2/{request.name}/blobs/{digest}"
        await _send(send, 201, {"location": place, "docker-content-digest": digest}, b"")


def _parse(scope: Scope, headers: dict[str, str]) -> _Request:
    path, method = scope["path"], scope["method"]
    query = {name: values[0] for name, values in parse_qs(scope.get("query_string", b"").decode("latin-1")).items()}
    for kind, pattern in (("upload", _UPLOAD), ("uploads", _UPLOADS), ("blob", _BLOB), ("manifest", _MANIFEST)):
        match = pattern.fullmatch(path)
        if match:
            parts = match.groupdict()
            return _Request(kind, method, parts.pop("name"), parts, query, headers)
    raise RefusedError(404, "UNSUPPORTED", "Local AWS has manifests, blobs and uploads of a repository here.")


def _as_registry(error: AwsError) -> tuple[int, str]:
    known = {
        "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
        "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
        "InvalidParameterException": (400, "MANIFEST_INVALID"),
    }
    return known.get(error.code, (400, "UNKNOWN"))


async def _chunks(receive: Receive) -> Any:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _DisconnectedError
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _body(receive: Receive) -> bytes:
    content = bytearray()
    async for chunk in _chunks(receive):
        content += chunk
        if len(content) > _MOST_MANIFEST:
            raise RefusedError(413, "SIZE_INVALID", f"A manifest has at most {_MOST_MANIFEST} bytes.")
    return bytes(content)


async def _write(receive: Receive, upload: Path) -> int:
    """Append the body to an upload; returns how large that is. One that breaks off or finds no space leaves no file."""
    try:
        with await asyncio.to_thread(upload.open, "ab") as file:
            async for chunk in _chunks(receive):
                await asyncio.to_thread(_append, file, chunk)
            return file.tell()
    except (RefusedError, _DisconnectedError, asyncio.CancelledError):
        await asyncio.to_thread(upload.unlink, missing_ok=True)
        raise
    except OSError as error:
        await asyncio.to_thread(upload.unlink, missing_ok=True)
        raise RefusedError(503, "UNKNOWN", space.unwritable(upload.parent, str(error))) from None


def _append(file: BinaryIO, chunk: bytes) -> None:
    size = file.tell() + len(chunk)
    if size > MOST_LAYER:
        raise RefusedError(413, "SIZE_INVALID", f"A layer has at most {MOST_LAYER} bytes; found {size}.")
    free = shutil.disk_usage(file.name).free
    if free - len(chunk) < space.RESERVE_BYTES:
        raise RefusedError(503, "UNKNOWN", space.unwritable(Path(file.name).parent, f"{free >> 20} MiB are free"))
    file.write(chunk)


async def _send_progress(send: Send, name: str, upload: Path, size: int) -> None:
    place = f"/v2/{name}/blobs/uploads/{upload.name}"
    headers = {"location": place, "range": f"0-{max(0, size - 1)}", "docker-upload-uuid": upload.name}
    await _send(send, 202, headers, b"")


async def _send_error(send: Send, status: int, code: str, message: str) -> None:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    challenge = {"www-authenticate": 'Basic realm="ECR of local AWS",service="ecr.amazonaws.com"'}
    await _send(send, status, {"content-type": "application/json", **(challenge if status == 401 else {})}, body)


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _pairs(headers, len(body))})
    await send({"type": "http.response.body", "body": body})


async def _send_file(send: Send, path: Path, headers: dict[str, str], *, head: bool) -> None:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        size = await asyncio.to_thread(file.seek, 0, io.SEEK_END)
        await asyncio.to_thread(file.seek, 0)
        await send({"type": "http.response.start", "status": 200, "headers": _pairs(headers, size)})
        while not head and (chunk := await asyncio.to_thread(file.read, _CHUNK)):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        await asyncio.to_thread(file.close)
    await send({"type": "http.response.body", "body": b""})


def _pairs(headers: dict[str, str], length: int) -> list[tuple[bytes, bytes]]:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return [*pairs, _VERSION, (b"content-length", str(length).encode())]
