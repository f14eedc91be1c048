"""What a person is shown of a log, and how a release is called."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from slipway.releases.log_lines import told_lines
from slipway.releases.run_view import ActionView, RunView
from slipway.terminal.output import Output
from slipway.verbs.follow import print_changes

APPROVAL = ActionView(
    "Approve", "Approve", "Manual", "Failed", by="arn:aws:sts::111122223333:assumed-role/reviewer/ada"
)
RUN = RunView("0f3c1f6e-5f0e-4f39-8f0b-1f1f1f1f1f1f", "p", "Failed", "", "by hand", (), (APPROVAL,))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("START RequestId: 1 Version: $LATEST", []),
        ("END RequestId: 1", []),
        ("REPORT RequestId: 1\tDuration: 3 ms", []),
        ("2026-11-20T03:02:00.000Z 1 Task timed out after 120.00 seconds", None),
        ("Runtime.ExitError", None),
        (json.dumps({"job_id": "1", "outcome": "failed", "message": "no data"}), ["failed: no data"]),
        (json.dumps({"outcome": "succeeded", "summary": "100 rows", "seconds": 1}), ["succeeded: 100 rows"]),
        (json.dumps({"outcome": "failed", "message": "m", "traceback": "a\n  b\n"}), ["failed: m", "a", "  b"]),
        ("[1]", None),
        ("[" * 100_000, None),
        ('{"message": ' * 100_000, None),
        ("[Container] 2026/11/21 23:17:26.845384 Entering phase DOWNLOAD_SOURCE", []),
        ("[Container] 2026/11/21 23:17:27.667587 Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED", []),
        ("[Container] 2026/11/21 23:17:27.667601 Phase context status code:  Message: ", []),
        ("[Container] 2026/11/21 23:17:29.272933 Phase complete: INSTALL State: FAILED", None),
        ("[Container] 2026/11/21 23:17:28.275574 Running command python -m slipway_build.build plan", None),
    ],
)
def test_a_log_line_as_a_person_reads_it(line: str, told: list[str] | None) -> None:
    assert told_lines(line) == ([line] if told is None else told)


def test_a_build_has_its_own_stream() -> None:
    build = ActionView(
        "Build", "Build", "CodeBuild", configuration={"ProjectName": "p-build"}, external_id="p-build:b1"
    )
    assert build.log_streams == "b1"
    assert RUN.log_name(build) == "build"


def test_a_rejected_release_is_called_so() -> None:
    assert RUN.state == "Rejected"
    assert replace(RUN, actions=(replace(APPROVAL, by=""),)).state == "Failed"
    open_one = replace(APPROVAL, status="Waiting", token="t", by="")
    assert replace(RUN, status="InProgress", actions=(open_one,)).state == "Waiting"


def test_a_rollback_has_the_training_job_that_it_deploys() -> None:
    parameters = json.dumps({"environment": "prod", "training_job": "p-0a1b2c3d-1111"})
    deploy = ActionView("DeployProd", "Deploy", "Lambda", "Succeeded", configuration={"UserParameters": parameters})
    assert replace(RUN, actions=(deploy,)).training_job == "p-0a1b2c3d-1111"
    assert RUN.training_job == ""


def test_an_end_is_told_with_its_own_time(capsys: pytest.CaptureFixture[str]) -> None:
    ended = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
    action = replace(APPROVAL, started=ended, updated=ended)
    print_changes(Output(as_json=False), replace(RUN, actions=(action,)), {}, str)
    assert f"{ended.astimezone():%H:%M:%S}  Approve/Approve" in capsys.readouterr().out
