"""The signature of a git request, as the AWS CLI's credential helper and git-remote-codecommit compute it.

https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class SignedPart:
    """The signed part of a request: the path of the repository's URL, and the host (and port) of the connection."""

    path: str
    host: str
    region: str


def signature(secret: str, time: str, signed: SignedPart) -> str:
    """The signature of the credential helper for a time such as `20260131T120000`, in hexadecimal."""
    request = f"GIT\n{signed.path}\n\nhost:{signed.host}\n\nhost\n"
    scope = f"{time[:8]}/{signed.region}/codecommit/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (time[:8], signed.region, "codecommit", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()
