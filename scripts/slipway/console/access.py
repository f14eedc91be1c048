"""Who may use the console: a browser that was let in by an address which `slipway open` or `slipway console` printed.

Loopback is open to every program and every user of a machine, and a browser sends requests there for any page. So the
printed address carries a ticket, which lets one browser in within minutes; the browser then keeps a cookie that scripts
cannot read and that pages of other sites do not send. The name in Host has to be loopback's, or a page whose name was
made to resolve to 127.0.0.1 could read the answers: https://developer.mozilla.org/en-US/docs/Web/Security/Attacks.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

BASE = "/_console"
ENTER = f"{BASE}/enter"
AWS_LINKS = f"{BASE}/aws"
_FOR_EVERYBODY = (f"{AWS_LINKS}/", f"{BASE}/assets/")
"""Below these are the same answers for whoever asks, and nothing of the installation."""
_CHANGING = frozenset({"POST"})
_METHODS = frozenset({"GET", "HEAD"}) | _CHANGING
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
    verb: str = "open"
    """The verb that prints an address which lets in."""

    @property
    def _cookie(self) -> str:
        # Browsers keep cookies by host alone, whatever the port.
        return f"slipway-console-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    def address(self, path: str = "/") -> str:
        """Return the address that lets a browser in, within ten minutes, and shows a page below `BASE`."""
        until = int(time.time()) + _TICKET_S
        query = urlencode({"ticket": f"{until}.{self._signed(f'ticket {until}')}", "to": f"{BASE}{path}"})
        return f"http://127.0.0.1:{self.port}{ENTER}?{query}"

    def check(self, request: Request) -> None:
        """Raise RefusedError for a request that may not be answered."""
        host = request.headers.get("host", "").lower()
        if host not in self.hosts:
            raise RefusedError(403, f"The console answers to {', '.join(self.hosts)}.")
        if request.method not in _METHODS:
            raise RefusedError(405, "Allowed methods are GET, HEAD and POST.")
        if _is_foreign(request, host):
            raise RefusedError(403, "The console does not answer pages of another origin.")
        known = hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self._signed("cookie").encode())
        if not known and request.url.path != ENTER and not request.url.path.startswith(_FOR_EVERYBODY):
            raise RefusedError(403, f"This browser has not been let in. The command `slipway {self.verb}` lets it in.")

    def enter(self, request: Request) -> Response:
        """Let a browser in that has a ticket, and send it to the page that it asks for; raises RefusedError."""
        until, _, signed = request.query_params.get("ticket", "").partition(".")
        if not hmac.compare_digest(signed.encode(), self._signed(f"ticket {until}").encode()):
            raise RefusedError(403, f"The address is not this console's. The command `slipway {self.verb}` prints one.")
        if int(until) < time.time():
            raise RefusedError(
                403, f"The address was for ten minutes, which are over. `slipway {self.verb}` prints one."
            )
        to = request.query_params.get("to", "")
        response = RedirectResponse(to if to.startswith(f"{BASE}/") else f"{BASE}/", 303)
        response.set_cookie(
            self._cookie, self._signed("cookie"), max_age=_COOKIE_S, path=BASE, httponly=True, samesite="strict"
        )
        return response

    def _signed(self, text: str) -> str:
        message = f"console of slipway {self.port} {text}"
        return hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).hexdigest()


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
