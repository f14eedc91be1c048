"""An ASGI application in front of all others: it accepts only requests from programs that have a valid key.

Five things pass without AWS's signature: git, which signs in its own way (`codecommit.git_http.host`), the clients of
ECR's registry, which have its tokens (`ecr.registry`), browsers of the console, which lets them in itself, and the two
addresses to which CloudFormation's custom resources and wait conditions respond, which are secrets themselves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from local_aws import base
from local_aws.clock import Clock
from local_aws.gate import origin, payload, regions
from local_aws.gate.refusal import PlainRefusal, RefusedError
from local_aws.gate.request import Request
from local_aws.gate.scheme import Claim, claim_of
from local_aws.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

GIT_PREFIX = "/v1/repos/"
REGISTRY_PREFIX = "/v2/"
OWN_PREFIX = "/_local_aws/"
CONSOLE_PREFIX = "/_console/"
OWN_SERVICE = "local-aws"
"""The service name in signatures of requests to local AWS itself."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_SANDBOX = (b"content-security-policy", b"sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts")
_CALLBACK = re.compile(r"/_ministack/cfn-(?:response|signal)/([0-9a-f-]{36})")


@dataclass(frozen=True)
class Fronts:
    """What is behind the gate, each by what it answers."""

    signed: Asgi
    git: Asgi
    """Requests to `/v1/repos/`."""
    registry: Asgi
    """Unsigned requests to `/v2/`."""
    console: Asgi
    """Requests to `/_console`, which it accepts or refuses itself."""


class Gate:
    """Passes on signed requests, with the verified key as `scope["state"]["caller"]`."""

    def __init__(self, fronts: Fronts, settings: Settings, clock: Clock) -> None:
        """Stand in front of all of these."""
        self._inner, self._fronts = fronts.signed, fronts
        self._settings, self._clock = settings, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one request."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if f"{scope['path']}/".startswith(CONSOLE_PREFIX):
            await self._fronts.console(scope, receive, send)
            return
        request = Request.of(scope)
        send = _apart(request, send)
        refused = self._refusal(request, scope["path"])
        if refused is not None:
            await _send_text(send, refused)
        elif scope["path"].startswith(GIT_PREFIX):
            await self._fronts.git(scope, receive, send)
        elif _is_of_registry(request, scope["path"]):
            await self._fronts.registry(scope, receive, send)
        elif _CALLBACK.fullmatch(scope["path"]) and request.method == "PUT":
            await self._call_back(scope, receive, send)
        else:
            await self._signed(request, scope, receive, send)

    def _refusal(self, request: Request, path: str) -> PlainRefusal | None:
        presigned_get = request.method == "GET" and bool({"x-amz-signature", "signature"} & request.parameters.keys())
        refused = origin.refusal(request.headers, self._settings.port, presigned_get=presigned_get)
        if refused is not None:
            return refused
        if request.method not in _METHODS:
            return PlainRefusal(405, "Allowed methods are GET, HEAD, POST, PUT, PATCH and DELETE.")
        # No bucket's name begins with an underscore, so these paths are always MiniStack's own, never S3's.
        if path.startswith("/_") and not path.startswith(OWN_PREFIX) and not _CALLBACK.fullmatch(path):
            return PlainRefusal(404, "Nothing is here.")
        return None

    async def _call_back(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not base.expects_callback(scope["path"]):
            await _send_text(send, PlainRefusal(403, "Nothing waits for this response."))
            return
        await self._inner(scope, receive, _without_cors(send))

    async def _signed(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            cleared, receive = await self._verified(request, scope, receive)
            await self._inner(cleared, receive, _without_cors(noting))
        except payload.GoneError:
            return
        except RefusedError as error:
            if begun:
                raise
            answer = base.refusal_answer(request.plain(), error.code, error.message, error.status, error.members)
            await _send(send, request, *answer)

    async def _verified(self, request: Request, scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
        """The request to pass on, the key that signed it, and its body's source. Raises RefusedError."""
        from local_aws.gate import clearance, signature  # noqa: PLC0415 - botocore, which delays a start

        claim = claim_of(request, self._clock.now())
        key = base.resolve_key(claim.access_key_id, claim.session_token)
        if isinstance(key, tuple):
            raise RefusedError(*key)
        secret, body, checksums = key.secret_access_key, None, dict[str, str]()
        if claim.is_s3:
            said = payload.s3_hash(request, claim)
        else:
            body = await payload.read(receive) if request.has_body else b""
            said = hashlib.sha256(body).hexdigest()
            if request.header("x-amz-content-sha256") not in ("", said):
                raise RefusedError("SignatureDoesNotMatch", "The body does not match x-amz-content-sha256.")
        clearance.require_headers_signed(request, claim)
        signature.verify(request, claim, secret, said)
        if claim.is_s3 and payload.in_chunks(said):
            body, checksums = await payload.unchunked(request, claim, secret, said, receive)
        receive = payload.held_to(request, said, receive) if body is None else payload.once(_given(body), receive)
        self._require_service(claim, scope["path"])
        base.accept_caller(claim.access_key_id)
        if claim.service != OWN_SERVICE:
            scope = clearance.clear(scope, request, claim, self._settings.region, body, checksums)
        return {**scope, "state": {**scope.get("state", {}), "caller": key}}, receive

    def _require_service(self, claim: Claim, path: str) -> None:
        if (claim.service == OWN_SERVICE) != path.startswith(OWN_PREFIX):
            raise RefusedError(
                "SignatureDoesNotMatch", f"Credential should be scoped to correct service: found {claim.service}.", 403
            )
        if claim.service == OWN_SERVICE:
            return
        if not base.knows_service(claim.service):
            raise RefusedError(
                "NotImplementedByLocalAws",
                f"Local AWS does not emulate the service {claim.service}; docs/local-aws.md lists what it emulates.",
                501,
            )
        regions.require_own(claim, self._settings.region)


def _is_of_registry(request: Request, path: str) -> bool:
    """Whether a request is one of a registry's clients; the paths of other services begin so too, and are signed."""
    if not f"{path}/".startswith(REGISTRY_PREFIX) or {"x-amz-signature", "signature"} & request.parameters.keys():
        return False
    return request.header("authorization").partition(" ")[0].lower() in ("", "basic", "bearer")


def _given(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _apart(request: Request, send: Send) -> Send:
    """Keep what a browser shows, an object in a bucket for example, apart from the console's pages.

    AWS serves objects and its console from different names; here both are one origin, and a script in an object could
    use the console as the person who looks at it. https://www.w3.org/TR/CSP3/#directive-sandbox gives a page an origin
    of its own. Programs get the answer as AWS gives it: every browser says which it is.
    """
    is_browser = any(name.startswith("sec-fetch-") for name in request.headers)
    if not is_browser and not request.header("user-agent").startswith("Mozilla/"):
        return send

    async def send_apart(message: Message) -> None:
        if message["type"] == "http.response.start" and not any(map(_is_pdf, message["headers"])):
            message = {**message, "headers": [*message["headers"], _SANDBOX]}
        await send(message)

    return send_apart


def _is_pdf(header: tuple[bytes, bytes]) -> bool:
    """Whether a header says so: a PDF runs no script of its page's origin, and some browsers show none in a sandbox."""
    return (header[0].lower(), header[1].lower()) == (b"content-type", b"application/pdf")


def _without_cors(send: Send) -> Send:
    """Prevent pages of other origins from reading responses."""

    async def send_without(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return send_without


async def _send_text(send: Send, refused: PlainRefusal) -> None:
    body = f"{refused.message}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send(send: Send, request: Request, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
