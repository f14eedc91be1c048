"""The patches of Lambda."""

from __future__ import annotations

from local_aws.base import memory
from local_aws.base.cloudformation import stack_targets
from local_aws.base.functions import invocation, names, rights, runtimes, versions
from local_aws.base.patch import DOCS, TESTS, Patch, all_of

PATCHES: tuple[Patch, ...] = (
    Patch(
        name="run_functions",
        replaces=("core.lambda_runtime._PYTHON_WORKER_SCRIPT", "services.lambda_svc._execute_function_warm"),
        why="A function fails with its own error, log and end; MiniStack has one error for all.",
        source=f"{DOCS}/lambda/latest/dg/python-exceptions.html",
        tests=(f"{TESTS}/functions/test_errors.py::test_class_message_and_stack_of_what_a_handler_raises",),
        apply=lambda _: invocation.run_functions(),
    ),
    Patch(
        name="fork_functions",
        replaces=("core.lambda_runtime.subprocess",),
        why="boto3 is there before a function is; here it is in memory once for all of them.",
        source=f"{DOCS}/lambda/latest/dg/lambda-python.html",
        tests=(f"{TESTS}/functions/test_processes.py::test_what_functions_import_is_in_memory_once",),
        apply=lambda parts: parts.processes.install(),
    ),
    Patch(
        name="end_idle_functions",
        replaces=("services.lambda_svc.reap_idle_workers",),
        why="An idle execution environment ends; MiniStack keeps a process of each function for good.",
        source=f"{DOCS}/lambda/latest/dg/lambda-runtime-environment.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda _: memory.end_idle_functions(),
    ),
    Patch(
        name="queue_invocations",
        replaces=all_of(
            "services.lambda_svc",
            "invoke_async_with_retry",
            "_get_event_invoke_config",
            "_put_event_invoke_config",
            "_delete_event_invoke_config",
        ),
        why="Events are retried as they age, and told of with the role's rights; MiniStack loses them with the server.",
        source=f"{DOCS}/lambda/latest/dg/invocation-async-error-handling.html",
        tests=(
            f"{TESTS}/functions/test_asynchronous.py::test_two_retries_and_a_record_for_the_function_of_the_failures",
            f"{TESTS}/functions/test_asynchronous.py::test_the_config_of_latest_in_a_stack",
        ),
        apply=lambda parts: parts.invocations.install(),
    ),
    Patch(
        name="refuse_runtimes",
        replaces=("services.lambda_svc._create_function", "services.lambda_svc._update_config"),
        why="A runtime that is unknown or no longer supported is refused; MiniStack takes any text.",
        source=f"{DOCS}/lambda/latest/dg/lambda-runtimes.html",
        tests=(
            f"{TESTS}/functions/test_runtimes.py::test_refused_when_a_function_is_created",
            f"{TESTS}/functions/test_runtimes.py::test_refused_when_a_function_is_updated",
        ),
        apply=lambda _: runtimes.refuse_runtimes(),
    ),
    Patch(
        name="refuse_function_roles",
        replaces=("services.lambda_svc._create_function", "services.lambda_svc._update_config"),
        why="A function's role is one that Lambda may assume; MiniStack takes any.",
        source=f"{DOCS}/lambda/latest/api/API_CreateFunction.html",
        tests=(f"{TESTS}/cloudformation/test_values.py::test_a_function_needs_a_role_that_lambda_may_assume",),
        apply=lambda _: stack_targets.refuse_function_roles(),
    ),
    Patch(
        name="refuse_function_names",
        replaces=("services.lambda_svc._create_function",),
        why="A function's name has a pattern; MiniStack takes any text, and makes paths of it.",
        source=f"{DOCS}/lambda/latest/api/API_CreateFunction.html",
        tests=(f"{TESTS}/functions/test_names.py::test_a_name_that_the_pattern_excludes_is_refused",),
        apply=lambda _: names.refuse_function_names(),
    ),
    Patch(
        name="publish_versions",
        replaces=("services.lambda_svc._publish_version", "services.lambda_svc._update_code"),
        why="A version is made where code or configuration changed since the last; MiniStack compares the revision.",
        source=f"{DOCS}/lambda/latest/api/API_PublishVersion.html",
        tests=("tests/cloudformation/test_publishing.py::test_local_aws_makes_versions_as_aws_does",),
        apply=lambda _: versions.publish_versions(),
    ),
    Patch(
        name="require_log_rights",
        replaces=("services.lambda_svc._emit_lambda_logs",),
        why="A function makes its log group with its role's rights; MiniStack always makes it.",
        source=f"{DOCS}/lambda/latest/dg/monitoring-cloudwatchlogs.html",
        tests=(f"{TESTS}/functions/test_logs.py::test_a_log_group_is_made_only_by_a_role_that_may",),
        apply=lambda _: rights.require_log_rights(),
    ),
)
