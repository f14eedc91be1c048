"""All models of an installation, each with its last release and Prod's model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Group, RenderableType
from rich.text import Text

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.text import duration
from slipway.installation.aws_errors import code_of
from slipway.installation.installation import find_pipelines
from slipway.releases.pipeline import list_runs
from slipway.releases.run_rows import WAITING, RunRow, load_rows
from slipway.session import Session
from slipway.terminal.output import Output, status_text


@dataclass(frozen=True)
class Served:
    """What the Prod endpoint serves, and since when."""

    config: str
    status: str
    since: datetime


@dataclass(frozen=True)
class Model:
    """A model of an installation; None for a missing release or Prod endpoint."""

    name: str
    last: RunRow | None
    prod: Served | None
    next_step: str = ""


def load_overview(session: Session, now: datetime) -> list[Model]:
    """Return the models, sorted by name."""
    return [
        _model(session_for(session, names.model), now)
        for names in sorted(find_pipelines(session), key=lambda one: one.model)
    ]


def overview(models: Iterable[Model], now: datetime, width: int) -> RenderableType:
    """Return two or three lines for each model, cut at the window's width unless they contain a command."""
    lines: list[Text] = []
    for model in models:
        lines += [_cut(line, width) for line in (_release_line(model, now), _prod_line(model, now))]
        if model.next_step:
            lines.append(Text(f"  decide: {model.next_step}", style="yellow"))
    return Group(*lines)


def document_of(model: Model) -> dict[str, Any]:
    """Return a model for programs."""
    last, prod = model.last, model.prod
    return {
        "model": model.name,
        "release": None
        if last is None
        else {
            "id": last.id,
            "status": last.status,
            "started": last.started.isoformat(),
            "metric": {"name": last.metric, "value": last.value} if last.metric else None,
            "verdict": last.verdict or None,
            "waits_for_approval": last.status == WAITING,
        },
        "prod": {"serves": prod.config, "status": prod.status, "since": prod.since.isoformat()} if prod else None,
    }


def session_for(session: Session, model: str) -> Session:
    """Return a session for another model that shares the known facts of the target."""
    other = Session(replace(session.options, model=model), Output(as_json=session.output.as_json))
    other.__dict__.update(target=session.target, names=replace(session.names, model=model))
    return other


def _model(session: Session, now: datetime) -> Model:
    try:
        newest = list_runs(session, 1)
    except ClientError as error:
        if code_of(error) != "PipelineNotFoundException":
            raise
        return Model(session.names.model, None, load_served(session))
    last = load_rows(session, newest, now)[0] if newest else None
    waits = last is not None and last.status == WAITING
    step = session.command("show", short_id(last.id)) if last and waits else ""
    return Model(session.names.model, last, load_served(session), step)


def load_served(session: Session) -> Served | None:
    """Return what the Prod endpoint of a model serves; None if there is none."""
    try:
        found = session.client("sagemaker").describe_endpoint(EndpointName=session.names.endpoint("prod"))
    except ClientError as error:
        if code_of(error) != "ValidationException":
            raise
        return None
    config = str(found.get("EndpointConfigName", ""))
    return Served(config, str(found["EndpointStatus"]), found["LastModifiedTime"].astimezone(UTC))


def _release_line(model: Model, now: datetime) -> Text:
    line = Text.assemble("model ", (model.name, "bold"), "  ")
    last = model.last
    if last is None:
        return line.append("has had no release yet")
    line.append(f"release {short_id(last.id)}  ").append_text(status_text(last.status))
    line.append(" for approval" if last.status == WAITING else "")
    if last.metric:
        value = "-" if last.value is None else f"{last.value:.4g}"
        line.append(f"  {last.metric} {value}  ").append_text(status_text(last.verdict))
    return line.append(f"  {_ago(last.started, now)}")


def _prod_line(model: Model, now: datetime) -> Text:
    prod = model.prod
    if prod is None:
        return Text("  Prod serves no model yet", style="bright_black")
    line = Text.assemble("  Prod ", status_text(prod.status))
    return line.append(f"  serves {prod.config}, changed {_ago(prod.since, now)}" if prod.config else "")


def _ago(moment: datetime, now: datetime) -> str:
    return f"{duration(max((now - moment).total_seconds(), 0.0))} ago"


def _cut(line: Text, width: int) -> Text:
    line.no_wrap = True
    line.truncate(width, overflow="ellipsis")
    return line
