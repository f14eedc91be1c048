"""Verb `logs`: what a function, a training job or a build wrote."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from scripts.aws_errors import code_of
from scripts.errors import SlipwayError
from scripts.names import BUILD, FUNCTIONS
from scripts.pipeline import load_run, resolve_run
from scripts.session import Session, session_of

TRAINING_JOB = "training-job"
_TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def logs(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=f"{', '.join(FUNCTIONS)}, {TRAINING_JOB} or {BUILD}.")],
    since: Annotated[str, typer.Option(help="How far back: 90s, 10m, 2h, 7d.")] = "1h",
    run: Annotated[str | None, typer.Option(help="Release whose training job is meant; default: the newest.")] = None,
) -> None:
    """Print the log of a function, of a training job or of the newest build."""
    session = session_of(context)
    group, prefix = _place(session, name, run)
    start_ms = 0 if prefix else round((time.time() - seconds(since)) * 1000)
    lines = _lines(session, group, prefix, start_ms)
    for when, text in lines:
        session.output.say(f"{datetime.fromtimestamp(when / 1000, UTC).astimezone():%H:%M:%S}  {text}")
    if not lines:
        session.output.say(f"{group}: nothing" + ("" if prefix else f" in the last {since}; look further: --since 1d"))
    session.output.result(
        {"log_group": group, "events": [{"timestamp": when, "message": text} for when, text in lines]}
    )


def _place(session: Session, name: str, run: str | None) -> tuple[str, str]:
    """Log group, and the prefix of the streams in it."""
    if name == TRAINING_JOB:
        job = load_run(session, resolve_run(session, run)).training_job
        if not job:
            raise SlipwayError("The release has no training job yet.", f"See where it is: {session.command('show')}")
        return _TRAINING_JOBS, f"{job}/"
    if name == BUILD:
        return _newest_build(session)
    function = name.removeprefix(f"{session.names.pipeline}-")
    if function not in FUNCTIONS:
        raise SlipwayError(f"found {name!r}; allowed are {', '.join(FUNCTIONS)}, {TRAINING_JOB} and {BUILD}.")
    return session.names.log_group(function), ""


def _newest_build(session: Session) -> tuple[str, str]:
    codebuild, project = session.client("codebuild"), f"{session.names.pipeline}-build"
    try:
        builds = codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise SlipwayError(
            f"{project}: found no such build project.", f"Create it: {session.command('deploy')}"
        ) from None
    if not builds:
        raise SlipwayError(f"{project}: nothing has been built yet.")
    where = codebuild.batch_get_builds(ids=builds[:1])["builds"][0]["logs"]
    return where["groupName"], where["streamName"]


def _lines(session: Session, group: str, prefix: str, start_ms: int) -> list[tuple[int, str]]:
    query: dict[str, object] = {"logGroupName": group, "startTime": start_ms}
    if prefix:
        query["logStreamNamePrefix"] = prefix
    try:
        pages = session.client("logs").get_paginator("filter_log_events").paginate(**query)
        return [(event["timestamp"], event["message"].rstrip()) for page in pages for event in page["events"]]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise SlipwayError(f"{group}: found no such log group; nothing has been logged there yet.") from None


def seconds(text: str) -> int:
    """The value of an option `--since`."""
    matched = re.fullmatch(r"(\d+)([smhd])", text)
    if not matched:
        raise SlipwayError(f"--since: found {text!r}; allowed is a number with s, m, h or d, such as 10m.")
    return int(matched[1]) * _UNITS_S[matched[2]]
