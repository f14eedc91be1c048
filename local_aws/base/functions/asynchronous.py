"""Lambda: asynchronous invocations: their retries, and their destinations after the last one."""

from __future__ import annotations

import contextvars
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from local_aws.base.functions.destinations import LATEST, ClientOf, deliver
from local_aws.base.functions.event_queue import Event, EventQueue
from local_aws.base.tables import ministack
from local_aws.state.store import Store

log = logging.getLogger(__name__)

RETRY_WAITS_S = (60.0, 120.0)
"""https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
THROTTLE_WAITS_S = (1.0, 300.0)
"""The first wait of an event that is throttled, and the longest, to which it doubles."""
MAXIMUM_RETRIES = 2
ATTEMPTS_AT_ONCE = 16
"""Each is a process: a queue of hundreds, as a server finds that was down, would bring the machine to a standstill."""
MAXIMUM_AGE_S = 6 * 60 * 60.0


_ATTEMPTS = threading.BoundedSemaphore(ATTEMPTS_AT_ONCE)


class AsynchronousInvocations:
    """Lambda's queue: each event in a thread of its own, on disk until it is settled.

    The events retry as the function's event invoke config says, and records go with the rights of the function's role.
    MiniStack knows no age by AWS's waits, no record but that of a failure, of which it makes up the count, and sends
    it to dead-letter queues, too, which get the event alone. Neither does it ask the role.
    """

    def __init__(self, store: Store, client_of: ClientOf) -> None:
        self._queue, self._client_of = EventQueue(store), client_of

    def install(self) -> None:
        """Take MiniStack's place."""
        functions = ministack("services.lambda_svc")
        functions.invoke_async_with_retry = self._accept
        for name in ("_get_event_invoke_config", "_put_event_invoke_config", "_delete_event_invoke_config"):
            setattr(functions, name, _of_latest(getattr(functions, name)))

    def resume(self) -> None:
        """Go on with what the last server left."""
        for event in self._queue.unsettled():
            self._begin(event)

    def _accept(self, function: dict[str, Any], payload: Any) -> None:
        event = Event(function, payload)
        # CodePipeline survives as well, and sends a job that has no answer again, with credentials of that moment.
        if not (isinstance(payload, dict) and "CodePipeline.job" in payload):
            self._queue.keep(event)
        self._begin(event)

    def _begin(self, event: Event) -> None:
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run, event), name="function-queue", daemon=True).start()

    def _run(self, event: Event) -> None:
        functions = ministack("services.lambda_svc")
        try:
            functions._run_with_function_config_scope(event.config, self._settle, event)  # noqa: SLF001
        except sqlite3.ProgrammingError:
            log.info("an event of the function %s is left for the next start", event.config.get("FunctionName"))
        except Exception:
            log.exception("an event of the function %s was lost", event.config.get("FunctionName"))

    def _settle(self, event: Event) -> None:
        config = _event_invoke_config(event.config)
        # An event without a retry may have the number 0.
        retries = config.get("MaximumRetryAttempts")
        oldest_s = float(config.get("MaximumEventAgeInSeconds") or MAXIMUM_AGE_S)
        condition = _attempt_all(
            event, MAXIMUM_RETRIES if retries is None else int(retries), oldest_s, self._queue.update
        )
        outcome = "OnSuccess" if condition == "Success" else "OnFailure"
        destination = (config.get("DestinationConfig") or {}).get(outcome, {}).get("Destination") or ""
        dead_letters = (event.config.get("DeadLetterConfig") or {}).get("TargetArn") or ""
        deliver(event, condition, self._client_of, destination, dead_letters)
        self._queue.forget(event)


def _of_latest(operation: Callable[..., Any]) -> Callable[..., Any]:
    """A config without a qualifier is that of `$LATEST`, as the ARN in AWS's answer shows.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """

    def of_latest(name: str, qualifier: str | None = None, *data: Any) -> Any:
        return operation(name, qualifier or LATEST, *data)

    return of_latest


def _event_invoke_config(config: dict[str, Any]) -> dict[str, Any]:
    """That of the version or alias by which the function was invoked."""
    functions = ministack("services.lambda_svc")
    name, _, qualifier = config.get("FunctionArn", "").partition(":function:")[2].partition(":")
    function = functions._functions.get(name) or {}  # noqa: SLF001
    configs = function.get("event_invoke_configs") or {}
    found = configs.get(qualifier or LATEST) or (None if qualifier else configs.get(""))
    return dict(found or {})


def _attempt_all(event: Event, retries: int, oldest_s: float, waits: Callable[[Event], None]) -> str:
    """Invoke the function until it succeeds or the event is given up; the condition of the record."""
    throttle_s = THROTTLE_WAITS_S[0]
    while True:
        _attempt(event)
        if event.result.get("throttle"):
            if _reserves_nothing(event):
                return "RetriesExhausted"
            wait_s, throttle_s = throttle_s, min(throttle_s * 2, THROTTLE_WAITS_S[1])
        elif not event.result.get("error"):
            return "Success"
        elif event.attempts > retries:
            return "RetriesExhausted"
        else:
            wait_s = RETRY_WAITS_S[min(event.attempts, len(RETRY_WAITS_S)) - 1]
        if event.age_s + wait_s > oldest_s:
            return "EventAgeExceeded"
        waits(event)
        event.wait(wait_s)


def _attempt(event: Event) -> None:
    functions = ministack("services.lambda_svc")
    slot, _ = functions._acquire_execution_slot(event.function, event.config)  # noqa: SLF001
    if slot is None:
        event.result = {"throttle": True, "error": True}
        return
    event.attempts += 1
    try:
        with _ATTEMPTS:
            event.result = functions._execute_function_dispatch(  # noqa: SLF001
                event.function, event.config, event.payload, event.request_id, time.time()
            )
    finally:
        functions._release_execution_slot(slot)  # noqa: SLF001


def _reserves_nothing(event: Event) -> bool:
    """A reserved concurrency of 0 sends new events on without a retry.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    reserved = ministack("services.lambda_svc")._reserved_concurrency(event.function, event.config)  # noqa: SLF001
    return bool(reserved == 0)
