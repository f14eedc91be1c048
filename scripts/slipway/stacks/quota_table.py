"""Compares SageMaker's quotas with the needs of releases: a table, and a warning before a launch on AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from pipeline_lambdas.config.parsing import ConfigError
from slipway.config_files import read_config
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import explain
from slipway.session import Session
from slipway.stacks.quota_limits import Limit, quota_limits
from slipway.stacks.quotas import Need, needs, workflow_needs
from slipway.stacks.templates import default_of

_DOMAINS = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
_NARROW = 11
"""A column of numbers is at least as wide, so that it is the names that are wrapped on a narrow terminal."""
_PAGE = "servicequotas/home/services/sagemaker/quotas"


def say_quotas(session: Session) -> None:
    """Print what the models of this checkout need; on AWS also the account's limits, and what to request."""
    models, needed = _needed(session)
    of_workflows = _of_workflows(session)
    limits = _limits(session, [*needed, *of_workflows])
    session.output.say(f"SageMaker quotas for {', '.join(models)}")
    session.output.say(_table(needed, limits, "a release needs", "overlapping ones"))
    session.output.say("SageMaker quotas for the workflows' samples")
    session.output.say(_table(of_workflows, limits, "a sample needs", "all at once"))
    session.output.say(f"Request what is missing, in the Region of the stacks: {_console(session)}")
    session.output.result(
        {
            "models": models,
            "console": _console(session),
            "quotas": [_document(session, need, limits, "release", "overlapping") for need in needed],
            "workflow_quotas": [_document(session, need, limits, "sample", "together") for need in of_workflows],
        }
    )


def warn_of_quotas(session: Session) -> None:
    """Warn before a launch about quotas that are too small for its releases; local AWS has none."""
    if session.target.is_local:
        return
    try:
        _, needed = _needed(session)
    except SlipwayError as error:
        session.output.warn(f"SageMaker's quotas were not looked at: {error.message}")
        return
    _warn(session, needed, "a release")


def warn_of_workflow_quotas(session: Session) -> None:
    """The same before the workflows are launched."""
    if not session.target.is_local:
        _warn(session, _of_workflows(session), "a sample")


def _warn(session: Session, needed: Sequence[Need], what: str) -> None:
    limits = _limits(session, needed)
    for need in needed:
        limit = limits.get(need.quota) if limits is not None else None
        if limit and limit.value < need.alone:
            session.output.warn(
                f"quota {need.quota}: found {limit.value:g}, {what} needs {need.alone} and fails with "
                f"ResourceLimitExceeded. Request {need.overlapping}: {_console(session, limit)}"
            )


def _of_workflows(session: Session) -> list[Need]:
    return workflow_needs(default_of(session.project.template("workflows.yml"), "InstanceType"))


def _needed(session: Session) -> tuple[list[str], list[Need]]:
    paths = sorted(session.project.training_config.glob("*.yml"))
    try:
        configs = [read_config(path) for path in paths]
    except ConfigError as error:
        raise SlipwayError(str(error), lambda command: f"Check it: {command('check')}") from None
    return [config.model for config in configs], needs(configs)


def _limits(session: Session, needed: Sequence[Need]) -> dict[str, Limit] | None:
    """Return the limits; None if nobody can be asked."""
    if session.target.is_local:
        return None
    try:
        return quota_limits(session.client("service-quotas"), [need.quota for need in needed])
    except (BotoCoreError, ClientError) as error:
        told = explain(error)
        session.output.warn(f"what the account allows is not known: {told.message if told else error}")
        return None


def _table(needed: Sequence[Need], limits: Mapping[str, Limit] | None, alone: str, together: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("quota")
    for title in (alone, together, *(("allowed", "request") if limits is not None else ())):
        table.add_column(title, justify="right", min_width=min(len(title), _NARROW))
    for need in needed:
        row = [need.quota, str(need.alone), str(need.overlapping)]
        if limits is not None:
            limit = limits.get(need.quota)
            row += ["not listed", ""] if limit is None else [f"{limit.value:g}", _request(need, limit)]
        table.add_row(*row)
    return table


def _request(need: Need, limit: Limit) -> str:
    return str(need.overlapping) if limit.value < need.overlapping else ""


def _document(
    session: Session, need: Need, limits: Mapping[str, Limit] | None, alone: str, together: str
) -> dict[str, Any]:
    told: dict[str, Any] = {"quota": need.quota, alone: need.alone, together: need.overlapping}
    limit = limits.get(need.quota) if limits is not None else None
    if limit is not None:
        told |= {"code": limit.code, "allowed": limit.value, "console": _console(session, limit)}
    return told


def _console(session: Session, limit: Limit | None = None) -> str:
    """Return the console's page of all quotas or of one, in the Region of the launch."""
    region = session.target.region
    domain = next((name for prefix, name in _DOMAINS.items() if region.startswith(prefix)), "console.aws.amazon.com")
    page = f"{_PAGE}/{limit.code}" if limit else _PAGE
    return f"https://{domain}/{page}" if session.target.is_local else f"https://{region}.{domain}/{page}"
