"""Finds what the Step Functions workflows of an installation have: their stack, and what executions have left.

Names of an installation `a-text` begin like those of the system text of an installation `a`, and those of a model
`text-2` of `a` do too. So a name without the mark of an execution counts only if it begins like nothing of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from pipeline_lambdas.release.names import WORKFLOW_SYSTEMS
from slipway.datasets.model_data import find_any
from slipway.installation.aws_errors import code_of
from slipway.names import BucketPurpose, Names
from slipway.session import Session
from slipway.stacks.stacks import stack_exists

JOB_KINDS = ("training", "processing", "transform")
JOB_LOGS = {
    "training": "/aws/sagemaker/TrainingJobs",
    "processing": "/aws/sagemaker/ProcessingJobs",
    "transform": "/aws/sagemaker/TransformJobs",
}
"""Kind of a job to the log group that all jobs of the account share."""
FOLDER = "workflows/"
_BUCKETS: tuple[BucketPurpose, ...] = ("data", "models", "packages", "artifacts")
_NAMED = f"(?:{'|'.join(WORKFLOW_SYSTEMS)})(?:-.+)?"
# As workflows.runtime.names writes it.
_MARKED = f"(?:{'|'.join(WORKFLOW_SYSTEMS)})-[0-9a-f]{{12}}(?:-.+)?"
_LISTS = {
    "endpoints": ("Endpoints", "EndpointName"),
    "endpoint_configs": ("EndpointConfigs", "EndpointConfigName"),
    "models": ("Models", "ModelName"),
    **{f"{kind}_jobs": (f"{kind.title()}JobSummaries", f"{kind.title()}JobName") for kind in JOB_KINDS},
}
"""What SageMaker lists to the key of the list and to that of a name."""


@dataclass(frozen=True)
class WorkflowInventory:
    """The resources by kind; names are in the order of their removal."""

    workflow_stacks: tuple[str, ...] = ()
    state_machines: tuple[str, ...] = ()
    """ARNs of those that no stack has: `slipway workflow create` made them."""
    workflow_endpoints: tuple[str, ...] = ()
    workflow_endpoint_configs: tuple[str, ...] = ()
    workflow_models: tuple[str, ...] = ()
    workflow_log_groups: tuple[str, ...] = ()
    workflow_training_jobs: tuple[str, ...] = ()
    workflow_processing_jobs: tuple[str, ...] = ()
    workflow_log_streams: tuple[str, ...] = ()
    """`GROUP: STREAM` of jobs, in log groups that all jobs of the account share."""
    workflow_tables: tuple[str, ...] = ()
    workflow_data: tuple[str, ...] = ()
    """Addresses of the folders in the buckets."""


def find_workflows(session: Session, models: Sequence[Names]) -> WorkflowInventory:
    """Find everything; `models` are all of the installation."""
    is_ours = ownership(session, models)
    names = session.names
    of_the_stack = _of_the_stack(session)
    return WorkflowInventory(
        workflow_stacks=(names.workflow_stack,) if of_the_stack is not None else (),
        state_machines=tuple(arn for arn in find_machines(session, is_ours) if arn not in (of_the_stack or ())),
        workflow_endpoints=tuple(find_in_sagemaker(session, "endpoints", is_ours)),
        workflow_endpoint_configs=tuple(find_in_sagemaker(session, "endpoint_configs", is_ours)),
        workflow_models=tuple(find_in_sagemaker(session, "models", is_ours)),
        workflow_log_groups=tuple(find_workflow_log_groups(session, is_ours)),
        workflow_training_jobs=tuple(find_in_sagemaker(session, "training_jobs", is_ours)),
        workflow_processing_jobs=tuple(find_in_sagemaker(session, "processing_jobs", is_ours)),
        workflow_log_streams=tuple(_streams(session, is_ours)),
        workflow_tables=tuple(_tables(session)),
        workflow_data=tuple(
            address for purpose in _BUCKETS for address in find_any(session.client("s3"), names.bucket(purpose), FOLDER)
        ),
    )


def ownership(session: Session, models: Sequence[Names]) -> Callable[[str], bool]:
    """What tells whether a name is of a workflow of this installation; `models` are all of the installation."""
    prefix = f"slipway-{session.names.suffix}-"
    marked, named = (re.compile(re.escape(prefix) + pattern) for pattern in (_MARKED, _NAMED))
    others = (*_longer_installations(session), *(f"{names.pipeline}-" for names in models))
    return lambda name: bool(marked.fullmatch(name) or (named.fullmatch(name) and not name.startswith(others)))


def find_machines(session: Session, is_ours: Callable[[str], bool]) -> Iterator[str]:
    """ARNs of the state machines, whether or not they are a stack's."""
    pages = session.client("stepfunctions").get_paginator("list_state_machines").paginate()
    yield from sorted(one["stateMachineArn"] for page in pages for one in page["stateMachines"] if is_ours(one["name"]))


def find_in_sagemaker(session: Session, kind: str, is_ours: Callable[[str], bool], **given: str) -> list[str]:
    """Names of endpoints, endpoint_configs, models, training_jobs, processing_jobs or transform_jobs.

    `given` are parameters of the list; without NameContains, the names contain the installation's.
    """
    key, name = _LISTS[kind]
    asked = {"NameContains": f"slipway-{session.names.suffix}-", **given}
    pages = session.client("sagemaker").get_paginator(f"list_{kind}").paginate(**asked)
    return sorted(one[name] for page in pages for one in page[key] if is_ours(one[name]))


def find_workflow_log_groups(session: Session, is_ours: Callable[[str], bool]) -> list[str]:
    """Log groups of functions, state machines and endpoints, whether or not they are a stack's."""
    prefix = f"slipway-{session.names.suffix}-"
    functions = f"{prefix}workflow-"
    of_another = tuple(_longer_installations(session))
    wanted: dict[str, Callable[[str], bool]] = {
        f"/aws/lambda/{functions}": lambda name: not name.startswith(of_another),
        f"/aws/vendedlogs/states/{prefix}": is_ours,
        f"/aws/sagemaker/Endpoints/{prefix}": is_ours,
    }
    pages = session.client("logs").get_paginator("describe_log_groups")
    return sorted(
        group["logGroupName"]
        for start, belongs in wanted.items()
        for page in pages.paginate(logGroupNamePrefix=start)
        for group in page["logGroups"]
        if belongs(group["logGroupName"].rpartition("/")[2])
    )


def _of_the_stack(session: Session) -> set[str] | None:
    """Physical ids of what the stack has; None without the stack."""
    name = session.names.workflow_stack
    if not stack_exists(session, name):
        return None
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    found = (one for page in pages for one in page["StackResourceSummaries"])
    return {one["PhysicalResourceId"] for one in found if "PhysicalResourceId" in one}


def _longer_installations(session: Session) -> Iterator[str]:
    """How names of installations begin whose suffix begins with this one's and a hyphen."""
    setup = f"{session.names.setup_stack}-"
    for page in session.client("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"].startswith(setup):
                yield f"slipway-{stack['StackName'].removeprefix('slipway-setup-')}-"


def _streams(session: Session, is_ours: Callable[[str], bool]) -> Iterator[str]:
    pages, prefix = session.client("logs").get_paginator("describe_log_streams"), f"slipway-{session.names.suffix}-"
    for group in JOB_LOGS.values():
        try:
            found = list(pages.paginate(logGroupName=group, logStreamNamePrefix=prefix))
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            continue
        names = (stream["logStreamName"] for page in found for stream in page["logStreams"])
        yield from (f"{group}: {name}" for name in sorted(names) if is_ours(name.partition("/")[0]))


def _tables(session: Session) -> Iterator[str]:
    try:
        session.client("dynamodb").describe_table(TableName=session.names.model_table)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
    else:
        yield session.names.model_table
