"""The patches of IAM and STS: who may do what, and with which credentials."""

from __future__ import annotations

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
from local_aws.base.patch import DOCS, TESTS, Patch, all_of

PATCHES: tuple[Patch, ...] = (
    Patch(
        name="resolve_principal_arn",
        replaces=("core.iam_evaluator._resolve_condition_key",),
        why="aws:PrincipalArn of a session is the ARN of its role; MiniStack gives the session's.",
        source=f"{DOCS}/IAM/latest/UserGuide/reference_policies_condition-keys.html",
        tests=(
            f"{TESTS}/s3/test_object_lock.py::test_rights_are_asked_for_and_a_bucket_policy_holds_for_the_root_user_too",
        ),
        apply=lambda _: principals.resolve_principal_arn(),
    ),
    Patch(
        name="decide_requests",
        replaces=("core.iam_actions.extract_resource_arn", "core.iam_evaluator.enforce"),
        why="All resources, keys and passed roles of a request are asked about, and a bucket's policy may deny root.",
        source=f"{DOCS}/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
        tests=(
            f"{TESTS}/iam/test_actions.py::test_iam_is_asked_about_each_parameter_of_a_request",
            f"{TESTS}/iam/test_passing.py::test_only_a_caller_with_pass_role_passes_a_role_to_a_service",
            f"{TESTS}/iam/test_calls.py::test_decisions_of_both_kinds_of_services_are_counted",
            f"{TESTS}/s3/test_object_lock.py::test_rights_are_asked_for_and_a_bucket_policy_holds_for_the_root_user_too",
        ),
        apply=lambda parts: decisions.decide_requests(parts.note),
    ),
    Patch(
        name="answer_refusals",
        replaces=("core.iam_actions.access_denied_response",),
        why="A refusal names the resource, or the role that is passed on, and the request.",
        source=f"{DOCS}/IAM/latest/UserGuide/troubleshoot_access-denied.html",
        tests=(
            f"{TESTS}/iam/test_passing.py::test_only_a_caller_with_pass_role_passes_a_role_to_a_service",
            f"{TESTS}/iam/test_actions.py::test_a_refusal_names_resource_and_request",
        ),
        apply=lambda _: passing.answer_refusals(),
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
        source=f"{DOCS}/service-authorization/latest/reference/list_awslambda.html",
        tests=(
            f"{TESTS}/iam/test_actions.py::test_each_operation_of_lambda_asks_for_its_own_action",
            f"{TESTS}/iam/test_actions.py::test_only_root_may_send_a_request_without_a_known_operation",
        ),
        apply=lambda _: actions.find_actions(),
    ),
    Patch(
        name="match_statements",
        replaces=all_of(
            "core.iam_evaluator",
            "parse_policy_document",
            "evaluate_resource_policy",
            "_first_match",
            "fnmatch_iam",
            "fnmatch_iam_cs",
        ),
        why="Variables of a policy are resolved, and * covers every character; MiniStack takes variables literally.",
        source=f"{DOCS}/IAM/latest/UserGuide/reference_policies_variables.html",
        tests=(
            f"{TESTS}/iam/test_policy_matching.py::test_variables_of_resources_are_resolved",
            f"{TESTS}/iam/test_policy_matching.py::test_a_newline_is_a_character_like_others",
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
        source=f"{DOCS}/IAM/latest/UserGuide/reference_policies_grammar.html",
        tests=(
            f"{TESTS}/iam/test_policy_documents.py::test_a_malformed_policy_is_refused_by_every_operation",
            f"{TESTS}/iam/test_policy_documents.py::test_a_malformed_trust_policy_is_refused",
            f"{TESTS}/iam/test_policy_documents.py::test_a_malformed_bucket_policy_is_refused",
        ),
        apply=lambda _: policy_documents.refuse_malformed_policies(),
    ),
    Patch(
        name="store_sessions",
        replaces=("services.sts._sessions", "services.sts._evict_expired_sessions"),
        why="Any number of sessions lasts until they expire; MiniStack goes through all of them for each new one.",
        source=f"{DOCS}/IAM/latest/UserGuide/id_credentials_temp.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: sessions.store_sessions(parts.sessions),
    ),
    Patch(
        name="make_credentials_secret",
        replaces=("core.lambda_runtime.execution_credentials", "services.lambda_svc.execution_credentials"),
        why="Nobody can guess the credentials of a role; MiniStack derives a function's from its ARN.",
        source=f"{DOCS}/lambda/latest/dg/lambda-intro-execution-role.html",
        tests=(f"{TESTS}/gate/test_signatures.py::test_a_function_holds_the_credentials_of_its_role_alone",),
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
        source=f"{DOCS}/IAM/latest/UserGuide/id_root-user.html",
        tests=(f"{TESTS}/gate/test_signatures.py::test_only_the_signature_of_a_known_key_is_accepted",),
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
        source=f"{DOCS}/IAM/latest/UserGuide/reference_sigv.html",
        tests=(f"{TESTS}/gate/test_origin.py::test_a_signature_does_not_open_what_ministack_serves_beside_aws",),
        apply=lambda _: signing.close_unsigned_paths(),
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
        source=f"{DOCS}/aws-managed-policy/latest/reference/policy-list.html",
        tests=(
            f"{TESTS}/iam/test_managed_policies.py::test_common_policies_are_there_as_published",
            f"{TESTS}/iam/test_managed_policies.py::test_a_policy_that_does_not_exist_cannot_be_attached",
        ),
        apply=lambda _: managed_policies.load_managed_policies(),
    ),
)
