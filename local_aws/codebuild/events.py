"""State changes of builds on EventBridge.

https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications-ref.html
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from local_aws import base
from local_aws.codebuild.records import Document

log = logging.getLogger(__name__)


def publish(build: Document) -> None:
    """Send a build's new status. A refusal by EventBridge is only logged."""
    detail = {
        "build-status": build["buildStatus"],
        "project-name": build["projectName"],
        "build-id": build["arn"],
        "current-phase": build["currentPhase"],
        "current-phase-context": "[]",
        "version": "1",
        "additional-information": {
            "timeout-in-minutes": build["timeoutInMinutes"],
            "build-complete": build["buildComplete"],
            "initiator": build["initiator"],
            "build-start-time": f"{datetime.fromtimestamp(build['startTime'], UTC):%b %-d, %Y %-I:%M:%S %p}",
            "source": {"type": build["source"]["type"]},
            "logs": {
                "group-name": build["logs"].get("groupName"),
                "stream-name": build["logs"].get("streamName"),
            },
            "phases": [
                {"phase-type": phase["phaseType"], "phase-status": phase.get("phaseStatus")}
                for phase in build["phases"]
            ],
        },
    }
    try:
        base.put_event("aws.codebuild", "CodeBuild Build State Change", detail, [build["arn"]])
    except Exception:  # a build must not fail because a rule's target fails
        log.exception("the state change of %s was not delivered", build["id"])
