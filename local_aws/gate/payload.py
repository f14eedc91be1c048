"""The body of a request, held against what its signature says of it, on its way in.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html there. A hash is
made while the body comes in; a body in signed chunks is kept until its last signature is verified.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local_aws.gate.refusal import RefusedError
from local_aws.gate.request import Request
from local_aws.gate.scheme import Claim
from local_aws.gate.signature import EMPTY_HASH, UNSIGNED, signing_key

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_NOT_HELD = frozenset({UNSIGNED, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16});chunk-signature=([0-9a-f]{64})")
_TRAILER_SIGNATURE = b"x-amz-trailer-signature"


class GoneError(Exception):
    """The client went away before its body was complete."""


def s3_hash(request: Request, claim: Claim) -> str:
    """What an S3 client signed of the body: its hash, or how it is signed. Raises RefusedError."""
    given = request.header("x-amz-content-sha256")
    if claim.presigned and "x-amz-content-sha256" not in claim.signed_headers:
        return UNSIGNED
    if not given:
        raise RefusedError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256", 400)
    if not _HASH.fullmatch(given) and given not in _NOT_HELD | {_SIGNED_CHUNKS, _SIGNED_TRAILER}:
        raise RefusedError(
            "InvalidArgument",
            f"x-amz-content-sha256 must be {UNSIGNED}, a SHA-256 in hexadecimal, {_SIGNED_CHUNKS}, {_SIGNED_TRAILER} "
            "or STREAMING-UNSIGNED-PAYLOAD-TRAILER.",
            400,
        )
    return given


def held_to(request: Request, claim: Claim, secret: str, said: str, receive: Receive) -> Receive:
    """A `receive` that raises RefusedError where the body is not the one that was signed."""
    if said in _NOT_HELD:
        return receive
    if said in (_SIGNED_CHUNKS, _SIGNED_TRAILER):
        return _in_chunks(claim, secret, receive, trailer=said == _SIGNED_TRAILER)
    if not request.has_body and said != EMPTY_HASH:
        raise _other_body()
    return _hashed(said, receive)


def _hashed(said: str, receive: Receive) -> Receive:
    digest = hashlib.sha256()

    async def receive_hashed() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            digest.update(message.get("body", b""))
            if not message.get("more_body", False) and digest.hexdigest() != said:
                raise _other_body()
        return message

    return receive_hashed


def _in_chunks(claim: Claim, secret: str, receive: Receive, *, trailer: bool) -> Receive:
    async def receive_verified() -> Message:
        body = await read(receive)
        _verify_chunks(memoryview(body), claim, secret, trailer=trailer)
        return {"type": "http.request", "body": body, "more_body": False}

    return once(receive_verified, receive)


def once(first: Receive, then: Receive) -> Receive:
    """A `receive` whose first message is made otherwise."""
    left = [first]

    async def receive() -> Message:
        return await (left.pop() if left else then)()

    return receive


async def read(receive: Receive) -> bytes:
    """The whole body. Raises GoneError."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise GoneError
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _verify_chunks(body: memoryview, claim: Claim, secret: str, *, trailer: bool) -> None:
    """Each chunk's signature covers the one before it, the first the request's, and the trailer's the last."""
    key = signing_key(secret, claim.date, claim.region, claim.service)
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"

    def sign(kind: str, *parts: str) -> str:
        return hmac.new(key, "\n".join((kind, claim.time, scope, *parts)).encode(), hashlib.sha256).hexdigest()

    previous, at, size = claim.signature, 0, -1
    while size != 0:
        head = _line(body, at)
        match = _CHUNK.fullmatch(head)
        if match is None:
            raise _broken_chunks()
        start = at + len(head) + 2
        size = int(match.group(1), 16)
        data = body[start : start + size]
        expected = sign("AWS4-HMAC-SHA256-PAYLOAD", previous, EMPTY_HASH, hashlib.sha256(data).hexdigest())
        previous = match.group(2).decode()
        if len(data) != size or not hmac.compare_digest(expected, previous):
            raise _broken_chunks()
        at = start + size + 2 * bool(size)
    if not trailer:
        return
    names = bytes(body[at:]).removesuffix(b"\r\n\r\n").removesuffix(b"\r\n").split(b"\r\n")
    name, _, given = names.pop().partition(b":")
    lines = b"".join(line.strip() + b"\n" for line in names)
    expected = sign("AWS4-HMAC-SHA256-TRAILER", previous, hashlib.sha256(lines).hexdigest())
    if name != _TRAILER_SIGNATURE or not hmac.compare_digest(expected.encode(), given.strip()):
        raise _broken_chunks()


def _line(body: memoryview, at: int) -> bytes:
    head, end, _ = bytes(body[at : at + 128]).partition(b"\r\n")
    return head if end else b""


def _broken_chunks() -> RefusedError:
    return RefusedError(
        "SignatureDoesNotMatch",
        "The signature of a chunk or of the trailer does not match the one that the key makes of it.",
    )


def _other_body() -> RefusedError:
    return RefusedError(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        400,
    )
