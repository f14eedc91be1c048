"""Requests that no client sends: what an operation takes by botocore's model, spoilt in one way or another."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tests.local_server import REGION, LocalServer

SERVICES = ("codecommit", "codebuild", "codepipeline", "codeconnections", "ecr", "sagemaker", "sagemaker-runtime")
OTHERS = ("events", "kms", "logs", "secretsmanager", "ssm", "sqs")
"""Services of MiniStack, which answers malformed requests in the form of its own."""
TIMEOUT_S = 30
_LONG = "x" * 70_000
_NAMES = ("fuzz", "fuzz-1", "a", "..", "../../etc/passwd", "a/b", "%00", "é", "\0", "")
_JUNK: tuple[Any, ...] = (
    None, [], {}, "", "x", "\0", "\ud800", "\u202e", _LONG, -1, 0, 1 << 31, 1 << 63, 10**400, 1.5, 1e308, True, [[[]]],
    {"a": {"a": {}}}, [None], {"": None}, ["\udfff"], "arn:aws:s3:::x", "2026-02-30T99:99:99", "s3://", "../..", "=",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request; `about` tells a reader of a failure what was sent."""

    service: str
    about: str
    method: str = "POST"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def send(server: LocalServer, request: Request) -> tuple[int, dict[str, str], bytes]:
    """Sign the request as a client of the server does, and send it whatever it is."""
    client = server.client(request.service)
    signed = AWSRequest(request.method, server.url + request.path, headers=dict(request.headers), data=request.body)
    credentials = client._request_signer._credentials
    SigV4Auth(credentials, client.meta.service_model.signing_name, REGION).add_auth(signed)
    return _send(server, request, dict(signed.headers.items()))


def send_git(server: LocalServer, request: Request) -> tuple[int, dict[str, str], bytes]:
    """Send a request of git with the client's key as user and password."""
    credentials = server.client("codecommit")._request_signer._credentials
    user = base64.b64encode(f"{credentials.access_key}:{credentials.secret_key}".encode()).decode()
    return _send(server, request, {"Authorization": f"Basic {user}", **request.headers})


def _send(server: LocalServer, request: Request, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    try:
        connection.request(request.method, request.path, request.body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    except TimeoutError:
        raise AssertionError(f"no answer within {TIMEOUT_S} s to {request.about}") from None
    finally:
        connection.close()


def requests(server: LocalServer, service: str, chance: random.Random, operations: frozenset[str]) -> Iterator[Request]:
    """Without end: an operation of the service, and what is wrong with its request."""
    model = server.client(service).meta.service_model
    names = sorted(operations & set(model.operation_names))
    while True:
        operation = model.operation_model(chance.choice(names))
        if model.metadata["protocol"] == "json":
            yield _json_request(model, operation, chance)
        else:
            yield _rest_request(operation, chance)


def _json_request(model: Any, operation: Any, chance: random.Random) -> Request:
    document = _value(operation.input_shape, chance) if operation.input_shape else {}
    target = f"{model.metadata['targetPrefix']}.{operation.name}"
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    way = chance.randrange(12)
    if way < 6:
        document = _spoilt(document, chance)
    body = json.dumps(document).encode()
    if way == 6:
        body = _broken(body, chance)
    elif way == 7:
        headers["Content-Type"] = chance.choice(
            ["text/plain", "application/xml", "application/cbor", "multipart/form-data"]
        )
    elif way == 8:
        headers["X-Amz-Target"] = chance.choice(
            [f"{target}x", operation.name, f"{model.metadata['targetPrefix']}.", "."]
        )
    elif way == 9:
        headers[chance.choice(["X-Amz-User-Agent", "X-Fuzz"])] = "y" * chance.choice([100, 5_000, 30_000])
    path = chance.choice(["/", "/?Action=x", "/%ff/..", "//", "/?a=%00"]) if way == 10 else "/"
    return Request(model.service_name, f"{operation.name} {way} {body[:300]!r}", path=path, headers=headers, body=body)


def _rest_request(operation: Any, chance: random.Random) -> Request:
    name = chance.choice(["fuzz", "%00", "..", "%ff", "a" * 300, "%2e%2e%2f", "a%20b", "%ed%a0%80"])
    path = operation.http["requestUri"].partition("?")[0].replace("{EndpointName}", name)
    path += chance.choice(["", "", "/", "/x", "?a=b", "%"])
    headers = {
        member.serialization["name"]: chance.choice(["", "x", "y" * 2000, "1", "a\tb", "text/csv"])
        for member in operation.input_shape.members.values()
        if member.serialization.get("location") == "header" and chance.random() < 0.3
    }
    body = chance.choice([b"", b"1,2", b"\xff" * 100, b"{" * 1000])
    method = chance.choice([operation.http["method"], operation.http["method"], "GET", "PUT", "DELETE"])
    return Request("sagemaker-runtime", f"{method} {path} {headers}", method, path, headers, body)


def _value(shape: Any, chance: random.Random, depth: int = 0) -> Any:
    """What the model allows, more or less."""
    kind = shape.type_name
    if kind == "structure":
        names = [n for n in shape.members if n in shape.required_members or (depth < 4 and chance.random() < 0.4)]
        return {n: _value(shape.members[n], chance, depth + 1) for n in names} if depth < 8 else {}
    if kind == "list":
        return [_value(shape.member, chance, depth + 1) for _ in range(chance.randrange(3))] if depth < 8 else []
    if kind == "map":
        return {"k": _value(shape.value, chance, depth + 1)} if depth < 8 else {}
    if kind == "string":
        return chance.choice(shape.metadata["enum"]) if shape.metadata.get("enum") else chance.choice(_NAMES)
    if kind in ("integer", "long", "float", "double"):
        return chance.choice([shape.metadata.get("min", 1), shape.metadata.get("max", 100), 1])
    return {"boolean": True, "timestamp": 1_700_000_000, "blob": "YQ=="}.get(kind)


def _spoilt(document: Any, chance: random.Random) -> Any:
    """The document with something else at a place of it."""
    if isinstance(document, dict) and document and chance.random() < 0.8:
        key = chance.choice(sorted(document))
        if chance.random() < 0.1:
            return {name: value for name, value in document.items() if name != key}
        return {**document, key: _spoilt(document[key], chance)}
    if isinstance(document, list) and document and chance.random() < 0.8:
        return [_spoilt(document[0], chance), *document[1:]]
    if isinstance(document, dict) and chance.random() < 0.3:
        return {**document, "Unknown": 1, "": {}}
    return chance.choice(_JUNK)


def _broken(body: bytes, chance: random.Random) -> bytes:
    cut = [body[: len(body) // 2], body + b"}", body.decode().encode("utf-16"), gzip.compress(body)]
    return chance.choice([*_BODIES, *cut])


_BODIES = (
    b"", b"{", b"null", b"[]", b"1", b"NaN", b'{"a": NaN}', b'{"a": 1e999}', b"\xff\xfe{", b"\xef\xbb\xbf{}", b"\0",
    b"[" * 100_000, b'{"a":' * 5000, b'{"a": ' + b"9" * 5000 + b"}", b'"\\ud800"', b"a=b&c=d", b"<a/>",
)  # fmt: skip


def git_requests(repository: str, chance: random.Random) -> Iterator[Request]:
    """Requests of git that are none."""
    while True:
        name = chance.choice(
            [repository, repository, repository, "..", "%2e%2e", "a" * 101, "none", "%00", f"{repository}/.."]
        )
        endpoint = chance.choice(["info/refs", "git-upload-pack", "git-receive-pack", "HEAD", "objects/../config", ""])
        service = chance.choice(["git-upload-pack", "git-receive-pack", "git-x", "", "%00"])
        method = chance.choice(["GET", "POST", "PUT"])
        headers, body = {}, chance.choice(_GIT_BODIES)
        if method == "POST":
            headers["Content-Type"] = f"application/x-{endpoint}-request"
            if chance.random() < 0.4:
                headers["Content-Encoding"] = "gzip"
                body = chance.choice(
                    [body, gzip.compress(body), gzip.compress(body)[:-5], gzip.compress(b"0009shallow" * 9)]
                )
        if chance.random() < 0.2:
            headers["Git-Protocol"] = chance.choice(["version=2", "version=9", "\t", "x" * 5000])
        path = f"/v1/repos/{name}/{endpoint}?service={service}"
        yield Request("codecommit", f"{method} {path} {headers} {body[:80]!r}", method, path, headers, body)


_ZERO, _ID = b"0" * 40, b"1" * 40
_GIT_BODIES = (
    b"", b"0000", b"000", b"zzzz", b"ffff", b"0003", b"0004", b"0001", b"0002", b"PACK\0\0\0\2\xff\xff\xff\xff",
    b"0006\xff\xff", b"0014command=ls-refs\n0000", b"0011command=fetch0001000fno-progress0000", b"0" * 100_000,
    b"0067" + _ZERO + b" " + _ID + b" refs/heads/x\0report-status\n0000PACK", b"\0" * 1000, b"\xff" * 70_000,
    b"0050" + _ZERO + b" " + _ID + b" refs/../x\n0000", b"0032want " + _ID + b"\n00000009done\n",
)  # fmt: skip
