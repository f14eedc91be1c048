"""One object: its content where it can be shown, what S3 says of it, and its versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline_lambdas.evidence import keys
from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import code, facts, note, table
from pipeline_lambdas.report.kit.text import size
from slipway.console.buckets.contents import content
from slipway.console.buckets.places import Place, place_of, trail
from slipway.console.buckets.reading import Beginning, read_beginning
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to
from slipway.releases.records import BUCKETS
from slipway.session import Session

_MOST_VERSIONS = 50
_VERSION_HEADINGS = ("Version", "Changed", "Size", "State")


def s3_object(asked: Asked) -> Page:
    """Draw the page."""
    session, place = asked.session, place_of(asked)
    found = read_beginning(session, place)
    versions = list_versions(session, place)
    above = tuple(trail(place.bucket, place.key))
    if found is None:
        words = "The object is deleted; versions of it are kept." if versions else "No object has this key."
        gone = panel("about", "Object", note(words), facts([("Key", el("span", place.key, class_="name"))]))
        return Page(place.name, [gone, *_versions(place, versions)], above, status=200 if versions else 404)
    view = asked.query.get("view", "")
    parts = [
        _about(session, place, found),
        panel("content", "Content", *content(place, found, view, asked.page_number)),
        *_versions(place, versions),
    ]
    return Page(place.name, parts, above)


def list_versions(session: Session, place: Place) -> list[Mapping[str, Any]]:
    """Return the newest versions and delete markers of a key, newest first.

    They come first in the list of all keys that begin with this one:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """
    found = session.client("s3").list_object_versions(Bucket=place.bucket, Prefix=place.key, MaxKeys=_MOST_VERSIONS)
    listed = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
    own = [one for one in listed if one["Key"] == place.key]
    return sorted(own, key=lambda one: (one["LastModified"], one["IsLatest"]), reverse=True)


def _about(session: Session, place: Place, found: Beginning) -> Html:
    about = found.about
    metadata = [(name, el("span", value, class_="name")) for name, value in sorted(about.get("Metadata", {}).items())]
    pairs: list[tuple[str, Child]] = [
        ("Key", el("span", place.key, class_="name")),
        ("Size", join(size(found.size_bytes), f" ({found.size_bytes:,} bytes)" if found.size_bytes >= 1000 else None)),
        ("Changed", clock(about.get("LastModified"))),
        ("Media type", about.get("ContentType")),
        ("Encoding", about.get("ContentEncoding")),
        ("Version", code(about.get("VersionId", ""))),
        ("ETag", code(str(about.get("ETag", "")).strip('"'))),
        ("Class", about.get("StorageClass")),
        ("Encryption", about.get("ServerSideEncryption")),
        ("Key of the encryption", code(about.get("SSEKMSKeyId", ""))),
        ("Locked until", clock(about.get("ObjectLockRetainUntilDate"))),
        ("Lock", about.get("ObjectLockMode")),
        ("Legal hold", about.get("ObjectLockLegalHoldStatus")),
        ("Address", code(f"s3://{place.bucket}/{place.key}")),
        *_release(session, place),
    ]
    own = (el("h3", "Metadata"), facts(metadata)) if metadata else ()
    return panel(
        "about",
        "Object",
        facts(pairs),
        *own,
        el("p", to("Download", place.at("download"))),
    )


def _release(session: Session, place: Place) -> Iterator[tuple[str, Child]]:
    """Yield the release that an object of the evidence is about."""
    kind, _, rest = place.key.partition("/")
    model, _, rest = rest.partition("/")
    execution, _, name = rest.partition("/")
    if kind == keys.RELEASES and name and place.bucket in map(session.names.bucket, BUCKETS):
        yield "Release", to(short_id(execution), at("models", model, "releases", execution))


def _versions(place: Place, versions: Sequence[Mapping[str, Any]]) -> list[Html]:
    if not versions or (len(versions) == 1 and versions[0]["VersionId"] == "null"):
        return []
    rows = [_version(place, one) for one in versions]
    most = note(f"The newest {_MOST_VERSIONS}.") if len(versions) == _MOST_VERSIONS else None
    return [
        panel(
            "versions",
            "Versions",
            most,
            table("versions-table", "Versions of the object", _VERSION_HEADINGS, rows, "kknk", heard=True),
        )
    ]


def _version(place: Place, one: Mapping[str, Any]) -> Sequence[Child]:
    marker, name = "Size" not in one, one["VersionId"]
    shown = el("code", name) if marker else to(el("code", name), Place(place.bucket, place.key, name).at())
    words = [*(["newest"] if one["IsLatest"] else []), *(["deleted here"] if marker else [])]
    words += ["shown above"] if name == place.version else []
    return shown, clock(one["LastModified"]), None if marker else size(one["Size"]), ", ".join(words) or None
