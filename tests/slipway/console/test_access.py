"""Whom the console of local AWS answers: one browser that was let in, and no page of another origin."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import pytest
from slipway.console.access import BASE, Access
from slipway.console.application import Console
from slipway.console.live import Clock
from slipway.console.local import local_access
from slipway.session import Session
from slipway.target import Options
from slipway.terminal.output import Output

from tests.local_server import LocalServer
from tests.slipway.console.client import Client


@pytest.fixture(scope="module")
def access(local_aws: LocalServer) -> Access:
    return local_access(local_aws.state, local_aws.port)


def ask(
    server: LocalServer, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: str = ""
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, body=body or None, headers=dict(headers or {}))
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def enter_path(access: Access, to: str = "/") -> str:
    parts = urlsplit(access.address(to))
    return f"{parts.path}?{parts.query}"


@pytest.fixture(scope="module")
def cookie(local_aws: LocalServer, access: Access) -> str:
    status, headers, _ = ask(local_aws, enter_path(access))
    assert (status, headers["location"]) == (303, f"{BASE}/")
    return headers["set-cookie"]


def let_in(cookie: str, **more: str) -> dict[str, str]:
    return {"Cookie": cookie.partition(";")[0], **{name.replace("_", "-"): value for name, value in more.items()}}


def test_a_browser_that_was_let_in_sees_pages(local_aws: LocalServer, cookie: str) -> None:
    status, headers, text = ask(local_aws, f"{BASE}/", let_in(cookie))
    assert status == 200
    assert "<h1>Models</h1>" in text
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert not [name for name in headers if name.startswith("access-control-")]


def test_the_cookie_is_for_this_console_alone(cookie: str, access: Access) -> None:
    name = f"slipway-console-{access.port}"
    words = {word.strip().lower() for word in cookie.split(";")[1:]}
    assert cookie.startswith(f"{name}=")
    assert {"httponly", "samesite=strict", f"path={BASE}"} <= words
    assert access.secret not in cookie
    assert access.secret not in access.address()


@pytest.mark.parametrize("path", [f"{BASE}/", f"{BASE}/live/", BASE, f"{BASE}/models/x", f"{BASE}/assetsx"])
@pytest.mark.parametrize("value", ["", "0" * 64, "f" * 64])
def test_nothing_is_shown_to_a_browser_that_was_not(
    local_aws: LocalServer, access: Access, path: str, value: str
) -> None:
    status, _, text = ask(local_aws, path, {"Cookie": f"slipway-console-{access.port}={value}"} if value else {})
    assert (status, "slipway open" in text) == (403, True)


def test_who_is_not_let_in_is_told_a_command_for_this_console(access: Access) -> None:
    assert access.command == f"slipway open --port {access.port}"
    command = "slipway --suffix other console"
    session = Session(Options(local=True, suffix="other"), Output())
    browser = Client(Console(session, Access("s", 4580, command), Clock(60.0)).application(), "127.0.0.1:4580")
    assert f"`{command}`" in browser.get(f"{BASE}/").text
    assert f"`{command}`" in browser.get(f"{BASE}/enter?ticket=1").text


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "bucket.localhost:{port}", "0.0.0.0:{port}"],
)
def test_a_name_that_was_made_to_resolve_to_loopback_is_refused(
    local_aws: LocalServer, cookie: str, access: Access, host: str
) -> None:
    status, _, text = ask(local_aws, f"{BASE}/", let_in(cookie, Host=host.format(port=access.port)))
    assert (status, "The console answers to 127.0.0.1" in text) == (403, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:{port}", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, 409),
    ],
)
def test_only_forms_of_the_console_change_something(
    local_aws: LocalServer, cookie: str, access: Access, headers: Mapping[str, str], status: int
) -> None:
    sent = {name: value.format(port=access.port) for name, value in headers.items()}
    sent = {**let_in(cookie), **sent, "Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(local_aws, f"{BASE}/models/nothing-here/start", sent, "POST", "a=b")
    assert answer[0] == status, answer[2]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
def test_pages_of_other_origins_read_nothing(
    local_aws: LocalServer, cookie: str, headers: Mapping[str, str], status: int
) -> None:
    assert ask(local_aws, f"{BASE}/", {**let_in(cookie), **headers})[0] == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(local_aws: LocalServer, cookie: str, method: str) -> None:
    assert ask(local_aws, f"{BASE}/", let_in(cookie), method)[0] == 405


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example/",
        "http://evil.example/",
        "/",
        "/_console",
        "/_consolex/",
        "\\evil",
        "/_console/../bucket/page",
        "/_console/a/..%5C..%5Cbucket/page",
        "/_console/%252e%252e/bucket/page",
        "/_console/.",
    ],
)
def test_a_ticket_leads_nowhere_else(local_aws: LocalServer, access: Access, to: str) -> None:
    path, _, query = enter_path(access).partition("?")
    ticket = query.split("&")[0]
    status, headers, _ = ask(local_aws, f"{path}?{ticket}&to={to}")
    assert (status, headers["location"]) == (303, f"{BASE}/")


def test_a_ticket_may_hold_no_header(local_aws: LocalServer, access: Access) -> None:
    path, _, query = enter_path(access).partition("?")
    status, headers, _ = ask(local_aws, f"{path}?{query.split('&')[0]}&to={BASE}/%0d%0aSet-Cookie:%20a=b")
    assert (status, headers["location"]) == (303, f"{BASE}/%0D%0ASet-Cookie:%20a=b")
    assert headers["set-cookie"].startswith("slipway-console-")


def test_a_ticket_lets_one_browser_in(local_aws: LocalServer, access: Access) -> None:
    path = enter_path(access)
    first, headers, _ = ask(local_aws, path)
    second, none, text = ask(local_aws, path)
    assert (first, second, "already" in text, "set-cookie" in none) == (303, 403, True, False)
    assert ask(local_aws, path, let_in(headers["set-cookie"]))[0] == 303, "the browser itself may load it anew"
    assert ask(local_aws, path, method="HEAD")[0] == 403
    used = enter_path(access)
    assert ask(local_aws, used, method="HEAD")[0] == 303
    assert ask(local_aws, used)[0] == 403


def test_a_cookie_ends(local_aws: LocalServer, access: Access) -> None:
    known, signed = f"slipway-console-{access.port}", access._signed
    now = int(time.time())
    for ends, status in ((now + 60, 200), (now - 60, 403)):
        cookie = f"{known}={ends}.{signed(f'cookie {ends}')}"
        assert ask(local_aws, f"{BASE}/", {"Cookie": cookie})[0] == status
    moved = f"{known}={now + 61}.{signed(f'cookie {now + 60}')}"
    assert ask(local_aws, f"{BASE}/", {"Cookie": moved})[0] == 403
    ticket = signed(f"ticket {now + 60}")
    assert ask(local_aws, f"{BASE}/", {"Cookie": f"{known}={now + 60}.{ticket}"})[0] == 403


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET {base}/ HTTP/1.1\r\nHost: {own}\r\nHost: evil.example", 400),
        ("GET {base}/ HTTP/1.1\r\nHost: evil.example\r\nHost: {own}", 400),
        ("GET {base}/ HTTP/1.0", 403),
        ("GET {base}/ HTTP/1.1\r\nHost: {own}, evil.example", 403),
        ("GET {base}/ HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: {own}", 403),
        ("GET http://{own}{base}/ HTTP/1.1\r\nHost: evil.example", 403),
    ],
)
def test_a_host_is_named_once_and_is_loopback(
    local_aws: LocalServer, cookie: str, access: Access, head: str, status: int
) -> None:
    named = head.format(base=BASE, own=f"127.0.0.1:{access.port}")
    assert spoken(local_aws, f"{named}\r\nCookie: {cookie.partition(';')[0]}\r\n\r\n") == status


def spoken(server: LocalServer, request: str) -> int:
    """Send a request as it is; returns the status."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request.encode())
        return int(connection.recv(64).split()[1])


@pytest.mark.parametrize(
    "path",
    ["/enter%3Fx", "/enter%23x", "/enter/../", "/enter/..%2Fmodels", "/aws%2F", "/%2e%2e/", "//enter", "/assets"],
)
def test_no_path_is_read_in_two_ways(local_aws: LocalServer, path: str) -> None:
    status, _, text = ask(local_aws, f"{BASE}{path}")
    assert (status, "account" in text) in {(403, False), (200, False)}


def test_a_refused_form_is_not_read(local_aws: LocalServer, access: Access) -> None:
    head = f"POST {BASE}/models/x/start HTTP/1.1\r\nHost: 127.0.0.1:{access.port}\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert spoken(local_aws, f"{head}10\r\n") == 403, "before its end"


def test_a_bucket_is_of_another_origin_to_a_browser(local_aws: LocalServer, cookie: str) -> None:
    """A script in an object could use the console as the person who looks at it."""
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="shown-by-a-browser")
    for key, kind in (("page", "text/html"), ("paper", "application/pdf")):
        s3.put_object(Bucket="shown-by-a-browser", Key=key, Body=b"<script></script>", ContentType=kind)
    shown = {}
    for key in ("page", "paper"):
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "shown-by-a-browser", "Key": key})
        path = url.removeprefix(local_aws.url)
        browser = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
        for sent in (browser, {"User-Agent": "Mozilla/5.0"}, {}):
            shown[key, len(sent)] = ask(local_aws, path, sent)[1].get("content-security-policy", "")
    assert shown["page", 3] == shown["page", 1]
    assert shown["page", 1].split()[0] == "sandbox"
    assert "allow-same-origin" not in shown["page", 1]
    assert {shown["page", 0], *(shown["paper", sent] for sent in (0, 1, 3))} == {""}
    apart = let_in(cookie, Origin="null", Sec_Fetch_Site="cross-site")
    assert ask(local_aws, f"{BASE}/models/x/start", apart, "POST", "a=b")[0] == 403


def test_a_ticket_expires(local_aws: LocalServer, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 601)
    old = enter_path(access)
    monkeypatch.undo()
    status, headers, text = ask(local_aws, old)
    assert (status, "has expired" in text, "set-cookie" in headers) == (403, True, False)


@pytest.mark.parametrize("ticket", ["", "1.2", "9999999999.", f"9999999999.{'0' * 64}", "nan.x", "\u0661.x"])
def test_a_made_up_ticket_lets_nobody_in(local_aws: LocalServer, ticket: str) -> None:
    status, headers, _ = ask(local_aws, f"{BASE}/enter?ticket={quote(ticket)}")
    assert (status, "set-cookie" in headers) == (403, False)


@pytest.mark.parametrize("path", ["assets/live.js", "assets/x", "assets/x/y", "assets/../models/x", "aws/x/y"])
def test_what_everybody_gets_tells_nothing_of_the_installation(local_aws: LocalServer, path: str) -> None:
    _, headers, text = ask(local_aws, f"{BASE}/{path}")
    assert "111122223333" not in text
    assert "set-cookie" not in headers


def test_a_form_has_a_bound(local_aws: LocalServer, cookie: str, access: Access) -> None:
    headers = let_in(cookie, Origin=f"http://127.0.0.1:{access.port}")
    status, _, text = ask(local_aws, f"{BASE}/models/x/start", headers, "POST", "a" * (2**20 + 1))
    assert (status, "at most" in text) == (413, True)


def test_what_is_not_there_is_said(local_aws: LocalServer, cookie: str) -> None:
    for path in (f"{BASE}/nothing", f"{BASE}/models/no-such-model", f"{BASE}/models/x/releases/y"):
        status, _, text = ask(local_aws, path, let_in(cookie))
        assert status == 404, (path, text)
        assert "<main" in text
