"""State changes on EventBridge.

https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html. Times are epoch
milliseconds, as observed in events on AWS.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws import base
from local_aws.wire import Document

log = logging.getLogger(__name__)

_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")


def upper_snake(value: str) -> str:
    """`InService` as `IN_SERVICE`, the spelling in endpoint events."""
    return _WORD_START.sub("_", value).upper()


def publish(detail_type: str, arn: str, description: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    """Send a state change with the fields of a Describe response. A refusal by EventBridge is only logged."""
    detail: Document = {key: _plain(value) for key, value in description.items()}
    try:
        base.put_event("aws.sagemaker", f"SageMaker {detail_type}", {**detail, "Tags": dict(tags)}, [arn])
    except Exception:  # a state change must not fail because a rule's target fails
        log.exception("the event '%s' of %s was not delivered", detail_type, arn)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
