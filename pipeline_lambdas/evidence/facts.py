"""Reads from AWS everything that a release record contains, and names what could not be read; the caller decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from pipeline_lambdas.algorithms.table import algorithm_of_image
from pipeline_lambdas.aws import codecommit, executions, logs, s3, sagemaker
from pipeline_lambdas.config.model import TrainingConfig, config_sha256
from pipeline_lambdas.config.parsing import parse_config
from pipeline_lambdas.evidence import keys
from pipeline_lambdas.evidence.actions import (
    EVALUATIONS,
    SOURCE_STAGE,
    artifact_of,
    evaluation_version,
    parameter_of,
    repository_of,
    stage_of,
    trained_job,
    variables_of,
)
from pipeline_lambdas.evidence.learning_curves import curves, curves_of_metrics
from pipeline_lambdas.evidence.record import Facts
from pipeline_lambdas.evidence.site import RecordSite
from pipeline_lambdas.evidence.tuning import read_search
from pipeline_lambdas.release.affected import DATASET, TRAINING_CONFIG, config_file
from pipeline_lambdas.release.dataset import Dataset, parse_manifest
from pipeline_lambdas.release.inputs import read_pinned, require_trained
from pipeline_lambdas.release.names import ENVIRONMENTS, NONE, Release, is_tuning_job, tuning_job_of
from pipeline_lambdas.runtime.artifacts import document_of, member_of
from pipeline_lambdas.runtime.failures import JobError, UnavailableError

T = TypeVar("T")

TRAINING_LOG = "/aws/sagemaker/TrainingJobs"
MOST_LOG_LINES = 10_000
MOST_LOG_BYTES = 4_000_000


@dataclass(slots=True)
class _Reader:
    """Reads one fact after the other; `missing` names those it could not read, `passing` those a later try may read."""

    missing: list[str] = field(default_factory=list)
    passing: list[str] = field(default_factory=list)

    def read(self, what: str, read: Callable[[], T | None]) -> T | None:
        """Return the result of `read`; None, and note a missing fact, if it fails or finds nothing."""
        try:
            found = read()
        except (JobError, ValueError) as error:
            self.missing.append(f"{what}: {error}")
            if isinstance(error, UnavailableError):
                self.passing.append(self.missing[-1])
            return None
        if found is None:
            self.missing.append(f"{what}: not found")
        return found


def gather(release: Release, site: RecordSite, ended: tuple[str, datetime] | None = None) -> Facts:
    """Return the facts that AWS has about the execution; never raises for a fact that cannot be read."""
    reader, pipeline, execution_id = _Reader(), release.prefix, release.execution_id
    facts = Facts(
        release=release,
        model=site.model,
        region=site.region,
        written=datetime.now(UTC),
        execution=reader.read("execution", lambda: executions.get_execution(pipeline, execution_id)),
        summary=reader.read("execution's times", lambda: executions.find_summary(pipeline, execution_id)),
        ended=ended,
        actions=reader.read("actions", lambda: executions.list_actions(pipeline, execution_id)) or (),
    )
    job = trained_job(facts.actions)
    package = variables_of(facts.actions, "Register").get("ModelPackageArn")
    champion = variables_of(facts.actions, "DeployChampion").get("ServedModelName", NONE)
    facts = replace(_with_evaluations(reader, facts, site), authors=_authors(reader, facts))
    if artifact_of(facts.actions, TRAINING_CONFIG):
        facts = replace(facts, config=reader.read("training config", lambda: _config(facts, site)))
    if artifact_of(facts.actions, DATASET):
        facts = replace(facts, dataset=reader.read("dataset", lambda: _dataset(facts, site)))
    if job and not is_tuning_job(job):
        training = reader.read(f"training job {job}", lambda: sagemaker.describe_training_job(job))
        found = reader.read(f"log of training job {job}", lambda: _curves(job, training, facts.config))
        facts = replace(facts, training=training, curves=found or {})
    tuning_job = tuning_job_of(job) if job else None
    if job and tuning_job:
        facts = replace(facts, search=reader.read(f"tuning job {tuning_job}", lambda: read_search(tuning_job, job)))
    if champion != NONE:
        made_by = reader.read(f"release of {champion}", lambda: execution_of_model(release, champion, site))
        facts = replace(facts, champion_execution_id=made_by)
    if package:
        facts = replace(facts, model_package=reader.read(package, lambda: sagemaker.describe_model_package(package)))
    return replace(facts, missing=tuple(reader.missing), passing=tuple(reader.passing))


def execution_of_model(release: Release, model: str, site: RecordSite) -> str | None:
    """Return the id of the execution that made a model, whose name contains the id's first 13 characters.

    The record of an ended release has the full id, and no code can write it before the approval. Without a record,
    CodePipeline has it, until it forgets the execution.
    """
    short = model.removeprefix(f"{release.prefix}-")[: len(release.short)]
    older, newer = site.listed(f"{keys.folders(site.model)}{short}")
    for item in (*newer, *older):
        execution_id = keys.execution_of_record(item.key, site.model)
        if execution_id:
            return execution_id
    return executions.find_id(release.prefix, short)


def _authors(reader: _Reader, facts: Facts) -> dict[str, str]:
    """Return the authors of the commits, by source action.

    Variables of sources: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
    """
    found: dict[str, str | None] = {}
    for revision in (facts.execution or {}).get("artifactRevisions", ()):
        name, commit = revision["name"], revision.get("revisionId")
        found[name] = variables_of(facts.actions, name, SOURCE_STAGE).get("AuthorDisplayName")
        repository = repository_of(facts.actions, name)
        if repository and commit:
            read = partial(codecommit.find_author, repository, commit)
            found[name] = reader.read(f"author of {name}'s commit", read)
    return {name: author for name, author in found.items() if author}


def _config(facts: Facts, site: RecordSite) -> TrainingConfig | None:
    content, file = _artifact(facts, TRAINING_CONFIG), config_file(site.model)
    if content is None:
        return None
    config = parse_config(member_of(content, TRAINING_CONFIG, file), file)
    trained = _trained_with(facts, "ConfigSha256", "config_sha256")
    if trained:
        require_trained(file, config_sha256(config), trained, TRAINING_CONFIG)
    return config


def _dataset(facts: Facts, site: RecordSite) -> Dataset | None:
    """Return the release's dataset: the one that the config pins, else the one of the Source stage or of Prepare."""
    if facts.config and facts.config.dataset:
        return read_pinned(site.model, facts.config.dataset, site.data_bucket)
    content = _artifact(facts, DATASET)
    if content is None:
        return None
    dataset = parse_manifest(document_of(content, DATASET), site.model)
    trained = _trained_with(facts, "DatasetSha256", "dataset_sha256")
    if trained:
        require_trained(f"dataset {dataset.id}", dataset.sha256, trained, DATASET)
    return dataset


def _trained_with(facts: Facts, variable: str, parameter: str) -> str | None:
    """Return what StartTraining reported about its input, or what a rollback received; None before the training."""
    return variables_of(facts.actions, "StartTraining").get(variable) or parameter_of(facts.actions, parameter)


def _artifact(facts: Facts, name: str) -> bytes | None:
    place = artifact_of(facts.actions, name)
    return None if place is None else s3.read_object(place.bucket, place.key)


def _curves(
    job: str, training: Mapping[str, Any] | None, config: TrainingConfig | None
) -> dict[str, list[float | None]]:
    """Read the log of the first host: <job>/algo-<number of the host>-<time>.

    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """
    image = ((training or {}).get("AlgorithmSpecification") or {}).get("TrainingImage", "")
    algorithm, stream = algorithm_of_image(image), logs.first_stream(TRAINING_LOG, f"{job}/algo-1-")
    program = config.own_program if config else None
    if stream is None or not (algorithm or program):
        return {}
    lines = logs.read_stream(TRAINING_LOG, stream, MOST_LOG_LINES, MOST_LOG_BYTES)
    if program:
        return curves_of_metrics(lines, program.metrics)
    return curves(lines, algorithm.log if algorithm else None)


def _with_evaluations(reader: _Reader, facts: Facts, site: RecordSite) -> Facts:
    """Add the evaluations with their plots, each in the version that its action reported."""
    found, versions = {}, {}
    for environment in ENVIRONMENTS:
        key = keys.evaluation(site.model, facts.release.execution_id, environment)
        version = evaluation_version(facts.actions, environment, site.uri(key))
        if version is None:
            if _evaluated(facts, environment):
                reader.missing.append(f"{environment} evaluation: its action names no version of it")
            continue
        document = reader.read(f"{environment} evaluation", partial(_json, site, key, version))
        if document:
            found[environment], versions[environment] = document, version
    return replace(facts, evaluations=found, evaluation_versions=versions)


def _evaluated(facts: Facts, environment: str) -> bool:
    return any(
        action["stageName"] == stage_of(environment)
        and action["actionName"] in EVALUATIONS
        and action["status"] == "Succeeded"
        for action in facts.actions
    )


def _json(site: RecordSite, key: str, version: str) -> dict[str, Any] | None:
    """Return one version of a JSON object of the evidence; None if it does not exist."""
    content = site.read_version(key, version)
    if content is None:
        return None
    try:
        document = json.loads(content)
    except RecursionError:
        raise ValueError(f"{key}: found values nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError(f"{key}: found JSON that is no object")  # noqa: TRY004 - of the file's content
    return document
