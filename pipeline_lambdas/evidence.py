"""What a release leaves behind: its record, while it waits for approval and when it has ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipeline_lambdas.names import Release
from pipeline_lambdas.outcome import Done
from pipeline_lambdas.prices import load_prices
from pipeline_lambdas.record import assemble
from pipeline_lambdas.record_actions import Console
from pipeline_lambdas.record_facts import RecordSite, gather
from pipeline_lambdas.record_store import store
from pipeline_lambdas.registration import decide
from pipeline_lambdas.release_events import Answered, Ended


def write_evidence(release: Release, site: RecordSite) -> Done:
    """Write the evidence as it is now; the action's output variable names where."""
    record = _write(release, site, None)
    uri = f"s3://{site.artifact_bucket}/{site.folder(release.execution_id)}record.json"
    lacks = f", {len(record['missing'])} things could not be read" if record["missing"] else ""
    return Done({"RecordUri": uri}, f"{len(record['actions'])} actions recorded{lacks}")


def follow(told: Ended | Answered, site: RecordSite) -> dict[str, Any]:
    """Do what an event of EventBridge asks for, and return what was done, for the log.

    The version in the registry gets the approval's decision with either event: which comes first is not told.
    """
    release = told.release
    done: dict[str, Any] = {"execution_id": release.execution_id, "decision": decide(release)}
    if isinstance(told, Ended):
        record = _write(release, site, (told.status, told.at))
        done |= {key: record[key] for key in ("status", "sequence", "missing")}
    return done


def _write(release: Release, site: RecordSite, ended: tuple[str, datetime] | None) -> dict[str, Any]:
    facts = gather(release, site, ended)
    record = assemble(facts, load_prices(), Console(site.console_host, site.region))
    return store(record, site)
