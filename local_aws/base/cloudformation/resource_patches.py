"""The patches of CloudFormation's resource types."""

from __future__ import annotations

from local_aws.base import tables
from local_aws.base.cloudformation import (
    inert_types,
    stack_locks,
    stack_permissions,
    stack_rights,
    stack_targets,
    stacks,
)
from local_aws.base.functions import names, runtimes
from local_aws.base.iam import managed_policies, policy_documents
from local_aws.base.patch import DOCS, TESTS, Patch

_TYPES = "services.cloudformation.provisioners._RESOURCE_HANDLERS"
_FUNCTION = f"{_TYPES}[AWS::Lambda::Function]"
_OUR_TYPES = (
    "AWS::CodeBuild::Project",
    "AWS::CodeCommit::Repository",
    "AWS::CodeConnections::Connection",
    "AWS::CodePipeline::Pipeline",
    "AWS::CodeStarConnections::Connection",
    "AWS::ECR::Repository",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Model",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::StepFunctions::Activity",
    "AWS::StepFunctions::StateMachine",
    "AWS::StepFunctions::StateMachineAlias",
    "AWS::StepFunctions::StateMachineVersion",
)
PATCHES: tuple[Patch, ...] = (
    Patch(
        name="encrypt_stack_buckets",
        replaces=("services.cloudformation.provisioners._s3_apply_configurations",),
        why="A bucket has the encryption of its template; MiniStack leaves it out.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-bucketencryption.html",
        tests=(f"{TESTS}/cloudformation/test_stacks.py::test_a_buckets_default_encryption_holds_for_its_objects",),
        apply=lambda _: stacks.encrypt_stack_buckets(),
        late=True,
    ),
    Patch(
        name="keep_full_buckets",
        replaces=(f"{_TYPES}[AWS::S3::Bucket]",),
        why="A bucket that is not empty is not deleted; MiniStack forgets it whatever it holds.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html",
        tests=(
            f"{TESTS}/cloudformation/test_stacks.py::test_a_bucket_that_is_not_empty_stops_the_deletion_of_its_stack",
        ),
        apply=lambda _: stacks.keep_full_buckets(),
        late=True,
    ),
    Patch(
        name="require_packages",
        replaces=(f"{_FUNCTION}",),
        why="A function's package is in its bucket; MiniStack makes a function without code.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html",
        tests=(f"{TESTS}/cloudformation/test_stacks.py::test_a_function_without_its_package_fails_the_stack",),
        apply=lambda _: stacks.require_packages(),
        late=True,
    ),
    Patch(
        name="refuse_existing_log_groups",
        replaces=(f"{_TYPES}[AWS::Logs::LogGroup]",),
        why="A log group whose name is taken fails; MiniStack empties the one that is there.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html",
        tests=(f"{TESTS}/cloudformation/test_stacks.py::test_a_log_group_that_is_there_fails_the_stack_and_stays",),
        apply=lambda _: stacks.refuse_existing_log_groups(),
        late=True,
    ),
    Patch(
        name="name_inline_code",
        replaces=("services.cloudformation.provisioners._zip_inline",),
        why="Code in a template is a file `index`; MiniStack names it after the handler.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html",
        tests=(f"{TESTS}/cloudformation/test_stacks.py::test_code_in_a_template_lies_in_a_file_index",),
        apply=lambda _: stacks.name_inline_code(),
        late=True,
    ),
    Patch(
        name="encrypt_stack_functions",
        replaces=(f"{_FUNCTION}",),
        why="A function has the key of its template; MiniStack leaves it out.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html",
        tests=(
            f"{TESTS}/cloudformation/test_stacks.py::test_the_keys_of_a_function_and_a_topic_are_those_of_the_template",
        ),
        apply=lambda _: stacks.encrypt_stack_functions(),
        late=True,
    ),
    Patch(
        name="encrypt_stack_topics",
        replaces=(f"{_TYPES}[AWS::SNS::Topic]",),
        why="A topic has the key of its template; MiniStack leaves it out.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html",
        tests=(
            f"{TESTS}/cloudformation/test_stacks.py::test_the_keys_of_a_function_and_a_topic_are_those_of_the_template",
        ),
        apply=lambda _: stacks.encrypt_stack_topics(),
        late=True,
    ),
    Patch(
        name="lock_stack_buckets",
        replaces=("services.cloudformation.provisioners._s3_apply_configurations",),
        why="A bucket has the Object Lock of its template; MiniStack leaves it out.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-objectlockconfiguration.html",
        tests=(f"{TESTS}/s3/test_object_lock.py::test_a_stack_locks_its_bucket",),
        apply=lambda _: stack_locks.lock_stack_buckets(),
        late=True,
    ),
    Patch(
        name="refuse_stack_runtimes",
        replaces=(f"{_FUNCTION}",),
        why="CloudFormation's functions have runtimes that Lambda knows, too.",
        source=f"{DOCS}/lambda/latest/dg/lambda-runtimes.html",
        tests=(f"{TESTS}/functions/test_runtimes.py::test_refused_in_a_stack",),
        apply=lambda _: runtimes.refuse_stack_runtimes(),
        late=True,
    ),
    Patch(
        name="refuse_stack_function_names",
        replaces=(f"{_FUNCTION}",),
        why="CloudFormation's functions have names of Lambda's pattern, too.",
        source=f"{DOCS}/lambda/latest/api/API_CreateFunction.html",
        tests=(f"{TESTS}/functions/test_names.py::test_a_name_that_a_parameter_brings_fails_the_stack",),
        apply=lambda _: names.refuse_stack_function_names(),
        late=True,
    ),
    Patch(
        name="refuse_missing_stack_policies",
        replaces=(f"{_TYPES}[AWS::IAM::Role]", f"{_TYPES}[AWS::IAM::User]", f"{_TYPES}[AWS::IAM::ManagedPolicy]"),
        why="A policy that is attached, and who it is attached to, exists; MiniStack attaches it to nobody.",
        source=f"{DOCS}/IAM/latest/APIReference/API_AttachRolePolicy.html",
        tests=(
            f"{TESTS}/iam/test_managed_policies.py::test_a_stack_fails_if_its_roles_or_policies_name_missing_resources",
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
        source=f"{DOCS}/IAM/latest/UserGuide/reference_policies_grammar.html",
        tests=(f"{TESTS}/iam/test_policy_documents.py::test_a_stack_with_a_malformed_policy_fails",),
        apply=lambda _: policy_documents.refuse_malformed_stack_policies(),
        late=True,
    ),
    Patch(
        name="refuse_missing_stack_targets",
        replaces=(*(f"{_TYPES}[{kind}]" for kind in stack_targets.CHECKS),),
        why="What a resource names exists, and its role may be assumed; MiniStack makes the resource without.",
        source=f"{DOCS}/lambda/latest/api/API_AddPermission.html",
        tests=(f"{TESTS}/cloudformation/test_values.py::test_a_resource_that_names_a_missing_resource_fails",),
        apply=lambda _: stack_targets.refuse_missing_stack_targets(),
        late=True,
    ),
    Patch(
        name="register_inert_types",
        replaces=tuple(f"{_TYPES}[{name}]" for name in inert_types.NAMES),
        why="A stack may have resources with nothing behind them here; MiniStack lacks their types.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-notebookinstance.html",
        tests=(
            f"{TESTS}/cloudformation/test_inert_types.py::test_notebooks_and_repositories_are_accepted",
            f"{TESTS}/cloudformation/test_inert_types.py::test_a_trail_is_kept_by_cloudtrail",
        ),
        apply=lambda _: inert_types.register_inert_types(),
        late=True,
    ),
    Patch(
        name="register_resource_types",
        replaces=(
            *(f"{_TYPES}[{name}]" for name in _OUR_TYPES),
            "services.cloudformation.stacks._runs_on_worker_thread",
        ),
        why="CloudFormation makes the resources of our services.",
        source=f"{DOCS}/AWSCloudFormation/latest/TemplateReference/aws-resource-codecommit-repository.html",
        tests=(f"{TESTS}/codepipeline/test_end_to_end.py::test_stack",),
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
        source=f"{DOCS}/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html",
        tests=(
            f"{TESTS}/iam/test_stack_rights.py::test_a_stack_creates_only_what_its_caller_may_create",
            f"{TESTS}/iam/test_stack_rights.py::test_a_stack_with_a_role_has_the_permissions_of_the_role",
        ),
        apply=lambda _: stack_rights.require_stack_rights(),
        late=True,
    ),
)
