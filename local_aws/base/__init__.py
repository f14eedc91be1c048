"""MiniStack extended: the one package that touches its tables.

MiniStack has no interface for further services, so they are entered into the tables that its own services stand
in. `check_tables` looks at start whether each of them is still there, and names the version that this package was
written for, so that another version fails with a sentence and not halfway through a release.
"""

from local_aws.base.cloudformation.replacements import (
    CREATE_ONLY,
    leave_out_what_conditions_exclude,
    tell_what_replaces,
)
from local_aws.base.cloudformation.stack_locks import lock_buckets_of_stacks
from local_aws.base.cloudformation.stack_rights import ask_who_makes_resources
from local_aws.base.cloudformation.stack_targets import (
    refuse_missing_targets_in_stacks,
    refuse_roles_that_eventbridge_cannot_assume,
    refuse_roles_that_lambda_cannot_assume,
)
from local_aws.base.cloudformation.stacks import complete_resource_types, ended_stacks, stacks_under_way
from local_aws.base.cloudformation.template_checks import check_templates
from local_aws.base.cloudformation.template_findings import TemplateFindings
from local_aws.base.cloudformation.template_values import refuse_values_as_documented
from local_aws.base.cloudwatch.alarm_history import keep_alarm_history_in
from local_aws.base.cloudwatch.alarms import evaluate_alarms_as_documented, put_metric
from local_aws.base.cloudwatch.log_events import keep_log_events_in
from local_aws.base.cloudwatch.metric_points import keep_metrics_in
from local_aws.base.events import PipelineTarget, carry_version_ids, put_event, route_events_to_pipelines
from local_aws.base.functions.asynchronous import AsynchronousInvocations
from local_aws.base.functions.invocation import run_functions_as_documented
from local_aws.base.functions.names import refuse_function_names, refuse_function_names_of_stacks
from local_aws.base.functions.processes import FunctionProcesses
from local_aws.base.functions.runtimes import refuse_unknown_runtimes, refuse_unknown_runtimes_of_stacks
from local_aws.base.functions.versions import publish_versions_as_documented
from local_aws.base.functions.workers import invoke_functions_as_documented, make_log_groups_with_the_rights_of_roles
from local_aws.base.iam.actions import find_actions_as_documented
from local_aws.base.iam.callers import complete_request_context, enforce, identify, root_caller
from local_aws.base.iam.calls import CallRecorder, record_decisions
from local_aws.base.iam.managed_policies import know_managed_policies, refuse_missing_policies_in_stacks
from local_aws.base.iam.passing import ask_who_passes_roles
from local_aws.base.iam.policy_documents import refuse_malformed_policies, refuse_malformed_policies_in_stacks
from local_aws.base.iam.policy_matching import match_statements_as_documented
from local_aws.base.iam.principals import know_principals_as_documented
from local_aws.base.iam.roles import (
    AccessKey,
    Credentials,
    RoleNotAssumableError,
    assume_role,
    end_session,
    find_access_key,
    require_trust,
)
from local_aws.base.iam.sessions import keep_sessions_in
from local_aws.base.iam.signing import (
    accept_caller,
    close_unsigned_paths,
    expects_callback,
    give_functions_secret_credentials,
    know_root,
    knows_service,
    refusal_answer,
    resolve_key,
    routes_to,
    speaks_query,
)
from local_aws.base.memory import end_idle_functions, keep_no_events
from local_aws.base.s3.object_index import keep_objects_in
from local_aws.base.s3.object_lock import lock_objects_as_documented
from local_aws.base.s3.objects import encrypt_without_a_key_id, read_object
from local_aws.base.s3.uploads import Uploads
from local_aws.base.tables import (
    BaseMismatchError,
    ResourceType,
    asgi_app,
    check_tables,
    register_resource_types,
    register_service,
)

__all__ = [
    "CREATE_ONLY",
    "AccessKey",
    "AsynchronousInvocations",
    "BaseMismatchError",
    "CallRecorder",
    "Credentials",
    "FunctionProcesses",
    "PipelineTarget",
    "ResourceType",
    "RoleNotAssumableError",
    "TemplateFindings",
    "Uploads",
    "accept_caller",
    "asgi_app",
    "ask_who_makes_resources",
    "ask_who_passes_roles",
    "assume_role",
    "carry_version_ids",
    "check_tables",
    "check_templates",
    "close_unsigned_paths",
    "complete_request_context",
    "complete_resource_types",
    "encrypt_without_a_key_id",
    "end_idle_functions",
    "end_session",
    "ended_stacks",
    "enforce",
    "evaluate_alarms_as_documented",
    "expects_callback",
    "find_access_key",
    "find_actions_as_documented",
    "give_functions_secret_credentials",
    "identify",
    "invoke_functions_as_documented",
    "keep_alarm_history_in",
    "keep_log_events_in",
    "keep_metrics_in",
    "keep_no_events",
    "keep_objects_in",
    "keep_sessions_in",
    "know_managed_policies",
    "know_principals_as_documented",
    "know_root",
    "knows_service",
    "leave_out_what_conditions_exclude",
    "lock_buckets_of_stacks",
    "lock_objects_as_documented",
    "make_log_groups_with_the_rights_of_roles",
    "match_statements_as_documented",
    "publish_versions_as_documented",
    "put_event",
    "put_metric",
    "read_object",
    "record_decisions",
    "refusal_answer",
    "refuse_function_names",
    "refuse_function_names_of_stacks",
    "refuse_malformed_policies",
    "refuse_malformed_policies_in_stacks",
    "refuse_missing_policies_in_stacks",
    "refuse_missing_targets_in_stacks",
    "refuse_roles_that_eventbridge_cannot_assume",
    "refuse_roles_that_lambda_cannot_assume",
    "refuse_unknown_runtimes",
    "refuse_unknown_runtimes_of_stacks",
    "refuse_values_as_documented",
    "register_resource_types",
    "register_service",
    "require_trust",
    "resolve_key",
    "root_caller",
    "route_events_to_pipelines",
    "routes_to",
    "run_functions_as_documented",
    "speaks_query",
    "stacks_under_way",
    "tell_what_replaces",
]
