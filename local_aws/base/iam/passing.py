"""IAM: who hands a role or a key to a service must be allowed to."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT
from local_aws.wire import Permission

_CLOUDFORMATION = ("cloudformation.amazonaws.com", ("RoleARN",))
_EVENTS = "events.amazonaws.com"
_LAMBDA = ("lambda.amazonaws.com", ("Role",))
_PIPES = ("pipes.amazonaws.com", ("RoleArn",))
_SCHEDULER = ("scheduler.amazonaws.com", ("Target", "RoleArn"))
_PASSES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cloudformation:ContinueUpdateRollback": _CLOUDFORMATION,
    "cloudformation:CreateChangeSet": _CLOUDFORMATION,
    "cloudformation:CreateStack": _CLOUDFORMATION,
    "cloudformation:DeleteStack": _CLOUDFORMATION,
    "cloudformation:RollbackStack": _CLOUDFORMATION,
    "cloudformation:UpdateStack": _CLOUDFORMATION,
    "events:PutRule": (_EVENTS, ("RoleArn",)),
    "events:PutTargets": (_EVENTS, ("Targets", "RoleArn")),
    "lambda:CreateFunction": _LAMBDA,
    "lambda:UpdateFunctionConfiguration": _LAMBDA,
    "logs:PutSubscriptionFilter": ("logs.amazonaws.com", ("roleArn",)),
    "pipes:CreatePipe": _PIPES,
    "pipes:UpdatePipe": _PIPES,
    "scheduler:CreateSchedule": _SCHEDULER,
    "scheduler:UpdateSchedule": _SCHEDULER,
}
"""The service that is given a role by an action, and where the role stands in the request."""
_GIVES_KEY = frozenset({"lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"})
KEY_USES = ("kms:CreateGrant", "kms:Encrypt")
"""What Lambda does with a key for who gives it to a function, for the function's environment.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
"""

_FORBIDDEN, _BAD_REQUEST = 403, 400
_QUERY_COMPATIBLE = frozenset({"sqs"})
"""Of the services that speak AWS's JSON protocol, those whose refusals keep the status of their Query API.

The others answer every error of a caller with 400: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

_request: ContextVar[tuple[bytes, Mapping[str, Any]]] = ContextVar("request", default=(b"", {}))
_kept: ContextVar[tuple[str, str]] = ContextVar("kept", default=("", ""))
"""The action and the role or key that the caller of the request under way is refused."""


def key_context(region: str, function: str) -> dict[str, str]:
    """The condition keys of Lambda's use of a key for a function, by its name or its ARN."""
    arn = function if function.startswith("arn:") else f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function}"
    return {
        "kms:ViaService": f"lambda.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:lambda:FunctionArn": arn,
    }


def note_request(body: bytes, query: Mapping[str, Any]) -> None:
    """Keep the request under way, in which the roles and keys stand."""
    _request.set((body, query))
    _kept.set(("", ""))


def needed(action: str, resource_arn: str, region: str) -> Iterator[Permission]:
    """What the request under way needs beside its action, for the roles and keys that it gives to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html; our services ask for theirs.
    """
    if action in _PASSES:
        principal, where = _PASSES[action]
        for role in _named(where):
            yield Permission("iam:PassRole", role, {"iam:PassedToService": principal})
    for key in _named(("KMSKeyArn",)) if action in _GIVES_KEY else ():
        function = _named(("FunctionName",)) or [resource_arn.rpartition(":function:")[2]]
        context = key_context(region, function[0])
        for use in KEY_USES:
            yield Permission(use, key, context)


def keep_refused(permission: Permission) -> None:
    """Let the answer to the request under way say that this is what its caller lacks."""
    _kept.set((permission.action, permission.resource))


def answer_refusals() -> None:
    """Let a denial name the resource, role or key that is refused, in the service's words, and the request.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    actions = ministack("core.iam_actions")
    answer = actions.access_denied_response

    def access_denied_response(service: str, action: str, principal_arn: str, request_id: str, **more: Any) -> Any:
        status: int
        status, headers, body = answered(service, action, principal_arn, request_id, more)
        if status == _FORBIDDEN and "x-amz-target" in (more.get("headers") or {}) and service not in _QUERY_COMPATIBLE:
            status = _BAD_REQUEST
        return status, {**_ids(service, request_id), **headers}, body

    def answered(service: str, action: str, principal: str, request_id: str, more: dict[str, Any]) -> Any:
        lacking, resource = _kept.get()
        explicit, asked = more.get("explicit_deny", False), more.get("resource_arn", "*")
        if more.get("error_code"):
            return answer(service, action, principal, request_id, **more)
        if not lacking:
            if asked != "*" and not more.get("message") and not (explicit and more.get("resource_policy_arn")):
                more = {**more, "message": actions.identity_denial_message(action, principal, asked, explicit)}
            return answer(service, action, principal, request_id, **more)
        message = actions.identity_denial_message(lacking, principal, resource, explicit)
        more = {**more, "message": message, "resource_arn": resource}
        if lacking not in KEY_USES:
            return answer(service, lacking, principal, request_id, **more)
        more |= {"message": _of_lambda(lacking, message), "error_code": "InvalidParameterValueException"}
        return (_BAD_REQUEST, *answer(service, lacking, principal, request_id, **more)[1:])

    actions.access_denied_response = access_denied_response


def _ids(service: str, request_id: str) -> dict[str, str]:
    """The headers by which SDKs tell a request.

    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
    """
    if service != "s3":
        return {"x-amzn-RequestId": request_id}
    return {"x-amz-request-id": request_id, "x-amz-id-2": base64.b64encode(request_id.encode()).decode()}


def _of_lambda(use: str, message: str) -> str:
    """As Lambda passes on what KMS answers.

    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/lambda/function.go
    """
    return (
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid for "
        f"{use.partition(':')[2]}. Please check your KMS key settings. KMS Exception: AccessDeniedException "
        f"KMS Message: {message}"
    )


def _named(where: tuple[str, ...]) -> list[str]:
    body, query = _request.get()
    found = {name for document in _documents(body, query) for name in _members(document, where)}
    return sorted(found)


def _documents(body: bytes, query: Mapping[str, Any]) -> Iterator[Any]:
    yield {name: value[0] if isinstance(value, list) and value else value for name, value in query.items()}
    try:
        yield json.loads(body)
    except ValueError:  # a form, which MiniStack has read into the query
        return


def _members(document: Any, where: tuple[str, ...]) -> Iterator[str]:
    if isinstance(document, list):
        for each in document:
            yield from _members(each, where)
    elif not where:
        if isinstance(document, str) and document:
            yield document
    elif isinstance(document, dict):
        yield from _members(document.get(where[0]), where[1:])
