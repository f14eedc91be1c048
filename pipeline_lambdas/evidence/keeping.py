"""What a release leaves behind: its record and its report, while it waits for approval and when it has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline_lambdas.aws import s3
from pipeline_lambdas.evidence import chain as record_chain
from pipeline_lambdas.evidence.actions import Console
from pipeline_lambdas.evidence.facts import gather
from pipeline_lambdas.evidence.prices import load_prices
from pipeline_lambdas.evidence.record import Facts, assemble
from pipeline_lambdas.evidence.site import RecordSite
from pipeline_lambdas.evidence.store import record_key, store
from pipeline_lambdas.release.events import Answered, Ended
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.report.page import render
from pipeline_lambdas.runtime.failures import JobError, UnavailableError
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.steps.registration import decide

_REPORT = "report.html"


def write_evidence(release: Release, site: RecordSite) -> Done:
    """Write the evidence as it is now; the action's output variables name where."""
    record = _write(gather(release, site), site)
    folder = f"s3://{site.evidence_bucket}/{site.folder(release.execution_id)}"
    lacks = f"; {len(record['missing'])} things could not be read" if record["missing"] else ""
    variables = {"RecordUri": f"{folder}record.json", "ReportUri": f"{folder}{_REPORT}"}
    return Done(variables, f"Recorded and reported{lacks}")


def follow(told: Ended | Answered, site: RecordSite) -> dict[str, Any]:
    """Do what an event of EventBridge asks for, and return what was done, for the log.

    The version in the registry gets the approval's decision with either event: which comes first is not told. Raises
    UnavailableError while AWS does not answer for something that the record of an end holds: what is written into the
    chain is not written again, and Lambda repeats the event. On the last try it is written with what there is.
    """
    release = told.release
    if isinstance(told, Answered):
        return {"execution_id": release.execution_id, "decision": decide(release)}
    decision, failed = _decision(told)
    facts = gather(release, site, (told.status, told.at))
    if facts.passing and not told.last_try:
        raise UnavailableError(f"The record waits for what could not be read: {'; '.join(facts.passing)}")
    if failed:
        facts = replace(facts, missing=(*facts.missing, f"decision: {failed}"))
    record = _write(facts, site)
    return {
        "execution_id": release.execution_id,
        "decision": decision,
        **{key: record[key] for key in ("status", "sequence", "missing")},
    }


def _decision(told: Ended) -> tuple[str | None, JobError | None]:
    """Decide; on the last try the record is written even if that fails."""
    try:
        return decide(told.release), None
    except JobError as error:
        if not told.last_try:
            raise
        return None, error


def _write(facts: Facts, site: RecordSite) -> dict[str, Any]:
    """Store the record and then its report, so that no fault of the page keeps the record back."""
    record = store(assemble(facts, load_prices(), Console(site.console_host, site.region)), site)
    made_champion = (record["champion"] or {}).get("execution_id")
    stored = site.read(record_key(made_champion, site)) if made_champion else None
    page = render(record, facts.evaluations, record_chain.parsed(stored) if stored else None)
    key = f"{site.folder(facts.release.execution_id)}{_REPORT}"
    s3.write_object(site.evidence_bucket, key, page.encode(), "text/html; charset=utf-8", site.kms_key_arn)
    return record
