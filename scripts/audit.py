"""Verb `audit`: whether the records of past releases are as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import typer
from rich.text import Text

from pipeline_lambdas import record_chain
from pipeline_lambdas.record_chain import Entry
from scripts.errors import UnsuccessfulError
from scripts.records import read_object, record_key
from scripts.session import Session, session_of


def audit(context: typer.Context) -> None:
    """Check the records of all releases.

    Each names the one before it by its hash, so one that was changed, removed or slipped in shows. The exit code is 1
    if something is wrong.
    """
    session = session_of(context)
    entries = list(read_chain(session))
    problems = [*record_chain.verify(entries), *_copies(session, entries)]
    session.output.result({"records": len(entries), "problems": problems})
    place = f"s3://{session.names.bucket('artifacts')}/{record_chain.prefix(session.names.model)}"
    session.output.say(f"{place}: {len(entries)} records, {'as written' if not problems else 'not as written'}")
    for problem in problems:
        session.output.say(Text.assemble(("  ", ""), (problem, "red")))
    if problems:
        raise UnsuccessfulError


def read_chain(session: Session) -> Iterator[Entry]:
    """The records in the order of their keys."""
    pages = session.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=session.names.bucket("artifacts"), Prefix=record_chain.prefix(session.names.model))
    for key in (item["Key"] for page in found for item in page.get("Contents", [])):
        yield Entry(key, read_object(session, key) or b"")


def _copies(session: Session, entries: Iterable[Entry]) -> Iterator[str]:
    """What lies beside a release's report has to be the newest record of it; one that is going on has none here yet."""
    newest = {record_chain.parsed(entry.content).get("execution_id"): entry for entry in entries}
    for run_id, entry in newest.items():
        key = record_key(session, str(run_id))
        copy = read_object(session, key)
        if copy is None:
            yield f"{key}: not found; its record is {entry.key}"
        elif copy != entry.content and record_chain.parsed(copy).get("sequence") is not None:
            yield f"{key}: differs from {entry.key}"
