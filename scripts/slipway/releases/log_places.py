"""Where functions, builds, jobs, endpoints and a release's actions log, by the names that people give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.evidence.actions import EVALUATIONS
from pipeline_lambdas.release.names import ENVIRONMENTS, is_tuning_job
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.installation.workflow_inventory import JOB_LOGS
from slipway.names import BUILDS, FUNCTIONS
from slipway.releases.pipeline import load_run, resolve_run
from slipway.releases.run_view import ActionView, RunView
from slipway.session import Session

TRAINING_JOB, METRICS_JOB = "training-job", "metrics-job"
ENDPOINTS = {f"endpoint-{environment}": environment for environment in ENVIRONMENTS}
"""What the endpoints are called here, to their environments."""
JOBS = {"training": "Training", "tuning": "HyperParameterTuning", "processing": "Processing", "transform": "Transform"}
"""Kind of a job to SageMaker's word for it."""
WORKFLOW = "workflow"
FIXED = (*FUNCTIONS, TRAINING_JOB, METRICS_JOB, *BUILDS, *ENDPOINTS)
FORMS = ("STAGE/ACTION of a release", *(f"{kind}/JOB" for kind in JOBS), f"{WORKFLOW}/FUNCTION")
_ENDED = frozenset(("Completed", "Failed", "Stopped", "Deleting"))


@dataclass(frozen=True)
class Place:
    """Where a log lies; in a group that others write to as well by what its streams' names begin with."""

    group: str
    prefix: str = ""
    ended: Callable[[], bool] = lambda: False
    """Whether nothing more will come."""


def place_named(session: Session, name: str, run: str | None) -> Place:
    """Return the place of a log; `run` is the release whose jobs and actions are meant. Raises SlipwayError."""
    if "/" in name:
        return _place_below(session, name, run)
    if name == TRAINING_JOB:
        return _training_of(session, run)
    if name == METRICS_JOB:
        return _metrics_of(session, run)
    if name in BUILDS:
        return _newest_build(session, name)
    if name in ENDPOINTS:
        return Place(f"/aws/sagemaker/Endpoints/{session.names.endpoint(ENDPOINTS[name])}")
    function = name.removeprefix(f"{session.names.pipeline}-")
    if function not in FUNCTIONS:
        raise SlipwayError(f"found {name!r}; expected {', '.join(FIXED)}, or {', '.join(FORMS)}.")
    return Place(session.names.log_group(function))


def _place_below(session: Session, name: str, run: str | None) -> Place:
    kind, _, rest = name.partition("/")
    if kind == WORKFLOW:
        return Place(workflow_group(session, rest))
    if kind not in JOBS:
        return _place_of_named_action(session, name, run)
    place = job_place(session, kind, rest)
    try:
        place.ended()
    except ClientError as error:
        if code_of(error) not in {"ValidationException", "ResourceNotFound"}:
            raise
        raise SlipwayError(f"{name}: found no such {kind} job in {session.target.title}.") from None
    return place


def workflow_group(session: Session, function: str) -> str:
    """Return the log group of a function of the Step Functions workflows."""
    return f"/aws/lambda/slipway-{session.names.suffix}-workflow-{function}"


def job_place(session: Session, kind: str, name: str) -> Place:
    """Return where a job logs; a tuning job itself logs nothing, its training jobs do."""
    if kind == "tuning" or (kind == "training" and is_tuning_job(name)):
        # The streams of a tuning job are those of its training jobs, whose names begin with its own.
        return Place(JOB_LOGS["training"], f"{name}-", lambda: _job_ended(session, "tuning", name))
    return Place(JOB_LOGS[kind], f"{name}/", lambda: _job_ended(session, kind, name))


def places_of_action(session: Session, run: RunView, action: ActionView) -> list[Place]:
    """Return where what an action does is logged, the most telling place first; empty if nothing logs."""
    own = [Place(action.log_group, action.log_streams)] if action.log_group else []
    environment = action.environment
    if action.name in EVALUATIONS and environment:
        return [Place(JOB_LOGS["processing"], f"{session.names.pipeline}-{environment}-{run.short_id}"), *own]
    return own


def _training_of(session: Session, run: str | None) -> Place:
    found = load_run(session, resolve_run(session, run))
    if not found.training_job:
        raise SlipwayError(
            f"release {found.short_id}: found no training job (yet).",
            f"See where it is: {session.command('show', found.short_id)}",
        )
    return job_place(session, "training", found.training_job)


def _metrics_of(session: Session, run: str | None) -> Place:
    found = load_run(session, resolve_run(session, run))
    jobs = session.client("sagemaker").list_processing_jobs(
        NameContains=found.short_id, SortBy="CreationTime", SortOrder="Descending"
    )["ProcessingJobSummaries"]
    stems = tuple(f"{session.names.pipeline}-{environment}-{found.short_id}" for environment in ENVIRONMENTS)
    newest = next((job["ProcessingJobName"] for job in jobs if job["ProcessingJobName"].startswith(stems)), None)
    if newest is None:
        raise SlipwayError(
            f"release {found.short_id}: found no processing job of own metrics.",
            "A job runs where the training config has `metrics`, and once the release evaluates.",
        )
    return job_place(session, "processing", newest)


def _place_of_named_action(session: Session, name: str, run: str | None) -> Place:
    found = load_run(session, resolve_run(session, run))
    action = next((one for one in found.actions if f"{one.stage}/{one.name}" == name), None)
    if action is None:
        listed = ", ".join(f"{one.stage}/{one.name}" for one in found.actions)
        raise SlipwayError(f"release {found.short_id}: found no action {name}; expected {listed}.")
    if not action.log_group:
        raise SlipwayError(f"{name} of release {found.short_id} has no log (yet).")
    return Place(action.log_group, action.log_streams, lambda: _action_ended(session, found, action))


def _action_ended(session: Session, run: RunView, action: ActionView) -> bool:
    now = load_run(session, run.id).actions
    return all(
        one.status not in {"InProgress", "Waiting"}
        for one in now
        if (one.stage, one.name) == (action.stage, action.name)
    )


def _job_ended(session: Session, kind: str, name: str) -> bool:
    word = JOBS[kind]
    describe = getattr(session.client("sagemaker"), f"describe_{_snake(word)}_job")
    return describe(**{f"{word}JobName": name})[f"{word}JobStatus"] in _ENDED


def _snake(word: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in word).lstrip("_")


def _newest_build(session: Session, name: str) -> Place:
    codebuild, project = session.client("codebuild"), session.names.function(name)
    try:
        builds = codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise SlipwayError(
            f"{project}: found no such build project.", f"Create it: {session.command('deploy')}"
        ) from None
    if not builds:
        raise SlipwayError(f"{project}: nothing has run yet.")

    def newest() -> dict[str, Any]:
        build: dict[str, Any] = codebuild.batch_get_builds(ids=builds[:1])["builds"][0]
        return build

    where = newest().get("logs", {})
    if not where.get("streamName"):
        # https://docs.aws.amazon.com/codebuild/latest/APIReference/API_LogsLocation.html
        raise SlipwayError(
            f"{project}: the newest run has no log yet; it begins once CodeBuild has a machine.",
            f"Look again in a minute: {session.command('logs', name)}",
        )
    return Place(where["groupName"], where["streamName"], lambda: bool(newest().get("buildComplete")))
