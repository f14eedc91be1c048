"""Manual approval: a token that PutApprovalResult takes, and a notification to an SNS topic.

https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.codepipeline.actions.contract import Failed, Outcome, Provider, Work
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import WAITING

DEFAULT_TIMEOUT_MIN = 7 * 24 * 60
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""


class ManualApproval(Provider):
    rules = Rules(
        inputs=(0, 0),
        outputs=(0, 0),
        required=frozenset(),
        optional=frozenset({"NotificationArn", "ExternalEntityLink", "CustomData"}),
    )

    def start(self, work: Work) -> Outcome:
        """Create the token and send the notification; the action then waits.

        If local AWS is killed between the two, the notification is sent again with the same token.
        """
        token = work.record.token or self.tools.new_id()
        self.tools.state.update_action(work.record.id, token=token, due=self._expires(work))
        topic = work.configuration.get("NotificationArn")
        if topic:
            self.tools.client("sns", work).publish(
                TopicArn=topic,
                # AWS documents the message, not the subject.
                Subject=f"APPROVAL NEEDED: AWS CodePipeline {work.pipeline.name} for action {work.action.name}"[:100],
                Message=json.dumps(self._message(work, token)),
            )
        self.tools.state.update_action(work.record.id, phase=WAITING)
        return None

    def resume(self, work: Work) -> Outcome:
        """After a restart, keep the token and send nothing again."""
        self.tools.state.update_action(work.record.id, due=self._expires(work))
        return None

    def due(self, work: Work) -> Outcome:
        """Fail the action if nobody has answered in time."""
        expires = self._expires(work)
        if self.tools.now() < expires:
            self.tools.state.update_action(work.record.id, due=expires)
            return None
        return Failed("JobFailed", f"The approval action {work.action.name} was not answered in time.")

    @staticmethod
    def _expires(work: Work) -> float:
        return work.record.started + 60 * (work.action.timeout_min or DEFAULT_TIMEOUT_MIN)

    def _message(self, work: Work, token: str) -> Mapping[str, Any]:
        """The notification to the topic.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html
        """
        region = self.tools.region
        console = f"{self.tools.console}/codepipeline/home?region={region}#/view/{work.pipeline.name}"
        approval = {
            "pipelineName": work.pipeline.name,
            "stageName": work.stage,
            "actionName": work.action.name,
            "token": token,
            "expires": datetime.fromtimestamp(self._expires(work), UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "externalEntityLink": work.configuration.get("ExternalEntityLink"),
            "approvalReviewLink": f"{console}/{work.stage}/{work.action.name}/approve/{token}",
            "customData": work.configuration.get("CustomData"),
        }
        return {"region": region, "consoleLink": console, "approval": approval}
