"""Who may use the console: whoever has its address with the token, in a page of its own origin.

Loopback is open to every program and every user of a machine, and a browser sends requests there for any page. So the
address that `slipway console` prints carries a token once; the browser keeps it in a cookie that scripts cannot read and
that pages of other sites do not send. The name in Host has to be loopback's, or a page whose name was made to resolve to
127.0.0.1 could read the answers: https://developer.mozilla.org/docs/Web/Security/Attacks.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

BASE = "/_console"
ENTER = f"{BASE}/enter"
_CHANGING = frozenset({"POST"})
_METHODS = frozenset({"GET", "HEAD"}) | _CHANGING
_YEAR_S = 365 * 86400
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


@dataclass(frozen=True)
class Access:
    """The token, and the port that the console answers at."""

    token: str
    port: int

    @property
    def _cookie(self) -> str:
        # Browsers keep cookies by host alone, whatever the port.
        return f"slipway-console-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    def address(self, path: str = "/") -> str:
        """Return the address that lets a browser in and shows a page."""
        return f"http://127.0.0.1:{self.port}{ENTER}?token={self.token}&to={BASE}{path}"

    def refusal(self, request: Request) -> Response | None:
        """Return why a request is refused; None if it may go on."""
        if request.headers.get("host", "").lower() not in self.hosts:
            return PlainTextResponse(f"The console answers to {', '.join(self.hosts)}.\n", 403)
        if request.method not in _METHODS:
            return PlainTextResponse("Allowed methods are GET, HEAD and POST.\n", 405)
        if self._foreign(request):
            return PlainTextResponse("The console does not answer pages of another origin.\n", 403)
        if request.url.path == ENTER or self._known(request.cookies.get(self._cookie, "")):
            return None
        return PlainTextResponse(
            "This browser has not been let in. `slipway console` prints the address that does it.\n", 403
        )

    def enter(self, request: Request) -> Response:
        """Let a browser in that has the token, and send it to the page that it asks for."""
        if not self._known(request.query_params.get("token", "")):
            return PlainTextResponse("The token is not this console's. `slipway console` prints the address.\n", 403)
        to = request.query_params.get("to", "")
        response = RedirectResponse(to if to.startswith(f"{BASE}/") else f"{BASE}/", 303)
        response.set_cookie(
            self._cookie, self.token, max_age=_YEAR_S, path=BASE, httponly=True, samesite="strict", secure=False
        )
        return response

    def _known(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    def _foreign(self, request: Request) -> bool:
        """Tell whether a page of another origin sent the request, by what browsers say of it.

        https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header. What changes something
        needs an Origin, which every browser sends with a form.
        """
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
        own = f"http://{request.headers['host'].lower()}"
        if request.method in _CHANGING:
            return origin != own or site not in {"same-origin", "none"}
        navigates = request.headers.get("sec-fetch-mode") == "navigate"
        # A link on another page may lead to the address that lets in; the cookie is not sent along with it.
        return origin not in {None, own} or (site not in {"same-origin", "none"} and not navigates)
