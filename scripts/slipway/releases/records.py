"""Reads release records and reports from the evidence bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.evidence import keys
from pipeline_lambdas.evidence.actions import variables_of
from pipeline_lambdas.release.names import short_id
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.names import BucketPurpose
from slipway.releases.pipeline import is_running, list_actions
from slipway.session import Session

BUCKETS: tuple[BucketPurpose, ...] = ("evidence", "artifacts")
"""Where evidence lies: in its bucket, and what was recorded before there was one in the artifact bucket."""


def read_object(session: Session, key: str) -> bytes | None:
    """Return an object of the evidence, from whichever bucket has it; None if it does not exist."""
    for bucket in BUCKETS:
        found = read_from(session, bucket, key)
        if found is not None:
            return found
    return None


def read_from(session: Session, bucket: BucketPurpose, key: str) -> bytes | None:
    """Return an object of one of the installation's buckets; None if the object or the bucket does not exist."""
    try:
        found = session.client("s3").get_object(Bucket=session.names.bucket(bucket), Key=key)
    except ClientError as error:
        if code_of(error) not in {"NoSuchKey", "NoSuchBucket"}:
            raise
        return None
    content: bytes = found["Body"].read()
    return content


def read_version(session: Session, key: str, version_id: str) -> bytes | None:
    """Return one version of an object of the evidence, which nobody can change; None if it does not exist."""
    try:
        found = session.client("s3").get_object(Bucket=session.names.bucket("evidence"), Key=key, VersionId=version_id)
    except ClientError as error:
        if code_of(error) not in {"NoSuchKey", "NoSuchVersion", "NoSuchBucket"}:
            raise
        return None
    content: bytes = found["Body"].read()
    return content


def find_report(session: Session, run_id: str) -> bytes | None:
    """Return the report of a release: the final one, or the draft for the approval while the release is running."""
    end, draft = keys.report(session.names.model, run_id), keys.draft_report(session.names.model, run_id)
    return _found(session, run_id, end, _Draft(draft, "ReportVersionId"), going_on=is_running(session, run_id))


def find_record(session: Session, run_id: str, *, going_on: bool = False) -> dict[str, Any] | None:
    """Return the record of a release; None if it has none (yet).

    The final record comes first, then the draft for the approval; for a release that is `going_on`, which may be a
    retry of one that had ended, it is the other way round.
    """
    end, draft = keys.record(session.names.model, run_id), keys.draft_record(session.names.model, run_id)
    content = _found(session, run_id, end, _Draft(draft, "RecordVersionId"), going_on=going_on)
    record: dict[str, Any] | None = None if content is None else json.loads(content)
    return record


@dataclass(frozen=True, slots=True)
class _Draft:
    """A draft of the action Evidence: its key, and the output variable with its version."""

    key: str
    variable: str


def _found(session: Session, run_id: str, end: str, draft: _Draft, *, going_on: bool) -> bytes | None:
    if not going_on:
        found = read_object(session, end)
        return _read_draft(session, run_id, draft) if found is None else found
    found = _read_draft(session, run_id, draft)
    return read_object(session, end) if found is None else found


def _read_draft(session: Session, run_id: str, draft: _Draft) -> bytes | None:
    """Read a draft by its version: pushed code of another release may have overwritten the object."""
    version = variables_of(list_actions(session, run_id), "Evidence").get(draft.variable)
    return read_version(session, draft.key, version) if version else None


def load_record(session: Session, run_id: str) -> dict[str, Any]:
    """Return the record of a release; SlipwayError if it has none (yet)."""
    record = find_record(session, run_id, going_on=is_running(session, run_id))
    if record is None:
        short = short_id(run_id)
        place = f"s3://{session.names.bucket('evidence')}/{keys.folder(session.names.model, run_id)}"
        raise SlipwayError(
            f"release {short}: found no record in {place}.",
            f"It is written before the approval and at the end; see where it is: {session.command('show', short)}",
        )
    return record


def record_lines(record: Mapping[str, Any]) -> list[str]:
    """Return the facts of a record other than actions and metrics, one per line."""
    champion, approval = record["champion"], record["approval"]
    package, cost, sequence = record["model_package"], record["cost"], record["sequence"]
    asked = any(one["action"] == "DeployChampion" and one["status"] == "Succeeded" for one in record["actions"])
    none = "none: Prod served no model, or the config asks for no comparison" if asked else ""
    lines = {
        "search": _search_text(record["training"] or {}),
        "champion": f"{champion['model']}, which Prod served" if champion else none,
        "approval": " ".join(str(approval[key]) for key in ("status", "by", "reason") if approval.get(key))
        if approval
        else "",
        "model": f"{package['arn']} {package['approval_status']}" if package else "",
        "cost": _cost_text(cost) if cost and cost["total"] is not None else "",
        "record": f"number {sequence}" if sequence is not None else "not final yet",
        "missing": "; ".join(record["missing"]),
    }
    return [f"{name:<10}{text}" for name, text in lines.items() if text]


def _search_text(training: Mapping[str, Any]) -> str:
    """Say what a search for hyperparameters has found; empty without one."""
    search = training.get("tuning")
    if not search:
        return ""
    counts = search["counts"]
    ran = f"{search['strategy']}, {counts['completed']} training jobs completed"
    others = [f"{counts[name]} {name}" for name in ("stopped", "failed") if counts[name]]
    best = next((trial for trial in search["trials"] if trial["job"] == search["best"]), None)
    if best is None:
        return ", ".join([ran, *others, "none is the best"])
    found = ", ".join(f"{name} {value}" for name, value in sorted(best["hyperparameters"].items()))
    reached = f"{search['objective']['metric']} {best['objective']:.6g}" if best["objective"] is not None else ""
    return f"{', '.join([ran, *others])}; the best is {search['best']}: {reached} with {found}"


def _cost_text(cost: Mapping[str, Any]) -> str:
    total = cost["total"]
    return f"{'below 0.01' if total < 0.01 else f'about {total:.2f}'} {cost['currency']}. {cost['note']}"
