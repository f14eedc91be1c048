"""One folder of a bucket: the folders and objects below a prefix, a page of them at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table
from pipeline_lambdas.report.kit.text import size
from slipway.console.buckets.places import Place, folder, trail
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, field, panel, search, turn

PAGE_ROWS = 100
_HEADINGS = ("Name", "Size", "Changed", "Class")
_USUAL_CLASS = "STANDARD"


def bucket(asked: Asked) -> Page:
    """Draw the page of one answer of ListObjectsV2."""
    name, prefix, token = asked.path["bucket"], asked.query.get("prefix", ""), asked.query.get("token", "")
    listed = asked.session.client("s3").list_objects_v2(
        Bucket=name, Prefix=prefix, Delimiter="/", MaxKeys=PAGE_ROWS, **({"ContinuationToken": token} if token else {})
    )
    rows = list(_rows(name, prefix, listed))
    more = listed.get("NextContinuationToken")
    links = turn(
        ("From the beginning", folder(name, prefix) if token else None),
        ("More", at("buckets", name, prefix=prefix, token=more) if more else None),
    )
    nothing = "Nothing is here." if not prefix else "No key begins with this."
    body = (
        table("objects-table", "Entries of the folder", _HEADINGS, rows, "wnkk", heard=True) if rows else note(nothing)
    )
    shown = panel("objects", "Folders and objects", _find(name, prefix), body, links)
    if not prefix:
        return Page(name, [shown], (("Buckets", at("buckets")),))
    return Page(prefix, [shown], tuple(trail(name, prefix)))


def _find(name: str, prefix: str) -> Html:
    """Return the form that goes to the keys of a prefix, which may end within a name."""
    begin = field("prefix", "Keys that begin with", "prefix", value=prefix, maxlength=1024, autocomplete="off")
    return search(at("buckets", name), "Show", begin)


def _rows(name: str, prefix: str, listed: Mapping[str, Any]) -> Iterator[Sequence[Child]]:
    # Names below a prefix that ends within one, as people ask for it, are shown from their last slash on.
    shown_from = prefix.rpartition("/")[0]
    start = len(shown_from) + 1 if "/" in prefix else 0
    for one in listed.get("CommonPrefixes", ()):
        yield _link(one["Prefix"][start:], folder(name, one["Prefix"])), None, None, None
    for one in listed.get("Contents", ()):
        kind = one.get("StorageClass", _USUAL_CLASS)
        yield (
            _link(one["Key"][start:] or "(an object with the folder's name)", Place(name, one["Key"]).at()),
            size(one["Size"]),
            clock(one.get("LastModified")),
            None if kind == _USUAL_CLASS else kind,
        )


def _link(name: str, address: str) -> Html:
    return el("a", name, href=address, class_="name")
