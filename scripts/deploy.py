"""Verb `deploy`: the setup stack, the functions' packages, the pipeline stack."""

from __future__ import annotations

from typing import Annotated

import typer
from botocore.exceptions import ClientError

from scripts.aws_errors import code_of
from scripts.errors import SlipwayError
from scripts.names import BRANCH
from scripts.package import upload_packages
from scripts.project import REPOSITORY_FOLDERS
from scripts.session import Session, session_of
from scripts.stacks import Deployed, deploy_stack, find_stack


def deploy(
    context: typer.Context,
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE of the pipeline stack, such as LogsRetentionInDays=30; kept until changed."),
    ] = None,
) -> None:
    """Create or update the stacks.

    What has not changed is left alone.
    """
    session = session_of(context)
    session.announce()
    extra = dict(_parsed(text) for text in parameter or [])
    deployed = [deploy_setup(session)]
    if find_stack(session, session.names.pipeline_stack) is None:
        for missing in _missing_sources(session):
            session.output.warn(f"{missing} is not there yet, so the pipeline's first run will fail: slipway release")
    deployed.append(deploy_pipeline(session, extra))
    session.output.result(
        {
            "stacks": [
                {"stack": one.stack, "created": one.created, "changes": [str(change) for change in one.changes]}
                for one in deployed
            ]
        }
    )


def deploy_setup(session: Session) -> Deployed:
    """Create or update what outlives every release."""
    return deploy_stack(
        session, session.names.setup_stack, session.project.template("setup.yml"), {"SuffixID": session.names.suffix}
    )


def deploy_pipeline(session: Session, extra: dict[str, str] | None = None) -> Deployed:
    """Upload the packages, then create or update the pipeline and its functions."""
    packages = upload_packages(session)
    parameters = {
        "SuffixID": session.names.suffix,
        "ModelName": session.names.model,
        **{package.parameter: package.key for package in packages},
        **(extra or {}),
    }
    return deploy_stack(session, session.names.pipeline_stack, session.project.template("pipeline.yml"), parameters)


def _parsed(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise SlipwayError(f"--parameter: found {text!r}; allowed is NAME=VALUE.")
    return name, value


def _missing_sources(session: Session) -> list[str]:
    """What a release is made from and is not there."""
    names, missing = session.names, []
    try:
        session.client("s3").head_object(Bucket=names.bucket("data"), Key=names.manifest_key)
    except ClientError as error:
        if code_of(error) not in {"404", "NoSuchKey", "NotFound"}:
            raise
        missing.append("the dataset")
    for folder in REPOSITORY_FOLDERS:
        try:
            session.client("codecommit").get_branch(repositoryName=names.repository(folder), branchName=BRANCH)
        except ClientError as error:
            if code_of(error) != "BranchDoesNotExistException":
                raise
            missing.append(f"the content of {names.repository(folder)}")
    return missing
