"""How a stage that failed is tried again: all of its actions, or those alone that failed.

https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-retry.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

RetryMode = Literal["ALL_ACTIONS", "FAILED_ACTIONS"]

RETRY_ALL = "Retry all actions of the stage"
"""How a function's message begins the advice; the rule below has to agree, as `slipway retry` follows it."""

# What a release leaves once it is judged: each looks for itself, and needs nothing that is gone by then.
_STANDS_ALONE = frozenset({"Register", "RemoveChampion", "CleanUp", "Evidence"})


def retry_mode(failed: Collection[str]) -> RetryMode:
    """Return how to try again, by the names of the functions' actions that failed in the stage.

    A wait looks at what an earlier action of the stage has started: at the same failed training job for ever, unless
    that action runs again and makes the next attempt. An evaluation needs the champion's endpoint, which is removed
    when a release fails. Whatever is still as it should be, the earlier actions find and leave.
    """
    return "FAILED_ACTIONS" if _STANDS_ALONE.issuperset(failed) else "ALL_ACTIONS"
