"""Verifies that a signature was made with the key's secret; botocore's signer computes it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import EMPTY_SHA256_HASH, HmacV1QueryAuth, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials

from local_aws.gate.refusal import RefusedError
from local_aws.gate.request import Request
from local_aws.gate.scheme import Claim

EMPTY_HASH: str = EMPTY_SHA256_HASH
UNSIGNED = "UNSIGNED-PAYLOAD"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_KEYS_KEPT = 64
"""Each release has some twenty sessions, whose keys sign nothing after it."""


@lru_cache(maxsize=_KEYS_KEPT)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The signing key for one day, Region and service; derived once."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def verify(request: Request, claim: Claim, secret: str, payload_hash: str) -> None:
    """Raise RefusedError unless the secret makes the signature; `payload_hash` is what was signed for the body."""
    if claim.version == 2:
        _verify_v2(request, claim, secret)
        return
    kind = S3SigV4Auth if claim.is_s3 else SigV4Auth
    signer: Any = kind(None, claim.service, claim.region)
    headers = HTTPHeaders()
    for name in claim.signed_headers:
        for value in request.headers.get(name, [""]):
            headers[name] = value
    signed: Any = SimpleNamespace(
        method=request.method,
        url=f"http://host{request.raw_path}",
        params=[pair for pair in request.query if pair[0] != "X-Amz-Signature"],
        headers={"X-Amz-Content-SHA256": payload_hash},
        context={"timestamp": claim.time},
    )
    # The canonical request contains only what the client says it signed.
    signer.headers_to_sign = lambda _request: headers
    to_sign = signer.string_to_sign(signed, signer.canonical_request(signed))
    key = signing_key(secret, claim.date, claim.region, claim.service)
    made = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made.encode(), claim.signature.encode()):
        raise RefusedError("SignatureDoesNotMatch", _MISMATCH)


def _verify_v2(request: Request, claim: Claim, secret: str) -> None:
    headers = HTTPHeaders()
    for name, values in request.headers.items():
        for value in values:
            headers[name] = value
    signed_in_query = {"awsaccesskeyid", "signature", "expires"}
    # The client signed these as headers and put them into the query.
    for name, value in request.query:
        if name.lower().startswith("x-amz-") or name.lower() in ("content-md5", "content-type"):
            del headers[name]
            headers[name] = value
    query = [pair for pair in request.query if pair[0].lower() not in signed_in_query]
    # Version 2 signs the bucket as part of the path, wherever it was sent.
    name, _, domain = request.header("host").partition(":")[0].lower().rpartition(".")
    bucket = name.removesuffix(".s3") if domain == "localhost" else ""
    signer: Any = HmacV1QueryAuth(Credentials(claim.access_key_id, secret, claim.session_token or None))
    signer._get_date = lambda: claim.time  # noqa: SLF001 - the signed time, not the current one
    path = f"/{bucket}{request.raw_path}" if bucket else request.raw_path
    made = signer.get_signature(request.method, urlsplit(f"http://host{path}?{urlencode(query)}"), headers)
    if not hmac.compare_digest(made.encode(), claim.signature.encode()):
        raise RefusedError("SignatureDoesNotMatch", _MISMATCH)
