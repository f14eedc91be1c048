"""With --json every verb prints one document on stdout, whatever comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slipway.cli import app, run

from tests.local_server import ROOT, free_port
from tests.test_docs import verbs

NOT_UP: dict[str, list[str]] = {
    "down": [],
    "status": [],
    "credentials": [],
    "follow": [],
    "runs": [],
    "show": [],
    "explain": [],
    "compare": ["1", "2"],
    "judge": [],
    "open": [],
    "console": [],
    "audit": [],
    "logs": ["train-model"],
    "start": [],
    "retry": [],
    "stop": [],
    "approve": ["--message", "fine"],
    "reject": ["--message", "no"],
    "rollback": ["--yes"],
    "predict": ["--row", "1,2"],
    "check": [],
    "permissions": [],
    "new": ["none", "--data", "none.csv", "--label", "1"],
    "data prepare": ["none.csv", "--label", "1"],
    "data upload": [],
    "data adopt": [],
    "publish": [],
    "deploy": [],
    "destroy": [],
    "costs": [],
    "workflow deploy": [],
    "workflow destroy": ["--yes", "workflows"],
    "workflow graph": ["images"],
    "workflow create": ["workflows/tabular/chain.py"],
    "workflow execute": ["images", "--input", "{}"],
    "workflow progress": ["images"],
    "workflow events": ["images"],
    "workflow list": [],
}
"""Verbs that start nothing, with the arguments that they ask for."""
STARTING = {"up", "release", "workflow run"}
"""Verbs that start local AWS: asked for AWS without a Region."""


def names() -> set[str]:
    groups = {str(group.name): group.typer_instance for group in app.registered_groups}
    alone = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    return alone | {f"{group} {name}" for group, one in groups.items() if one for name in verbs(one)}


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(ROOT)


def documents(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The documents on stdout; fails if anything else stands there."""
    text, found = capsys.readouterr().out, []
    decoder = json.JSONDecoder()
    while text.strip():
        document, end = decoder.raw_decode(text.lstrip())
        found.append(document)
        text = text.lstrip()[end:]
    return found


def test_the_table_has_every_verb() -> None:
    assert names() == {*NOT_UP, *STARTING}


@pytest.mark.parametrize("verb", NOT_UP)
def test_local_aws_is_down(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run([*verb.split(), *NOT_UP[verb], "--local", "--json", "--port", str(free_port())])
    (document,) = documents(capsys)
    assert code in {0, 1}
    assert document
    assert ("error" in document) == (code == 1), document


@pytest.mark.parametrize("verb", sorted({*NOT_UP, *STARTING}))
def test_the_command_line_is_wrong(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*verb.split(), *NOT_UP.get(verb, []), "--no-such-option", "--json"]) == 2
    (document,) = documents(capsys)
    assert "--no-such-option" in str(document["error"])


@pytest.mark.parametrize("verb", sorted(STARTING))
def test_aws_without_a_region(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*verb.split(), "--aws", "--json"]) == 1
    (document,) = documents(capsys)
    assert document["error"] == "No AWS Region is configured."
