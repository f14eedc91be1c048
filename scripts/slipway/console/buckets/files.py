"""The bytes of an object, for a browser to save, or to show where nothing in them can run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from slipway.console.buckets.kinds import image_type, is_report
from slipway.console.buckets.places import Place, place_of
from slipway.console.buckets.reading import read_beginning
from slipway.console.room import Asked, Content

MOST_SHOWN_BYTES = 20 * 1024 * 1024
_PIECE_BYTES = 256 * 1024


def download(asked: Asked) -> Content:
    """Return an object as a file to save, piece by piece, whatever it is.

    https://www.rfc-editor.org/rfc/rfc6266: the name in `filename*` is of UTF-8, and every byte of it may be escaped.
    """
    place = place_of(asked)
    found = asked.session.client("s3").get_object(**place.call)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_file_name(place), safe='')}",
        "Content-Length": str(found["ContentLength"]),
    }
    return Content(_pieces(found["Body"]), "application/octet-stream", headers=headers)


def image(asked: Asked) -> Content | None:
    """Return an image, with the media type of what it is and not of what it is called; None for anything else."""
    found = read_beginning(asked.session, place_of(asked), MOST_SHOWN_BYTES)
    if found is None or found.cut:
        return None
    media_type = image_type(found.content)
    return Content(found.content, media_type) if media_type else None


def report(asked: Asked) -> Content | None:
    """Return a release's report, which code of a push may have written: it runs nothing and asks for nothing."""
    place = place_of(asked)
    if not is_report(place.key):
        return None
    found = read_beginning(asked.session, place, MOST_SHOWN_BYTES)
    return None if found is None or found.cut else Content(found.content, "text/html")


def _pieces(body: Any) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(_PIECE_BYTES)
    finally:
        body.close()


def _file_name(place: Place) -> str:
    return place.name.strip("/") or "object"
