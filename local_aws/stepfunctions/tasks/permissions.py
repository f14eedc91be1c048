"""What the role of a state machine needs beside the actions of its tasks.

For `.sync`, AWS has Step Functions keep a managed EventBridge rule for each kind of job, and checks the role for it
when the machine is made or updated:
https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.base import RoleNotAssumableError
from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.contracts.errors import PERMISSIONS, StatesError
from local_aws.stepfunctions.tasks.catalog import REQUEST, TOKEN
from local_aws.stepfunctions.tasks.contract import Resource
from local_aws.stepfunctions.tasks.resources import plain_action
from local_aws.stepfunctions.tasks.tools import Tools
from local_aws.wire import Permission

ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
_RULES: Mapping[tuple[str, str], str] = {
    ("sagemaker", "createTrainingJob"): "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    ("sagemaker", "createTransformJob"): "StepFunctionsGetEventsForSageMakerTransformJobsRule",
    ("sagemaker", "createProcessingJob"): "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    ("sagemaker", "createHyperParameterTuningJob"): "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    ("sagemaker", "createLabelingJob"): "StepFunctionsGetEventsForSageMakerLabelingJobsRule",
    ("states", "startExecution"): "StepFunctionsGetEventsForStepFunctionsExecutionRule",
    ("codebuild", "startBuild"): "StepFunctionsGetEventForCodeBuildStartBuildRule",
    ("codebuild", "startBuildBatch"): "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
    ("codebuild", "retryBuildBatch"): "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
    ("batch", "submitJob"): "StepFunctionsGetEventsForBatchJobsRule",
    ("ecs", "runTask"): "StepFunctionsGetEventsForECSTaskRule",
}


def sync_permissions(resource: Resource, region: str) -> list[tuple[str, str]]:
    """Actions and the ARN of the rule that the role must be allowed; none for other patterns.

    Where one is denied, AWS refuses the state machine: AccessDeniedException, "'ROLE' is not authorized to create
    managed-rule."
    """
    rule = _RULES.get((resource.service, plain_action(resource)))
    if resource.kind != "service" or resource.pattern in (REQUEST, TOKEN) or rule is None:
        return []
    arn = f"arn:aws:events:{region}:{ACCOUNT}:rule/{rule}"
    return [(action, arn) for action in ACTIONS]


def require_start(tools: Tools, role_arn: str, state_machine_arn: str) -> None:
    """See that the role of a distributed Map may start its children. Raises StatesError States.Permissions.

    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html; the name of the error is not
    documented.
    """
    machine_arn = state_machine_arn.partition("/")[0]
    try:
        caller = tools.caller_as(role_arn, machine_arn)
    except RoleNotAssumableError as error:
        raise StatesError(PERMISSIONS, str(error)) from error
    denied = tools.enforce(caller, Permission("states:StartExecution", machine_arn))
    if denied:
        raise StatesError(PERMISSIONS, denied)
