"""Finds out whether the AWS configuration names an endpoint on this machine, which means local AWS.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

_VARIABLE, _KEY = "AWS_ENDPOINT_URL", "endpoint_url"


@dataclass(frozen=True)
class LocalEndpoint:
    """An endpoint URL on loopback, and the setting that names it."""

    port: int
    said_by: str


def local_endpoint(profile: str | None) -> LocalEndpoint | None:
    """Return the endpoint of the environment, else of the profile, if it is on loopback; None if the target is AWS."""
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    url, said_by = os.environ.get(_VARIABLE), _VARIABLE
    session = Session(profile=profile)
    try:
        if session.get_config_variable("ignore_configured_endpoint_urls"):
            return None
        if not url:
            url = session.get_scoped_config().get(_KEY)
            said_by = f"{_KEY} of the profile {session.profile or 'default'}"
    except ProfileNotFound:
        return None  # said where the profile is used
    return LocalEndpoint(_port(str(url)), f"{said_by} ({url})") if url and _is_loopback(str(url)) else None


def _port(url: str) -> int:
    try:
        return urlsplit(url).port or 80
    except ValueError:
        return 80


def _is_loopback(url: str) -> bool:
    name = urlsplit(url).hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
