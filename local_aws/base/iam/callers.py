"""IAM: who calls, whether they may, and what MiniStack leaves out when it asks about its own services."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from local_aws.base.cloudwatch.alarms import alarm_arn
from local_aws.base.s3.object_lock import more_actions
from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT
from local_aws.wire import Caller, Permission


def identify(headers: Mapping[str, str], query: Mapping[str, Any]) -> Caller:
    """The caller of a request whose signature the gate has verified."""
    router, evaluator = ministack("core.router"), ministack("core.iam_evaluator")
    return Caller(
        account=ACCOUNT,
        region=router.extract_region(headers, query),
        arn=evaluator.request_caller_arn(headers, query),
        access_key_id=router.extract_access_key_id(headers, query) or "",
    )


def enforce(caller: Caller, permission: Permission) -> str | None:
    """Ask IAM: None if the caller may, else AWS's sentence of denial."""
    evaluator = ministack("core.iam_evaluator")
    denied = evaluator.enforce(
        caller.access_key_id,
        permission.action,
        permission.action.partition(":")[0],
        caller.region,
        resource_arn=permission.resource,
        service_context=dict(permission.context),
    )
    if denied is None:
        return None
    if isinstance(denied, evaluator.AuthError):
        return str(denied.message)
    message: str = ministack("core.iam_actions").identity_denial_message(
        permission.action, caller.arn, permission.resource, denied.decision == "Deny"
    )
    return message


def root_caller(region: str) -> Caller:
    """The account's root, as which CloudFormation makes a resource once IAM has allowed it; it holds no key."""
    return Caller(account=ACCOUNT, region=region, arn=f"arn:aws:iam::{ACCOUNT}:root")


_request_keys: ContextVar[Mapping[str, Any]] = ContextVar("request_keys", default=MappingProxyType({}))
_LOG_STREAM_ACTIONS = frozenset({"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"})
_more_resources: ContextVar[tuple[str, ...]] = ContextVar("more_resources", default=())
_NAMED_PARAMETERS = frozenset({"ssm:GetParameters", "ssm:DeleteParameters"})
_UPLOAD_KEYS = ("x-amz-server-side-encryption-aws-kms-key-id", "if-none-match")


def complete_request_context() -> None:
    """Give IAM the resources and condition keys of requests that MiniStack does not derive.

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
    - `s3:x-amz-server-side-encryption-aws-kms-key-id` and `s3:if-none-match` of an upload, and the actions of its lock
      (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html)
    """
    actions, evaluator = ministack("core.iam_actions"), ministack("core.iam_evaluator")
    resource_arn, ask, checks = actions.extract_resource_arn, evaluator.enforce, actions.s3_additional_checks

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> str:
        _request_keys.set(_keys_of(service, headers, body))
        bodies = _bodies(service, headers, body)
        arn, *more = (str(resource_arn(service, method, path, headers, each, *rest)) for each in bodies)
        _more_resources.set(tuple(more))
        if service == "monitoring":
            region = ministack("core.router").extract_region(headers, {})
            return alarm_arn(headers, body, region) or arn
        if service == "lambda":
            return _function_arn(arn, rest[0] if rest else {})
        return _log_arn(arn, headers, body) if service == "logs" else arn

    def ask_with_keys(
        key_id: str, action: str, *args: Any, service_context: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        keys = {**_request_keys.get(), **(service_context or {})}
        denied = ask(key_id, action, *args, service_context=keys, **kwargs)
        for arn in _more_resources.get() if action in _NAMED_PARAMETERS else ():
            denied = denied or ask(key_id, action, *args, service_context=keys, **{**kwargs, "resource_arn": arn})
        return denied

    def s3_checks(method: str, path: str, headers: dict[str, str], *rest: Any) -> list[tuple[str, str]]:
        locking = more_actions(method, headers, f"arn:aws:s3:::{path.lstrip('/')}")
        return [*checks(method, path, headers, *rest), *locking]

    actions.s3_additional_checks = s3_checks
    actions.extract_resource_arn = extract_resource_arn
    evaluator.enforce = ask_with_keys


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
