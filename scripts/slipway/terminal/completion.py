"""Shell completion of models, releases, stages and what has a log.

Completion must neither keep a person waiting nor print anything, so it waits for an answer only so long, and is empty
without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Thread
from typing import Annotated, Any, TypeVar

import typer

from pipeline_lambdas.release.names import short_id
from slipway.project import find_project
from slipway.releases.log_places import FIXED, JOBS, WORKFLOW, workflow_group
from slipway.session import Session
from slipway.target import LOCAL_PORT, Options
from slipway.terminal.output import Output

_MOST_RELEASES = 30
_MOST_JOBS = 50
_PATIENCE_S = 4.0
"""boto3 waits a minute for a connection, and tries it again."""
_Found = TypeVar("_Found")


def complete_models(incomplete: str) -> list[str]:
    """Return the models with a training config here."""
    return _beginning(incomplete, (path.stem for path in sorted(find_project().training_config.glob("*.yml"))))


def complete_releases(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the newest releases, each with its status."""

    def ask(session: Session) -> list[tuple[str, str]]:
        found = session.client("codepipeline").list_pipeline_executions(
            pipelineName=session.names.pipeline, maxResults=_MOST_RELEASES
        )
        return [
            (short_id(one["pipelineExecutionId"]), str(one["status"]))
            for one in found["pipelineExecutionSummaries"]
            if one["pipelineExecutionId"].startswith(incomplete)
        ]

    return _asked(context, ask)


NewestRelease = Annotated[
    str | None,
    typer.Argument(autocompletion=complete_releases, help="Release: its id or the beginning; default: the newest."),
]
"""The argument of a verb that is about one release."""


def complete_stages(context: typer.Context, incomplete: str) -> list[str]:
    """Return the stages of the pipeline."""

    def ask(session: Session) -> list[str]:
        pipeline = session.client("codepipeline").get_pipeline(name=session.names.pipeline)["pipeline"]
        return _beginning(incomplete, (stage["name"] for stage in pipeline["stages"]))

    return _asked(context, ask)


def complete_logs(context: typer.Context, incomplete: str) -> list[str]:
    """Return what has a log: functions, builds, endpoints, the pipeline's actions, and jobs once their kind is told."""
    kind, slash, _ = incomplete.partition("/")
    if slash and kind in JOBS:
        return _asked(context, lambda session: _beginning(incomplete, _jobs(session, kind)))
    if slash and kind == WORKFLOW:
        return _asked(context, lambda session: _beginning(incomplete, _workflow_functions(session)))
    kinds = [f"{one}/" for one in (*JOBS, WORKFLOW)]
    actions = _asked(context, _actions)
    return _beginning(incomplete, (*FIXED, *kinds, *actions))


def _jobs(session: Session, kind: str) -> list[str]:
    name = "hyper_parameter_tuning" if kind == "tuning" else kind
    word = f"{JOBS[kind]}Job"
    listed = getattr(session.client("sagemaker"), f"list_{name}_jobs")
    found = listed(MaxResults=_MOST_JOBS, SortBy="CreationTime", SortOrder="Descending")[f"{word}Summaries"]
    return [f"{kind}/{one[f'{word}Name']}" for one in found]


def _workflow_functions(session: Session) -> list[str]:
    start = workflow_group(session, "")
    found = session.client("logs").describe_log_groups(logGroupNamePrefix=start)["logGroups"]
    return [f"{WORKFLOW}/{one['logGroupName'].removeprefix(start)}" for one in found]


def _actions(session: Session) -> list[str]:
    stages = session.client("codepipeline").get_pipeline(name=session.names.pipeline)["pipeline"]["stages"]
    return [f"{stage['name']}/{action['name']}" for stage in stages for action in stage["actions"]]


def _asked(context: typer.Context, ask: Callable[[Session], list[_Found]]) -> list[_Found]:
    given, found = context.find_root().params, list[_Found]()

    def answer() -> None:
        with suppress(Exception):  # whatever is wrong, the verb itself will say it better
            found.extend(ask(_session(given)))

    asking = Thread(target=answer, daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return list(found)


def _session(given: dict[str, Any]) -> Session:
    """Return a session for the options before the verb, which completion parses without calling anything."""
    options = Options(
        given.get("local_aws"),
        given.get("profile"),
        given.get("region"),
        given.get("suffix"),
        given.get("model") or Options.model,
        int(given.get("port") or LOCAL_PORT),
    )
    return Session(options, Output(as_json=True))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
