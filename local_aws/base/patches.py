"""Every change that local AWS makes to MiniStack, in the order in which they are made.

Those of a service are in its folder. Where two of them replace the same, the later one is asked first.
`tests/local_aws/base` holds that nothing but what stands in these tables is changed, `tests/faults/test_patches.py`
that each test named there fails without its patch.
"""

from __future__ import annotations

from local_aws.base import events, memory, persistence, state_machines, tables
from local_aws.base.cloudformation import stack_targets
from local_aws.base.cloudformation.resource_patches import PATCHES as RESOURCES
from local_aws.base.cloudformation.template_patches import PATCHES as TEMPLATES
from local_aws.base.cloudwatch.patches import PATCHES as CLOUDWATCH
from local_aws.base.functions.patches import PATCHES as FUNCTIONS
from local_aws.base.iam.patches import PATCHES as IAM
from local_aws.base.patch import DOCS, TESTS, Front, Parts, Patch
from local_aws.base.s3.patches import PATCHES as S3

_OUR_SERVICES = (
    "codebuild",
    "codecommit",
    "codeconnections",
    "codepipeline",
    "codestar-connections",
    "ecr",
    "sagemaker",
    "sagemaker-api",
    "states",
)
_SERVICES: tuple[Patch, ...] = (
    Patch(
        name="register_services",
        replaces=(
            *(f"app.SERVICE_HANDLERS[{name}]" for name in _OUR_SERVICES),
            *(f"core.router.SERVICE_PATTERNS[{name}]" for name in _OUR_SERVICES),
            "core.iam_actions.SERVICE_TO_IAM_NAMESPACE[codebuild]",
            "core.iam_actions.SERVICE_TO_IAM_NAMESPACE[ecr]",
            "core.iam_actions.SERVICE_TO_IAM_NAMESPACE[states]",
        ),
        why="Our services stand beside MiniStack's or in their place, and ask IAM about all resources of a call.",
        source=f"{DOCS}/codepipeline/latest/APIReference/Welcome.html",
        tests=(f"{TESTS}/iam/test_actions.py::test_iam_decides_about_our_services",),
        apply=lambda parts: _register_services(parts.fronts),
    ),
    Patch(
        name="answer_as_the_runtime",
        replaces=("core.responses._BOTOCORE_NAME[sagemaker]",),
        why="An endpoint's answer keeps its content type; MiniStack gives JSON the one of SageMaker's other API.",
        source=f"{DOCS}/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
        tests=(f"{TESTS}/sagemaker/containers/image_classification/test_jobs.py::test_from_images_to_predictions",),
        apply=lambda _: tables.name_model("sagemaker", "sagemaker-runtime"),
    ),
    Patch(
        name="leave_state_alone",
        replaces=("app._load_persisted_state", "app.save_all"),
        why="What was answered is kept; MiniStack writes its state at its end alone.",
        source=f"{DOCS}/AmazonS3/latest/userguide/disaster-recovery-resiliency.html",
        tests=(f"{TESTS}/serving/test_server.py::test_what_was_answered_survives_a_kill",),
        apply=lambda parts: persistence.leave_state_alone(parts.restore),
    ),
    Patch(
        name="deliver_events",
        replaces=(
            "services.eventbridge._invoke_target",
            "services.eventbridge._dispatch_to_lambda",
        ),
        why="Pipelines are targets, and functions are invoked as their policies allow, and again if they fail.",
        source=f"{DOCS}/eventbridge/latest/userguide/eb-targets.html",
        tests=(
            f"{TESTS}/codepipeline/test_end_to_end.py::test_a_push_starts_a_release_with_its_commit",
            f"{TESTS}/codepipeline/test_end_to_end.py::test_a_rule_invokes_a_function_as_its_policy_allows",
            f"{TESTS}/functions/test_asynchronous.py::test_an_event_of_a_rule_is_retried_and_told_of",
        ),
        apply=lambda parts: events.deliver_events(parts.start_pipeline),
    ),
    Patch(
        name="deliver_to_state_machines",
        replaces=(
            "services.eventbridge._invoke_target",
            "services.eventbridge._dispatch_to_stepfunctions",
            "services.pipes._start_state_machine_from_records",
        ),
        why="Rules, schedules and pipes start executions of our Step Functions, with the rights of their roles.",
        source=f"{DOCS}/eventbridge/latest/userguide/eb-use-identity-based.html",
        tests=(f"{TESTS}/stepfunctions/test_end_to_end.py::test_a_rule_starts_an_execution_as_its_role_may",),
        apply=lambda parts: state_machines.deliver_to_state_machines(parts.start_machine),
    ),
    Patch(
        name="add_version_ids",
        replaces=("services.s3._fire_s3_event", "services.eventbridge._dispatch_event"),
        why="An event of a versioned bucket names the version, by which a pipeline takes the object that started it.",
        source=f"{DOCS}/AmazonS3/latest/userguide/ev-events.html",
        tests=(f"{TESTS}/serving/test_server.py::test_s3_events_carry_the_version",),
        apply=lambda _: events.add_version_ids(),
    ),
    Patch(
        name="drop_event_log",
        replaces=("services.eventbridge._events_log_list",),
        why="Only an archive keeps events; MiniStack keeps a list of all that were ever put.",
        source=f"{DOCS}/eventbridge/latest/userguide/eb-archive.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda _: memory.drop_event_log(),
    ),
    Patch(
        name="refuse_target_roles",
        replaces=("services.eventbridge._put_targets",),
        why="A target's role is one that EventBridge may assume; MiniStack takes any.",
        source=f"{DOCS}/eventbridge/latest/APIReference/API_PutTargets.html",
        tests=(f"{TESTS}/cloudformation/test_values.py::test_a_target_needs_a_role_that_eventbridge_may_assume",),
        apply=lambda _: stack_targets.refuse_target_roles(),
    ),
)
PATCHES: tuple[Patch, ...] = (*_SERVICES, *IAM, *S3, *CLOUDWATCH, *FUNCTIONS, *TEMPLATES, *RESOURCES)


def _register_services(fronts: tuple[Front, ...]) -> None:
    for front in fronts:
        tables.register_service(front.service, front.ministack_name, front.target_prefix)


def apply_patches(parts: Parts, *, late: bool = False) -> None:
    """Change MiniStack; the late ones when its CloudFormation is loaded, before it is asked anything."""
    for patch in PATCHES:
        if patch.late == late:
            patch.apply(parts)
