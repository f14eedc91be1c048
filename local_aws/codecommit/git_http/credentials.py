"""Identifies the sender of a git request: HTTP Basic authentication with a signature.

The user is `ACCESSKEYID` or `ACCESSKEYID%SESSIONTOKEN`, the password a time and a signature, as the AWS CLI's
credential helper and git-remote-codecommit make them
(https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from local_aws import base
from local_aws.codecommit.git_http.signing import SignedPart, signature
from local_aws.settings import ACCOUNT
from local_aws.wire import Caller

VALID_FOR = timedelta(minutes=15)
"""https://docs.aws.amazon.com/codecommit/latest/userguide/troubleshooting-ch.html"""
_PASSWORD = re.compile(r"(\d{8}T\d{6})Z([0-9a-f]{64})")


class NoCredentialsError(Exception):
    """The request has no credentials; the client is asked for them."""


class BadCredentialsError(Exception):
    """The key is unknown, or the password does not belong to it or has expired."""


def caller(headers: Mapping[str, str], path: str, region: str, now: datetime) -> Caller:
    """The caller of a git request; raises NoCredentialsError or BadCredentialsError.

    `headers` have lower-case names. The host may be signed with or without its port: the AWS CLI's helper omits it.
    """
    user, password = _basic(headers.get("authorization", ""))
    access_key_id, _, token = user.partition("%")
    key = base.find_access_key(access_key_id, token) if access_key_id else None
    if key is None:
        raise BadCredentialsError("the access key is not valid")
    host = headers.get("host", "")
    hosts = (host, re.sub(r":\d+$", "", host))
    _verify(key.secret_access_key, password, [SignedPart(path, name, region) for name in hosts], now)
    return Caller(account=ACCOUNT, region=region, arn=key.principal_arn, access_key_id=access_key_id)


def _verify(secret: str, password: str, candidates: list[SignedPart], now: datetime) -> None:
    match = _PASSWORD.fullmatch(password)
    if match is None:
        raise BadCredentialsError("the password is not the signature of a credential helper")
    try:
        signed_at = datetime.strptime(match.group(1), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise BadCredentialsError("the signature has no valid time") from None
    if abs(now - signed_at) > VALID_FOR:
        raise BadCredentialsError("the signature has expired")
    valid = [hmac.compare_digest(signature(secret, match.group(1), signed), match.group(2)) for signed in candidates]
    if not any(valid):
        raise BadCredentialsError("the signature does not match")


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise NoCredentialsError
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise BadCredentialsError("the Authorization header is not HTTP Basic") from None
    if not user and not password:
        raise NoCredentialsError
    if not colon:
        raise BadCredentialsError("the Authorization header has no password")
    return user, password
