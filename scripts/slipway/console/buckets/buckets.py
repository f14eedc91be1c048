"""The list of buckets."""

from __future__ import annotations

from pipeline_lambdas.report.kit.tables import note, table
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to, turn

_PAGE_ROWS = 100
_HEADINGS = ("Bucket", "Created", "Region")


def buckets(asked: Asked) -> Page:
    """Draw the page of one answer of ListBuckets."""
    token = asked.query.get("token")
    listed = asked.session.client("s3").list_buckets(
        MaxBuckets=_PAGE_ROWS, **({"ContinuationToken": token} if token else {})
    )
    rows = [
        (to(one["Name"], at("buckets", one["Name"])), clock(one.get("CreationDate")), one.get("BucketRegion"))
        for one in listed.get("Buckets", ())
    ]
    more = listed.get("ContinuationToken")
    links = turn(
        ("From the beginning", at("buckets") if token else None),
        ("More", at("buckets", token=more) if more else None),
    )
    body = (
        table("buckets-table", "Buckets", _HEADINGS, rows, "kkk", heard=True) if rows else note("There is no bucket.")
    )
    return Page("Buckets", [panel("buckets", "Buckets of S3", body, links)])
