"""Shell completion of models, releases and stages.

Completion must neither keep a person waiting nor print anything, so its calls time out early, and it is empty without
an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import typer

from pipeline_lambdas.release.names import short_id
from slipway.project import find_project
from slipway.session import Session
from slipway.target import LOCAL_PORT, Options
from slipway.terminal.output import Output

_MOST_RELEASES = 30
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


def complete_stages(context: typer.Context, incomplete: str) -> list[str]:
    """Return the stages of the pipeline."""

    def ask(session: Session) -> list[str]:
        pipeline = session.client("codepipeline").get_pipeline(name=session.names.pipeline)["pipeline"]
        return _beginning(incomplete, (stage["name"] for stage in pipeline["stages"]))

    return _asked(context, ask)


def _asked(context: typer.Context, ask: Callable[[Session], list[_Found]]) -> list[_Found]:
    try:
        return ask(_session(context.find_root().params))
    except Exception:  # noqa: BLE001 - whatever is wrong, the verb itself will say it better
        return []


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
