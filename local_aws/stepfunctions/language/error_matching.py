"""Which errors a Retrier or Catcher handles, and when the next attempt is due.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol, TypeVar

from local_aws.stepfunctions.contracts.errors import (
    ALL,
    DATA_LIMIT,
    HEARTBEAT_TIMEOUT,
    RUNTIME,
    TASK_FAILED,
    TIMEOUT,
)
from local_aws.stepfunctions.definition.model import Retrier
from local_aws.stepfunctions.definition.validation.values import MAX_SECONDS

_TERMINAL: Final = frozenset({RUNTIME, DATA_LIMIT})
"""What no wildcard covers."""


class Handler(Protocol):
    @property
    def error_equals(self) -> tuple[str, ...]:
        """The names that a Retrier or Catcher handles."""


H = TypeVar("H", bound=Handler)


def matches(names: Collection[str], error: str, *, of_task: bool = False) -> bool:
    """Whether `ErrorEquals` names an error.

    States.Runtime is never handled. States.ALL leaves out States.DataLimitExceeded, unless a task itself reported it
    (`of_task`: its result was too large; observed on AWS). States.TaskFailed covers the same but timeouts, and a
    heartbeat's timeout is one.
    """
    if error == RUNTIME:
        return False
    if error in names or (error == HEARTBEAT_TIMEOUT and TIMEOUT in names):
        return True
    if error in _TERMINAL and not of_task:
        return False
    return ALL in names or (TASK_FAILED in names and error not in {TIMEOUT, HEARTBEAT_TIMEOUT})


def first_match(handlers: Sequence[H], error: str, *, of_task: bool = False) -> int | None:
    """The index of the first Retrier or Catcher that handles an error; None where no one does."""
    return next((at for at, each in enumerate(handlers) if matches(each.error_equals, error, of_task=of_task)), None)


def retry_delay(retrier: Retrier, attempt: int, random: Callable[[], float]) -> float:
    """Seconds until the next attempt.

    `attempt` counts the retries that this Retrier has granted, from 0. `random` gives numbers in [0, 1), for
    `JitterStrategy: FULL`: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    # No state waits longer than that, so no retry does.
    ceiling = float(MAX_SECONDS) if retrier.max_delay_s is None else float(retrier.max_delay_s)
    try:
        delay = min(retrier.interval_s * retrier.backoff_rate**attempt, ceiling)
    except OverflowError:
        delay = ceiling
    return delay * random() if retrier.full_jitter else delay
