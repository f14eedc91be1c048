"""The last lines that running actions have logged, for a view that is drawn again and again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.report.kit.text import UNSEEN
from slipway.releases.log_lines import last_lines, without_sequences
from slipway.releases.log_places import places_of_action
from slipway.releases.run_view import ActionView, RunView
from slipway.session import Session

Tails = Mapping[tuple[str, str], tuple[str, ...]]
"""Stage and action to the last lines of its log, the newest last."""
_EVERY_S = 1.0
_MOST_LINES = 20
_AROUND = timedelta(seconds=5)
"""Clocks differ."""
_TAB = 4
_LONGEST = 1000
"""Characters of a line; CloudWatch takes lines of a megabyte, and a window shows a few hundred."""


@dataclass
class LogTail:
    """Reads the logs of what runs; each at most once a second."""

    session: Session
    _asked: dict[str, float] = field(default_factory=dict, init=False)
    _said: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)

    def tails(self, run: RunView) -> Tails:
        """Return the last lines of each action that goes on; an approval has none."""
        return {
            (action.stage, action.name): self._lines(run, action)
            for action in run.actions
            if action.status == "InProgress"
        }

    def _lines(self, run: RunView, action: ActionView) -> tuple[str, ...]:
        key = f"{action.stage}/{action.name} {action.attempt}"
        if time.monotonic() - self._asked.get(key, -_EVERY_S) >= _EVERY_S:
            self._said[key] = self._read(run, action)
            self._asked[key] = time.monotonic()
        return self._said[key]

    def _read(self, run: RunView, action: ActionView) -> tuple[str, ...]:
        """Return nothing on an error: people may follow a release without the right to read its logs."""
        since, begun = action.started, (run.started or datetime.now(UTC)) - _AROUND
        try:
            for place in places_of_action(self.session, run, action):
                # A job may have begun before the action that waits for it; other actions have the function's log too.
                lines = last_lines(self.session, place, begun if place.prefix else since or begun, _MOST_LINES)
                if lines:
                    return tuple(map(plain, lines))
        except (ClientError, BotoCoreError):
            pass
        return ()


def plain(line: str) -> str:
    """Return a line as one row: what a program that redraws its line showed last, without colours and tabs."""
    shown = line.rstrip().rpartition("\r")[2][:_LONGEST]
    return UNSEEN.sub("", without_sequences(shown).expandtabs(_TAB))
