"""IAM: the resources and condition keys of requests that MiniStack does not derive.

- CloudWatch Logs: a log group's ARN ends in `:*` for every action but tagging, and a stream's actions name the
  stream (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html)
- Systems Manager: each parameter that a request names
  (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html)
- CloudWatch: the alarm that a request names (`alarms.alarm_arn`)
- Lambda: the version or alias that a request names, whose ARN is another than the function's
  (https://docs.aws.amazon.com/lambda/latest/dg/versioning-aliases.html,
  https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html)
- `cloudwatch:namespace` of PutMetricData
  (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html)
- `s3:x-amz-server-side-encryption-aws-kms-key-id` and `s3:if-none-match` of an upload
  (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from local_aws.base.cloudwatch.alarms import alarm_arn
from local_aws.base.tables import ministack

_request_keys: ContextVar[Mapping[str, Any]] = ContextVar("request_keys", default=MappingProxyType({}))
_LOG_STREAM_ACTIONS = frozenset({"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"})
_more_resources: ContextVar[tuple[str, ...]] = ContextVar("more_resources", default=())
_NAMED_PARAMETERS = frozenset({"ssm:GetParameters", "ssm:DeleteParameters"})
_UPLOAD_KEYS = ("x-amz-server-side-encryption-aws-kms-key-id", "if-none-match")


def note_request(
    resource_arn: Callable[..., str],
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
    *rest: Any,
) -> str:
    """The resource that a request is about, by MiniStack's `resource_arn`; its keys and other resources are kept."""
    _request_keys.set(_keys_of(service, headers, body))
    bodies = _bodies(service, headers, body)
    arn, *more = (str(resource_arn(service, method, path, headers, each, query, *rest)) for each in bodies)
    _more_resources.set(tuple(more))
    if service == "monitoring":
        region = ministack("core.router").extract_region(headers, {})
        return alarm_arn(headers, body, region) or arn
    if service == "lambda":
        return _function_arn(arn, query)
    return _log_arn(arn, headers, body) if service == "logs" else arn


def request_keys() -> Mapping[str, Any]:
    """The condition keys of the request under way that MiniStack does not derive."""
    return _request_keys.get()


def other_resources(action: str) -> tuple[str, ...]:
    """The resources beside the first one that the request under way needs an action on."""
    return _more_resources.get() if action in _NAMED_PARAMETERS else ()


def _bodies(service: str, headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """The request as one request per resource, of those that name several where MiniStack looks for one."""
    if f"{service}:{headers.get('x-amz-target', '').rpartition('.')[2]}" in _NAMED_PARAMETERS:
        names = json.loads(body).get("Names")
        if isinstance(names, list) and names:
            return [json.dumps({"Name": name}).encode() for name in names]
    return [body]


def _keys_of(service: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    if service == "monitoring":
        namespace = _metric_namespace(body)
        return {"cloudwatch:namespace": namespace} if namespace else {}
    if service == "s3":
        return {f"s3:{name}": headers[name] for name in _UPLOAD_KEYS if headers.get(name)}
    return {}


def _metric_namespace(body: bytes) -> str | None:
    """The Namespace of a PutMetricData request, in whichever of its protocols: JSON, Query or CBOR."""
    if body.startswith(b"{"):
        value = json.loads(body).get("Namespace")
        return value if isinstance(value, str) else None
    cbor = re.search(rb"iNamespace([\x61-\x77]|\x78.)", body, re.DOTALL)
    if cbor:
        head = cbor.group(1)
        length = head[1] if len(head) == 2 else head[0] - 0x60
        return body[cbor.end() : cbor.end() + length].decode("utf-8", errors="replace")
    return parse_qs(body.decode("utf-8", errors="replace")).get("Namespace", [None])[0]


def _function_arn(arn: str, query: Mapping[str, Any]) -> str:
    named = query.get("Qualifier")
    qualifier = named[0] if isinstance(named, list) and named else named
    return f"{arn}:{qualifier}" if qualifier and ":function:" in arn and arn.count(":") == 6 else arn


def _log_arn(arn: str, headers: Mapping[str, str], body: bytes) -> str:
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if ":log-group:" not in arn or operation in {"TagResource", "UntagResource", "ListTagsForResource"}:
        return arn
    stream = json.loads(body).get("logStreamName") if operation in _LOG_STREAM_ACTIONS else None
    return f"{arn}:log-stream:{stream}" if stream else f"{arn}:*"
