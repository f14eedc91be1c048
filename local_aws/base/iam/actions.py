"""IAM: the action that a request needs. Only root may send a request for which none, or more than one, is found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from local_aws.base.tables import is_front, ministack

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
_OTHER_NAMES = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeAsync": "lambda:InvokeFunction",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
}
_TARGETS = {
    "cloudformation": "CloudFormation_20100515",
    "monitoring": "GraniteServiceVersion20100801",
    "sqs": "AmazonSQS",
    "sts": "AWSSecurityTokenServiceV20110615",
}
"""Services that speak JSON beside Query, and what they are called in it."""
_FORM = "application/x-www-form-urlencoded"


class NoAction(str):
    """A request for something that is not an action of IAM, so no policy can allow it."""

    __slots__ = ()


def find_actions() -> None:
    """Ask IAM about the operation that is carried out, and let only root send anything that is not an operation.

    MiniStack lets anybody with a key pass where it finds no action, knows a part of Lambda's operations, and takes
    the name from another place of the request (query, body or header) than the service does.
    """
    actions, evaluator = ministack("core.iam_actions"), ministack("core.iam_evaluator")
    find, evaluate = actions.extract_iam_action, evaluator.evaluate
    actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]  # noqa: SLF001
    actions._lambda_action = lambda *_request: None  # noqa: SLF001

    def extract_iam_action(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> str | None:
        if is_front(service):
            return None
        namespace = actions.SERVICE_TO_IAM_NAMESPACE.get(service, service)
        if _speaks_query(service, path):
            name = _operation(service, path, headers, body, query)
            return f"{namespace}:{name}" if name else NoAction(f"{namespace}:{method} {path}")
        found = find(service, method, path, *_without_names(service in _rest_services(), headers, body, query))
        if found == "s3:DeleteObject" and "delete" in query and _first_has_version(path, body):
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
            return "s3:DeleteObjectVersion"
        return _OTHER_NAMES.get(found, found) if found else NoAction(f"{namespace}:{method} {path}")

    def evaluate_known(context: Any, *policies: Any) -> Any:
        if isinstance(context.action, NoAction):
            return evaluator.EvalResult("ImplicitDeny", context.principal_arn, "", "No action of IAM's")
        return evaluate(context, *policies)

    actions.extract_iam_action, evaluator.evaluate = extract_iam_action, evaluate_known


def _first_has_version(path: str, body: bytes) -> bool:
    """Whether a batch of deletions begins with a version; of the rest MiniStack asks by itself."""
    targets = ministack("core.iam_actions")._s3_batch_delete_targets(path.strip("/"), body)  # noqa: SLF001
    return bool(targets and targets[0][1])


def _speaks_query(service: str, path: str) -> bool:
    if service == "ses":  # its second version is REST, and its paths say so
        return not path.startswith("/v2/")
    return service in ministack("core.iam_actions")._QUERY_XML_NS or service in {"ec2", "sqs"}  # noqa: SLF001


def _rest_services() -> frozenset[str]:
    return frozenset(ministack("core.iam_actions")._BOTOCORE_SERVICE_MAP) | {"s3"}  # noqa: SLF001


def _without_names(
    rest: bool, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> tuple[dict[str, str], bytes, dict[str, Any]]:
    """A request without names of operations that its protocol does not read: REST has none, JSON has the header's."""
    dropped = {"content-type", "x-amz-target"} if rest else {"content-type"}
    kept = {name: value for name, value in headers.items() if name not in dropped}
    return kept, body, {name: value for name, value in query.items() if name != "Action"}


def _operation(
    service: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> str | None:
    """The operation of a service that speaks Query; None where it is not clear. `query` has the form's members too."""
    kind, target = headers.get("content-type", ""), headers.get("x-amz-target", "")
    in_path = re.search(r"/operation/([^/?]+)", path)
    prefix, _, name = target.rpartition(".")
    if service == "monitoring" and "cbor" in headers.get("smithy-protocol", "") + kind:
        names = {in_path.group(1)} if in_path and not target else set()
        clear = _is_without_members(query)
    elif service in _TARGETS and prefix == _TARGETS[service] and "amz-json" in kind:
        names = set() if in_path else {name}
        clear = _is_without_members(query)
    else:
        form = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)
        names = set() if target or in_path else set(_values(query.get("Action")))
        clear = not form or (kind.startswith(_FORM) and all(query.get(name) == form[name] for name in form))
    return names.pop() if clear and len(names) == 1 else None


def _is_without_members(query: Mapping[str, Any]) -> bool:
    """Whether a URL has nothing but a signature, as the body has all members; MiniStack would read both."""
    return all(name.lower().startswith("x-amz-") for name in query)


def _values(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)] if value else []
