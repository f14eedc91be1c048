"""Parses and dates the signature of a request.

Header: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; query, and what S3
also requires: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. Times:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html (within 5 minutes) and
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html (within 15, for S3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from local_aws.gate.refusal import RefusedError
from local_aws.gate.request import Request

ALGORITHM = "AWS4-HMAC-SHA256"
_S3_NAMES = frozenset({"s3", "s3-outposts", "s3-object-lambda", "s3express"})
_SKEW, _S3_SKEW = timedelta(minutes=5), timedelta(minutes=15)
_LONGEST_S = 7 * 24 * 3600
_LONGEST_COUNT = 12
_FORMAT = "%Y%m%dT%H%M%SZ"
_TIME = re.compile(r"\d{8}T\d{6}Z")
_V2_PARAMETERS = ("awsaccesskeyid", "signature", "expires")
_IN_QUERY = frozenset({"x-amz-algorithm", "x-amz-signature", "awsaccesskeyid", "signature"})


@dataclass(frozen=True)
class Claim:
    """A request's claims about its signature, not yet verified."""

    access_key_id: str
    session_token: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    time: str
    """As signed: `20260131T120000Z`; of version 2, seconds since 1970."""
    presigned: bool = False
    version: int = 4

    @property
    def is_s3(self) -> bool:
        return self.service in _S3_NAMES


def claim_of(request: Request, now: datetime) -> Claim:
    """The claim of a request, with its time checked. Raises RefusedError."""
    authorizations = request.headers.get("authorization", ())
    in_query = not request.parameters.keys().isdisjoint(_IN_QUERY)
    if len(authorizations) + in_query > 1:
        raise RefusedError(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified",
            400,
        )
    if authorizations:
        return _of_header(request, authorizations[0], now)
    if "x-amz-algorithm" in request.parameters:
        return _of_query(request, now)
    if all(name in request.parameters for name in _V2_PARAMETERS):
        return _of_query_v2(request, now)
    raise RefusedError("MissingAuthenticationToken", "Request is missing Authentication Token")


def _of_header(request: Request, authorization: str, now: datetime) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise RefusedError("UnsupportedSignature", f"Unsupported AWS 'algorithm': expected {ALGORITHM}.")
    parts = [part.strip().partition("=")[::2] for part in rest.split(",")]
    fields = dict(parts)
    if len(fields) != len(parts):
        raise RefusedError("IncompleteSignature", "Authorization header requires each parameter once.")
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    if missing:
        sentences = [f"Authorization header requires '{name}' parameter." for name in missing]
        raise RefusedError("IncompleteSignature", " ".join(sentences))
    claim = _claim(
        fields["Credential"],
        token=request.header("x-amz-security-token"),
        signed_headers=fields["SignedHeaders"],
        signature=fields["Signature"],
        time=request.header("x-amz-date") or _iso(request.header("date")),
    )
    signed_at, skew = _time(claim), _S3_SKEW if claim.is_s3 else _SKEW
    minutes = int(skew.total_seconds() // 60)
    if now - signed_at > skew:
        raise RefusedError(
            "RequestTimeTooSkewed",
            f"Signature expired: {claim.time} is now earlier than {now - skew:{_FORMAT}} "
            f"({now:{_FORMAT}} - {minutes} min.)",
        )
    if signed_at - now > skew:
        raise RefusedError(
            "RequestTimeTooSkewed",
            f"Signature not yet current: {claim.time} is still later than {now + skew:{_FORMAT}} "
            f"({now:{_FORMAT}} + {minutes} min.)",
        )
    return claim


def _of_query(request: Request, now: datetime) -> Claim:
    if request.parameter("x-amz-algorithm") != ALGORITHM:
        raise RefusedError("UnsupportedSignature", f"Unsupported AWS 'algorithm': expected {ALGORITHM}.")
    names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    missing = [name for name in names if not request.parameter(name.lower())]
    if missing:
        sentences = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise RefusedError("IncompleteSignature", " ".join([*sentences, "Re-examine the query-string parameters."]))
    claim = _claim(
        request.parameter("x-amz-credential"),
        token=request.parameter("x-amz-security-token"),
        signed_headers=request.parameter("x-amz-signedheaders"),
        signature=request.parameter("x-amz-signature"),
        time=request.parameter("x-amz-date"),
        presigned=True,
    )
    expires, signed_at = request.parameter("x-amz-expires"), _time(claim)
    if not expires and not claim.is_s3:
        expires = str(int(_SKEW.total_seconds()))
    if not _is_count(expires) or not 1 <= int(expires) <= _LONGEST_S:
        raise _bad_parameter(f"X-Amz-Expires must be a number of seconds from 1 to {_LONGEST_S} (a week)")
    if now - signed_at > timedelta(seconds=int(expires)):
        raise RefusedError("RequestExpired", "Request has expired")
    if signed_at - now > _S3_SKEW:
        raise RefusedError("AccessDenied", "Request is not yet valid", 403)
    return claim


def _of_query_v2(request: Request, now: datetime) -> Claim:
    """S3's older form, which boto3 uses by default for presigned URLs.

    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
    """
    key_id, signature, expires = (request.parameter(name) for name in _V2_PARAMETERS)
    if "x-amz-credential" in request.parameters or not key_id or not signature or not _is_count(expires):
        raise RefusedError(
            "AccessDenied",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
            403,
        )
    if now.timestamp() > int(expires):
        raise RefusedError("AccessDenied", "Request has expired", 403)
    token = request.parameter("x-amz-security-token")
    return Claim(key_id, token, "", "", "s3", (), signature, expires, presigned=True, version=2)


def _claim(
    credential: str, *, token: str, signed_headers: str, signature: str, time: str, presigned: bool = False
) -> Claim:
    scope = credential.split("/")
    if len(scope) != 5 or not all(scope) or scope[4] != "aws4_request":
        raise RefusedError(
            "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, and end in "
            "aws4_request",
        )
    key_id, date, region, service, _ = scope
    names = tuple(signed_headers.split(";"))
    if not time:
        raise RefusedError(
            "IncompleteSignature",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    if time[:8] != date:
        raise RefusedError(
            "CredentialDateMismatch",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
        )
    if "host" not in names or any(name != name.lower() for name in names):
        raise RefusedError(
            "SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    return Claim(key_id, token, date, region, service, names, signature, time, presigned)


def _time(claim: Claim) -> datetime:
    try:
        if _TIME.fullmatch(claim.time):
            return datetime.strptime(claim.time, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        pass
    if claim.presigned:
        raise _bad_parameter("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    raise RefusedError(
        "IncompleteSignature",
        f"Date must be in ISO-8601 'basic format'. Got '{claim.time[:40]}'. See http://en.wikipedia.org/wiki/ISO_8601",
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_COUNT


def _iso(http_date: str) -> str:
    try:
        return parsedate_to_datetime(http_date).astimezone(UTC).strftime(_FORMAT)
    except ValueError:
        return ""


def _bad_parameter(message: str) -> RefusedError:
    return RefusedError("AuthorizationQueryParametersError", message, 400)
