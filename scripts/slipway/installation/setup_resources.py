"""What the models of an installation share: the setup stack, and what outlives it by its template's policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from botocore.exceptions import ClientError

from slipway.datasets.model_data import NO_BUCKET
from slipway.installation.aws_errors import code_of
from slipway.names import BucketPurpose, Names
from slipway.project import REPOSITORY_FOLDERS, shown
from slipway.session import Session


def key_description(suffix: str) -> str:
    """How the description of the setup stack's key begins, by which it is told from a key of somebody else's."""
    return f"Slipway {suffix},"


def find_repositories(session: Session) -> Iterator[str]:
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


def find_buckets(session: Session) -> list[str]:
    """All buckets; the one that receives the others' access logs last."""
    purposes: tuple[BucketPurpose, ...] = get_args(BucketPurpose)
    ordered = sorted(purposes, key=lambda purpose: purpose == "logs")
    return [name for purpose in ordered if _bucket_exists(session, name := session.names.bucket(purpose))]


def find_keys(session: Session) -> list[str]:
    """Ids of the keys that the setup stack made. Its alias is gone with the stack, so the description has to tell."""
    kms, ours = session.client("kms"), key_description(session.names.suffix)
    given = _given_keys(session, session.names)
    found = []
    for key in (item["KeyId"] for page in kms.get_paginator("list_keys").paginate() for item in page["Keys"]):
        try:
            metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
        except ClientError as error:
            # A key of somebody else's, whose policy tells nothing to this user.
            if code_of(error) != "AccessDeniedException":
                raise
            continue
        described = metadata.get("Description", "").startswith(ours)
        if described and metadata["KeyState"] != "PendingDeletion" and metadata["Arn"] not in given:
            found.append(key)
    return found


def find_work_folders(session: Session) -> Iterator[str]:
    """Where this checkout has made its commits for the repositories; paths as a person reads them."""
    for folder in REPOSITORY_FOLDERS:
        path = session.project.work / "publish" / session.names.repository(folder)
        if path.is_dir():
            yield shown(path)


def _given_keys(session: Session, names: Names) -> set[str]:
    """Keys that were there before and that the setup stack was told to use, now or before it was deleted.

    CloudFormation tells of deleted stacks for 90 days:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
    """
    cloudformation = session.client("cloudformation")
    stacks = {
        summary["StackId"]
        for page in cloudformation.get_paginator("list_stacks").paginate()
        for summary in page["StackSummaries"]
        if summary["StackName"] == names.setup_stack
    }
    return {
        parameter["ParameterValue"]
        for stack_id in stacks
        for stack in cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        for parameter in stack.get("Parameters", [])
        if parameter["ParameterKey"] == "ExistingKeyArn"
    }


def _bucket_exists(session: Session, bucket: str) -> bool:
    try:
        session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if code_of(error) not in NO_BUCKET:
            raise
        return False
    return True
