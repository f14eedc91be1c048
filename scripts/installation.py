"""Everything that an installation has in the account, found by its exact names and not by their beginnings.

`slipway-a-` also begins what an installation `a-b` has, so a name counts only if the whole of it is one that this
installation gives: see the names in `scripts.names` and the templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import get_args

from botocore.exceptions import ClientError

from scripts.aws_errors import code_of
from scripts.errors import SlipwayError
from scripts.names import BUILD, FUNCTIONS, BucketPurpose, Names
from scripts.project import REPOSITORY_FOLDERS
from scripts.reports import ENVIRONMENTS
from scripts.session import Session
from scripts.stacks import find_stack

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
_RELEASE = "[0-9a-f]{8}-[0-9a-f]{4}(-[2-9])?"
_CHAMPION, _CHAMPION_CONFIG = "champion", "champ"
_ENVIRONMENT = f"({'|'.join(ENVIRONMENTS)}|{{}})"
_GONE = frozenset(("DELETE_COMPLETE",))
_NOT_THERE = frozenset(("404", "NoSuchBucket", "NotFound"))


@dataclass(frozen=True)
class Inventory:
    """What is there, by kind; names in the order in which they are to be removed."""

    stacks: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    endpoint_configs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    model_packages: tuple[str, ...] = ()
    """ARNs of the versions in the registry; a stack cannot delete its group before they are gone."""
    training_jobs: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    """Those that do not go with a stack."""
    log_streams: tuple[str, ...] = ()
    """Streams of the training jobs, in a log group that the account's other jobs share."""
    keys: tuple[str, ...] = ()
    """Ids of the keys that the setup stack made, unless their deletion is scheduled."""

    def by_kind(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Kind as a person says it, and the names, of the kinds that there are."""
        for field in fields(self):
            found = getattr(self, field.name)
            if found:
                yield field.name.replace("_", " "), found


def find_pipelines(session: Session) -> tuple[Names, ...]:
    """The names of each model of the installation: those with a stack, with data, and the one that was asked for."""
    names = session.names
    models = {names.model, *models_with_a_stack(session), *_models_with_data(session)}
    found = []
    for model in sorted(models):
        try:
            found.append(Names(names.suffix, model, names.account, names.region))
        except SlipwayError:  # a folder in the bucket that is no model's
            continue
    return tuple(found)


def take_inventory(session: Session, pipelines: tuple[Names, ...]) -> Inventory:
    """Look up everything of the installation."""
    groups, streams, jobs = [], [], []
    endpoints, configs, models, packages = [], [], [], []
    for names in pipelines:
        prefix = re.escape(names.pipeline)
        endpoints += _sagemaker(session, "endpoints", names, f"{prefix}-{_ENVIRONMENT.format(_CHAMPION)}")
        environment = _ENVIRONMENT.format(_CHAMPION_CONFIG)
        configs += _sagemaker(session, "endpoint_configs", names, f"{prefix}-{environment}-{_RELEASE}")
        models += _sagemaker(session, "models", names, f"{prefix}-{_RELEASE}")
        jobs += _sagemaker(session, "training_jobs", names, f"{prefix}-{_RELEASE}")
        packages += _model_packages(session, names)
        groups += _log_groups(session, names)
        streams += _log_streams(session, names)
    stacks = tuple(_stacks(session, pipelines))
    with_stack = {group for stack in stacks for group in _log_groups_of(session, stack)}
    return Inventory(
        stacks=stacks,
        endpoints=tuple(endpoints),
        endpoint_configs=tuple(configs),
        models=tuple(models),
        model_packages=tuple(packages),
        training_jobs=tuple(jobs),
        repositories=tuple(_repositories(session)),
        buckets=tuple(name for name in _bucket_names(session.names) if _bucket_exists(session, name)),
        log_groups=tuple(group for group in groups if group not in with_stack),
        log_streams=tuple(streams),
        keys=tuple(_keys(session)),
    )


def unfinished_jobs(session: Session, jobs: tuple[str, ...]) -> dict[str, str]:
    """Training job to its status, of those that have not ended."""
    sagemaker = session.client("sagemaker")
    found = {job: sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] for job in jobs}
    return {job: status for job, status in found.items() if status in {"InProgress", "Stopping"}}


def key_description(suffix: str) -> str:
    """How the description of the setup stack's key begins, by which it is told from a key of somebody else's."""
    return f"Slipway {suffix},"


def _stacks(session: Session, pipelines: tuple[Names, ...]) -> Iterator[str]:
    for kind in ("operations_stack", "pipeline_stack"):
        for names in pipelines:
            if _stack_exists(session, getattr(names, kind)):
                yield getattr(names, kind)
    if _stack_exists(session, session.names.setup_stack):
        yield session.names.setup_stack


def _stack_exists(session: Session, name: str) -> bool:
    stack = find_stack(session, name)
    return stack is not None and stack["StackStatus"] not in _GONE


def models_with_a_stack(session: Session) -> Iterator[str]:
    suffix = session.names.suffix
    for page in session.client("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
            model = parameters.get("ModelName", "")
            names = {f"slipway-{kind}-{suffix}-{model}" for kind in ("pipeline", "operations")}
            if parameters.get("SuffixID") == suffix and stack["StackName"] in names:
                yield model


def _models_with_data(session: Session) -> Iterator[str]:
    pages = session.client("s3").get_paginator("list_objects_v2")
    try:
        for page in pages.paginate(Bucket=session.names.bucket("data"), Delimiter="/"):
            yield from (item["Prefix"].rstrip("/") for item in page.get("CommonPrefixes", []))
    except ClientError as error:
        if code_of(error) not in _NOT_THERE:
            raise


def _sagemaker(session: Session, kind: str, names: Names, pattern: str) -> list[str]:
    """Names of a kind that match the whole pattern."""
    key, name = {
        "endpoints": ("Endpoints", "EndpointName"),
        "endpoint_configs": ("EndpointConfigs", "EndpointConfigName"),
        "models": ("Models", "ModelName"),
        "training_jobs": ("TrainingJobSummaries", "TrainingJobName"),
    }[kind]
    pages = session.client("sagemaker").get_paginator(f"list_{kind}").paginate(NameContains=names.pipeline)
    found = [item[name] for page in pages for item in page[key]]
    return sorted(one for one in found if re.fullmatch(pattern, one))


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
        if code_of(error) not in {"ValidationException", "ResourceNotFound"}:
            raise
        return []
    return sorted(found)


def _repositories(session: Session) -> Iterator[str]:
    codecommit = session.client("codecommit")
    for folder in REPOSITORY_FOLDERS:
        name = session.names.repository(folder)
        try:
            codecommit.get_repository(repositoryName=name)
        except ClientError as error:
            if code_of(error) != "RepositoryDoesNotExistException":
                raise
        else:
            yield name


def _bucket_names(names: Names) -> list[str]:
    """All buckets; the one that receives the others' access logs last."""
    purposes: tuple[BucketPurpose, ...] = get_args(BucketPurpose)
    return [names.bucket(purpose) for purpose in sorted(purposes, key=lambda purpose: purpose == "logs")]


def _bucket_exists(session: Session, bucket: str) -> bool:
    try:
        session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if code_of(error) not in _NOT_THERE:
            raise
        return False
    return True


def _log_groups(session: Session, names: Names) -> list[str]:
    wanted = {
        *(f"/aws/sagemaker/Endpoints/{names.endpoint(environment)}" for environment in (*ENVIRONMENTS, _CHAMPION)),
        *(names.log_group(name) for name in (*FUNCTIONS, BUILD)),
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


def _log_groups_of(session: Session, stack: str) -> Iterator[str]:
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::Logs::LogGroup":
                yield resource.get("PhysicalResourceId", "")


def _log_streams(session: Session, names: Names) -> list[str]:
    pages = session.client("logs").get_paginator("describe_log_streams")
    try:
        found = [
            stream["logStreamName"]
            for page in pages.paginate(logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{names.pipeline}-")
            for stream in page["logStreams"]
        ]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return []
    return sorted(one for one in found if re.fullmatch(f"{re.escape(names.pipeline)}-{_RELEASE}/.*", one))


def _keys(session: Session) -> list[str]:
    """Keys that the setup stack made. Its alias is gone with the stack, so the description has to tell."""
    kms, ours = session.client("kms"), key_description(session.names.suffix)
    found = []
    for key in (item["KeyId"] for page in kms.get_paginator("list_keys").paginate() for item in page["Keys"]):
        try:
            metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
        except ClientError as error:
            # A key of somebody else's, whose policy tells nothing to this user.
            if code_of(error) != "AccessDeniedException":
                raise
            continue
        if metadata["KeyState"] != "PendingDeletion" and metadata.get("Description", "").startswith(ours):
            found.append(key)
    return found
