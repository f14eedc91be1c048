"""Checks at the start that MiniStack has every name that is used, and enters our services and types into its tables."""

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
        "_load_persisted_state",
        "save_all",
        "_handle_post_body_shortcuts",
        "_handle_pre_body_request",
        "pin_signed_request",
    ),
    "ministack.core.router": (
        "SERVICE_PATTERNS",
        "_is_aws_service_name",
        "detect_service",
        "extract_access_key_id",
        "extract_region",
    ),
    "ministack.core.iam_actions": (
        "SERVICE_TO_IAM_NAMESPACE",
        "_AUTH_FAILURES",
        "_BOTOCORE_SERVICE_MAP",
        "_QUERY_XML_NS",
        "_lambda_action",
        "access_denied_response",
        "s3_additional_checks",
        "extract_iam_action",
        "extract_resource_arn",
        "identity_denial_message",
    ),
    "ministack.core.responses": ("_BOTOCORE_NAME", "get_account_id"),
    "ministack.core.iam_evaluator": (
        "AuthError",
        "CredentialResolutionError",
        "EvalContext",
        "EvalResult",
        "ResolvedCredential",
        "_CONDITION_OPS",
        "_POLICY_REQUIRED",
        "_SESSION_TOKEN_NOT_CHECKED",
        "_anonymous",
        "_conditions_met",
        "_first_match",
        "_gather_role_policies",
        "_permissions_boundary",
        "_invalid_session_token",
        "_resolve_condition_key",
        "_resource_policy",
        "_role_name_from_assumed_arn",
        "combine_resource_policy",
        "_unknown_access_key",
        "_service_principal_matches",
        "_signed_request",
        "_verified_key",
        "enforce",
        "evaluate",
        "evaluate_resource_policy",
        "fnmatch_iam",
        "fnmatch_iam_cs",
        "is_root_access_key",
        "parse_policy_document",
        "request_caller_arn",
        "resolve_credential",
        "validate_policy_document",
    ),
    "ministack.core.lambda_runtime": (
        "DURABLE_ENV_VARS",
        "INVOKE_DEPTH_BOOTSTRAP",
        "INVOKE_DEPTH_ENV",
        "Worker",
        "_PYTHON_WORKER_SCRIPT",
        "_lock",
        "_workers",
        "acquire_worker",
        "execution_credentials",
        "kill_workers",
        "release_worker",
        "subprocess",
    ),
    "ministack.core.persistence": ("_json_default", "_json_object_hook", "_state_format_version"),
    "ministack.services.cloudwatch": (
        "_alarm_history",
        "_calc_stats",
        "_describe_alarms",
        "_dims_from_list",
        "_dims_key",
        "_dispatch_alarm_actions",
        "_evaluate_alarm",
        "_evaluate_all_alarms",
        "_evaluate_parent_alarms",
        "_evict_old_metrics",
        "_history_entries",
        "_metric_bucket",
        "_metrics",
        "_record_history",
        "_stat_value",
        "record_metric",
    ),
    "ministack.services.cloudwatch_logs": (
        "_append_log_events",
        "_build_log_record",
        "_collect_query_records",
        "_compile_filter_pattern",
        "_create_log_stream",
        "_describe_log_groups",
        "_describe_log_streams",
        "_fanout_to_live_tail_sessions",
        "_fanout_to_subscription_filters",
        "_filter_log_events",
        "_get_log_events",
        "_get_log_record",
        "_log_groups",
        "_log_records",
        "_public_log_record",
        "_put_log_events",
        "_resolve_log_group_name",
    ),
    "ministack.services.eventbridge": (
        "_connections",
        "_dispatch_event",
        "_dispatch_to_lambda",
        "_dispatch_to_stepfunctions",
        "_events_log_list",
        "_invoke_target",
        "_put_events",
        "_put_targets",
    ),
    "ministack.services.iam": (
        "_attach_group_policy",
        "_attach_role_policy",
        "_attach_user_policy",
        "_aws_managed_policies",
        "_error",
        "_groups",
        "_IAM_HANDLERS",
        "_make_aws_managed_record",
        "_p",
        "_policy_exists",
        "_roles",
        "_trust_policy_not_principal_error",
        "_users",
    ),
    "ministack.services.kms": ("_create_alias", "_create_key", "_key_metadata", "_resolve_key"),
    "ministack.services.lambda_svc": (
        "_acquire_execution_slot",
        "_create_function",
        "_delete_event_invoke_config",
        "_durable_env_overlay",
        "_emit_lambda_logs",
        "_ensure_reaper_thread",
        "_execute_function_dispatch",
        "_execute_function_warm",
        "_execution_record_for_config",
        "_functions",
        "_get_event_invoke_config",
        "_get_func_record_for_ref",
        "_invoke_depth",
        "_publish_version",
        "_put_event_invoke_config",
        "_release_execution_slot",
        "_reserved_concurrency",
        "_run_with_function_config_scope",
        "_update_code",
        "_update_config",
        "_xray_trace_id_for_invocation",
        "execution_credentials",
        "invoke_async_with_retry",
        "reap_idle_workers",
    ),
    "ministack.services.pipes": ("_start_state_machine_from_records",),
    "ministack.services.s3": (
        "S3_PERSIST",
        "_abort_multipart_upload",
        "_bucket_versioning",
        "_apply_object_lock_from_headers",
        "_bucket_object_lock",
        "_buckets",
        "_collect_list_entries",
        "_complete_multipart_upload",
        "_completed_multipart_uploads",
        "_copy_object",
        "_create_multipart_upload",
        "_delete_bucket",
        "_delete_bucket_encryption",
        "_delete_object",
        "_delete_objects",
        "_ensure_bucket",
        "_error",
        "_fire_s3_event",
        "_get_object_data",
        "_list_object_versions",
        "_load_persisted_data",
        "_multipart_uploads",
        "_no_such_bucket",
        "_object_legal_hold",
        "_object_lock_header_error",
        "_object_lock_target",
        "_object_retention",
        "_object_versions",
        "_persist_object",
        "_put_bucket_encryption",
        "_put_bucket_policy",
        "_put_bucket_versioning",
        "_put_object_lock_configuration",
        "_put_object_retention",
        "_qp",
        "_reschedule_restores",
        "_resolve_sse_write_headers",
        "_upload_part",
        "_upload_part_copy",
        "get_state",
        "load_persisted_state",
        "resolve_credential",
    ),
    "ministack.services.sts": (
        "_evict_expired_sessions",
        "_sessions",
        "is_root_access_key",
        "register_session",
        "resolve_credential",
        "validate_policy_document",
    ),
}
_LATE_TABLES = {
    "ministack.services.cloudformation": (
        "_change_sets",
        "_stack_events",
        "_stacks",
        "handle_request",
        "load_persisted_state",
    ),
    "ministack.services.cloudformation.changesets": (
        "_evaluate_conditions",
        "_find_change_set",
        "_resolve_parameters",
        "_resolve_props_for_diff",
        "validate_template_support",
    ),
    "ministack.services.cloudformation.engine": (
        "CfnLoader",
        "_TransformFailed",
        "_apply_transforms",
        "_evaluate_conditions",
        "_parse_template",
    ),
    "ministack.services.cloudformation.handlers": (
        "_ACTION_HANDLERS",
        "_imported_export_names",
        "_resolve_parameters",
        "_resolve_stack",
        "validate_template_support",
    ),
    "ministack.services.cloudformation.helpers": ("_error", "_extract_members", "_p", "_resolve_template"),
    "ministack.services.cloudformation.custom_resource": ("_pending",),
    "ministack.services.cloudformation.provisioners": (
        "_RESOURCE_HANDLERS",
        "_lambda_function_for_cfn_ref",
        "_s3_apply_configurations",
        "_zip_inline",
    ),
    "ministack.services.cloudtrail": (
        "_add_tags",
        "_create_trail",
        "_delete_trail",
        "_put_event_selectors",
        "_remove_tags",
        "_start_logging",
        "_stop_logging",
        "_update_trail",
    ),
    "ministack.services.lambda_svc": ("_functions",),
    "ministack.services.sns": ("_topics",),
    "ministack.services.cloudformation.wait_conditions": ("has_handle",),
    "ministack.services.cloudformation.stacks": (
        "_add_event",
        "_operation_event",
        "_property_recreation",
        "_resolve_refs",
        "_runs_on_worker_thread",
        "_validation_errors",
    ),
}


_fronts: set[str] = set()


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


def used_names() -> frozenset[str]:
    """Return the names below `ministack` that `check_tables` looks for."""
    return frozenset(
        f"{module.removeprefix('ministack.')}.{name}"
        for modules in (_TABLES, _LATE_TABLES)
        for module, names in modules.items()
        for name in names
    )


def asgi_app() -> Any:
    """MiniStack's ASGI application."""
    return ministack("app").app


def register_service(service: Service, ministack_name: str, target_prefix: str | None) -> None:
    """Route a service's requests to our front: by `X-Amz-Target`, else by the name in the signature's scope.

    IAM is asked by the front itself, which knows all resources of a call, so the service is taken out of MiniStack's
    table of IAM namespaces.
    """
    handlers, patterns = ministack("app").SERVICE_HANDLERS, ministack("core.router").SERVICE_PATTERNS
    handlers[ministack_name] = service.handle_request
    if target_prefix:
        patterns[ministack_name] = {"target_prefixes": [f"{target_prefix}."]}
    else:
        patterns.setdefault(ministack_name, {})
    ministack("core.iam_actions").SERVICE_TO_IAM_NAMESPACE.pop(ministack_name, None)
    _fronts.add(ministack_name)


def name_model(ministack_name: str, botocore_name: str) -> None:
    """Let MiniStack choose the content type of a service's answers by this model of botocore's."""
    ministack("core.responses")._BOTOCORE_NAME[ministack_name] = botocore_name  # noqa: SLF001


def is_front(service: str) -> bool:
    """Whether a service of MiniStack's name is one of ours, which asks IAM itself."""
    return service in _fronts


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


def check_before(handler: dict[str, Any], check: Callable[[Mapping[str, Any]], None]) -> None:
    """Let `check` see the properties before a resource of MiniStack's type is created or updated; it may raise."""
    create = handler["create"]

    def checked_create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        check(properties)
        return create(logical_id, properties, stack_name)

    handler["create"] = checked_create
    if "update" not in handler:
        return
    update = handler["update"]

    def checked_update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        check(new)
        return update(physical_id, old, new, *rest)

    handler["update"] = checked_update


def ministack(name: str) -> Any:
    """A module of MiniStack."""
    return import_module(f"ministack.{name}")
