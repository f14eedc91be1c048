"""Checks the body of a request against its signature as it arrives.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html there. A hash is
made while the body arrives; a body in signed chunks is kept until its last signature is verified.
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
_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_STREAMED = frozenset({_SIGNED_CHUNKS, _SIGNED_TRAILER, _UNSIGNED_TRAILER})
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16});chunk-signature=([0-9a-f]{64})")
_PLAIN_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})")
_CHECKSUM = "x-amz-checksum-"
_TRAILER_SIGNATURE = b"x-amz-trailer-signature"


class GoneError(Exception):
    """The client disconnected before its body was complete."""


def s3_hash(request: Request, claim: Claim) -> str:
    """Return what an S3 client signed for the body: its hash, or the kind of signature. Raises RefusedError."""
    given = request.header("x-amz-content-sha256")
    if claim.presigned and "x-amz-content-sha256" not in claim.signed_headers:
        return UNSIGNED
    if not given:
        raise RefusedError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256", 400)
    if not _HASH.fullmatch(given) and given != UNSIGNED and given not in _STREAMED:
        raise RefusedError(
            "InvalidArgument",
            f"x-amz-content-sha256 must be {UNSIGNED}, a SHA-256 in hexadecimal, {_SIGNED_CHUNKS}, {_SIGNED_TRAILER} "
            "or STREAMING-UNSIGNED-PAYLOAD-TRAILER.",
            400,
        )
    return given


def held_to(request: Request, said: str, receive: Receive) -> Receive:
    """A `receive` that raises RefusedError if the body is not the signed one; not for chunked bodies."""
    if said == UNSIGNED:
        return receive
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


def in_chunks(said: str) -> bool:
    """Whether a body is chunked, according to what the client signed for it."""
    return said in _STREAMED


async def unchunked(
    request: Request, claim: Claim, secret: str, said: str, receive: Receive
) -> tuple[bytes, dict[str, str]]:
    """The content of a chunked body, and the checksums that follow it, by header. Raises RefusedError.

    The trailers kept are those that the signed header `x-amz-trailer` announces and S3 accepts: checksums.
    """
    body = await read(receive)
    content, rest, last = _content(memoryview(body), claim, secret, signed=said != _UNSIGNED_TRAILER)
    if said == _SIGNED_CHUNKS:
        if rest not in (b"", b"\r\n"):
            raise _broken_chunks()
        return _of_length(content, request), {}
    lines = rest.removesuffix(b"\r\n\r\n").removesuffix(b"\r\n").split(b"\r\n")
    if said == _SIGNED_TRAILER:
        _verify_trailer(lines, claim, secret, last)
        lines.pop()
    announced = {name.strip().lower() for name in request.header("x-amz-trailer").split(",")}
    pairs = (line.partition(b":")[::2] for line in lines)
    found = {name.decode("latin-1").strip().lower(): value.decode("latin-1").strip() for name, value in pairs}
    kept = {name: value for name, value in found.items() if name in announced and name.startswith(_CHECKSUM)}
    return _of_length(content, request), kept


def _of_length(content: bytes, request: Request) -> bytes:
    told = request.header("x-amz-decoded-content-length")
    if told and told != str(len(content)):
        raise RefusedError(
            "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header", 400
        )
    return content


def once(first: Receive, then: Receive) -> Receive:
    """A `receive` with a changed first message."""
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


def _content(body: memoryview, claim: Claim, secret: str, *, signed: bool) -> tuple[bytes, bytes, str]:
    """The joined chunks, what follows the last one, and its signature; each signature covers the previous one."""
    parts: list[memoryview] = []
    previous, at, size = claim.signature, 0, -1
    while size != 0:
        head = _line(body, at)
        match = (_CHUNK if signed else _PLAIN_CHUNK).fullmatch(head)
        if match is None:
            raise _broken_chunks()
        start = at + len(head) + 2
        size = int(match.group(1), 16)
        data = body[start : start + size]
        if len(data) != size or (size and bytes(body[start + size : start + size + 2]) != b"\r\n"):
            raise _broken_chunks()
        if signed:
            parts_signed = (previous, EMPTY_HASH, hashlib.sha256(data).hexdigest())
            expected = _sign(claim, secret, "AWS4-HMAC-SHA256-PAYLOAD", *parts_signed)
            previous = match.group(2).decode()
            if not hmac.compare_digest(expected, previous):
                raise _broken_chunks()
        parts.append(data)
        at = start + size + 2 * bool(size)
    return b"".join(parts), bytes(body[at:]), previous


def _sign(claim: Claim, secret: str, kind: str, *parts: str) -> str:
    key = signing_key(secret, claim.date, claim.region, claim.service)
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    return hmac.new(key, "\n".join((kind, claim.time, scope, *parts)).encode(), hashlib.sha256).hexdigest()


def _verify_trailer(lines: list[bytes], claim: Claim, secret: str, previous: str) -> None:
    """Verify the trailer's last line, which signs the lines before it."""
    name, _, given = lines[-1].partition(b":")
    told = b"".join(line.strip() + b"\n" for line in lines[:-1])
    expected = _sign(claim, secret, "AWS4-HMAC-SHA256-TRAILER", previous, hashlib.sha256(told).hexdigest())
    if name != _TRAILER_SIGNATURE or not hmac.compare_digest(expected.encode(), given.strip()):
        raise _broken_chunks()


def _line(body: memoryview, at: int) -> bytes:
    head, end, _ = bytes(body[at : at + 128]).partition(b"\r\n")
    return head if end else b""


def _broken_chunks() -> RefusedError:
    return RefusedError(
        "SignatureDoesNotMatch",
        "The signature of a chunk or of the trailer does not match the one computed with the key.",
    )


def _other_body() -> RefusedError:
    return RefusedError(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        400,
    )
