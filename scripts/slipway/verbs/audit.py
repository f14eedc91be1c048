"""Verb `audit`: whether the records of past releases are as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import typer
from botocore.exceptions import ClientError
from rich.text import Text

from pipeline_lambdas.evidence import chain
from pipeline_lambdas.evidence import keys as evidence_keys
from pipeline_lambdas.evidence.chain import Entry
from slipway.datasets.model_data import NO_BUCKET
from slipway.errors import UnsuccessfulError
from slipway.installation.aws_errors import code_of
from slipway.installation.evidence_locks import read_locks
from slipway.names import BucketPurpose
from slipway.releases.records import BUCKETS, read_object
from slipway.session import Session, session_of


def audit(context: typer.Context) -> None:
    """Check the records of all releases.

    Each names the one before it by its hash, so one that was changed, removed or slipped in shows; S3 tells whether
    they are locked. The exit code is 1 if something is wrong.
    """
    session = session_of(context)
    keys, problems = chain_keys(session)
    entries = [Entry(key, read_object(session, key) or b"") for key in keys]
    locks = read_locks(session)
    problems += [*chain.verify(entries), *_copies(session, entries), *(locks.problems if locks else ())]
    session.output.result({"records": len(entries), "problems": problems, "locks": locks.document() if locks else None})
    place = f"s3://{session.names.bucket('evidence')}/{chain.prefix(session.names.model)}"
    session.output.say(f"{place}: {len(entries)} records, {'as written' if not problems else 'not as written'}")
    session.output.say(locks.sentence() if locks else "locks: none, as there is no evidence bucket yet")
    for problem in problems:
        session.output.say(Text.assemble(("  ", ""), (problem, "red")))
    if problems:
        raise UnsuccessfulError


def chain_keys(session: Session) -> tuple[list[str], list[str]]:
    """The keys of the chain in order, and what is wrong with where they lie.

    It begins in the artifact bucket if it is older than the evidence bucket, and goes on in that one alone.
    """
    newer, older = (_keys(session, bucket) for bucket in BUCKETS)
    first = newer[0] if newer else None
    late = [key for key in older if first is not None and key >= first]
    place = session.names.bucket("artifacts")
    problems = [f"{key}: found in {place} too, where nothing is recorded any more" for key in late]
    return [*(key for key in older if key not in late), *newer], problems


def _keys(session: Session, bucket: BucketPurpose) -> list[str]:
    pages = session.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=session.names.bucket(bucket), Prefix=chain.prefix(session.names.model))
    try:
        return [item["Key"] for page in found for item in page.get("Contents", [])]
    except ClientError as error:
        if code_of(error) not in NO_BUCKET:
            raise
        return []


def _copies(session: Session, entries: Iterable[Entry]) -> Iterator[str]:
    """What lies beside a release's report has to be the newest record of it."""
    newest = {chain.parsed(entry.content).get("execution_id"): entry for entry in entries}
    for run_id, entry in newest.items():
        key = evidence_keys.record(session.names.model, str(run_id))
        copy = read_object(session, key)
        if copy is None:
            yield f"{key}: not found; its record is {entry.key}"
        elif copy != entry.content:
            yield f"{key}: differs from {entry.key}"
