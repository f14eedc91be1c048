"""Refuses requests from web pages.

A browser sends requests to loopback for any page, so a page of another origin is refused by its headers, and a page
whose name was made to resolve to 127.0.0.1 by the name in Host. How browsers report the origin of a request:
https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from local_aws.gate.refusal import PlainRefusal

_BUCKET_HOST = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\.localhost")
_OWN_SITES = ("same-origin", "none")


def refusal(headers: Mapping[str, Sequence[str]], port: int, *, presigned_get: bool) -> PlainRefusal | None:
    """Why a request is refused for its host or origin; None if it is accepted.

    `headers` have lower-case names. `presigned_get`: the request is a GET with a signature in its query, a link that a
    person may follow from any page.
    """
    hosts = headers.get("host", ())
    if len(hosts) != 1 or not _is_own_host(hosts[0], port):
        return PlainRefusal(
            403, f"This server answers to 127.0.0.1:{port}, localhost:{port} and BUCKET.localhost:{port}."
        )
    origins = headers.get("origin", ())
    if any(origin != f"http://{hosts[0]}" for origin in origins):
        return PlainRefusal(403, "This server does not answer pages of another origin.")
    sites = headers.get("sec-fetch-site", ())
    if all(site in _OWN_SITES for site in sites):
        return None
    followed = headers.get("sec-fetch-mode") == ["navigate"] and headers.get("sec-fetch-dest") == ["document"]
    if presigned_get and followed and not origins:
        return None
    return PlainRefusal(403, "This server does not answer pages of another origin.")


def _is_own_host(host: str, port: int) -> bool:
    """Whether Host names this server; a bucket's name before `localhost` is S3's virtual-hosted style.

    Names under `localhost` resolve to loopback and nowhere else: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
    """
    name, _, given = host.lower().rpartition(":")
    return given == str(port) and (name in ("127.0.0.1", "localhost", "[::1]") or bool(_BUCKET_HOST.fullmatch(name)))
