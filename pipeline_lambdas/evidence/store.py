"""Writes release records: the newest of an ended execution next to its report, and one per end into the chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipeline_lambdas.aws import s3
from pipeline_lambdas.evidence import chain as record_chain
from pipeline_lambdas.evidence import keys
from pipeline_lambdas.evidence.chain import Entry
from pipeline_lambdas.evidence.record import same_end
from pipeline_lambdas.evidence.site import RecordSite
from pipeline_lambdas.runtime.failures import UnavailableError

_JSON = "application/json"
_MOST_RACES = 20
"""Writers that were faster, one after the other, until this one gives up and is started again."""


def store_draft(record: dict[str, Any], site: RecordSite) -> str:
    """Write the record of a release that has not ended, and return its version."""
    key = keys.draft_record(site.model, record["execution_id"])
    return site.write(key, record_chain.render(record), _JSON)


def store(record: dict[str, Any], site: RecordSite) -> dict[str, Any]:
    """Write the record of an ended execution, and return it as written.

    It takes the next number of the chain, unless this end already has one: EventBridge may deliver an event twice.
    Raises UnavailableError if too many other writers take numbers at the same time.
    """
    content = _append(record, site)
    site.write(keys.record(site.model, record["execution_id"]), content, _JSON)
    return record_chain.parsed(content)


def _append(record: dict[str, Any], site: RecordSite) -> bytes:
    """Append the record to the chain, and return the bytes of its object."""
    ended = datetime.fromisoformat(record["ended"])
    bucket, prefix = site.evidence_bucket, record_chain.prefix(site.model)
    for _ in range(_MOST_RACES):
        chain = _chain(site)
        # S3 tells the second of a write.
        for item in (item for item in reversed(chain) if item.modified >= ended.replace(microsecond=0)):
            content = site.read(item.key) or b"{}"
            if same_end(record, record_chain.parsed(content)):
                return content
        newest = Entry(chain[-1].key, site.read(chain[-1].key) or b"") if chain else None
        linked = record_chain.linked(record, newest)
        content = record_chain.render(linked)
        key = record_chain.key(site.model, linked["sequence"])
        if s3.create_object(bucket, key, content, _JSON, site.kms_key_arn):
            return content
    raise UnavailableError(
        f"s3://{bucket}/{prefix}: {_MOST_RACES} records of other releases came first. Lambda will repeat the event."
    )


def _chain(site: RecordSite) -> list[s3.Listed]:
    """List the objects of the chain, which begins in the artifact bucket if it is older than the evidence bucket.

    An object that appears in the artifact bucket later is not part of the chain: the evidence bucket hands out the
    numbers now.
    """
    older, newer = (
        [item for item in items if record_chain.sequence_of(item.key)]
        for items in site.listed(record_chain.prefix(site.model))
    )
    return [*(item for item in older if not newer or item.key < newer[0].key), *newer]
