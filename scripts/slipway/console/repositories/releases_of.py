"""Finds the releases that took a commit of an installation's repository as a source.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecutionSummary.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Html, join
from slipway.console.shell import at, to
from slipway.errors import SlipwayError
from slipway.names import Names
from slipway.session import Session

_NEWEST = 100
_MOST_MODELS = 20
_MOST_LINKS = 6
_AT_ONCE = 4
Releases = Mapping[str, Sequence[tuple[str, str]]]
"""A commit's id to (model, execution id), newest first."""


def releases_by_commit(session: Session, repository: str) -> Releases:
    """Return the releases among the newest of each model; none for repositories that are not the installation's."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if not repository.startswith(f"slipway-{session.names.suffix}-"):
        return found
    client, pipelines = session.client("codepipeline"), _pipelines(session)
    with ThreadPoolExecutor(_AT_ONCE) as several:
        listed = several.map(
            lambda one: client.list_pipeline_executions(pipelineName=one[1], maxResults=_NEWEST), pipelines
        )
        for (model, _), answer in zip(pipelines, listed, strict=True):
            for execution in answer["pipelineExecutionSummaries"]:
                for source in execution.get("sourceRevisions", ()):
                    found[source.get("revisionId", "")].append((model, execution["pipelineExecutionId"]))
    return found


def release_links(releases: Sequence[tuple[str, str]]) -> Html | None:
    """Return links to releases, to the newest where they are many."""
    if not releases:
        return None
    links: list[str] = []
    for model, execution in releases[:_MOST_LINKS]:
        links += [", ", to(f"{model} {short_id(execution)}", at("models", model, "releases", execution))]
    more = len(releases) - _MOST_LINKS
    return join(*links[1:], f" and {more} more" if more > 0 else None)


def _pipelines(session: Session) -> list[tuple[str, str]]:
    """Return the models of the installation with the names of their pipelines."""
    names, found = session.names, []
    for one in session.client("codepipeline").list_pipelines()["pipelines"]:
        model = one["name"].removeprefix(f"slipway-{names.suffix}-")
        try:
            pipeline = Names(names.suffix, model, names.account, names.region).pipeline
        except SlipwayError:  # another installation's, or nobody's
            continue
        if pipeline == one["name"]:
            found.append((model, pipeline))
    return found[:_MOST_MODELS]
