"""Which console `slipway console` shows, and that it serves nothing where it cannot."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slipway.cli import run
from slipway.errors import SlipwayError
from slipway.verbs.console import PORT, _listen, _unless_cancelled

from tests.releases.house import House


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def on_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A person with AWS's configuration, and no endpoint on this machine."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


@pytest.mark.usefixtures("on_aws")
def test_a_port_that_is_taken_is_said_before_anything_is_asked(taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console", "--aws", "--console-port", str(taken)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"error: Port {taken} cannot be taken: Address already in use."
    assert said[1].endswith(f"console --console-port {taken + 1}")


@pytest.mark.parametrize(("port", "other"), [(80, PORT), (1023, 1024), (5000, 5001), (65_535, PORT)])
def test_the_port_that_is_named_instead_may_be_taken(port: int, other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(SlipwayError) as error:
        _listen(port)
    assert error.value.next_step.endswith(f"--console-port {other}")


@pytest.mark.usefixtures("on_aws")
def test_pages_are_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console", "--aws", "--json"]) == 1
    assert "--json exclude each other" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize(("error", "told"), [(asyncio.CancelledError(), 0), (ZeroDivisionError(), 1)])
def test_connections_that_ctrl_c_cuts_off_are_no_error(
    error: BaseException, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[dict[str, Any]] = []
    with asyncio.Runner() as runner:
        monkeypatch.setattr(runner.get_loop(), "default_exception_handler", reported.append)
        _unless_cancelled(runner.get_loop(), {"message": "", "exception": error})
    assert len(reported) == told


def test_local_aws_shows_its_own_installation_itself(house: House) -> None:
    done = house.slipway("console", "--no-browser", "--json")
    address = json.loads(done.stdout)["address"]
    assert address.startswith(f"{house.server.url}/_console/enter?ticket=")
    opened = json.loads(house.slipway("open", "--no-browser", "--json").stdout)
    assert opened["address"].endswith(f"releases%2F{opened['id']}")
    first = house.slipway("open", "--no-browser", "--model", "none").stdout
    assert first.startswith("no release of none yet; the console: http://127.0.0.1:")
