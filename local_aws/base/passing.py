"""IAM: who hands a role to a service must be allowed to pass it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from local_aws.base.tables import ministack

_CLOUDFORMATION = ("cloudformation.amazonaws.com", ("RoleARN",))
_EVENTS = "events.amazonaws.com"
_LAMBDA = ("lambda.amazonaws.com", ("Role",))
_PIPES = ("pipes.amazonaws.com", ("RoleArn",))
_SCHEDULER = ("scheduler.amazonaws.com", ("Target", "RoleArn"))
_STATES = ("states.amazonaws.com", ("roleArn",))
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
    "states:CreateStateMachine": _STATES,
    "states:UpdateStateMachine": _STATES,
}
"""The service that is given a role by an action, and where the role stands in the request."""

_request: ContextVar[tuple[bytes, Mapping[str, Any]]] = ContextVar("request", default=(b"", {}))
_kept: ContextVar[str] = ContextVar("kept", default="")
"""The role that the caller of the request under way may not pass."""


def ask_who_passes_roles() -> None:
    """Ask for `iam:PassRole` on each role that a request gives to one of MiniStack's services.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html; our services ask for theirs.
    """
    actions, evaluator = ministack("core.iam_actions"), ministack("core.iam_evaluator")
    resource_arn, ask, answer = actions.extract_resource_arn, evaluator.enforce, actions.access_denied_response

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], *rest: Any
    ) -> str:
        _request.set((body, query))
        _kept.set("")
        return str(resource_arn(service, method, path, headers, body, query, *rest))

    def ask_for_roles(key_id: str, action: str, service: str, region: str, **more: Any) -> Any:
        denied = ask(key_id, action, service, region, **more)
        principal, where = _PASSES.get(action, ("", ()))
        for role in () if denied or not where else _roles(where):
            keys = {"iam:PassedToService": principal}
            denied = ask(key_id, "iam:PassRole", "iam", region, resource_arn=role, service_context=keys)
            if denied:
                _kept.set(role)
                break
        return denied

    def access_denied_response(service: str, action: str, principal_arn: str, request_id: str, **more: Any) -> Any:
        role = _kept.get()
        if role and not more.get("error_code"):
            action = "iam:PassRole"
            message = actions.identity_denial_message(action, principal_arn, role, more.get("explicit_deny", False))
            more = {**more, "message": message, "resource_arn": role}
        return answer(service, action, principal_arn, request_id, **more)

    actions.extract_resource_arn, evaluator.enforce = extract_resource_arn, ask_for_roles
    actions.access_denied_response = access_denied_response


def _roles(where: tuple[str, ...]) -> list[str]:
    body, query = _request.get()
    found = {role for document in _documents(body, query) for role in _members(document, where)}
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
