"""What an object is to a reader: decided by its content, its name and its media type, never by a browser."""

from __future__ import annotations

from typing import Literal

from pipeline_lambdas.evidence import keys
from slipway.console.buckets.reading import Beginning
from slipway.console.texts import decoded

Kind = Literal["image", "csv", "json", "text", "binary"]
_MARKS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_REPORTS = ("report.html", "draft-report.html")


def kind_of(key: str, found: Beginning) -> Kind:
    """Return the kind of an object."""
    if image_type(found.content):
        return "image"
    if decoded(found.content, cut=found.cut) is None:
        return "binary"
    name, media_type = key.lower(), str(found.about.get("ContentType", "")).partition(";")[0].strip().lower()
    if name.endswith(".csv") or media_type == "text/csv":
        return "csv"
    if name.endswith((".json", ".ipynb")) or media_type == "application/json":
        return "json"
    return "text"


def image_type(content: bytes) -> str | None:
    """Return the media type of an image that cannot hold a script, by its first bytes; None for anything else.

    https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
    """
    if content[:4] == b"RIFF" and content[8:14] == b"WEBPVP":
        return "image/webp"
    return next((media_type for mark, media_type in _MARKS if content.startswith(mark)), None)


def is_report(key: str) -> bool:
    """Tell whether a key is that of a release's report."""
    begin, _, name = key.rpartition("/")
    return name in _REPORTS and begin.startswith(f"{keys.RELEASES}/") and begin.count("/") == 2
