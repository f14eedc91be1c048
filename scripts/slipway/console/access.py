"""Who may use the console: a browser that was let in by an address which `slipway open` or `slipway console` printed.

Loopback is open to every program and every user of a machine, and a browser sends requests there for any page. So the
printed address carries a ticket, which lets one browser in, once and within minutes: a browser's command line and its
history show addresses. The browser then keeps a cookie that scripts cannot read and that pages of other sites do not
send. The name in Host has to be loopback's, or a page whose name was made to resolve to 127.0.0.1 could read the
answers: https://developer.mozilla.org/en-US/docs/Web/Security/Attacks.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import unquote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

BASE = "/_console"
ENTER = f"{BASE}/enter"
AWS_LINKS = f"{BASE}/aws"
_CHANGING = frozenset({"POST"})
_METHODS = frozenset({"GET", "HEAD"}) | _CHANGING
_PROGRAM = "slipway"
_TICKET_S = 600
_COOKIE_S = 30 * 86400
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer; one that sets another value keeps its own."""


class RefusedError(Exception):
    """The request is refused; the message says why, and what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, repr=False)
class Access:
    """Whom the console of one port lets in.

    `secret` is known to the programs of the person whom the console serves: to local AWS and the command line it is the
    root user's, and a console of its own makes one at its start.
    """

    secret: str
    port: int
    command: str = f"{_PROGRAM} open"
    """The command that prints an address which lets in."""
    _used: dict[str, int] = field(default_factory=dict, compare=False)
    """Tickets that have let a browser in, with the times until which they would."""

    @property
    def _cookie(self) -> str:
        # Browsers keep cookies by host alone, whatever the port.
        return f"slipway-console-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    def address(self, path: str = "/") -> str:
        """Return the address that lets a browser in, within ten minutes, and shows a page below `BASE`."""
        ticket = f"{int(time.time()) + _TICKET_S}-{secrets.token_hex(8)}"
        query = urlencode({"ticket": f"{ticket}.{self._signed(f'ticket {ticket}')}", "to": f"{BASE}{path}"})
        return f"http://127.0.0.1:{self.port}{ENTER}?{query}"

    def check(self, request: Request) -> None:
        """Raise RefusedError for a request that may not be answered."""
        host = ",".join(request.headers.getlist("host")).lower()
        if host not in self.hosts:
            raise RefusedError(403, f"The console answers to {', '.join(self.hosts)}.")
        if request.method not in _METHODS:
            raise RefusedError(405, "Allowed methods are GET, HEAD and POST.")
        if _is_foreign(request, host):
            raise RefusedError(403, "The console does not answer pages of another origin.")
        # The path as it is routed: an address may be read in more than one way.
        path = str(request.scope["path"])
        if path != ENTER and not path.startswith(f"{AWS_LINKS}/") and not self._knows(request):
            raise RefusedError(403, f"This browser has not been let in. The command `{self.command}` lets it in.")

    def enter(self, request: Request) -> Response:
        """Let a browser in that has a ticket, and send it to the page that it asks for; raises RefusedError."""
        ticket, _, signed = request.query_params.get("ticket", "").partition(".")
        if not hmac.compare_digest(signed.encode(), self._signed(f"ticket {ticket}").encode()):
            raise RefusedError(403, f"The address is not this console's. The command `{self.command}` prints one.")
        until, now = int(ticket.partition("-")[0]), time.time()
        if until < now:
            raise RefusedError(403, f"The address has expired: it is for ten minutes. `{self.command}` prints one.")
        if not self._uses(ticket, until, now) and not self._knows(request):
            raise RefusedError(403, f"The address has let a browser in already. `{self.command}` prints another.")
        to = request.query_params.get("to", "")
        response = RedirectResponse(to if _is_page(to) else f"{BASE}/", 303)
        ends = int(now) + _COOKIE_S
        value = f"{ends}.{self._signed(f'cookie {ends}')}"
        response.set_cookie(self._cookie, value, max_age=_COOKIE_S, path=BASE, httponly=True, samesite="strict")
        return response

    def _uses(self, ticket: str, until: int, now: float) -> bool:
        """Use a ticket up; returns whether it was not used before."""
        for one in [one for one, ends in self._used.items() if ends < now]:
            del self._used[one]
        if ticket in self._used:
            return False
        self._used[ticket] = until
        return True

    def _knows(self, request: Request) -> bool:
        """Whether the browser was let in, and not too long ago."""
        ends, _, signed = request.cookies.get(self._cookie, "").partition(".")
        is_own = hmac.compare_digest(signed.encode(), self._signed(f"cookie {ends}").encode())
        return is_own and int(ends) >= time.time()

    def _signed(self, text: str) -> str:
        message = f"console of slipway {self.port} {text}"
        return hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def _is_page(address: str) -> bool:
    """Whether an address is below the console's, however a browser reads it.

    https://url.spec.whatwg.org/#double-dot-path-segment
    """
    segments = re.split(r"[/\\]", unquote(address.partition("?")[0]))
    return address.startswith(f"{BASE}/") and not {".", ".."}.intersection(segments)


def _is_foreign(request: Request, host: str) -> bool:
    """Tell whether a page of another origin sent the request, by what browsers say of it.

    https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header. What changes something
    needs an Origin, which every browser sends with a form.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    own = f"http://{host}"
    if request.method in _CHANGING:
        return origin != own or site not in {"same-origin", "none"}
    navigates = request.headers.get("sec-fetch-mode") == "navigate"
    # A link on another page may lead to the address that lets in; the cookie is not sent along with it.
    return origin not in {None, own} or (site not in {"same-origin", "none"} and not navigates)
