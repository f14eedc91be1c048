"""Reads the `Resource` of a Task state.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import re
from functools import lru_cache

from local_aws.stepfunctions.tasks.catalog import OPTIMIZED, REQUEST, TOKEN
from local_aws.stepfunctions.tasks.contract import Resource
from local_aws.stepfunctions.tasks.sdk.models import actions, botocore_service

_FUNCTION = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,140}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)
_ACTIVITY = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:activity:[^\s:]{1,80}")
_SERVICE = re.compile(
    r"arn:aws[a-z-]*:states:::(?P<service>(aws-sdk:)?[a-z0-9-]+):(?P<action>[A-Za-z0-9]+)"
    r"(?P<end>(?:[^A-Za-z0-9].*)?)"
)
_PATTERNS = {"": REQUEST, ".sync": "sync", ".sync:2": "sync:2", ".waitForTaskToken": TOKEN}
_SDK = "aws-sdk:"


@lru_cache(maxsize=512)
def parse(arn: str) -> Resource:
    """What a Resource says. Raises ValueError, in AWS's words, for one that it does not know."""
    if not arn.startswith("arn:"):
        raise ValueError("Value is not a valid resource ARN")
    if _FUNCTION.fullmatch(arn):
        return Resource(arn, "lambda")
    if _ACTIVITY.fullmatch(arn):
        return Resource(arn, "activity")
    found = _SERVICE.fullmatch(arn)
    pattern = _PATTERNS.get(found["end"]) if found else None
    if found is None or pattern is None or pattern not in _patterns(found["service"], found["action"]):
        raise ValueError(
            f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource "
            "is not available in this region."
        )
    return Resource(arn, "service", found["service"], found["action"] + found["end"], pattern)


def plain_action(resource: Resource) -> str:
    """The action of a resource without its pattern."""
    return resource.action.partition(".")[0]


def _patterns(service: str, action: str) -> frozenset[str]:
    if not service.startswith(_SDK):
        return OPTIMIZED[service].patterns.get(action, frozenset()) if service in OPTIMIZED else frozenset()
    name = botocore_service(service.removeprefix(_SDK))
    known = name is not None and action in actions(name)
    return frozenset({REQUEST, TOKEN}) if known else frozenset()
