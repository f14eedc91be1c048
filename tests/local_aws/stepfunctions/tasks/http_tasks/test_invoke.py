from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local_aws.stepfunctions.tasks.contract import TaskFailed
from local_aws.stepfunctions.tasks.http_tasks.invoke import HttpInvoke
from tests.local_aws.stepfunctions.tasks.fakes import MACHINE, World, call

INVOKE = "arn:aws:states:::http:invoke"
CONNECTION = "arn:aws:events:us-east-1:111122223333:connection/partner"
JSON = {"Content-Type": "application/json; charset=utf-8"}


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Site:
    """An HTTP server on loopback that keeps what it is asked; answers stand by path."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], str]] = field(default_factory=dict)
    delay_s: float = 0.0

    def handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                site.seen.append(Seen(self.command, self.path, headers, body))
                status, more, text = site.answers.get(self.path.partition("?")[0], (200, JSON, '{"ok": true}'))
                time.sleep(site.delay_s)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    with suppress(ConnectionError):
                        self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = handle_one  # noqa: N815

            def log_message(self, *_: Any) -> None:
                return

        return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), site.handler())
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ask(world: World, site: Site) -> Callable[..., dict[str, Any]]:
    """The output of an HTTP Task that calls the site."""
    world.connections[CONNECTION] = {
        "ConnectionState": "AUTHORIZED",
        "AuthorizationType": "API_KEY",
        "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}},
    }

    def asked(path: str = "/", method: str = "GET", **more: Any) -> dict[str, Any]:
        output: dict[str, Any] = world.output(INVOKE, arguments(site.url + path, method, **more))
        return output

    return asked


def arguments(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"ApiEndpoint": url, "Method": method, "Authentication": {"ConnectionArn": CONNECTION}, **more}


def test_a_request_and_its_output(ask: Callable[..., dict[str, Any]], site: Site) -> None:
    output = ask("/v1/customers", QueryParameters={"limit": 3, "tag": ["a b", "c"]}, Headers={"X-Trace": ["1", "2"]})
    assert output["ResponseBody"] == {"ok": True}
    assert (output["StatusCode"], output["StatusText"]) == (200, "OK")
    assert output["Headers"]["content-type"] == ["application/json; charset=utf-8"]
    [seen] = site.seen
    assert (seen.method, seen.path) == ("GET", "/v1/customers?limit=3&tag=a+b&tag=c")
    assert seen.headers["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"
    assert seen.headers["range"] == "bytes=0-262144"
    assert (seen.headers["x-trace"], seen.headers["x-key"]) == ("1, 2", "secret")


@pytest.mark.parametrize(
    ("more", "content_type", "body"),
    [
        ({"RequestBody": {"a": [1, "ü"]}}, "application/json", '{"a":[1,"ü"]}'),
        ({"RequestBody": "text", "Headers": {"Content-Type": "text/plain"}}, "text/plain", "text"),
        ({"RequestBody": "text"}, "application/json", '"text"'),
    ],
)
def test_bodies(ask: Callable[..., Any], site: Site, more: dict[str, Any], content_type: str, body: str) -> None:
    ask(method="POST", **more)
    [seen] = site.seen
    assert (seen.headers["content-type"], seen.body) == (content_type, body)


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, "name=A+B&tags%5B0%5D=x&tags%5B1%5D=y&deep%5Bk%5D=true"),
        ({"RequestEncodingOptions": {"ArrayFormat": "REPEAT"}}, "name=A+B&tags=x&tags=y&deep%5Bk%5D=true"),
        (
            {"RequestEncodingOptions": {"ArrayFormat": "BRACKETS"}},
            "name=A+B&tags%5B%5D=x&tags%5B%5D=y&deep%5Bk%5D=true",
        ),
        ({"RequestEncodingOptions": {"ArrayFormat": "COMMAS"}}, "name=A+B&tags=x%2Cy&deep%5Bk%5D=true"),
    ],
)
def test_forms(ask: Callable[..., Any], site: Site, options: dict[str, Any], body: str) -> None:
    ask(
        method="POST",
        RequestBody={"name": "A B", "tags": ["x", "y"], "deep": {"k": True}},
        Headers={"Content-Type": "application/x-www-form-urlencoded"},
        Transform={"RequestBodyEncoding": "URL_ENCODED", **options},
    )
    assert site.seen[0].body == body


def test_text_is_no_json(ask: Callable[..., Any], site: Site) -> None:
    site.answers["/"] = (200, {"Content-Type": "text/plain"}, '{"not": "read"}')
    assert ask()["ResponseBody"] == '{"not": "read"}'


def test_basic_authorization_and_what_a_connection_adds(ask: Callable[..., Any], world: World, site: Site) -> None:
    world.connections[CONNECTION] = {
        "AuthorizationType": "BASIC",
        "AuthParameters": {
            "BasicAuthParameters": {"Username": "u", "Password": "p"},
            "InvocationHttpParameters": {
                "HeaderParameters": [{"Key": "X-A", "Value": "theirs"}],
                "QueryStringParameters": [{"Key": "q", "Value": "theirs"}],
                "BodyParameters": [{"Key": "b", "Value": "theirs"}],
            },
        },
    }
    ask(method="POST", Headers={"x-a": "mine"}, QueryParameters={"q": "mine"}, RequestBody={"b": "mine", "c": 1})
    [seen] = site.seen
    assert seen.headers["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()
    assert (seen.headers["x-a"], seen.path, json.loads(seen.body)) == ("theirs", "/?q=theirs", {"b": "theirs", "c": 1})


def oauth(site: Site, method: str = "POST") -> dict[str, Any]:
    return {
        "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
        "AuthParameters": {
            "OAuthParameters": {
                "AuthorizationEndpoint": f"{site.url}/token",
                "HttpMethod": method,
                "ClientParameters": {"ClientID": "id", "ClientSecret": "s"},
                "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all"}]},
            }
        },
    }


FORM = "grant_type=client_credentials&client_id=id&client_secret=s&scope=all"


@pytest.mark.parametrize(("method", "path", "body"), [("POST", "/token", FORM), ("GET", f"/token?{FORM}", "")])
def test_oauth(ask: Callable[..., Any], world: World, site: Site, method: str, path: str, body: str) -> None:
    world.connections[CONNECTION] = oauth(site, method)
    site.answers["/token"] = (200, JSON, '{"access_token": "abc"}')
    ask()
    token, request = site.seen
    assert (token.path, token.body) == (path, body)
    assert request.headers["authorization"] == "Bearer abc"


def test_oauth_that_gives_no_token(ask: Callable[..., Any], world: World, site: Site) -> None:
    world.connections[CONNECTION] = oauth(site)
    site.answers["/token"] = (401, JSON, "{}")
    with pytest.raises(TaskFailed, match="answered 401 without an access token") as failed:
        ask()
    assert failed.value.error == "Events.ConnectionResource.InvalidConnectionState"


@pytest.mark.parametrize(
    ("status", "text", "cause"),
    [(404, '{"why": 1}', '{"why": 1}'), (503, "", "Service Unavailable"), (302, "", "Found")],
)
def test_statuses(ask: Callable[..., Any], site: Site, status: int, text: str, cause: str) -> None:
    site.answers["/"] = (status, {}, text)
    with pytest.raises(TaskFailed) as failed:
        ask()
    assert (failed.value.error, failed.value.cause) == (f"States.Http.StatusCode.{status}", cause)


def test_an_answer_that_is_too_long(ask: Callable[..., Any], site: Site) -> None:
    site.answers["/"] = (200, {}, "a" * 300_000)
    with pytest.raises(TaskFailed) as failed:
        ask()
    assert failed.value.error == "States.DataLimitExceeded"


def test_a_site_that_is_slow(ask: Callable[..., Any], world: World, site: Site) -> None:
    assert ask() is not None
    site.delay_s = 0.5
    task = HttpInvoke(world.tools, limit_s=0.05)
    with pytest.raises(TaskFailed) as failed:
        task.start(call(INVOKE, arguments(site.url)))
    assert failed.value.error == "States.Http.Socket"


def test_a_port_where_nothing_listens(ask: Callable[..., Any], world: World) -> None:
    assert ask() is not None
    error, cause, _ = world.failure(INVOKE, arguments("http://127.0.0.1:1/x"))
    assert error == "States.Http.Socket"
    assert cause.startswith("GET http://127.0.0.1:1/x: ")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"ApiEndpoint": "https://api.example.com/x"}, "HTTP Tasks on local AWS call only this machine"),
        ({"ApiEndpoint": "http://127.0.0.1.example.com/"}, "call only this machine"),
        ({"ApiEndpoint": "ftp://localhost/"}, "expected https://HOST/PATH"),
        ({"ApiEndpoint": None}, "The field 'ApiEndpoint' is required but was missing"),
        ({"Method": "FETCH"}, "Method is 'FETCH'; expected GET"),
        ({"Authentication": {}}, "The field 'ConnectionArn' is required but was missing"),
        ({"Headers": {"Host": "x"}}, "The header 'Host' is one that an HTTP Task cannot set"),
        ({"Headers": {"X-Amz-Date": "x"}}, "The header 'X-Amz-Date' is one"),
        ({"Headers": {"A": "b\r\nC: d"}}, "The header 'A' is no HTTP header"),
        ({"Headers": []}, "The value for the field 'Headers' must be an object"),
        ({"Body": "x"}, "The field 'Body' is not supported by Step Functions"),
        (
            {"Transform": {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "DOTS"}}},
            "ArrayFormat is 'DOTS'; expected INDICES",
        ),
    ],
)
def test_arguments_that_make_no_request(world: World, changes: dict[str, Any], cause: str) -> None:
    given = arguments("http://localhost:1/") | changes
    error, found, _ = world.failure(INVOKE, given)
    assert error == "States.Runtime"
    assert cause in found
    assert world.integrations.problem(world.integrations.resource(INVOKE), given) == found


def test_what_the_role_needs(ask: Callable[..., Any], world: World, site: Site) -> None:
    ask("/x")
    invoke, retrieve, value, describe = world.asked
    assert (invoke.action, invoke.resource) == ("states:InvokeHTTPEndpoint", MACHINE)
    assert invoke.context == {"states:HTTPEndpoint": f"{site.url}/x", "states:HTTPMethod": "GET"}
    assert (retrieve.action, retrieve.resource) == ("events:RetrieveConnectionCredentials", CONNECTION)
    assert (value.action, describe.action) == ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
    assert value.resource == "arn:aws:secretsmanager:us-east-1:111122223333:secret:events!connection/partner"


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("states:InvokeHTTPEndpoint", "States.Http.AccessDenied"),
        ("secretsmanager:GetSecretValue", "Events.ConnectionResource.AccessDenied"),
    ],
)
def test_what_iam_denies(ask: Callable[..., Any], world: World, site: Site, action: str, error: str) -> None:
    world.denied[action] = "not authorized"
    with pytest.raises(TaskFailed) as failed:
        ask()
    assert (failed.value.error, failed.value.cause, site.seen) == (error, "not authorized", [])


def test_connections_that_cannot_be_used(ask: Callable[..., Any], world: World) -> None:
    world.connections[CONNECTION]["ConnectionState"] = "DEAUTHORIZED"
    with pytest.raises(TaskFailed, match="is DEAUTHORIZED; expected AUTHORIZED"):
        ask()
    world.connections.clear()
    with pytest.raises(TaskFailed, match="does not exist") as failed:
        ask()
    assert failed.value.error == "Events.ConnectionResource.NotFound"
