"""The request that passes the gate: in one normal form, for one service, and covered by its signature.

What routes a request and what IAM checks must be covered by the signature. So the parts of the signature are rewritten
in one form, a chunked body is passed on without its chunks, and anything that could name another operation than the
signed one is refused.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local_aws import base
from local_aws.gate.refusal import RefusedError
from local_aws.gate.request import Request
from local_aws.gate.scheme import ALGORITHM, Claim
from local_aws.gate.signature import UNSIGNED

Scope = MutableMapping[str, Any]
Pairs = list[tuple[bytes, bytes]]

_OF_SIGNATURE = frozenset({
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
})  # fmt: skip
_OF_SIGNATURE_2 = frozenset({"awsaccesskeyid", "signature", "expires", "x-amz-security-token"})
_FORM = "application/x-www-form-urlencoded"
_ACTION = "Action"
_CHUNKED = "aws-chunked"


def require_headers_signed(request: Request, claim: Claim) -> None:
    """Raise RefusedError if one of AWS's headers is not covered by the signature.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    if claim.version == 2:
        return
    # A presigned URL has no hash of the body, but a client may send one.
    covered = {*claim.signed_headers, *(("x-amz-content-sha256",) if claim.presigned or not claim.is_s3 else ())}
    unsigned = sorted(name for name in request.headers if name.startswith("x-amz-") and name not in covered)
    if unsigned:
        raise RefusedError(
            "AccessDenied" if claim.is_s3 else "SignatureDoesNotMatch",
            "There were headers present in the request which were not signed",
            403,
            HeadersNotSigned=", ".join(unsigned),
        )


def clear(
    scope: Scope, request: Request, claim: Claim, region: str, body: bytes | None, checksums: Mapping[str, str]
) -> Scope:
    """The scope of the request that is passed on. Raises RefusedError.

    `body` is the whole body, without chunks, if the gate has read it; `checksums` are headers that followed the body.
    """
    query = _query(request, claim, body)
    headers = _headers(request, claim, region, body, checksums)
    plain = {name.decode("latin-1"): value.decode() for name, value in headers}
    if not base.routes_to(claim.service, request.method, request.plain()[1], plain):
        raise RefusedError(
            "SignatureDoesNotMatch", f"Credential should be scoped to correct service: found {claim.service}.", 403
        )
    if len(query) == len(request.query):
        return {**scope, "headers": headers}
    return {**scope, "headers": headers, "query_string": urlencode(query).encode()}


def _query(request: Request, claim: Claim, body: bytes | None) -> list[tuple[str, str]]:
    signature = _OF_SIGNATURE_2 if claim.version == 2 else _OF_SIGNATURE if claim.presigned else frozenset[str]()
    query = [pair for pair in request.query if pair[0].lower() not in signature]
    if not base.speaks_query(claim.service):
        return [pair for pair in query if pair[0] != _ACTION]
    form = request.header("content-type").startswith(_FORM)
    fields = parse_qsl((body or b"").decode(errors="replace"), keep_blank_values=True) if form else []
    names = [name for name, _ in (*query, *fields)]
    if len(set(names)) != len(names):
        raise RefusedError("MalformedQueryString", "A parameter occurs more than once.", 400)
    if fields and query:
        raise RefusedError("MalformedQueryString", "Parameters are both in the query string and in the body.", 400)
    return query


def _headers(request: Request, claim: Claim, region: str, body: bytes | None, checksums: Mapping[str, str]) -> Pairs:
    kept = {
        name: request.header(name)
        for name in request.headers
        if name not in {"authorization", "x-amz-trailer", "x-amz-decoded-content-length", "transfer-encoding"}
    }
    if claim.is_s3:
        kept = {**checksums, **kept, **_encoding(request, chunked=bool(body is not None))}
        if not kept["content-encoding"]:
            del kept["content-encoding"]
    if body is not None:
        kept["content-length"] = str(len(body))
    kept.pop("x-amz-security-token", None)
    if claim.session_token:
        kept["x-amz-security-token"] = claim.session_token
    credential = f"{claim.access_key_id}/{claim.date or 'date'}/{claim.region or region}/{claim.service}/aws4_request"
    names = ";".join(claim.signed_headers) or "host"
    kept["authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={claim.signature}"
    return [(name.encode("latin-1"), value.encode()) for name, value in kept.items()]


def _encoding(request: Request, *, chunked: bool) -> dict[str, str]:
    codings = [coding.strip() for coding in request.header("content-encoding").split(",") if coding.strip()]
    if _CHUNKED in codings and not chunked:
        raise RefusedError(
            "InvalidRequest", f"{_CHUNKED} needs an x-amz-content-sha256 that begins with STREAMING-.", 400
        )
    return {
        "content-encoding": ", ".join(coding for coding in codings if coding != _CHUNKED),
        "x-amz-content-sha256": UNSIGNED,
    }
