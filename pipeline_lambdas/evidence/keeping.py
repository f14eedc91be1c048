"""Writes the evidence of a release, its record and its report: when it waits for approval and when it has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline_lambdas.evidence import chain as record_chain
from pipeline_lambdas.evidence import keys
from pipeline_lambdas.evidence.actions import Console
from pipeline_lambdas.evidence.facts import gather
from pipeline_lambdas.evidence.prices import load_prices
from pipeline_lambdas.evidence.record import Facts, assemble
from pipeline_lambdas.evidence.site import RecordSite
from pipeline_lambdas.evidence.store import store, store_draft
from pipeline_lambdas.release.events import ENDED, Answered, Ended
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.report.page import render
from pipeline_lambdas.runtime.failures import JobError, UnavailableError
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.steps.registration import decide

_HTML = "text/html; charset=utf-8"


def write_evidence(release: Release, site: RecordSite) -> Done:
    """Write the evidence of a release in progress; the output variables name its objects and their versions."""
    facts = gather(release, site)
    record = _assembled(facts, site)
    report = keys.draft_report(site.model, release.execution_id)
    variables = {
        "RecordUri": site.uri(keys.draft_record(site.model, release.execution_id)),
        "RecordVersionId": store_draft(record, site),
        "ReportUri": site.uri(report),
        "ReportVersionId": site.write(report, _page(record, facts, site), _HTML),
    }
    lacks = f"; {len(record['missing'])} things could not be read" if record["missing"] else ""
    return Done(variables, f"Recorded and reported{lacks}")


def follow(told: Ended | Answered, site: RecordSite) -> dict[str, Any]:
    """Act on an event of EventBridge, and return what was done, for the log.

    Either event gives the version in the registry the approval's decision, as they may arrive in any order.

    The record of an end is written once. So while AWS cannot answer for something that the record contains, this raises
    UnavailableError, and Lambda repeats the event; on the last try the record is written without it.

    A release that is still running is not recorded, whatever the event says: CodePipeline may show the end late, so the
    event is repeated. If it is still running at the last try, somebody has retried it, and its end will send an event
    of its own.
    """
    release = told.release
    if isinstance(told, Answered):
        return {"execution_id": release.execution_id, "decision": decide(release)}
    decision, failed = _decision(told)
    facts = gather(release, site, (told.status, told.at))
    status = (facts.execution or {}).get("status")
    if status and status not in ENDED:
        if told.last_try:
            return {"execution_id": release.execution_id, "decision": decision, "status": status, "goes_on": True}
        raise UnavailableError(f"Execution {release.execution_id} is {status}, though an event says {told.status}")
    if facts.passing and not told.last_try:
        raise UnavailableError(f"The record waits for what could not be read: {'; '.join(facts.passing)}")
    if failed:
        facts = replace(facts, missing=(*facts.missing, f"decision: {failed}"))
    # First the record, so that no fault of the page keeps it back.
    record = store(_assembled(facts, site), site)
    site.write(keys.report(site.model, release.execution_id), _page(record, facts, site), _HTML)
    return {
        "execution_id": release.execution_id,
        "decision": decision,
        **{key: record[key] for key in ("status", "sequence", "missing")},
    }


def _decision(told: Ended) -> tuple[str | None, JobError | None]:
    """Decide about the version; on the last try an error does not keep the record from being written."""
    try:
        return decide(told.release), None
    except JobError as error:
        if not told.last_try:
            raise
        return None, error


def _assembled(facts: Facts, site: RecordSite) -> dict[str, Any]:
    return assemble(facts, load_prices(), Console(site.console, site.region))


def _page(record: dict[str, Any], facts: Facts, site: RecordSite) -> bytes:
    """Return the report, which compares with the record of the champion's release."""
    made_champion = (record["champion"] or {}).get("execution_id")
    stored = site.read(keys.record(site.model, made_champion)) if made_champion else None
    return render(record, facts.evaluations, record_chain.parsed(stored) if stored else None).encode()
