"""Refuses some requests while the disk is nearly full, so that work in progress can still be saved."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

RESERVE_BYTES = 16 << 20
LITTLE_BYTES = 512 << 20
_MIB = 1 << 20
_BEGINS = re.compile(r"^(Create|Start|Upload|Publish|Import|Run)")
_CODE, STATUS = "ServiceUnavailable", 503


def refusal(state: Path, service: str, method: str, operation: str, written: Path | None = None) -> str | None:
    """Why a request that stores or begins something is refused now, or None.

    What reads, deletes, stops or reports a result goes on: the reserve is kept for it. `written` is the state file that
    will be written anew before the answer, if one will: where it does not fit, the change is not made.
    """
    stores = method in ("PUT", "POST") if service == "s3" else bool(_BEGINS.match(operation))
    needed = max(RESERVE_BYTES if stores else 0, _size_anew(written))
    if not needed:
        return None
    free = shutil.disk_usage(state).free
    return unwritable(state, f"{free / _MIB:.0f} MiB are free", needed) if free < needed else None


def _size_anew(file: Path | None) -> int:
    if file is None:
        return 0
    return _MIB + (file.stat().st_size if file.exists() else 0)


def unwritable(state: Path, reason: str, needed: int = RESERVE_BYTES) -> str:
    """The sentence about a state folder that takes nothing more."""
    return (
        f"Local AWS cannot store this in {state}: {reason}, and it needs {max(needed // _MIB, 1)} MiB. "
        "Make space on that disk and try again."
    )


def warning(state: Path) -> str:
    """Return the warning of `up` and `status` when space is low; empty if there is enough."""
    try:
        free = shutil.disk_usage(state).free
    except OSError:
        return ""
    if free >= LITTLE_BYTES:
        return ""
    then = "nothing new is stored or begun" if free < RESERVE_BYTES else "releases will soon fail"
    return f"warning: {free / _MIB:.0f} MiB are free for {state}; {then}. Make space on that disk"


def answer(message: str, service: str, headers: Mapping[str, str]) -> tuple[str, bytes]:
    """The content type and body of an error of the service's protocol.

    https://smithy.io/2.0/aws/protocols/index.html
    """
    if service == "s3":
        text = f"<Error><Code>{_CODE}</Code><Message>{escape(message)}</Message></Error>"
    elif headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        text = (
            f"<ErrorResponse><Error><Type>Receiver</Type><Code>{_CODE}</Code><Message>{escape(message)}</Message>"
            "</Error></ErrorResponse>"
        )
    else:
        return "application/x-amz-json-1.1", json.dumps({"__type": _CODE, "message": message}).encode()
    return "text/xml", text.encode()
