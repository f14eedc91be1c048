"""The session in which a state machine's role acts."""

from __future__ import annotations

import re

from local_aws.stepfunctions.tasks.tools import session_name
from tests.local_aws.stepfunctions.tasks.fakes import MACHINE


def test_versions_aliases_and_map_runs_share_the_session_of_their_machine() -> None:
    name = session_name(MACHINE)
    assert re.fullmatch(r"[A-Za-z]{32}", name)
    assert {session_name(f"{MACHINE}{end}") for end in ("", ":1", ":live", "/Each")} == {name}


def test_machines_with_names_that_begin_alike_have_sessions_of_their_own() -> None:
    assert session_name(f"{MACHINE}{'x' * 70}1") != session_name(f"{MACHINE}{'x' * 70}2")
