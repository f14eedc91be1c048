"""Deletes the resources of earlier releases: endpoint configs, and the models that no config names any more.

It deletes only names of this pipeline, never a config that an endpoint serves or is being updated to, and no model that
is newer than the release's own: a later release may be about to serve it. A release that was rolled back to an older
one has no model of its own and deletes no model. Of the configs of the champion's endpoint it deletes the release's
own, and those that are older than the release's config for Test: a later release may be comparing. Artifacts in S3
stay, as do Prod's copies of them, so a deleted model can be created again from its training job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.release.names import CHAMPION, ENVIRONMENTS, Release, environment_of_config, is_model
from pipeline_lambdas.runtime.failures import JobError, JobFailedError, PermissionDeniedError, UnavailableError
from pipeline_lambdas.runtime.outcome import Done

_MOST = 200
"""Deletions of a kind in one run, so that a function ends in time; the next release goes on."""


@dataclass(slots=True)
class _Deletions:
    """The results of the deletions of one kind."""

    noun: str
    deleted: list[str] = field(default_factory=list)
    failed: dict[str, JobError] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def run(self, names: Iterable[str], delete: Callable[[str], bool]) -> None:
        """Delete each; continue after a failure."""
        for name in names:
            if len(self.deleted) + len(self.failed) >= _MOST:
                self.left.append(name)
                continue
            try:
                if delete(name):
                    self.deleted.append(name)
            except JobError as error:
                self.failed[name] = error

    def summary(self) -> str:
        names = f" ({', '.join(self.deleted)})" if 0 < len(self.deleted) <= 3 else ""
        more = f", {len(self.left)} more with the next release" if self.left else ""
        return f"{len(self.deleted)} {self.noun}{names}{more}"


def clean_up(release: Release, keep: int) -> Done:
    """Keep the newest `keep` endpoint configs of each environment and the models that they name.

    Deletes everything else first, then raises JobError that names what could not be deleted.
    """
    in_use = _in_use(release)
    kept, old = _sorted_configs(release, keep, in_use)
    configs, models = _Deletions("endpoint configs"), _Deletions("models")
    configs.run(old, sagemaker.delete_endpoint_config)
    models.run(_unnamed_models(release, kept.union(configs.failed, configs.left)), sagemaker.delete_model)
    summary = f"Deleted {configs.summary()} and {models.summary()}; kept {len(kept)} endpoint configs"
    failed = {**configs.failed, **models.failed}
    if failed:
        raise _failure(summary, failed)
    variables = {"DeletedEndpointConfigs": str(len(configs.deleted)), "DeletedModels": str(len(models.deleted))}
    return Done(variables, summary)


def _in_use(release: Release) -> set[str]:
    """Return the configs that an endpoint serves or is being updated to."""
    found: set[str] = set()
    for environment in (*ENVIRONMENTS, CHAMPION):
        description = sagemaker.describe_endpoint(release.endpoint(environment)) or {}
        pending = description.get("PendingDeploymentSummary") or {}
        found |= {name for name in (description.get("EndpointConfigName"), pending.get("EndpointConfigName")) if name}
    return found


def _sorted_configs(release: Release, keep: int, in_use: set[str]) -> tuple[set[str], list[str]]:
    """Return the configs of this pipeline to keep and those to delete, the oldest first."""
    summaries = list(sagemaker.list_endpoint_configs(release.prefix))
    tested = [s["CreationTime"] for s in summaries if release.owns_endpoint_config("test", s["EndpointConfigName"])]
    kept: set[str] = set()
    old: list[str] = []
    counts = dict.fromkeys(ENVIRONMENTS, 0)
    for summary in summaries:
        name = summary["EndpointConfigName"]
        environment = environment_of_config(release.prefix, name)
        if environment is None:
            continue
        if environment == CHAMPION:
            own = name == release.endpoint_config(CHAMPION, "")
            stays = not own and (not tested or summary["CreationTime"] >= min(tested))
        else:
            counts[environment] += 1
            stays = counts[environment] <= keep
        if stays or name in in_use:
            kept.add(name)
        else:
            old.append(name)
    return kept, old[::-1]


def _unnamed_models(release: Release, configs: set[str]) -> list[str]:
    """Return this pipeline's models that none of `configs` names and that are older than the release's own."""
    models = [model for model in sagemaker.list_models(release.prefix) if is_model(release.prefix, model["ModelName"])]
    own = [model["CreationTime"] for model in models if release.owns_model(model["ModelName"])]
    if not own:
        return []
    named: set[str] = set()
    for config in sorted(configs):
        description = sagemaker.describe_endpoint_config(config)
        if description is None:
            return []  # deleted meanwhile, or not shown yet: its models are not known, so the next release decides
        named |= {variant["ModelName"] for variant in description["ProductionVariants"]}
    oldest_first = reversed(models)
    return [m["ModelName"] for m in oldest_first if m["CreationTime"] < min(own) and m["ModelName"] not in named]


def _failure(summary: str, failed: dict[str, JobError]) -> JobError:
    """Return an error of the first failure's type that names all failures."""
    reasons = "; ".join(f"{name}: {error}" for name, error in failed.items())
    text = f"{summary}. Not deleted: {reasons}. Retry the stage to try again; the release itself is live."
    first = next(iter(failed.values()))
    for kind in (PermissionDeniedError, UnavailableError):
        if isinstance(first, kind):
            return kind(text)
    return JobFailedError(text)
