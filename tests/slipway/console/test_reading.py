"""On AWS the console only reads before a person decides something, with the permissions that docs/console.md lists.

A local AWS stands for the account: the target has no endpoint, as AWS has none, and its clients reach the server with
the access key of a user whose only policy is the page's.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from slipway.console.access import BASE, Access
from slipway.console.application import Console
from slipway.console.live import Clock
from slipway.session import Session
from slipway.target import Options, Target
from slipway.terminal.output import Output

from tests.local_server import ROOT
from tests.releases.house import MODEL, House
from tests.slipway.console.client import Answer, Client

_READS = ("Get", "List", "Describe", "BatchGet", "Filter", "Head", "Search", "Lookup")
_NAME = re.compile(r"[^/]*[0-9][^/]*|[^/]*[A-Z.-][^/]*")
"""Part of an address that names a thing, not a kind of pages."""
_EACH = 2
"""Pages of a kind that are looked at."""
PAGE = ROOT / "docs" / "console.md"


def policy() -> dict[str, Any]:
    """The policy that the page prints."""
    (found,) = re.findall(r"```json\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    document: dict[str, Any] = json.loads(found.replace("SUFFIX", "local"))
    return document


@dataclass(frozen=True)
class Account(Target):
    """A target like AWS: no endpoint, and a person's own key.

    `calls` are the operations that were called, `denied` what IAM said of those that the key may not call.
    """

    server: str = ""
    key: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    denied: list[str] = field(default_factory=list)

    def _make(self, service: str) -> Any:
        made = boto3.Session(region_name=self.region, **self.key).client(service, endpoint_url=self.server)
        made.meta.events.register("before-call", self._note)
        made.meta.events.register("after-call", self._refused)
        return made

    def _note(self, model: Any, **_: Any) -> None:
        self.calls[f"{model.service_model.service_name}:{model.name}"] += 1

    def _refused(self, model: Any, parsed: Any, **_: Any) -> None:
        error = parsed.get("Error", {})
        if "AccessDenied" in error.get("Code", "") or error.get("Code") == "403":
            self.denied.append(f"{model.name}: {error.get('Message')}")


@pytest.fixture(scope="module")
def account(house: House) -> Account:
    key, secret = house.server.user_with("console", *policy()["Statement"])
    given = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    return Account("AWS", "us-east-1", "local", server=house.server.url, key=given)


def kind_of(address: str) -> str:
    """A page's address without the names in it, such as /models/*/releases/*."""
    path, _, query = address.partition("?")
    asked = "&".join(sorted(part.partition("=")[0] for part in query.split("&")))
    return _NAME.sub("*", path.removeprefix(BASE)) + (f"?{asked}" if asked else "")


def visited(account: Account) -> Iterator[tuple[str, Answer]]:
    """Follow the links of the console from its first page, a few of each kind."""
    session = Session(Options(local=False, suffix="local", model=MODEL), Output())
    session.__dict__["target"] = account
    access = Access("secret", 4580, "slipway console")
    browser = Client(Console(session, access, Clock(10.0), 10.0).application(), "127.0.0.1:4580")
    waiting, known = [browser.get(access.address()).headers["location"]], Counter[str]()
    seen = set(waiting)
    for address in waiting:
        answer = browser.get(address)
        yield address, answer
        for found in re.findall(rf'(?:href|src)="({BASE}/[^"#]*)"', answer.text) if b"<html" in answer.body else ():
            link, kind = html.unescape(found), kind_of(html.unescape(found))
            if link not in seen and known[kind] < _EACH:
                seen.add(link)
                known[kind] += 1
                waiting.append(link)


def test_the_console_only_reads_with_what_its_page_lists(account: Account) -> None:
    kinds = Counter(kind_of(address) for address, _ in visited(account))
    assert kinds["/models/*/releases/*"]
    assert account.denied == []
    assert [call for call in account.calls if not call.partition(":")[2].startswith(_READS)] == []
