from __future__ import annotations

import pytest
from slipway.session import Session
from slipway.target import Options, Target
from slipway.terminal.build_progress import BuildProgress, step
from slipway.terminal.output import Output

BEGUN = "[Container] 2026/11/20 15:01:41.123456 Running command "


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "PRE_BUILD"),
        ([f"{BEGUN}ruff check ."], "PRE_BUILD: ruff check ."),
        (
            [f"{BEGUN}ruff check .", "All checks passed!", f"{BEGUN}test ! -e build/tests || pytest"],
            "PRE_BUILD: pytest",
        ),
        ([f"{BEGUN}a || pip install --quiet --no-compile -r checks.txt"], "PRE_BUILD: pip install -r checks.txt"),
        ([f"{BEGUN}{'x' * 80}"], f"PRE_BUILD: {'x' * 47}..."),
    ],
)
def test_a_build_is_at_the_last_command_that_it_has_begun(lines: list[str], said: str) -> None:
    assert step("PRE_BUILD", lines) == said


def test_a_build_that_cannot_be_asked_ends_no_view(local_key: None) -> None:
    del local_key
    session = Session(Options(local=True), Output(as_json=True))
    session.__dict__["target"] = Target("local AWS", "us-east-1", "local", endpoint_url="http://127.0.0.1:1")
    assert BuildProgress(session)._at("p-build:1") == ""
