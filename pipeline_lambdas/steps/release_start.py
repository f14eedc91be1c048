"""Decides whether a push or a new dataset releases the model, and starts the release.

EventBridge reports every push to a repository that all models share; the changed paths show whether it concerns this
model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.aws import codecommit, executions, s3, starting
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from pipeline_lambdas.release.affected import DATASET, TRAINING_CONFIG, config_file, releasing
from pipeline_lambdas.release.dataset import manifest_key, parse_manifest
from pipeline_lambdas.release.names import TRIGGERS
from pipeline_lambdas.runtime.failures import ConfigurationError, UnavailableError

_PUSH = "CodeCommit Repository State Change"
_UPLOAD = "Object Created"
_LOOKS, _PAUSE_S = 15, 2.0
_MOST_PATHS = 5


@dataclass(frozen=True, slots=True)
class StartSite:
    """The values of the stack: the model, its pipeline and sources, and the role that may start it."""

    model: str
    pipeline: str
    branch: str
    data_bucket: str
    role_arn: str
    repositories: Mapping[str, str]
    """Source action to repository of CodeCommit; empty where a connection delivers the sources."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A branch that moved; `before` is None for a new one."""

    event_id: str
    source: str
    repository: str
    commit: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A new version of the model's manifest."""

    event_id: str
    version: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a release starts, and why or why not."""

    starts: bool
    reason: str


def parse_event(event: Any, site: StartSite) -> Pushed | Uploaded:
    """Return what an event reports; ConfigurationError if the rules of the pipeline do not match it.

    https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    try:
        event_id, kind, detail = event["id"], event["detail-type"], event["detail"]
        if kind == _PUSH and detail["referenceType"] == "branch" and detail["referenceName"] == site.branch:
            repository = detail["repositoryName"]
            for source, name in site.repositories.items():
                if name == repository:
                    return Pushed(event_id, source, repository, detail["commitId"], detail.get("oldCommitId"))
        if (
            kind == _UPLOAD
            and detail["bucket"]["name"] == site.data_bucket
            and detail["object"]["key"] == manifest_key(site.model)
        ):
            return Uploaded(event_id, detail["object"]["version-id"])
    except (KeyError, TypeError):
        pass
    raise ConfigurationError(
        f"The event reports neither a push to a source of the pipeline {site.pipeline} nor a dataset of its model. "
        "Let only the rules that the template makes for this function invoke it."
    )


def start_release(told: Pushed | Uploaded, site: StartSite, sleep: Callable[[float], None]) -> dict[str, Any]:
    """Start the release that the event calls for, if any; return the decision, for the log.

    The event's id is the request's token, so a repeated delivery starts nothing twice. Raises JobError if AWS does not
    answer; Lambda then repeats the event.
    """
    if isinstance(told, Pushed):
        decision, source, revision = _decide_push(told, site), told.source, starting.commit(told.source, told.commit)
    else:
        decision, source, revision = _decide_upload(told, site, sleep), DATASET, starting.version(DATASET, told.version)
    done: dict[str, Any] = {"source": source, "revision": revision["revisionValue"], "reason": decision.reason}
    if not decision.starts:
        return {**done, "outcome": "no release"}
    # The trigger of the execution tells the session's name, by which others know what started it.
    session = f"{site.pipeline}-{TRIGGERS[source]}"
    execution = starting.start(site.pipeline, site.role_arn, session, revision, told.event_id)
    return {**done, "outcome": "release", "execution_id": execution}


def decide_paths(source: str, model: str, paths: Iterable[str]) -> Decision:
    """Decide by the paths that a push changed."""
    found = releasing(source, model, paths)
    if not found:
        return Decision(starts=False, reason=f"no source of {model} has changed")
    more = f" and {len(found) - _MOST_PATHS} more" if len(found) > _MOST_PATHS else ""
    return Decision(starts=True, reason=f"{', '.join(found[:_MOST_PATHS])}{more} changed")


def decide_dataset(pinned: str | None, dataset: str) -> Decision:
    """Decide by the id of a new dataset, and the id that the config pins, if any."""
    if pinned is None:
        return Decision(starts=True, reason=f"new dataset {dataset}")
    if pinned == dataset:
        return Decision(starts=True, reason=f"the config pins dataset {dataset}")
    return Decision(starts=False, reason=f"the config pins dataset {pinned}, not {dataset}")


def is_under_way(summaries: Iterable[Mapping[str, Any]], commit: str) -> bool | None:
    """Tell whether a release of this config commit is running; None if one is whose commit is not known yet."""
    unknown = False
    for summary in summaries:
        if summary["status"] != "InProgress":
            continue
        revisions = {item["actionName"]: item.get("revisionId") for item in summary.get("sourceRevisions", ())}
        if revisions.get(TRAINING_CONFIG) == commit:
            return True
        unknown = unknown or TRAINING_CONFIG not in revisions
    return None if unknown else False


def _decide_push(pushed: Pushed, site: StartSite) -> Decision:
    if pushed.before is None:
        return Decision(starts=True, reason="a new branch")
    paths = codecommit.changed_paths(pushed.repository, pushed.before, pushed.commit)
    if paths is None:
        return Decision(starts=True, reason=f"commit {pushed.before} is gone, so everything counts as changed")
    return decide_paths(pushed.source, site.model, paths)


def _decide_upload(uploaded: Uploaded, site: StartSite, sleep: Callable[[float], None]) -> Decision:
    """Decide by config and manifest. If they cannot be read, the release starts, and fails where people look."""
    repository = site.repositories.get(TRAINING_CONFIG)
    if repository is None:
        return Decision(starts=True, reason="new dataset; the config is behind a connection")
    file = config_file(site.model)
    found = codecommit.read_file(repository, site.branch, file)
    manifest = s3.read_version(site.data_bucket, manifest_key(site.model), uploaded.version)
    if found is None or manifest is None:
        return Decision(starts=True, reason=f"new dataset; found no {file if found is None else 'manifest'}")
    try:
        pinned = parse_config(found.content, file).dataset
        decision = decide_dataset(pinned, parse_manifest(manifest, site.model).id)
    except (ConfigError, ConfigurationError):
        return Decision(starts=True, reason="new dataset; config or manifest is not in order")
    if pinned is None or not decision.starts or not _under_way(site, found.commit, sleep):
        return decision
    return Decision(
        starts=False, reason=f"{decision.reason}, and a release of this config, which takes it, is under way"
    )


def _under_way(site: StartSite, commit: str, sleep: Callable[[float], None]) -> bool:
    for _ in range(_LOOKS):
        found = is_under_way(executions.list_newest(site.pipeline), commit)
        if found is not None:
            return found
        sleep(_PAUSE_S)
    raise UnavailableError(f"{site.pipeline}: a release runs whose sources are not read yet.")
