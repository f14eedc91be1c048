"""Two commands of one checkout change its installation one after the other."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from slipway.errors import SlipwayError
from slipway.installation.lock import installation_lock
from slipway.project import Project
from slipway.session import Session
from slipway.target import Options
from slipway.terminal.output import Output, PlainConsole

from tests.local_server import wait_for


def session_in(root: Path) -> tuple[Session, io.StringIO]:
    said = io.StringIO()
    session = Session(Options(local=True), Output(console=PlainConsole(file=said, width=200)))
    session.__dict__["project"] = Project(root)
    return session, said


def test_the_second_waits_and_says_for_whom(tmp_path: Path) -> None:
    order: list[str] = []
    first, told_first = session_in(tmp_path)
    second, told_second = session_in(tmp_path)

    def follow() -> None:
        with installation_lock(second, "deploy"):
            order.append("second")

    with installation_lock(first, "release"):
        thread = threading.Thread(target=follow)
        thread.start()
        wait_for(told_second.getvalue, "the second to say that it waits", 10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert told_second.getvalue().startswith(f"`slipway release` (process {os.getpid()}) is changing this installation")
    assert not told_first.getvalue()


def test_a_turn_ends_with_a_failure(tmp_path: Path) -> None:
    session, said = session_in(tmp_path)
    with pytest.raises(ZeroDivisionError), installation_lock(session, "release"):
        raise ZeroDivisionError
    with installation_lock(session, "release"):
        assert not said.getvalue()


def test_a_checkout_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".slipway").write_text("no folder", encoding="utf-8")
    session, _ = session_in(tmp_path)
    with pytest.raises(SlipwayError, match=r"turn\.lock: File exists"), installation_lock(session, "release"):
        pass
