"""The release record, schema slipway-record/1: the sources of one execution, its actions and its result.

This module only assembles AWS's answers. docs/release-record.schema.json specifies the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pipeline_lambdas.config.model import TrainingConfig, config_sha256, config_values
from pipeline_lambdas.evidence.actions import (
    Console,
    action_documents,
    approval_of,
    functions_of,
    moment,
    parameter_of,
    stage_of,
    variables_of,
)
from pipeline_lambdas.evidence.chain import SCHEMA
from pipeline_lambdas.evidence.prices import PriceTable
from pipeline_lambdas.evidence.training import billable_seconds, training_document
from pipeline_lambdas.evidence.tuning import Search
from pipeline_lambdas.evidence.workflows import preparation_of, starting_execution
from pipeline_lambdas.release.affected import DATASET, config_file
from pipeline_lambdas.release.dataset import Dataset
from pipeline_lambdas.release.events import ENDED
from pipeline_lambdas.release.names import ENVIRONMENTS, NONE, Release

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """AWS's answers about an execution; None and empty for what does not exist or could not be read.

    `execution`, `summary`, `actions` (the oldest first), `training` and `model_package` are answers of the API.
    """

    release: Release
    model: str
    region: str
    written: datetime
    execution: Mapping[str, Any] | None = None
    summary: Mapping[str, Any] | None = None
    ended: tuple[str, datetime] | None = None
    """Status and time of the event that told of the end."""
    actions: Sequence[Mapping[str, Any]] = ()
    config: TrainingConfig | None = None
    dataset: Dataset | None = None
    training: Mapping[str, Any] | None = None
    curves: Mapping[str, list[float | None]] = field(default_factory=dict)
    search: Search | None = None
    """Of a release whose config searches hyperparameters; `training` is then the best training job."""
    evaluations: Mapping[str, Document] = field(default_factory=dict)
    evaluation_versions: Mapping[str, str] = field(default_factory=dict)
    """Environment to the version of the object that its evaluation was read from."""
    authors: Mapping[str, str] = field(default_factory=dict)
    """Source action to who wrote its commit."""
    champion_execution_id: str | None = None
    model_package: Mapping[str, Any] | None = None
    missing: Sequence[str] = ()
    passing: Sequence[str] = ()
    """Those of `missing` that a later try may find: AWS throttled them or did not answer."""


def assemble(facts: Facts, prices: PriceTable, console: Console) -> Document:
    """Return the record, which is not part of the chain yet."""
    execution = facts.execution or {}
    status, ended = _end(facts)
    scan = variables_of(facts.actions, "StartTraining").get("ImageScan")
    training = training_document(facts.training, facts.search, facts.curves, _artifact_version(facts), scan)
    missing = list(facts.missing)
    cost = _cost(training, facts.search, prices, facts.region, missing)
    trigger = execution.get("trigger") or {}
    return {
        "schema": SCHEMA,
        "sequence": None,
        "predecessor": None,
        "model": facts.model,
        "pipeline": facts.release.prefix,
        "execution_id": facts.release.execution_id,
        "execution_type": execution.get("executionType", "STANDARD"),
        "rollback_target": (execution.get("rollbackMetadata") or {}).get("rollbackTargetPipelineExecutionId"),
        "status": status,
        "status_summary": execution.get("statusSummary") or "",
        "started": moment(_started(facts)),
        "ended": moment(ended),
        "written": moment(facts.written),
        "trigger": {
            "type": trigger.get("triggerType") or "",
            "detail": trigger.get("triggerDetail") or "",
            "execution": starting_execution(execution),
        },
        "sources": [_source(revision, facts.authors, console) for revision in execution.get("artifactRevisions", ())],
        "preparation": preparation_of(facts.actions),
        "dataset": _dataset(facts),
        "config": _config(facts.config),
        "functions": functions_of(facts.actions),
        "training": training,
        "evaluations": {name: _without_plots(document) for name, document in facts.evaluations.items()},
        "evaluation_versions": dict(facts.evaluation_versions),
        "champion": _champion(facts),
        "approval": approval_of(facts.actions),
        "model_package": _model_package(facts.model_package),
        "endpoint_configs": _endpoint_configs(facts),
        "cost": cost,
        "actions": action_documents(facts.actions, console),
        "missing": missing,
    }


def same_end(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two records, written at different times, describe the same end of the same execution."""
    own = {"sequence", "predecessor", "written", "missing"}
    return {key: one[key] for key in one if key not in own} == {key: other[key] for key in other if key not in own}


def _end(facts: Facts) -> tuple[str, datetime | None]:
    """Return the status and, of an ended execution, its end; from the event if neither can be read."""
    status = (facts.execution or {}).get("status", "InProgress")
    if status in ENDED:
        if facts.summary:
            return status, facts.summary["lastUpdateTime"]
        if facts.ended:
            return status, facts.ended[1]
        return status, max((action["lastUpdateTime"] for action in facts.actions), default=facts.written)
    return facts.ended or ("InProgress", None)


def _started(facts: Facts) -> datetime | None:
    if facts.summary:
        time: datetime = facts.summary["startTime"]
        return time
    return facts.actions[0]["startTime"] if facts.actions else None


def _source(revision: Mapping[str, Any], authors: Mapping[str, str], console: Console) -> Document:
    """Return one source; the output artifact of a source action has the action's name."""
    return {
        "action": revision["name"],
        "revision": revision.get("revisionId") or "",
        "summary": revision.get("revisionSummary") or "",
        "author": authors.get(revision["name"], ""),
        "url": console.usable(revision.get("revisionUrl")) or "",
    }


def _dataset(facts: Facts) -> Document | None:
    dataset = facts.dataset
    if dataset is None:
        return None
    revisions = {r["name"]: r.get("revisionId") for r in (facts.execution or {}).get("artifactRevisions", ())}
    pinned = facts.config is not None and facts.config.dataset is not None
    return {
        "sha256": dataset.sha256,
        "prefix": dataset.prefix,
        # The manifest of the Source stage may be another dataset's than the one that a config pins.
        "manifest_version_id": None if pinned else revisions.get(DATASET),
        "columns": list(dataset.columns),
        "files": [asdict(file) for file in dataset.files],
    }


def _config(config: TrainingConfig | None) -> Document | None:
    if config is None:
        return None
    # Tuples become lists, as they do for whoever reads the record.
    values = json.loads(json.dumps(config_values(config)))
    return {"file": config_file(config.model), "sha256": config_sha256(config), "values": values}


def _artifact_version(facts: Facts) -> str | None:
    """Return the version that the wait reported; a rollback, which runs without the wait, receives it."""
    noted = variables_of(facts.actions, "WaitForTraining").get("ArtifactVersion")
    return noted or parameter_of(facts.actions, "artifact_version")


def _without_plots(evaluation: Document) -> Document:
    return {key: value for key, value in evaluation.items() if key != "plots"}


def _champion(facts: Facts) -> Document | None:
    variables = variables_of(facts.actions, "DeployChampion")
    model = variables.get("ServedModelName", NONE)
    if model == NONE:
        return None
    return {
        "model": model,
        "execution_id": facts.champion_execution_id,
        "endpoint_config": variables["ServedEndpointConfigName"],
    }


def _model_package(package: Mapping[str, Any] | None) -> Document | None:
    if package is None:
        return None
    return {
        "arn": package["ModelPackageArn"],
        "version": package.get("ModelPackageVersion"),
        "approval_status": package.get("ModelApprovalStatus"),
    }


def _endpoint_configs(facts: Facts) -> dict[str, str]:
    """Return the endpoint configs that the release deployed, by environment."""
    found = {}
    for environment in ENVIRONMENTS:
        name = variables_of(facts.actions, "Deploy", stage_of(environment)).get("EndpointConfigName")
        if name:
            found[environment] = name
    return found


def _cost(
    training: Document | None, search: Search | None, prices: PriceTable, region: str, missing: list[str]
) -> Document | None:
    """Return the cost of training: endpoints serve more than one release, and the rest is cents."""
    seconds = billable_seconds(training, search)
    if training is None or seconds is None:
        return None
    price = prices.instance_hours.get(training["instance_type"]) if region == prices.region else None
    if price is None:
        missing.append(f"cost: no price is known of a {training['instance_type']} in {region}")
        return None
    usd = seconds / 3600 * training["instance_count"] * price.usd
    return {
        "currency": "USD",
        "prices_dated": price.dated,
        "training": round(usd, 6),
        "total": round(usd, 6),
        "note": "Training alone, at the list price of the table; endpoints cost by the hour while they exist.",
    }
