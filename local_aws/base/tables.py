"""The tables of MiniStack that services, resource types and hooks are entered into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

from local_aws.wire import Service

MINISTACK_VERSION = "1.5.33"

_TABLES = {
    "ministack.app": (
        "SERVICE_HANDLERS",
        "SERVICE_REGISTRY",
        "AUTH",
        "app",
        "_loaded_modules",
        "_state_map",
        "PERSIST_STATE",
    ),
    "ministack.core.router": ("SERVICE_PATTERNS", "extract_access_key_id", "extract_region"),
    "ministack.core.iam_actions": ("SERVICE_TO_IAM_NAMESPACE", "extract_resource_arn", "identity_denial_message"),
    "ministack.core.iam_evaluator": (
        "AuthError",
        "CredentialResolutionError",
        "EvalContext",
        "_conditions_met",
        "_service_principal_matches",
        "enforce",
        "evaluate_resource_policy",
        "request_caller_arn",
        "resolve_credential",
    ),
    "ministack.core.lambda_runtime": ("_PYTHON_WORKER_SCRIPT",),
    "ministack.core.persistence": ("_json_default", "load_state", "save_state"),
    "ministack.services.cloudwatch": (
        "_calc_stats",
        "_describe_alarms",
        "_dims_from_list",
        "_dims_key",
        "_dispatch_alarm_actions",
        "_evaluate_alarm",
        "_evaluate_all_alarms",
        "_evaluate_parent_alarms",
        "_metrics",
        "_record_history",
        "_stat_value",
        "record_metric",
    ),
    "ministack.services.cloudwatch_logs": ("_log_groups",),
    "ministack.services.eventbridge": (
        "_dispatch_event",
        "_dispatch_to_lambda",
        "_invoke_target",
        "_put_events",
        "_SUPPORTED_TARGET_SERVICES",
    ),
    "ministack.services.iam": ("_roles",),
    "ministack.services.lambda_svc": (
        "_emit_lambda_logs",
        "_execution_record_for_config",
        "_functions",
        "_get_func_record_for_ref",
        "invoke_async_with_retry",
    ),
    "ministack.services.s3": (
        "_bucket_versioning",
        "_delete_bucket",
        "_delete_bucket_encryption",
        "_fire_s3_event",
        "_get_object_data",
        "_put_bucket_encryption",
    ),
    "ministack.services.sts": ("_sessions", "register_session"),
}
_LATE_TABLES = {
    "ministack.services.cloudformation.changesets": ("_evaluate_conditions", "_resolve_props_for_diff"),
    "ministack.services.cloudformation.provisioners": ("_RESOURCE_HANDLERS", "_s3_apply_configurations", "_zip_inline"),
    "ministack.services.lambda_svc": ("_functions",),
    "ministack.services.sns": ("_topics",),
    "ministack.services.cloudformation.stacks": ("_property_recreation", "_runs_on_worker_thread"),
}


class BaseMismatchError(Exception):
    """The installed MiniStack is not the one that this module extends."""


def check_tables(*, late: bool = False) -> None:
    """Raise BaseMismatchError unless every table that this module uses is there.

    `late` checks what takes a second to import, and so is loaded after the first answer.
    """
    missing = [
        f"{module}.{name}"
        for module, names in (_LATE_TABLES if late else _TABLES).items()
        for name in names
        if not hasattr(import_module(module), name)
    ]
    if missing:
        raise BaseMismatchError(
            f"local AWS extends MiniStack {MINISTACK_VERSION}; MiniStack {version('ministack')} lacks "
            f"{', '.join(missing)}. Install the locked dependencies again: make setup."
        )


def asgi_app() -> Any:
    """MiniStack's ASGI application."""
    return ministack("app").app


def register_service(service: Service, ministack_name: str, target_prefix: str | None) -> None:
    """Route a service's requests to our front: by `X-Amz-Target`, else by the name in the signature's scope.

    IAM is asked by the front itself, which knows all resources of a call; MiniStack only verifies the signature,
    so the service is taken out of its table of IAM namespaces.
    """
    handlers, patterns = ministack("app").SERVICE_HANDLERS, ministack("core.router").SERVICE_PATTERNS
    handlers[ministack_name] = service.handle_request
    if target_prefix:
        patterns[ministack_name] = {"target_prefixes": [f"{target_prefix}."]}
    else:
        patterns.setdefault(ministack_name, {})
    ministack("core.iam_actions").SERVICE_TO_IAM_NAMESPACE.pop(ministack_name, None)


@dataclass(frozen=True)
class ResourceType:
    """A CloudFormation resource type: what creates, updates and deletes it.

    `create(logical_id, properties, stack_name)` and `update(physical_id, old, new, stack_name)` return
    (physical id, attributes for Fn::GetAtt); `delete(physical_id, properties)` succeeds if it is gone already.
    """

    create: Callable[[str, dict[str, Any], str], tuple[str, dict[str, Any]]]
    update: Callable[[str, dict[str, Any], dict[str, Any], str], tuple[str, dict[str, Any]]]
    delete: Callable[[str, dict[str, Any]], None]


def register_resource_types(resources: Mapping[str, ResourceType]) -> None:
    """Let CloudFormation know resource types, by their names.

    They run on a worker thread: ours call other services over the wire, which the event loop must be free to answer.
    """
    handlers = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS  # noqa: SLF001
    for name, resource in resources.items():
        handlers[name] = {"create": resource.create, "update": resource.update, "delete": resource.delete}
    stacks = ministack("services.cloudformation.stacks")
    blocks = stacks._runs_on_worker_thread  # noqa: SLF001
    stacks._runs_on_worker_thread = lambda name: name in resources or blocks(name)  # noqa: SLF001


def ministack(name: str) -> Any:
    """A module of MiniStack."""
    return import_module(f"ministack.{name}")
