"""EventBridge: events of our services, how targets get theirs, and the version in S3's events."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from local_aws.base.functions.rights import serves_rule
from local_aws.base.tables import ministack

log = logging.getLogger(__name__)


def put_event(source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> None:
    """Publish an event of an `aws.*` source on the default bus; rules have been matched when this returns."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": resources,
    }
    eventbridge = ministack("services.eventbridge")
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001


def find_connection(arn: str) -> Mapping[str, Any] | None:
    """A connection with its secrets, which no answer of the API holds; None if there is none of this ARN.

    AWS ends the ARN with an id that changes when a connection is made anew; MiniStack ends it with the name.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Connection.html
    """
    connections = ministack("services.eventbridge")._connections  # noqa: SLF001
    found: Mapping[str, Any] | None = connections.get(arn.partition(":connection/")[2])
    return found if found and found["ConnectionArn"] == arn else None


PipelineTarget = Callable[[str, str, str, str], None]


def deliver_events(start: PipelineTarget) -> None:
    """Deliver to pipelines, and to a function as its policy allows and again if it fails.

    `start` gets the pipeline's ARN, the text that reaches the target (after Input, InputPath or InputTransformer)
    and the ARNs of the target's role and of the rule. MiniStack accepts such targets and then drops them; the payload
    is still made by its own code, by way of a target of a kind that it knows
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html).

    It invokes a function once, whatever the function's policy says. What that refuses is logged, as AWS tells nobody
    but a metric: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html. Retries are those
    of an asynchronous invocation: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    eventbridge = ministack("services.eventbridge")
    original = eventbridge._invoke_target  # noqa: SLF001
    pending = threading.local()

    def invoke_target(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        arn, rule_arn = target.get("Arn", ""), rule.get("Arn", "")
        if ":codepipeline:" in arn:
            pending.target, pending.rule_arn = target, rule_arn
            try:
                original({**target, "Arn": arn.replace(":codepipeline:", ":lambda:", 1)}, event, rule, view)
            finally:
                pending.target = None
        elif ":lambda:" in arn and ":function:" in arn and not serves_rule(arn, rule_arn):
            log.warning("EventBridge may not invoke %s for %s: the function's policy does not allow it", arn, rule_arn)
        else:
            original(target, event, rule, view)

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        pipeline = getattr(pending, "target", None)
        if pipeline is None:
            _invoke_function(arn, payload)
        else:
            start(pipeline["Arn"], payload, pipeline.get("RoleArn", ""), pending.rule_arn)

    eventbridge._invoke_target = invoke_target  # noqa: SLF001
    eventbridge._dispatch_to_lambda = dispatch_to_lambda  # noqa: SLF001


def _invoke_function(arn: str, payload: str) -> None:
    functions = ministack("services.lambda_svc")
    function, config, _ = functions._get_func_record_for_ref(arn)  # noqa: SLF001
    record = functions._execution_record_for_config(function, config)  # noqa: SLF001
    functions.invoke_async_with_retry(record, json.loads(payload))


_version_id: ContextVar[str | None] = ContextVar("s3_version_id", default=None)


def add_version_ids() -> None:
    """Put `version-id` into the events that S3 sends to EventBridge, as AWS does for versioned buckets.

    MiniStack knows the version when it makes the event and leaves it out, so a rule could not pin the revision
    that started a pipeline (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html).
    """
    s3, eventbridge = ministack("services.s3"), ministack("services.eventbridge")
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event  # noqa: SLF001

    def fire_s3_event(*args: Any, version_id: str | None = None, **kwargs: Any) -> None:
        token = _version_id.set(version_id)
        try:
            fire(*args, version_id=version_id, **kwargs)
        finally:
            _version_id.reset(token)

    def dispatch_event(event: dict[str, Any], view: Any = None) -> None:
        version = _version_id.get()
        if version and event["Source"] == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event, view = {**event, "Detail": json.dumps(detail)}, None
        dispatch(event, view)

    s3._fire_s3_event = fire_s3_event  # noqa: SLF001
    eventbridge._dispatch_event = dispatch_event  # noqa: SLF001
