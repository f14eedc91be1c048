"""Finds all resources of an installation in the account, by their exact names.

Names of an installation `a-b` start with `slipway-a-` too, so a name counts only if all of it is a name of this
installation: see `slipway.names` and the templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from botocore.exceptions import ClientError

from pipeline_lambdas.release.names import CHAMPION, CHAMPION_IN_CONFIG, ENVIRONMENTS, MODEL_PATTERN, SUFFIX_PATTERN
from slipway.datasets.model_data import (
    EVIDENCE,
    NO_BUCKET,
    find_evidence,
    find_folders,
    find_other_evidence,
)
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.installation.log_streams import find_log_streams
from slipway.installation.metrics_inventory import find_metrics_jobs
from slipway.installation.search_inventory import find_searches
from slipway.installation.setup_resources import find_buckets, find_keys, find_repositories, find_work_folders
from slipway.installation.workflow_inventory import JOB_LOGS, WorkflowInventory, find_in_sagemaker, find_workflows
from slipway.names import BUILDS, FUNCTIONS, Names
from slipway.session import Session
from slipway.stacks.stacks import stack_exists

TRAINING_LOGS = JOB_LOGS["training"]
_ENVIRONMENT = f"({'|'.join(ENVIRONMENTS)}|{{}})"
_NO_GROUP = frozenset(("ValidationException", "ResourceNotFound"))


@dataclass(frozen=True)
class Inventory:
    """The resources by kind; names are in the order of their removal."""

    stacks: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    endpoint_configs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    model_packages: tuple[str, ...] = ()
    """ARNs of the versions in the registry; a stack cannot delete its group before they are gone."""
    model_package_groups: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    tuning_jobs: tuple[str, ...] = ()
    training_jobs: tuple[str, ...] = ()
    log_streams: tuple[str, ...] = ()
    """Streams of the training jobs, in a log group that the account's other jobs share."""
    metrics_jobs: tuple[str, ...] = ()
    metrics_log_streams: tuple[str, ...] = ()
    """Streams of the processing jobs of own metrics, likewise."""
    data: tuple[str, ...] = ()
    """Addresses of the models' folders in the buckets."""
    evidence: tuple[str, ...] = ()
    """Addresses of the folders that hold records, evaluations and reports, and of what else may be locked with them."""
    workflows: WorkflowInventory = field(default_factory=WorkflowInventory)
    setup_stacks: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Ids of the keys that the setup stack made, unless their deletion is scheduled."""
    work_folders: tuple[str, ...] = ()
    """Paths in this checkout."""

    def by_kind(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Kind as a person says it, and the names, of the kinds that there are."""
        for one in fields(self):
            found = getattr(self, one.name)
            kinds = vars(found) if isinstance(found, WorkflowInventory) else {one.name: found}
            yield from ((kind.replace("_", " "), names) for kind, names in kinds.items() if names)


def find_pipelines(session: Session, *, with_evidence: bool = False, with_own: bool = True) -> tuple[Names, ...]:
    """Return the names of the installation's models: those with a stack or data, and the model of this run.

    With `with_evidence` also those of which only evidence is left; without `with_own` the model of this run as others.
    """
    names = session.names
    models = {
        *((names.model,) if with_own else ()),
        *pipeline_parameters(session),
        *_models_below(session, names.bucket("data"), ""),
    }
    for kind in EVIDENCE if with_evidence else ():
        models |= set(_models_below(session, names.bucket("evidence"), f"{kind}/"))
    found = []
    for model in sorted(models):
        try:
            found.append(Names(names.suffix, model, names.account, names.region))
        except SlipwayError:  # a folder in the bucket that is no model's
            continue
    return tuple(found)


def take_inventory(
    session: Session, pipelines: tuple[Names, ...], others: tuple[Names, ...] = (), *, whole: bool = False
) -> Inventory:
    """Find the resources of some models, and those that all models share; `others` are the models that stay.

    For the `whole` installation, also the evidence that belongs to no model.
    """
    groups, streams, jobs, folders, evidence = [], list[str](), [], list[str](), list[str]()
    endpoints, configs, models, packages, searches = [], [], [], [], list[str]()
    measured = [find_metrics_jobs(session, names) for names in pipelines]
    for names in pipelines:
        prefix = re.escape(names.pipeline)
        endpoints += _sagemaker(session, "endpoints", names, f"{prefix}-{_ENVIRONMENT.format(CHAMPION)}")
        environment = _ENVIRONMENT.format(CHAMPION_IN_CONFIG)
        configs += _sagemaker(session, "endpoint_configs", names, f"{prefix}-{environment}-{SUFFIX_PATTERN}")
        models += _sagemaker(session, "models", names, f"{prefix}-{MODEL_PATTERN}")
        jobs += _sagemaker(session, "training_jobs", names, f"{prefix}-{SUFFIX_PATTERN}")
        found = find_searches(session, names, TRAINING_LOGS)
        searches += found.tuning_jobs
        jobs += found.training_jobs
        streams += found.log_streams
        packages += _model_packages(session, names)
        groups += find_log_groups(session, names)
        streams += _log_streams(session, names)
        folders += find_folders(session, names, others)
        evidence += find_evidence(session, names)
    if whole:
        evidence += list(find_other_evidence(session, evidence))
    return Inventory(
        stacks=tuple(names.pipeline_stack for names in pipelines if stack_exists(session, names.pipeline_stack)),
        endpoints=tuple(endpoints),
        endpoint_configs=tuple(configs),
        models=tuple(models),
        model_packages=tuple(packages),
        model_package_groups=tuple(names.pipeline for names in pipelines if _has_group(session, names)),
        log_groups=tuple(groups),
        tuning_jobs=tuple(searches),
        training_jobs=tuple(jobs),
        log_streams=tuple(streams),
        metrics_jobs=tuple(job for one in measured for job in one.jobs),
        metrics_log_streams=tuple(stream for one in measured for stream in one.log_streams),
        data=tuple(folders),
        evidence=tuple(evidence),
        workflows=find_workflows(session, (*pipelines, *others)),
        setup_stacks=(session.names.setup_stack,) if stack_exists(session, session.names.setup_stack) else (),
        repositories=tuple(find_repositories(session)),
        buckets=tuple(find_buckets(session)),
        keys=tuple(find_keys(session)),
        work_folders=tuple(find_work_folders(session)),
    )


def unfinished_jobs(session: Session, jobs: tuple[str, ...]) -> dict[str, str]:
    """Training job to its status, of those that have not ended."""
    sagemaker = session.client("sagemaker")
    found = {job: sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] for job in jobs}
    return {job: status for job, status in found.items() if status in {"InProgress", "Stopping"}}


def pipeline_parameters(session: Session) -> dict[str, dict[str, str]]:
    """Model to the parameters of its pipeline's stack."""
    suffix, found = session.names.suffix, {}
    for page in session.client("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
            model = parameters.get("ModelName", "")
            if parameters.get("SuffixID") == suffix and stack["StackName"] == f"slipway-pipeline-{suffix}-{model}":
                found[model] = parameters
    return found


def _models_below(session: Session, bucket: str, prefix: str) -> Iterator[str]:
    """The models that have a folder there."""
    pages = session.client("s3").get_paginator("list_objects_v2")
    try:
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
            yield from (item["Prefix"].split("/")[-2] for item in page.get("CommonPrefixes", []))
    except ClientError as error:
        if code_of(error) not in NO_BUCKET:
            raise


def _sagemaker(session: Session, kind: str, names: Names, pattern: str) -> list[str]:
    """Names of a kind that match the whole pattern."""
    matches = re.compile(pattern).fullmatch
    return find_in_sagemaker(session, kind, lambda name: bool(matches(name)), NameContains=names.pipeline)


def _has_group(session: Session, names: Names) -> bool:
    try:
        session.client("sagemaker").describe_model_package_group(ModelPackageGroupName=names.pipeline)
    except ClientError as error:
        if code_of(error) not in _NO_GROUP:
            raise
        return False
    return True


def _model_packages(session: Session, names: Names) -> list[str]:
    """The versions of the pipeline's group; its name is the pipeline's."""
    pages = session.client("sagemaker").get_paginator("list_model_packages")
    try:
        found = [
            package["ModelPackageArn"]
            for page in pages.paginate(ModelPackageGroupName=names.pipeline)
            for package in page["ModelPackageSummaryList"]
        ]
    except ClientError as error:
        # There is no group of that name.
        if code_of(error) not in _NO_GROUP:
            raise
        return []
    return sorted(found)


def find_log_groups(session: Session, names: Names) -> list[str]:
    """Log groups of a model, whether or not they are a stack's."""
    wanted = {
        *(f"/aws/sagemaker/Endpoints/{names.endpoint(environment)}" for environment in (*ENVIRONMENTS, CHAMPION)),
        *(names.log_group(name) for name in (*FUNCTIONS, *BUILDS)),
    }
    prefixes = sorted({f"{one.rpartition('/')[0]}/{names.pipeline}-" for one in wanted})
    pages = session.client("logs").get_paginator("describe_log_groups")
    found = [
        group["logGroupName"]
        for prefix in prefixes
        for page in pages.paginate(logGroupNamePrefix=prefix)
        for group in page["logGroups"]
    ]
    return sorted(one for one in found if one in wanted)


def _log_streams(session: Session, names: Names) -> list[str]:
    found = find_log_streams(session, TRAINING_LOGS, f"{names.pipeline}-")
    return sorted(one for one in found if re.fullmatch(f"{re.escape(names.pipeline)}-{SUFFIX_PATTERN}/.*", one))
