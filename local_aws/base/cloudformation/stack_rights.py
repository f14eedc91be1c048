"""CloudFormation: what a stack makes is made with the rights of its caller, or of the role that it was given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from local_aws.base.cloudformation.stack_permissions import ASKED_FOR, creation, deletion, grants
from local_aws.base.iam.callers import enforce, identify
from local_aws.base.iam.roles import RoleNotAssumableError, require_trust
from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT
from local_aws.wire import Caller, Permission

_SERVICE = "cloudformation.amazonaws.com"


@dataclass(frozen=True)
class _Actor:
    """The principal whose permissions change a stack: the stack's role if it has one, else the caller."""

    caller: Caller
    role: str


_actor: ContextVar[_Actor | None] = ContextVar("actor", default=None)


def require_stack_rights() -> None:
    """Ask IAM for the main actions of a stack's resources, and for all that changes who may do what.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html: the caller's session is
    used, or the service role that the stack was given last. MiniStack makes everything as root.
    """
    service = ministack("services.cloudformation")
    handle = service.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        members = _members(headers, body, query)
        given = members.get("RoleARN", "")
        _actor.set(_Actor(identify(headers, query), given or _role_of(members)))
        if given:
            try:
                require_trust(given, _SERVICE, None)
            except RoleNotAssumableError:
                message = f"Role {given} is invalid or cannot be assumed"
                return ministack("services.cloudformation.helpers")._error("ValidationError", message)  # noqa: SLF001
        answer = await handle(method, path, headers, body, query)
        if given:
            _remember(members, given)
        return answer

    service.handle_request = handle_request
    handlers = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS  # noqa: SLF001
    for kind in ASKED_FOR & set(handlers):
        handlers[kind] = _asking(kind, handlers[kind])


def _asking(kind: str, handler: Mapping[str, Any]) -> dict[str, Any]:
    create, update, delete = (handler.get(name) for name in ("create", "update", "delete"))
    asking = dict(handler)

    def ask_and_create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        _require(kind, [*creation(kind, logical_id, properties, stack), *grants(kind, {}, properties, "")])
        return create(logical_id, properties, stack)  # type: ignore[misc]

    def ask_and_update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        _require(kind, grants(kind, old, new, physical_id))
        return update(physical_id, old, new, *rest)  # type: ignore[misc]

    def ask_and_delete(physical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        _require(kind, deletion(kind, physical_id, properties))
        return delete(physical_id, properties, *rest)  # type: ignore[misc]

    asked: dict[str, Callable[..., Any]] = {
        "create": ask_and_create,
        "update": ask_and_update,
        "delete": ask_and_delete,
    }
    return asking | {name: function for name, function in asked.items() if name in handler}


def _require(kind: str, permissions: Iterable[Permission]) -> None:
    actor = _actor.get()
    if actor is None:
        return
    for permission in permissions:
        denied = _denied_to_role(actor.role, permission) if actor.role else enforce(actor.caller, permission)
        if denied:
            raise ValueError(f"{denied} (Service: {kind.split('::')[1]}, Status Code: 403)")


def _denied_to_role(role: str, permission: Permission) -> str | None:
    evaluator, iam = ministack("core.iam_evaluator"), ministack("services.iam")
    name = role.rpartition("/")[2]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/AWSCloudFormation"
    context = evaluator.EvalContext(
        principal_arn=arn,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=permission.action,
        resource_arn=permission.resource,
        region=ministack("core.responses").get_region(),
        service_context={key.lower(): value for key, value in permission.context.items()},
    )
    policies = evaluator._gather_role_policies(name, ACCOUNT)  # noqa: SLF001
    limits = evaluator._permissions_boundary(iam._roles, name, ACCOUNT)  # noqa: SLF001
    result = evaluator.evaluate(context, policies, *limits)
    service = permission.action.partition(":")[0]
    found = evaluator._resource_policy(service, permission.resource)  # noqa: SLF001
    if found:
        required = service in evaluator._POLICY_REQUIRED  # noqa: SLF001
        result = evaluator.combine_resource_policy(result, context, *found, required=required, limits=limits)
    decision = result.decision
    if decision == "Allow":
        return None
    message: str = ministack("core.iam_actions").identity_denial_message(
        permission.action, arn, permission.resource, decision == "Deny"
    )
    return message


def _members(headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> dict[str, str]:
    sent: dict[str, Any] = dict(query)
    text = body.decode("utf-8", errors="replace")
    if "json" in headers.get("content-type", ""):
        with suppress(ValueError):  # MiniStack answers what is no JSON
            sent.update(json.loads(text))
    else:
        sent.update(parse_qs(text))
    return {name: str(value[0] if isinstance(value, list) and value else value) for name, value in sent.items()}


def _records(members: Mapping[str, str]) -> list[dict[str, Any]]:
    """The change set and the stack that a request names, as far as there are."""
    changes, handlers = (ministack(f"services.cloudformation.{name}") for name in ("changesets", "handlers"))
    stack = members.get("StackName", "")
    _, change_set = changes._find_change_set(members.get("ChangeSetName", ""), stack)  # noqa: SLF001
    return [record for record in (change_set, _stack(handlers, stack)) if record]


def _stack(handlers: Any, name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = handlers._resolve_stack(name) if name else None  # noqa: SLF001
    return found


def _role_of(members: Mapping[str, str]) -> str:
    """The role of the change set or the stack that a request names; a stack that is deleted has none any more."""
    kept = (record for record in _records(members) if record.get("StackStatus") != "DELETE_COMPLETE")
    return next((str(record["RoleARN"]) for record in kept if record.get("RoleARN")), "")


def _remember(members: Mapping[str, str], role: str) -> None:
    """Keep the role for the operations on the stack that name none; a change set's becomes the stack's with it."""
    change_set_made = members.get("Action") == "CreateChangeSet"
    for record in _records(members)[: 1 if change_set_made else None]:
        record["RoleARN"] = role
