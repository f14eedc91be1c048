"""The end of a release: its training, its verdicts, its endpoints, and the next steps."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from rich.text import Text

from pipeline_lambdas.release.names import ENVIRONMENTS
from pipeline_lambdas.report.kit.text import duration
from slipway.installation.aws_errors import code_of
from slipway.releases.reports import load_reports, say_reports
from slipway.releases.run_view import RunView
from slipway.repositories.sources import connected_repositories
from slipway.session import Session
from slipway.verbs.follow import approval_lines, waiting_lines

_MOST_FILES = 100


def say_summary(session: Session, run: RunView) -> None:
    """Print the summary; of a failed release the parts that exist."""
    output = session.output
    trained = _trained(session, run)
    if trained:
        output.say()
        output.say(Text.assemble(("trained    ", "bold"), trained))
    reports = load_reports(session, run)
    if reports:
        output.say()
        say_reports(output, reports)
    endpoints = _endpoints(session)
    if endpoints:
        output.say()
        for number, (name, config) in enumerate(endpoints.items()):
            output.say(
                Text.assemble(("endpoints  " if not number else "           ", "bold"), name, f"  serves {config}")
            )
    output.say()
    for line in _next_steps(session, run):
        output.say(line)


def summary_document(session: Session, run: RunView) -> dict[str, Any]:
    """Return the summary for programs."""
    return {
        "training_job": run.training_job,
        "training_seconds": run.variable("TrainingSeconds"),
        "evaluations": load_reports(session, run),
        "endpoints": _endpoints(session),
    }


def _trained(session: Session, run: RunView) -> str:
    job = run.training_job
    if not job:
        return ""
    parts = [job]
    rows = _rows(session, run.variable("DatasetPrefix"))
    if rows:
        parts.append(f"{rows:,} rows")
    seconds = run.variable("TrainingSeconds")
    if seconds:
        parts.append(duration(float(seconds)))
    tuned = json.loads(run.variable("TunedHyperparameters") or "{}")
    if tuned:
        parts.append(f"the best of {run.variable('TuningJobName')}: {', '.join(f'{n} {v}' for n, v in tuned.items())}")
    return ", ".join(parts)


def _rows(session: Session, prefix: str) -> int:
    """Return the rows of the training channel, as stored with the files at their upload; 0 if some are not known."""
    if not prefix:
        return 0
    s3, bucket = session.client("s3"), session.names.bucket("data")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}train/", MaxKeys=_MOST_FILES)
    if found["IsTruncated"]:
        return 0
    noted = [
        s3.head_object(Bucket=bucket, Key=item["Key"])["Metadata"].get("rows", "") for item in found.get("Contents", [])
    ]
    return sum(int(rows) for rows in noted) if all(rows.isdecimal() for rows in noted) else 0


def _endpoints(session: Session) -> dict[str, str]:
    """Map each endpoint to the config that it serves."""
    endpoints: dict[str, str] = {}
    for environment in ENVIRONMENTS:
        name = session.names.endpoint(environment)
        try:
            found = session.client("sagemaker").describe_endpoint(EndpointName=name)
        except ClientError as error:
            if code_of(error) != "ValidationException":
                raise
            continue
        endpoints[name] = str(found.get("EndpointConfigName", found["EndpointStatus"]))
    return endpoints


def _next_steps(session: Session, run: RunView) -> list[str]:
    if run.approval:
        where = f"{run.approval.stage}/{run.approval.name}"
        return [
            f"next: {where} waits for a decision; its environment has not changed",
            *approval_lines(run, run.approval, session.command),
            f"  then:    {session.command('follow', run.short_id)}",
        ]
    if run.running:
        first, *answers = waiting_lines(run, session.command) or ["it goes on"]
        return [f"next: {first}", *answers, f"  then:    {session.command('follow', run.short_id)}"]
    steps = [
        "next",
        "  1. change the config and push, which starts a release:",
        *(f"       {step}" for step in _changing_the_config(session)),
        f"       {session.command('follow')}",
        "  2. look at this release, or at all of them:",
        f"       {session.command('show', run.short_id)}",
        f"       {session.command('runs')}",
    ]
    if session.target.is_local:
        steps += ["  3. stop local AWS; what it holds is kept:", f"       {session.command('down')}"]
    else:
        steps += [
            "  3. see what exists; endpoints cost money until they are deleted:",
            f"       {session.command('status')}",
        ]
    return steps


def _changing_the_config(session: Session) -> list[str]:
    names = session.names
    repository = names.repository("training_config")
    clone = f"../{repository}"
    connected = connected_repositories(session)
    if connected:
        # The provider alone knows the address, and people have a clone of their own.
        return [f"edit {names.model}.yml in your clone of {connected['training_config']}", "git commit -a && git push"]
    found = session.client("codecommit").get_repository(repositoryName=repository)["repositoryMetadata"]
    return [
        session.target.clone(found["cloneUrlHttp"], clone),
        f"edit {clone}/{names.model}.yml",
        f"git -C {clone} commit -am 'Try other values' && git -C {clone} push",
    ]
