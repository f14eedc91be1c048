"""The progress of a build, from CodeBuild and its log.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.releases.run_view import ActionView, RunView
from slipway.session import Session

_EVERY_S = 1.0
_LAST_LINES = 50
_COMMAND = re.compile(r"^\[Container\] \S+ \S+ Running command (.+)$")
"""A command after `||` is the one that runs if the condition before it does not hold."""
_LONGEST = 50


@dataclass
class BuildProgress:
    """Reports the phase and the command of each running build; polls each at most once a second."""

    session: Session
    _asked: dict[str, float] = field(default_factory=dict, init=False)
    _said: dict[str, str] = field(default_factory=dict, init=False)

    def told(self, run: RunView) -> RunView:
        """Return the release with the progress of its running builds as their summaries."""
        return replace(run, actions=tuple(self._told(action) for action in run.actions))

    def _told(self, action: ActionView) -> ActionView:
        if action.provider != "CodeBuild" or action.status != "InProgress" or not action.external_id:
            return action
        if time.monotonic() - self._asked.get(action.external_id, -_EVERY_S) >= _EVERY_S:
            self._asked[action.external_id] = time.monotonic()
            self._said[action.external_id] = self._at(action.external_id)
        return replace(action, summary=self._said.get(action.external_id, ""))

    def _at(self, build_id: str) -> str:
        """Return nothing on an error: people may follow a release without the right to see its build."""
        try:
            build = self.session.client("codebuild").batch_get_builds(ids=[build_id])["builds"][0]
            return step(str(build.get("currentPhase", "")), self._lines(build.get("logs", {})))
        except (ClientError, BotoCoreError, IndexError):
            return ""

    def _lines(self, logs: dict[str, Any]) -> list[str]:
        if not logs.get("streamName"):
            return []
        events = self.session.client("logs").get_log_events(
            logGroupName=logs["groupName"], logStreamName=logs["streamName"], startFromHead=False, limit=_LAST_LINES
        )["events"]
        return [event["message"] for event in events]


def step(phase: str, lines: Iterable[str]) -> str:
    """Return a build's phase, and the last command that its log shows."""
    commands = [found[1].rpartition("|| ")[2] for line in lines if (found := _COMMAND.match(line.rstrip()))]
    command = re.sub(r" --[a-z-]+(?= )", "", commands[-1]) if commands else ""
    shortened = command if len(command) <= _LONGEST else f"{command[: _LONGEST - 3]}..."
    return f"{phase}: {shortened}" if shortened else phase
