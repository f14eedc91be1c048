"""Verb `deploy`: the setup stack and the pipeline stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.installation.lock import installation_lock
from slipway.names import BRANCH
from slipway.project import REPOSITORY_FOLDERS
from slipway.session import Session, session_of
from slipway.stacks.changes import Consent
from slipway.stacks.quota_table import warn_of_quotas
from slipway.stacks.stacks import Deployed, deploy_stack, find_stack
from slipway.stacks.templates import declared_parameters, inline, stored

TEMPLATES = ("setup.yml", "pipeline.yml")
"""In the order in which the stacks need each other."""

_NAMING = {"SuffixID": "--suffix", "ModelName": "--model"}


def deploy(
    context: typer.Context,
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE for each stack that has it, such as LogsRetentionInDays=30; kept until changed."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something is replaced.")] = False,
    replace_stateful: Annotated[
        list[str] | None,
        typer.Option(metavar="LOGICAL_ID", help="Bucket, key or repository that may be replaced or removed."),
    ] = None,
) -> None:
    """Create or update the stacks.

    What has not changed is left alone. What holds data, the key and the repositories are not replaced or removed
    without being named.
    """
    session = session_of(context)
    session.announce()
    extra = parsed_parameters(session, parameter or [], TEMPLATES)
    consent = Consent(frozenset(replace_stateful or []), assume_yes=yes, dry_run=dry_run)
    with installation_lock(session, "deploy"):
        deployed = _deploy_all(session, extra, consent)
    session.output.result({"dry_run": dry_run, "stacks": [one.document() for one in deployed]})


def _deploy_all(session: Session, extra: Mapping[str, str], consent: Consent) -> list[Deployed]:
    deployed = [deploy_setup(session, extra, consent)]
    if consent.dry_run and find_stack(session, session.names.setup_stack) is None:
        session.output.say("The pipeline's stack needs this one; its changes can be shown once this one exists.")
    else:
        if not consent.dry_run and find_stack(session, session.names.pipeline_stack) is None:
            prepared, connected = bool(extra.get("PrepareMachineArn")), bool(extra.get("ConnectionArn"))
            for missing in _missing_sources(session, prepared=prepared, connected=connected):
                put = session.command("release")
                session.output.warn(f"{missing} is missing, so the pipeline's first run will fail; put it there: {put}")
        deployed.append(deploy_pipeline(session, extra, consent))
    return deployed


def deploy_setup(session: Session, extra: Mapping[str, str] | None = None, consent: Consent | None = None) -> Deployed:
    """Create or update what outlives every release."""
    # Its own bucket is where the others' templates lie, so this one goes with the request.
    template = inline(session.project.template("setup.yml"))
    parameters = {"SuffixID": session.names.suffix, **(extra or {})}
    return deploy_stack(
        session, session.names.setup_stack, template, _declared(parameters, template.parameters), consent
    )


def deploy_pipeline(
    session: Session, extra: Mapping[str, str] | None = None, consent: Consent | None = None
) -> Deployed:
    """Create or update the pipeline and its functions, whose code comes from the Build stage of a release."""
    if find_stack(session, session.names.pipeline_stack) is None:
        warn_of_quotas(session)
    template = stored(session, session.project.template("pipeline.yml"))
    parameters = {
        "SuffixID": session.names.suffix,
        "ModelName": session.names.model,
        **session.target.parameters,
        **_declared(extra or {}, template.parameters),
    }
    return deploy_stack(session, session.names.pipeline_stack, template, parameters, consent)


def _declared(parameters: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name in names}


def _parsed(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise SlipwayError(f"--parameter: found {text!r}; expected NAME=VALUE.")
    return name, value


def parsed_parameters(session: Session, texts: Sequence[str], templates: Sequence[str]) -> dict[str, str]:
    """The parameters of --parameter; SlipwayError for one that no template has, or that other names hang on."""
    extra = dict(_parsed(text) for text in texts)
    if not extra:
        return extra
    known: set[str] = set().union(*(declared_parameters(session.project.template(name)) for name in templates))
    for name in extra:
        if name in _NAMING:
            raise SlipwayError(f"--parameter {name}: it is part of every name.", f"Say it so: {_NAMING[name]}")
        if name not in known:
            allowed = ", ".join(sorted(known - _NAMING.keys()))
            raise SlipwayError(f"--parameter: found {name}, which no template has; expected {allowed}.")
    return extra


def _missing_sources(session: Session, *, prepared: bool, connected: bool) -> list[str]:
    """What a release is made from and is not there; repositories behind a connection are not looked at."""
    names = session.names
    missing = [] if prepared or _has_dataset(session) else ["the dataset"]
    for folder in () if connected else REPOSITORY_FOLDERS:
        try:
            session.client("codecommit").get_branch(repositoryName=names.repository(folder), branchName=BRANCH)
        except ClientError as error:
            # Without a connection CloudFormation says which repositories the pipeline lacks.
            if code_of(error) == "RepositoryDoesNotExistException":
                continue
            if code_of(error) != "BranchDoesNotExistException":
                raise
            missing.append(f"the content of {names.repository(folder)}")
    return missing


def _has_dataset(session: Session) -> bool:
    try:
        session.client("s3").head_object(Bucket=session.names.bucket("data"), Key=session.names.manifest_key)
    except ClientError as error:
        if code_of(error) not in {"404", "NoSuchKey", "NotFound"}:
            raise
        return False
    return True
