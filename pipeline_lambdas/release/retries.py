"""Decides how to retry a failed stage: all of its actions, or only the failed ones.

https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-retry.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

RetryMode = Literal["ALL_ACTIONS", "FAILED_ACTIONS"]

RETRY_ALL = "Retry all actions of the stage"
"""How a function's message begins the advice; the rule below has to agree, as `slipway retry` follows it."""

START_NEW = "Start a new release"
"""How the message of a failure ends that no retry can mend; the command line then recommends none."""

# What a release leaves once it is judged: each looks for itself, and needs nothing that is gone by then.
_STANDS_ALONE = frozenset({"Register", "RemoveChampion", "CleanUp", "Evidence"})


def retry_mode(failed: Collection[str]) -> RetryMode:
    """Return the retry mode for a stage in which the functions of the actions `failed` failed.

    A wait polls what an earlier action of the stage started: it would poll the same failed training job for ever,
    unless that action runs again and starts the next attempt. An evaluation needs the champion's endpoint, which
    `end-release` deletes when a release fails. The other actions find their earlier results and keep them.
    """
    return "FAILED_ACTIONS" if _STANDS_ALONE.issuperset(failed) else "ALL_ACTIONS"
