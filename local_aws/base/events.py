"""EventBridge: events of our services, pipelines as targets, and the version in S3's events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from local_aws.base.tables import ministack


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


PipelineTarget = Callable[[str, str, str, str], None]


def route_events_to_pipelines(start: PipelineTarget) -> None:
    """Make a pipeline's ARN a target of EventBridge rules.

    `start` gets the pipeline's ARN, the text that reaches the target (after Input, InputPath or InputTransformer)
    and the ARNs of the target's role and of the rule. MiniStack accepts such targets and then drops them, so the
    function that delivers is replaced: the payload is still made by its own code, by way of a target of a kind that
    it knows (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html).
    """
    eventbridge = ministack("services.eventbridge")
    original = eventbridge._invoke_target  # noqa: SLF001
    deliver_to_lambda = eventbridge._dispatch_to_lambda  # noqa: SLF001
    pending = threading.local()

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        target = getattr(pending, "target", None)
        if target is None:
            deliver_to_lambda(arn, payload)
        else:
            start(target["Arn"], payload, target.get("RoleArn", ""), pending.rule_arn)

    def invoke_target(target: dict[str, Any], event: Any, rule: Any, view: Any = None) -> None:
        if ":codepipeline:" not in target.get("Arn", ""):
            original(target, event, rule, view)
            return
        pending.target, pending.rule_arn = target, rule.get("Arn", "")
        try:
            disguised = {**target, "Arn": target["Arn"].replace(":codepipeline:", ":lambda:", 1)}
            original(disguised, event, rule, view)
        finally:
            pending.target = None

    eventbridge._dispatch_to_lambda = dispatch_to_lambda  # noqa: SLF001
    eventbridge._invoke_target = invoke_target  # noqa: SLF001
    eventbridge._SUPPORTED_TARGET_SERVICES.add("codepipeline")  # noqa: SLF001


_version_id: ContextVar[str | None] = ContextVar("s3_version_id", default=None)


def carry_version_ids() -> None:
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
