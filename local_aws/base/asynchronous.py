"""Lambda: asynchronous invocations, which are retried and, once given up, told to whoever is to know."""

from __future__ import annotations

import contextvars
import json
import logging
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.base.roles import Credentials
from local_aws.base.tables import ministack

log = logging.getLogger(__name__)

RETRY_WAITS_S = (60.0, 120.0)
"""https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
THROTTLE_WAITS_S = (1.0, 300.0)
"""The first wait of an event that is throttled, and the longest, to which it doubles."""
SHORTENED = 60.0
"""Nobody is served by minutes of waiting on a laptop: a wait lasts a sixtieth of AWS's, but ages its event by all."""
MAXIMUM_RETRIES = 2
MAXIMUM_AGE_S = 6 * 60 * 60.0
_LATEST = "$LATEST"
_LONGEST_ERROR_MESSAGE = 1024
_OK, _TOO_MANY = 200, 429

ClientOf = Callable[[str, Credentials], Any]


@dataclass
class _Event:
    """An event in a function's queue."""

    function: dict[str, Any]
    payload: Any
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    waited_s: float = 0.0
    """By AWS's waits."""
    queued: float = field(default_factory=time.monotonic)
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.function.get("config") or self.function
        return config

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.queued + self.waited_s * (1 - 1 / SHORTENED)

    def wait(self, wait_s: float) -> None:
        self.waited_s += wait_s
        time.sleep(wait_s / SHORTENED)


def invoke_asynchronously_as_documented(client_of: ClientOf) -> None:
    """Retry as the function's event invoke config says, and send records with the rights of the function's role.

    MiniStack knows no age by AWS's waits, no record but that of a failure, of which it makes up the count, and sends
    it to dead-letter queues, too, which get the event alone. Neither does it ask the role.
    """
    functions = ministack("services.lambda_svc")

    def invoke(function: dict[str, Any], payload: Any) -> None:
        event = _Event(function, payload)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(_run, event, client_of), name="function-queue", daemon=True).start()

    functions.invoke_async_with_retry = invoke
    for name in ("_get_event_invoke_config", "_put_event_invoke_config", "_delete_event_invoke_config"):
        setattr(functions, name, _of_latest(getattr(functions, name)))


def _of_latest(operation: Callable[..., Any]) -> Callable[..., Any]:
    """A config without a qualifier is that of `$LATEST`, as the ARN in AWS's answer shows.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """

    def of_latest(name: str, qualifier: str | None = None, *data: Any) -> Any:
        return operation(name, qualifier or _LATEST, *data)

    return of_latest


def _run(event: _Event, client_of: ClientOf) -> None:
    functions = ministack("services.lambda_svc")
    try:
        functions._run_with_function_config_scope(event.config, _process, event, client_of)  # noqa: SLF001
    except Exception:
        log.exception("an event of the function %s was lost", event.config.get("FunctionName"))


def _process(event: _Event, client_of: ClientOf) -> None:
    config = _event_invoke_config(event.config)
    # An event without a retry may have the number 0.
    retries = MAXIMUM_RETRIES if config.get("MaximumRetryAttempts") is None else int(config["MaximumRetryAttempts"])
    oldest_s = float(config.get("MaximumEventAgeInSeconds") or MAXIMUM_AGE_S)
    condition = _attempt_all(event, retries, oldest_s)
    outcome = "OnSuccess" if condition == "Success" else "OnFailure"
    destination = (config.get("DestinationConfig") or {}).get(outcome, {}).get("Destination")
    if destination:
        _deliver(event, client_of, destination, "DestinationDeliveryFailures", lambda c: _send(event, condition, c))
    queue = (event.config.get("DeadLetterConfig") or {}).get("TargetArn")
    if queue and condition != "Success":
        _deliver(event, client_of, queue, "DeadLetterErrors", lambda c: _bury(event, c))


def _event_invoke_config(config: dict[str, Any]) -> dict[str, Any]:
    """That of the version or alias by which the function was invoked."""
    functions = ministack("services.lambda_svc")
    name, _, qualifier = config.get("FunctionArn", "").partition(":function:")[2].partition(":")
    function = functions._functions.get(name) or {}  # noqa: SLF001
    configs = function.get("event_invoke_configs") or {}
    found = configs.get(qualifier or _LATEST) or (None if qualifier else configs.get(""))
    return dict(found or {})


def _attempt_all(event: _Event, retries: int, oldest_s: float) -> str:
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
        event.wait(wait_s)


def _attempt(event: _Event) -> None:
    functions = ministack("services.lambda_svc")
    slot, _ = functions._acquire_execution_slot(event.function, event.config)  # noqa: SLF001
    if slot is None:
        event.result = {"throttle": True, "error": True}
        return
    event.attempts += 1
    try:
        event.result = functions._execute_function_dispatch(  # noqa: SLF001
            event.function, event.config, event.payload, event.request_id, time.time()
        )
    finally:
        functions._release_execution_slot(slot)  # noqa: SLF001


def _reserves_nothing(event: _Event) -> bool:
    """A reserved concurrency of 0 sends new events on without a retry.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    reserved = ministack("services.lambda_svc")._reserved_concurrency(event.function, event.config)  # noqa: SLF001
    return bool(reserved == 0)


def _record(event: _Event, condition: str) -> dict[str, Any]:
    """The invocation record: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    version = event.config.get("Version", _LATEST)
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": _qualified_arn(event),
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": event.payload,
    }
    if event.attempts:
        response: dict[str, Any] = {"statusCode": _OK, "executedVersion": version}
        if event.result.get("error"):
            response["functionError"] = event.result.get("function_error") or "Unhandled"
        record |= {"responseContext": response, "responsePayload": event.result.get("body")}
    return record


def _qualified_arn(event: _Event) -> str:
    arn = str(event.config.get("FunctionArn", ""))
    return arn if ":" in arn.partition(":function:")[2] else f"{arn}:{_LATEST}"


def _deliver(event: _Event, client_of: ClientOf, arn: str, metric: str, send: Callable[[_Target], None]) -> None:
    """Send with the credentials of the function's role; what fails is counted and logged, as nobody waits for it."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the first client

    config = event.config
    keys = ministack("core.lambda_runtime").execution_credentials(config)
    credentials = Credentials(
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"], float("inf")
    )
    try:
        send(_Target(arn, lambda service: client_of(service, credentials)))
    except (BotoCoreError, ClientError, ValueError) as error:
        name = config.get("FunctionName", "")
        log.warning("Lambda could not send what became of an event of %s to %s: %s", name, arn, error)
        record_metric = ministack("services.cloudwatch").record_metric
        record_metric("AWS/Lambda", metric, 1, "Count", {"FunctionName": name})


@dataclass(frozen=True)
class _Target:
    arn: str
    client: Callable[[str], Any]

    @property
    def service(self) -> str:
        return self.arn.split(":")[2]

    @property
    def name(self) -> str:
        return self.arn.split(":", 5)[5]

    def queue_url(self) -> str:
        url: str = self.client("sqs").get_queue_url(QueueName=self.name)["QueueUrl"]
        return url


def _send(event: _Event, condition: str, target: _Target) -> None:
    record = _record(event, condition)
    text = json.dumps(record)
    if target.service == "sqs":
        target.client("sqs").send_message(QueueUrl=target.queue_url(), MessageBody=text)
    elif target.service == "sns":
        target.client("sns").publish(TopicArn=target.arn, Message=text)
    elif target.service == "lambda":
        target.client("lambda").invoke(FunctionName=target.arn, InvocationType="Event", Payload=text.encode())
    elif target.service == "events":
        outcome = "Success" if condition == "Success" else "Failure"
        entry = {
            "Source": "lambda",
            "DetailType": f"Lambda Function Invocation Result - {outcome}",
            "Resources": [_qualified_arn(event), target.arn],
            "Detail": text,
            "EventBusName": target.name.removeprefix("event-bus/"),
        }
        answer = target.client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise ValueError(answer["Entries"][0].get("ErrorMessage", "PutEvents refused the record"))
    elif target.service == "s3":
        now = datetime.now(UTC)
        name = f"{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.UUID(bytes=secrets.token_bytes(16), version=4)}"
        key = f"aws/lambda/async/{event.config.get('FunctionName', '')}/{name}"
        target.client("s3").put_object(Bucket=target.name, Key=key, Body=text.encode())
    else:
        raise ValueError(f"a record cannot be sent to {target.service}")


def _bury(event: _Event, target: _Target) -> None:
    """A dead-letter queue gets the event as it was, with three attributes.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq
    """
    body = event.result.get("body")
    message = str(body.get("errorMessage", "")) if isinstance(body, dict) else ""
    code = _TOO_MANY if event.result.get("throttle") else _OK
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": event.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(code)},
        "ErrorMessage": {"DataType": "String", "StringValue": message[:_LONGEST_ERROR_MESSAGE] or "-"},
    }
    text = json.dumps(event.payload)
    if target.service == "sqs":
        target.client("sqs").send_message(QueueUrl=target.queue_url(), MessageBody=text, MessageAttributes=attributes)
    else:
        target.client("sns").publish(TopicArn=target.arn, Message=text, MessageAttributes=attributes)
