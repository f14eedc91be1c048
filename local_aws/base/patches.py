"""Every change that local AWS makes to MiniStack, in the order in which they are made.

Where two of them replace the same, the later one is asked first. `tests/local_aws/base` holds that nothing but what
stands here is changed, `tests/faults/test_patches.py` that each test named here fails without its patch.
"""

from __future__ import annotations

from local_aws.base import events, memory, persistence, tables
from local_aws.base.cloudformation import (
    replacements,
    stack_locks,
    stack_permissions,
    stack_rights,
    stack_targets,
    stacks,
    template_checks,
    template_values,
)
from local_aws.base.cloudwatch import alarm_history, alarms, log_events, metric_points
from local_aws.base.functions import invocation, names, rights, runtimes, versions
from local_aws.base.iam import (
    actions,
    decisions,
    managed_policies,
    passing,
    policy_documents,
    policy_matching,
    principals,
    sessions,
    signing,
)
from local_aws.base.patch import Front, Parts, Patch
from local_aws.base.s3 import object_index, object_lock, objects
from local_aws.base.s3.uploads import Uploads
from local_aws.state.log_store import LogStore
from local_aws.state.metric_store import MetricStore

_DOCS = "https://docs.aws.amazon.com"
_TESTS = "tests/local_aws"
_TYPES = "services.cloudformation.provisioners._RESOURCE_HANDLERS"
_STACK_OPERATIONS = "services.cloudformation.handlers._ACTION_HANDLERS"
_FUNCTION = f"{_TYPES}[AWS::Lambda::Function]"
_OUR_SERVICES = (
    "codebuild",
    "codecommit",
    "codeconnections",
    "codepipeline",
    "codestar-connections",
    "sagemaker",
    "sagemaker-api",
)
_OUR_TYPES = (
    "AWS::CodeBuild::Project",
    "AWS::CodeCommit::Repository",
    "AWS::CodeConnections::Connection",
    "AWS::CodePipeline::Pipeline",
    "AWS::CodeStarConnections::Connection",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Model",
    "AWS::SageMaker::ModelPackageGroup",
)


def _all(module: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for name in names)


PATCHES: tuple[Patch, ...] = (
    Patch(
        name="register_services",
        replaces=(
            *(f"app.SERVICE_HANDLERS[{name}]" for name in _OUR_SERVICES),
            *(f"core.router.SERVICE_PATTERNS[{name}]" for name in _OUR_SERVICES),
            "core.iam_actions.SERVICE_TO_IAM_NAMESPACE[codebuild]",
        ),
        why="Our services stand beside MiniStack's or in their place, and ask IAM about all resources of a call.",
        source=f"{_DOCS}/codepipeline/latest/APIReference/Welcome.html",
        tests=(f"{_TESTS}/iam/test_actions.py::test_iam_decides_about_our_services",),
        apply=lambda parts: _register_services(parts.fronts),
    ),
    Patch(
        name="leave_state_alone",
        replaces=("app._load_persisted_state", "app.save_all"),
        why="What was answered is kept; MiniStack writes its state at its end alone.",
        source=f"{_DOCS}/AmazonS3/latest/userguide/disaster-recovery-resiliency.html",
        tests=(f"{_TESTS}/serving/test_server.py::test_what_was_answered_survives_a_kill",),
        apply=lambda parts: persistence.leave_state_alone(parts.restore),
    ),
    Patch(
        name="deliver_events",
        replaces=(
            "services.eventbridge._invoke_target",
            "services.eventbridge._dispatch_to_lambda",
        ),
        why="Pipelines are targets, and functions are invoked as their policies allow, and again if they fail.",
        source=f"{_DOCS}/eventbridge/latest/userguide/eb-targets.html",
        tests=(
            f"{_TESTS}/codepipeline/test_end_to_end.py::test_a_push_starts_a_release_with_its_commit",
            f"{_TESTS}/codepipeline/test_end_to_end.py::test_a_rule_invokes_a_function_as_its_policy_allows",
            f"{_TESTS}/functions/test_asynchronous.py::test_an_event_of_a_rule_is_retried_and_told_of",
        ),
        apply=lambda parts: events.deliver_events(parts.start_pipeline),
    ),
    Patch(
        name="add_version_ids",
        replaces=("services.s3._fire_s3_event", "services.eventbridge._dispatch_event"),
        why="An event of a versioned bucket names the version, by which a pipeline takes the object that started it.",
        source=f"{_DOCS}/AmazonS3/latest/userguide/ev-events.html",
        tests=(f"{_TESTS}/serving/test_server.py::test_s3_events_carry_the_version",),
        apply=lambda _: events.add_version_ids(),
    ),
    Patch(
        name="resolve_principal_arn",
        replaces=("core.iam_evaluator._resolve_condition_key",),
        why="aws:PrincipalArn of a session is the ARN of its role; MiniStack gives the session's.",
        source=f"{_DOCS}/IAM/latest/UserGuide/reference_policies_condition-keys.html",
        tests=(
            f"{_TESTS}/s3/test_object_lock.py::test_rights_are_asked_for_and_a_bucket_policy_holds_for_the_root_user_too",
        ),
        apply=lambda _: principals.resolve_principal_arn(),
    ),
    Patch(
        name="decide_requests",
        replaces=("core.iam_actions.extract_resource_arn", "core.iam_evaluator.enforce"),
        why="All resources, keys and passed roles of a request are asked about, and a bucket's policy may deny root.",
        source=f"{_DOCS}/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
        tests=(
            f"{_TESTS}/iam/test_actions.py::test_iam_is_asked_about_each_parameter_of_a_request",
            f"{_TESTS}/iam/test_passing.py::test_only_a_caller_with_pass_role_passes_a_role_to_a_service",
            f"{_TESTS}/iam/test_calls.py::test_decisions_of_both_kinds_of_services_are_counted",
            f"{_TESTS}/s3/test_object_lock.py::test_rights_are_asked_for_and_a_bucket_policy_holds_for_the_root_user_too",
        ),
        apply=lambda parts: decisions.decide_requests(parts.note),
    ),
    Patch(
        name="answer_refusals",
        replaces=("core.iam_actions.access_denied_response",),
        why="The refusal of a role that is passed on names that role.",
        source=f"{_DOCS}/IAM/latest/UserGuide/id_roles_use_passrole.html",
        tests=(f"{_TESTS}/iam/test_passing.py::test_only_a_caller_with_pass_role_passes_a_role_to_a_service",),
        apply=lambda _: passing.answer_refusals(),
    ),
    Patch(
        name="ask_for_locks",
        replaces=("core.iam_actions.s3_additional_checks",),
        why="An upload with a lock of its own needs the actions of the lock, too.",
        source=f"{_DOCS}/AmazonS3/latest/userguide/object-lock.html",
        tests=(
            f"{_TESTS}/s3/test_object_lock.py::test_rights_are_asked_for_and_a_bucket_policy_holds_for_the_root_user_too",
        ),
        apply=lambda _: object_lock.ask_for_locks(),
    ),
    Patch(
        name="find_actions",
        replaces=(
            "core.iam_actions._BOTOCORE_SERVICE_MAP[lambda]",
            "core.iam_actions._lambda_action",
            "core.iam_actions.extract_iam_action",
            "core.iam_evaluator.evaluate",
        ),
        why="Each operation needs its own action; MiniStack lets pass what it finds none for.",
        source=f"{_DOCS}/service-authorization/latest/reference/list_awslambda.html",
        tests=(
            f"{_TESTS}/iam/test_actions.py::test_each_operation_of_lambda_asks_for_its_own_action",
            f"{_TESTS}/iam/test_actions.py::test_only_root_may_send_a_request_without_a_known_operation",
        ),
        apply=lambda _: actions.find_actions(),
    ),
    Patch(
        name="match_statements",
        replaces=_all(
            "core.iam_evaluator",
            "parse_policy_document",
            "evaluate_resource_policy",
            "_first_match",
            "fnmatch_iam",
            "fnmatch_iam_cs",
        ),
        why="Variables of a policy are resolved, and * covers every character; MiniStack takes variables literally.",
        source=f"{_DOCS}/IAM/latest/UserGuide/reference_policies_variables.html",
        tests=(
            f"{_TESTS}/iam/test_policy_matching.py::test_variables_of_resources_are_resolved",
            f"{_TESTS}/iam/test_policy_matching.py::test_a_newline_is_a_character_like_others",
        ),
        apply=lambda _: policy_matching.match_statements(),
    ),
    Patch(
        name="refuse_malformed_policies",
        replaces=(
            "core.iam_evaluator.validate_policy_document",
            "services.sts.validate_policy_document",
            "services.iam._trust_policy_not_principal_error",
            "services.s3._put_bucket_policy",
        ),
        why="A malformed policy is not stored; MiniStack stores operators with which no statement ever matches.",
        source=f"{_DOCS}/IAM/latest/UserGuide/reference_policies_grammar.html",
        tests=(
            f"{_TESTS}/iam/test_policy_documents.py::test_a_malformed_policy_is_refused_by_every_operation",
            f"{_TESTS}/iam/test_policy_documents.py::test_a_malformed_trust_policy_is_refused",
            f"{_TESTS}/iam/test_policy_documents.py::test_a_malformed_bucket_policy_is_refused",
        ),
        apply=lambda _: policy_documents.refuse_malformed_policies(),
    ),
    Patch(
        name="evaluate_alarms",
        replaces=("services.cloudwatch._evaluate_alarm", "services.cloudwatch._describe_alarms"),
        why="Dimensions, single periods and missing data count, and an alarm ends by itself.",
        source=f"{_DOCS}/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
        tests=(
            f"{_TESTS}/cloudwatch/test_alarms.py::test_only_data_of_its_dimensions_counts",
            f"{_TESTS}/cloudwatch/test_alarms.py::test_an_alarm_ends_when_its_data_is_old",
        ),
        apply=lambda _: alarms.evaluate_alarms(),
    ),
    Patch(
        name="store_log_events",
        replaces=_all(
            "services.cloudwatch_logs",
            "_log_groups",
            "_log_records",
            "_put_log_events",
            "_get_log_events",
            "_filter_log_events",
            "_get_log_record",
            "_describe_log_groups",
            "_describe_log_streams",
            "_append_log_events",
            "_collect_query_records",
        ),
        why="Log events are kept as long as their group says; MiniStack keeps each twice in memory, for good.",
        source=f"{_DOCS}/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        tests=(f"{_TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: log_events.store_log_events(LogStore(parts.telemetry)),
    ),
    Patch(
        name="store_metrics",
        replaces=_all("services.cloudwatch", "_metrics", "_metric_bucket", "_evict_old_metrics"),
        why="Data points are kept on disk for 15 days; MiniStack keeps them in memory.",
        source=f"{_DOCS}/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html",
        tests=(f"{_TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: metric_points.store_metrics(MetricStore(parts.telemetry)),
    ),
    Patch(
        name="store_alarm_history",
        replaces=("services.cloudwatch._alarm_history", "services.cloudwatch._history_entries"),
        why="An alarm's history is kept on disk for 30 days; MiniStack keeps it in memory, for good.",
        source=f"{_DOCS}/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html",
        tests=(f"{_TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: alarm_history.store_alarm_history(parts.telemetry),
    ),
    Patch(
        name="store_object_records",
        replaces=_all("services.s3", "_buckets._data", "_object_versions._data", "_persist_object", "S3_PERSIST"),
        why="A bucket holds any number of objects; MiniStack keeps records and versions in memory.",
        source=f"{_DOCS}/AmazonS3/latest/userguide/UsingObjects.html",
        tests=(f"{_TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: object_index.store_object_records(parts.records),
    ),
    Patch(
        name="store_sessions",
        replaces=("services.sts._sessions", "services.sts._evict_expired_sessions"),
        why="Any number of sessions lasts until they expire; MiniStack goes through all of them for each new one.",
        source=f"{_DOCS}/IAM/latest/UserGuide/id_credentials_temp.html",
        tests=(f"{_TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: sessions.store_sessions(parts.sessions),
    ),
    Patch(
        name="drop_event_log",
        replaces=("services.eventbridge._events_log_list",),
        why="Only an archive keeps events; MiniStack keeps a list of all that were ever put.",
        source=f"{_DOCS}/eventbridge/latest/userguide/eb-archive.html",
        tests=(f"{_TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda _: memory.drop_event_log(),
    ),
    Patch(
        name="run_functions",
        replaces=("core.lambda_runtime._PYTHON_WORKER_SCRIPT", "services.lambda_svc._execute_function_warm"),
        why="A function fails with its own error, log and end; MiniStack has one error for all.",
        source=f"{_DOCS}/lambda/latest/dg/python-exceptions.html",
        tests=(f"{_TESTS}/functions/test_errors.py::test_class_message_and_stack_of_what_a_handler_raises",),
        apply=lambda _: invocation.run_functions(),
    ),
    Patch(
        name="fork_functions",
        replaces=("core.lambda_runtime.subprocess",),
        why="boto3 is there before a function is; here it is in memory once for all of them.",
        source=f"{_DOCS}/lambda/latest/dg/lambda-python.html",
        tests=(f"{_TESTS}/functions/test_processes.py::test_what_functions_import_is_in_memory_once",),
        apply=lambda parts: parts.processes.install(),
    ),
    Patch(
        name="end_idle_functions",
        replaces=("services.lambda_svc.reap_idle_workers",),
        why="An idle execution environment ends; MiniStack keeps a process of each function for good.",
        source=f"{_DOCS}/lambda/latest/dg/lambda-runtime-environment.html",
        tests=(f"{_TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda _: memory.end_idle_functions(),
    ),
    Patch(
        name="queue_invocations",
        replaces=_all(
            "services.lambda_svc",
            "invoke_async_with_retry",
            "_get_event_invoke_config",
            "_put_event_invoke_config",
            "_delete_event_invoke_config",
        ),
        why="Events are retried as they age, and told of with the role's rights; MiniStack loses them with the server.",
        source=f"{_DOCS}/lambda/latest/dg/invocation-async-error-handling.html",
        tests=(
            f"{_TESTS}/functions/test_asynchronous.py::test_two_retries_and_a_record_for_the_function_of_the_failures",
            f"{_TESTS}/functions/test_asynchronous.py::test_the_config_of_latest_in_a_stack",
        ),
        apply=lambda parts: parts.invocations.install(),
    ),
    Patch(
        name="refuse_runtimes",
        replaces=("services.lambda_svc._create_function", "services.lambda_svc._update_config"),
        why="A runtime that is unknown or no longer supported is refused; MiniStack takes any text.",
        source=f"{_DOCS}/lambda/latest/dg/lambda-runtimes.html",
        tests=(
            f"{_TESTS}/functions/test_runtimes.py::test_refused_when_a_function_is_created",
            f"{_TESTS}/functions/test_runtimes.py::test_refused_when_a_function_is_updated",
        ),
        apply=lambda _: runtimes.refuse_runtimes(),
    ),
    Patch(
        name="refuse_function_roles",
        replaces=("services.lambda_svc._create_function", "services.lambda_svc._update_config"),
        why="A function's role is one that Lambda may assume; MiniStack takes any.",
        source=f"{_DOCS}/lambda/latest/api/API_CreateFunction.html",
        tests=(f"{_TESTS}/cloudformation/test_values.py::test_a_function_needs_a_role_that_lambda_may_assume",),
        apply=lambda _: stack_targets.refuse_function_roles(),
    ),
    Patch(
        name="refuse_function_names",
        replaces=("services.lambda_svc._create_function",),
        why="A function's name has a pattern; MiniStack takes any text, and makes paths of it.",
        source=f"{_DOCS}/lambda/latest/api/API_CreateFunction.html",
        tests=(f"{_TESTS}/functions/test_names.py::test_a_name_that_the_pattern_excludes_is_refused",),
        apply=lambda _: names.refuse_function_names(),
    ),
    Patch(
        name="publish_versions",
        replaces=("services.lambda_svc._publish_version", "services.lambda_svc._update_code"),
        why="A version is made where code or configuration changed since the last; MiniStack compares the revision.",
        source=f"{_DOCS}/lambda/latest/api/API_PublishVersion.html",
        tests=("tests/cloudformation/test_publishing.py::test_local_aws_makes_versions_as_aws_does",),
        apply=lambda _: versions.publish_versions(),
    ),
    Patch(
        name="refuse_target_roles",
        replaces=("services.eventbridge._put_targets",),
        why="A target's role is one that EventBridge may assume; MiniStack takes any.",
        source=f"{_DOCS}/eventbridge/latest/APIReference/API_PutTargets.html",
        tests=(f"{_TESTS}/cloudformation/test_values.py::test_a_target_needs_a_role_that_eventbridge_may_assume",),
        apply=lambda _: stack_targets.refuse_target_roles(),
    ),
    Patch(
        name="make_credentials_secret",
        replaces=("core.lambda_runtime.execution_credentials", "services.lambda_svc.execution_credentials"),
        why="Nobody can guess the credentials of a role; MiniStack derives a function's from its ARN.",
        source=f"{_DOCS}/lambda/latest/dg/lambda-intro-execution-role.html",
        tests=(f"{_TESTS}/gate/test_signatures.py::test_a_function_holds_the_credentials_of_its_role_alone",),
        apply=lambda _: signing.make_credentials_secret(),
    ),
    Patch(
        name="set_root_key",
        replaces=(
            "core.iam_evaluator.resolve_credential",
            "services.sts.resolve_credential",
            "services.s3.resolve_credential",
            "core.iam_evaluator.is_root_access_key",
            "services.sts.is_root_access_key",
        ),
        why="The root user has a key of its own; MiniStack takes the keys `test` and twelve digits for root's.",
        source=f"{_DOCS}/IAM/latest/UserGuide/id_root-user.html",
        tests=(f"{_TESTS}/gate/test_signatures.py::test_only_the_signature_of_a_known_key_is_accepted",),
        apply=lambda parts: signing.set_root_key(parts.settings.root),
    ),
    Patch(
        name="close_unsigned_paths",
        replaces=(
            "app._handle_pre_body_request",
            "app._handle_post_body_shortcuts",
            "app.pin_signed_request",
            "core.router._is_aws_service_name",
        ),
        why="A request is signed; MiniStack has paths of its own that need no signature.",
        source=f"{_DOCS}/IAM/latest/UserGuide/reference_sigv.html",
        tests=(f"{_TESTS}/gate/test_origin.py::test_a_signature_does_not_open_what_ministack_serves_beside_aws",),
        apply=lambda _: signing.close_unsigned_paths(),
    ),
    Patch(
        name="require_log_rights",
        replaces=("services.lambda_svc._emit_lambda_logs",),
        why="A function makes its log group with its role's rights; MiniStack always makes it.",
        source=f"{_DOCS}/lambda/latest/dg/monitoring-cloudwatchlogs.html",
        tests=(f"{_TESTS}/functions/test_logs.py::test_a_log_group_is_made_only_by_a_role_that_may",),
        apply=lambda _: rights.require_log_rights(),
    ),
    Patch(
        name="load_managed_policies",
        replaces=(
            "services.iam._aws_managed_policies[*]",
            "services.iam._IAM_HANDLERS[AttachRolePolicy]",
            "services.iam._IAM_HANDLERS[AttachUserPolicy]",
            "services.iam._IAM_HANDLERS[AttachGroupPolicy]",
            "services.iam._attach_role_policy",
            "services.iam._attach_user_policy",
            "services.iam._attach_group_policy",
        ),
        why="AWS-managed policies are those that AWS publishes; MiniStack's grant everything.",
        source=f"{_DOCS}/aws-managed-policy/latest/reference/policy-list.html",
        tests=(
            f"{_TESTS}/iam/test_managed_policies.py::test_common_policies_are_there_as_published",
            f"{_TESTS}/iam/test_managed_policies.py::test_a_policy_that_does_not_exist_cannot_be_attached",
        ),
        apply=lambda _: managed_policies.load_managed_policies(),
    ),
    Patch(
        name="use_default_key",
        replaces=("services.s3._resolve_sse_write_headers", "services.kms._key_metadata"),
        why="aws:kms without a key takes the account's key aws/s3.",
        source=f"{_DOCS}/AmazonS3/latest/userguide/specifying-kms-encryption.html",
        tests=(f"{_TESTS}/iam/test_managed_policies.py::test_kms_encryption_without_a_key_id_takes_the_managed_key",),
        apply=lambda _: objects.use_default_key(),
    ),
    Patch(
        name="lock_objects",
        replaces=_all(
            "services.s3",
            "_object_retention._data",
            "_object_legal_hold._data",
            "_object_lock_header_error",
            "_copy_object",
            "_create_multipart_upload",
            "_complete_multipart_upload",
            "_put_object_retention",
            "_put_object_lock_configuration",
            "_put_bucket_versioning",
            "_delete_object",
            "_delete_objects",
        ),
        why="A lock holds for every way into a bucket, and lasts; MiniStack keeps some of it in memory.",
        source=f"{_DOCS}/AmazonS3/latest/userguide/object-lock.html",
        tests=(
            f"{_TESTS}/s3/test_object_lock.py::test_every_way_into_the_bucket_takes_its_lock",
            f"{_TESTS}/s3/test_object_lock.py::test_a_lock_grows_and_is_weakened_only_in_governance",
            f"{_TESTS}/s3/test_object_lock.py::test_locks_outlive_the_process",
        ),
        apply=lambda parts: object_lock.lock_objects(parts.store),
    ),
    Patch(
        name="store_uploads",
        replaces=_all(
            "services.s3",
            "_upload_part",
            "_upload_part_copy",
            "_complete_multipart_upload",
            "_abort_multipart_upload",
            "get_state",
            "load_persisted_state",
        ),
        why="An upload of several parts lasts until it is completed or aborted; MiniStack keeps it in memory.",
        source=f"{_DOCS}/AmazonS3/latest/userguide/mpuoverview.html",
        tests=(f"{_TESTS}/s3/test_uploads.py::test_an_upload_goes_on_after_a_stop_and_a_kill",),
        apply=lambda parts: Uploads(parts.settings.state / "s3-uploads").install(),
    ),
    Patch(
        name="encrypt_stack_buckets",
        replaces=("services.cloudformation.provisioners._s3_apply_configurations",),
        why="A bucket has the encryption of its template; MiniStack leaves it out.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-bucketencryption.html",
        tests=(f"{_TESTS}/cloudformation/test_stacks.py::test_a_buckets_default_encryption_holds_for_its_objects",),
        apply=lambda _: stacks.encrypt_stack_buckets(),
        late=True,
    ),
    Patch(
        name="keep_full_buckets",
        replaces=(f"{_TYPES}[AWS::S3::Bucket]",),
        why="A bucket that is not empty is not deleted; MiniStack forgets it whatever it holds.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html",
        tests=(
            f"{_TESTS}/cloudformation/test_stacks.py::test_a_bucket_that_is_not_empty_stops_the_deletion_of_its_stack",
        ),
        apply=lambda _: stacks.keep_full_buckets(),
        late=True,
    ),
    Patch(
        name="require_packages",
        replaces=(f"{_FUNCTION}",),
        why="A function's package is in its bucket; MiniStack makes a function without code.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html",
        tests=(f"{_TESTS}/cloudformation/test_stacks.py::test_a_function_without_its_package_fails_the_stack",),
        apply=lambda _: stacks.require_packages(),
        late=True,
    ),
    Patch(
        name="refuse_existing_log_groups",
        replaces=(f"{_TYPES}[AWS::Logs::LogGroup]",),
        why="A log group whose name is taken fails; MiniStack empties the one that is there.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html",
        tests=(f"{_TESTS}/cloudformation/test_stacks.py::test_a_log_group_that_is_there_fails_the_stack_and_stays",),
        apply=lambda _: stacks.refuse_existing_log_groups(),
        late=True,
    ),
    Patch(
        name="name_inline_code",
        replaces=("services.cloudformation.provisioners._zip_inline",),
        why="Code in a template is a file `index`; MiniStack names it after the handler.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html",
        tests=(f"{_TESTS}/cloudformation/test_stacks.py::test_code_in_a_template_lies_in_a_file_index",),
        apply=lambda _: stacks.name_inline_code(),
        late=True,
    ),
    Patch(
        name="encrypt_stack_functions",
        replaces=(f"{_FUNCTION}",),
        why="A function has the key of its template; MiniStack leaves it out.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html",
        tests=(
            f"{_TESTS}/cloudformation/test_stacks.py::test_the_keys_of_a_function_and_a_topic_are_those_of_the_template",
        ),
        apply=lambda _: stacks.encrypt_stack_functions(),
        late=True,
    ),
    Patch(
        name="encrypt_stack_topics",
        replaces=(f"{_TYPES}[AWS::SNS::Topic]",),
        why="A topic has the key of its template; MiniStack leaves it out.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html",
        tests=(
            f"{_TESTS}/cloudformation/test_stacks.py::test_the_keys_of_a_function_and_a_topic_are_those_of_the_template",
        ),
        apply=lambda _: stacks.encrypt_stack_topics(),
        late=True,
    ),
    Patch(
        name="lock_stack_buckets",
        replaces=("services.cloudformation.provisioners._s3_apply_configurations",),
        why="A bucket has the Object Lock of its template; MiniStack leaves it out.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-objectlockconfiguration.html",
        tests=(f"{_TESTS}/s3/test_object_lock.py::test_a_stack_locks_its_bucket",),
        apply=lambda _: stack_locks.lock_stack_buckets(),
        late=True,
    ),
    Patch(
        name="refuse_stack_runtimes",
        replaces=(f"{_FUNCTION}",),
        why="CloudFormation's functions have runtimes that Lambda knows, too.",
        source=f"{_DOCS}/lambda/latest/dg/lambda-runtimes.html",
        tests=(f"{_TESTS}/functions/test_runtimes.py::test_refused_in_a_stack",),
        apply=lambda _: runtimes.refuse_stack_runtimes(),
        late=True,
    ),
    Patch(
        name="refuse_stack_function_names",
        replaces=(f"{_FUNCTION}",),
        why="CloudFormation's functions have names of Lambda's pattern, too.",
        source=f"{_DOCS}/lambda/latest/api/API_CreateFunction.html",
        tests=(f"{_TESTS}/functions/test_names.py::test_a_name_that_a_parameter_brings_fails_the_stack",),
        apply=lambda _: names.refuse_stack_function_names(),
        late=True,
    ),
    Patch(
        name="report_replacements",
        replaces=("services.cloudformation.stacks._property_recreation",),
        why="A change set says which property replaces its resource; MiniStack says of many that each may.",
        source=f"{_DOCS}/cloudformation-cli/latest/userguide/resource-type-schema.html",
        tests=(f"{_TESTS}/cloudformation/test_change_sets.py::test_a_bucket_is_replaced_for_its_name_alone",),
        apply=lambda _: replacements.report_replacements(),
        late=True,
    ),
    Patch(
        name="resolve_conditions",
        replaces=("services.cloudformation.changesets._resolve_props_for_diff",),
        why="A resource whose condition is false is none of the stack; MiniStack compares all that are declared.",
        source=f"{_DOCS}/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html",
        tests=(
            f"{_TESTS}/cloudformation/test_change_sets.py::test_a_resource_whose_condition_is_false_is_not_in_the_stack",
        ),
        apply=lambda _: replacements.resolve_conditions(),
        late=True,
    ),
    Patch(
        name="refuse_missing_stack_policies",
        replaces=(f"{_TYPES}[AWS::IAM::Role]", f"{_TYPES}[AWS::IAM::User]", f"{_TYPES}[AWS::IAM::ManagedPolicy]"),
        why="A policy that is attached, and who it is attached to, exists; MiniStack attaches it to nobody.",
        source=f"{_DOCS}/IAM/latest/APIReference/API_AttachRolePolicy.html",
        tests=(
            f"{_TESTS}/iam/test_managed_policies.py::test_a_stack_fails_if_its_roles_or_policies_name_missing_resources",
        ),
        apply=lambda _: managed_policies.refuse_missing_stack_policies(),
        late=True,
    ),
    Patch(
        name="refuse_malformed_stack_policies",
        replaces=(
            f"{_TYPES}[AWS::IAM::ManagedPolicy]",
            f"{_TYPES}[AWS::IAM::Role]",
            f"{_TYPES}[AWS::IAM::User]",
            f"{_TYPES}[AWS::S3::BucketPolicy]",
        ),
        why="CloudFormation's policies are well-formed, too.",
        source=f"{_DOCS}/IAM/latest/UserGuide/reference_policies_grammar.html",
        tests=(f"{_TESTS}/iam/test_policy_documents.py::test_a_stack_with_a_malformed_policy_fails",),
        apply=lambda _: policy_documents.refuse_malformed_stack_policies(),
        late=True,
    ),
    Patch(
        name="refuse_missing_stack_targets",
        replaces=(*(f"{_TYPES}[{kind}]" for kind in stack_targets.CHECKS),),
        why="What a resource names exists, and its role may be assumed; MiniStack makes the resource without.",
        source=f"{_DOCS}/lambda/latest/api/API_AddPermission.html",
        tests=(f"{_TESTS}/cloudformation/test_values.py::test_a_resource_that_names_a_missing_resource_fails",),
        apply=lambda _: stack_targets.refuse_missing_stack_targets(),
        late=True,
    ),
    Patch(
        name="check_values",
        replaces=(
            "services.cloudformation.handlers._resolve_parameters",
            "services.cloudformation.changesets._resolve_parameters",
            "services.cloudformation.stacks._resolve_refs",
            "services.cloudformation.handlers._imported_export_names",
            f"{_STACK_OPERATIONS}[DeleteStack]",
        ),
        why="Parameters that the template does not have, and exports in use, are refused, in CloudFormation's words.",
        source=f"{_DOCS}/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html",
        tests=(
            f"{_TESTS}/cloudformation/test_values.py::test_parameters",
            f"{_TESTS}/cloudformation/test_values.py::test_exports",
        ),
        apply=lambda _: template_values.check_values(),
        late=True,
    ),
    Patch(
        name="check_templates",
        replaces=(
            *(f"{_STACK_OPERATIONS}[{name}]" for name in template_checks.OPERATIONS),
            "services.cloudformation.handlers.validate_template_support",
            "services.cloudformation.changesets.validate_template_support",
            "services.cloudformation.stacks._validation_errors",
            "services.cloudformation.handle_request",
        ),
        why="An invalid template is refused, and wrong properties fail the stack before it makes anything.",
        source=f"{_DOCS}/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html",
        tests=(
            f"{_TESTS}/cloudformation/test_templates.py::test_a_template_that_is_invalid_is_refused_at_once",
            f"{_TESTS}/cloudformation/test_templates.py::test_a_stack_whose_properties_are_wrong_fails_before_it_makes_anything",
        ),
        apply=lambda parts: template_checks.check_templates(parts.templates),
        late=True,
    ),
    Patch(
        name="describe_change_set_events",
        replaces=("services.cloudformation.handlers._resolve_stack", f"{_STACK_OPERATIONS}[DescribeEvents]"),
        why="DescribeEvents tells of a change set; MiniStack's does not know any.",
        source=f"{_DOCS}/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html",
        tests=(
            f"{_TESTS}/cloudformation/test_templates.py::test_a_stack_whose_properties_are_wrong_fails_before_it_makes_anything",
        ),
        apply=lambda _: template_checks.describe_change_set_events(),
        late=True,
    ),
    Patch(
        name="read_yaml_fast",
        replaces=("services.cloudformation.engine.CfnLoader",),
        why="libyaml reads a template ten times as fast.",
        source="https://pyyaml.org/wiki/PyYAMLDocumentation",
        tests=(f"{_TESTS}/cloudformation/test_templates.py::test_libyaml_reads_the_own_templates_as_ministack_does",),
        apply=lambda _: template_checks.read_yaml_fast(),
        late=True,
    ),
    Patch(
        name="register_resource_types",
        replaces=(
            *(f"{_TYPES}[{name}]" for name in _OUR_TYPES),
            "services.cloudformation.stacks._runs_on_worker_thread",
        ),
        why="CloudFormation makes the resources of our services.",
        source=f"{_DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-codecommit-repository.html",
        tests=(f"{_TESTS}/codepipeline/test_end_to_end.py::test_stack",),
        apply=lambda parts: tables.register_resource_types(parts.resource_types()),
        late=True,
    ),
    Patch(
        name="require_stack_rights",
        replaces=(
            "services.cloudformation.handle_request",
            *(f"{_TYPES}[{kind}]" for kind in sorted(stack_permissions.ASKED_FOR)),
        ),
        why="A stack is made with the rights of its caller or of its role; MiniStack makes everything as root.",
        source=f"{_DOCS}/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html",
        tests=(
            f"{_TESTS}/iam/test_stack_rights.py::test_a_stack_creates_only_what_its_caller_may_create",
            f"{_TESTS}/iam/test_stack_rights.py::test_a_stack_with_a_role_has_the_permissions_of_the_role",
        ),
        apply=lambda _: stack_rights.require_stack_rights(),
        late=True,
    ),
)


def _register_services(fronts: tuple[Front, ...]) -> None:
    for front in fronts:
        tables.register_service(front.service, front.ministack_name, front.target_prefix)


def apply_patches(parts: Parts, *, late: bool = False) -> None:
    """Change MiniStack; the late ones when its CloudFormation is loaded, before it is asked anything."""
    for patch in PATCHES:
        if patch.late == late:
            patch.apply(parts)
