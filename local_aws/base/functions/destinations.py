"""Lambda: where the records of asynchronous invocations go, with the rights of the function's role.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
import logging
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_aws.base.functions.event_queue import Event
from local_aws.base.iam.roles import Credentials
from local_aws.base.tables import ministack

log = logging.getLogger(__name__)

LATEST = "$LATEST"
_LONGEST_ERROR_MESSAGE = 1024
_OK, _TOO_MANY = 200, 429

ClientOf = Callable[[str, Credentials], Any]


def deliver(event: Event, condition: str, client_of: ClientOf, destination: str, dead_letters: str) -> None:
    """Send what became of the event to its destination and, if it failed, the event to the dead-letter queue.

    Both are ARNs, or empty.
    """
    if destination:
        _deliver(event, client_of, destination, "DestinationDeliveryFailures", lambda c: _send(event, condition, c))
    if dead_letters and condition != "Success":
        _deliver(event, client_of, dead_letters, "DeadLetterErrors", lambda c: _bury(event, c))


def _record(event: Event, condition: str) -> dict[str, Any]:
    version = event.config.get("Version", LATEST)
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


def _qualified_arn(event: Event) -> str:
    arn = str(event.config.get("FunctionArn", ""))
    return arn if ":" in arn.partition(":function:")[2] else f"{arn}:{LATEST}"


def _deliver(event: Event, client_of: ClientOf, arn: str, metric: str, send: Callable[[_Target], None]) -> None:
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

    def send_message(self, **message: Any) -> None:
        """Send to the queue; its URL is made here, as Lambda needs `sqs:SendMessage` alone of its role."""
        client, account = self.client("sqs"), self.arn.split(":")[4]
        client.send_message(QueueUrl=f"{client.meta.endpoint_url}/{account}/{self.name}", **message)


def _send(event: Event, condition: str, target: _Target) -> None:
    record = _record(event, condition)
    text = json.dumps(record)
    if target.service == "sqs":
        target.send_message(MessageBody=text)
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


def _bury(event: Event, target: _Target) -> None:
    """A dead-letter queue gets the event as it was, with three attributes."""
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
        target.send_message(MessageBody=text, MessageAttributes=attributes)
    else:
        target.client("sns").publish(TopicArn=target.arn, Message=text, MessageAttributes=attributes)
