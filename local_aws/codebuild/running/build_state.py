"""A build's document as its phases begin and end.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_aws.codebuild.events import publish
from local_aws.codebuild.records import Document

if TYPE_CHECKING:
    from local_aws.codebuild.platform import Platform

IN_PROGRESS, SUCCEEDED, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"
FAULT, STOPPED, TIMED_OUT = "FAULT", "STOPPED", "TIMED_OUT"
_SHOWN = 2048


def enter(platform: Platform, build_id: str, phase: str) -> Document:
    """Begin a phase."""
    now = platform.now()
    platform.begin_phase(build_id)

    def change(build: Document) -> None:
        build["currentPhase"] = phase
        build["phases"].append({"phaseType": phase, "startTime": now})

    return platform.records.change_build(build_id, change)


def leave(platform: Platform, build_id: str, status: str, code: str = "", message: str = "") -> Document:
    """End the current phase."""
    now, lasted_s = platform.now(), platform.phase_s(build_id)
    return platform.records.change_build(build_id, lambda build: _close(build, now, lasted_s, status, code, message))


def _close(build: Document, now: float, lasted_s: int, status: str, code: str, message: str) -> None:
    phase = build["phases"][-1]
    phase |= {
        "phaseStatus": status,
        "endTime": now,
        "durationInSeconds": lasted_s,
        "contexts": [{"statusCode": code, "message": message[:_SHOWN]}],
    }


def complete(platform: Platform, build_id: str, status: str, code: str = "", message: str = "") -> None:
    """End the build: with the status of its phases, or with a reason, which also ends its current phase."""
    now, lasted_s = platform.now(), platform.phase_s(build_id)

    def change(build: Document) -> None:
        if "phaseStatus" not in build["phases"][-1]:
            _close(build, now, lasted_s, status, code, message)
        build["phases"].append({"phaseType": "COMPLETED", "startTime": now})
        build |= {"currentPhase": "COMPLETED", "buildStatus": status, "endTime": now, "buildComplete": True}

    before = platform.records.build(build_id)
    after = platform.records.change_build(build_id, change)
    if before is not None and not before["buildComplete"]:
        publish(after)


def set_members(platform: Platform, build_id: str, members: Document) -> None:
    """Store members of the document that a phase has determined."""
    platform.records.change_build(build_id, lambda build: build.update(members))
