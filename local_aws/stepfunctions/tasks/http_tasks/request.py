"""The HTTP request that the arguments of an HTTP Task describe.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES

_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
_FIELDS = frozenset(
    {
        "ApiEndpoint",
        "Authentication",
        "Headers",
        "InvocationConfig",
        "Method",
        "QueryParameters",
        "RequestBody",
        "Transform",
    }
)
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_OURS = frozenset(
    {
        "accept-charset",
        "accept-encoding",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-md5",
        "date",
        "expect",
        "forwarded",
        "from",
        "host",
        "keep-alive",
        "max-forwards",
        "origin",
        "pragma",
        "proxy-authenticate",
        "range",
        "referer",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "warning",
    }
)
"""Headers that a definition cannot set, beside those that begin with `x-amz-`, `x-amzn-` or `x-forwarded-`."""


class RequestError(Exception):
    """The arguments make no request; the message says why."""


@dataclass(slots=True)
class HttpRequest:
    """A request: header names in lower case, query and body not yet encoded."""

    method: str
    url: str
    connection_arn: str
    headers: dict[str, str]
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    form_arrays: str | None = None

    def target(self) -> str:
        """Path and query, encoded."""
        parts = urlsplit(self.url)
        encoded = urlencode(list(_pairs(self.query, "REPEAT")))
        query = "&".join(part for part in (parts.query, encoded) if part)
        return (parts.path or "/") + (f"?{query}" if query else "")

    def content(self) -> bytes | None:
        """The body, encoded as its Content-Type and Transform say."""
        if self.body is None:
            return None
        kind = self.headers.setdefault("content-type", _JSON).partition(";")[0].strip()
        if kind == _FORM and self.form_arrays is not None and isinstance(self.body, dict):
            return urlencode(list(_pairs(self.body, self.form_arrays))).encode()
        if isinstance(self.body, str) and not kind.endswith("json"):
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def parse(arguments: Any, region: str) -> HttpRequest:
    """Read the arguments of an HTTP Task. Raises RequestError."""
    if not isinstance(arguments, dict):
        raise RequestError("The value of the field 'Parameters' must be an object")
    for name in arguments:
        if name not in _FIELDS:
            raise RequestError(f"The field '{name}' is not supported by Step Functions")
    return HttpRequest(
        method=_method(arguments),
        url=_endpoint(arguments),
        connection_arn=_connection(arguments),
        headers=_headers(arguments.get("Headers"), region),
        query=_object(arguments, "QueryParameters"),
        body=arguments.get("RequestBody"),
        form_arrays=_form_arrays(_object(arguments, "Transform")),
    )


def require_loopback(url: str) -> tuple[bool, str, int]:
    """Whether the URL is of https, its host and port. Raises RequestError for what lies outside of this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise RequestError(f"ApiEndpoint is '{url}'; expected https://HOST/PATH, or http://localhost:PORT/PATH here")
    if not _is_loopback(host):
        raise RequestError(
            f"ApiEndpoint is '{url}'; HTTP Tasks on local AWS call only this machine: localhost, 127.0.0.1 or [::1]"
        )
    secure = parts.scheme == "https"
    return secure, host, parts.port or (443 if secure else 80)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _required(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if value is None:
        raise RequestError(f"The field '{name}' is required but was missing")
    if not isinstance(value, str):
        raise RequestError(f"The value for the field '{name}' must be a STRING")
    return value


def _object(arguments: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = arguments.get(name)
    if value is not None and not isinstance(value, dict):
        raise RequestError(f"The value for the field '{name}' must be an object")
    return dict(value or {})


def _method(arguments: Mapping[str, Any]) -> str:
    method = _required(arguments, "Method")
    if method not in _METHODS:
        raise RequestError(f"Method is '{method}'; expected {', '.join(_METHODS)}")
    return method


def _endpoint(arguments: Mapping[str, Any]) -> str:
    url = _required(arguments, "ApiEndpoint")
    require_loopback(url)
    return url


def _connection(arguments: Mapping[str, Any]) -> str:
    """Of a public API in Authentication, of a private one in InvocationConfig."""
    holder = _object(arguments, "Authentication") or _object(arguments, "InvocationConfig")
    return _required(holder, "ConnectionArn")


def _headers(given: Any, region: str) -> dict[str, str]:
    """The definition's headers, and those that AWS sets in any case."""
    headers = {name.lower(): _header(name, value) for name, value in _object({"Headers": given}, "Headers").items()}
    return headers | {
        "user-agent": f"Amazon|StepFunctions|HttpInvoke|{region}",
        "range": f"bytes=0-{MAX_DATA_BYTES}",
    }


def _header(name: str, value: Any) -> str:
    if name.lower() in _OURS or name.lower().startswith(("x-amz-", "x-amzn-", "x-forwarded-", "proxy-", "if-")):
        raise RequestError(f"The header '{name}' is one that an HTTP Task cannot set")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if not name.isascii() or not text.isprintable() or any(c in name for c in ": \r\n"):
        raise RequestError(f"The header '{name}' is no HTTP header")
    return text


def _form_arrays(transform: Mapping[str, Any]) -> str | None:
    """How arrays stand in a form; None where the body is not to be encoded as one."""
    if transform.get("RequestBodyEncoding", "NONE") != "URL_ENCODED":
        return None
    options = transform.get("RequestEncodingOptions") or {}
    found = options.get("ArrayFormat", "INDICES")
    if found not in ("INDICES", "REPEAT", "COMMAS", "BRACKETS", "NONE"):
        raise RequestError(f"ArrayFormat is '{found}'; expected INDICES, REPEAT, COMMAS, BRACKETS or NONE")
    return str(found)


def _pairs(values: Mapping[str, Any], arrays: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        yield from _pair(name, value, arrays)


def _pair(name: str, value: Any, arrays: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _pair(f"{name}[{key}]", item, arrays)
    elif isinstance(value, list) and arrays == "COMMAS":
        yield name, ",".join(map(_scalar, value))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _pair(_item_name(name, number, arrays), item, arrays)
    else:
        yield name, _scalar(value)


def _item_name(name: str, number: int, arrays: str) -> str:
    return {"INDICES": f"{name}[{number}]", "BRACKETS": f"{name}[]"}.get(arrays, name)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
