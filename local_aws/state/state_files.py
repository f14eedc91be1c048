"""State files that are whole or known to be damaged: a checksum before the content, and the copy before the newest.

A file is written under another name, synchronized and renamed, so that a kill or a power cut leaves the old one or
the new one (https://man7.org/linux/man-pages/man2/rename.2.html). What damages it all the same is found at the next
start, where the copy takes its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

_MARK = b"sha256:"
_HASH_CHARACTERS = 64
LAST_GOOD, DAMAGED = ".last-good", ".damaged"


class StateDamagedError(Exception):
    """A state file is damaged and has no good copy, or cannot be loaded; the message names the way back."""


def write(path: Path, content: bytes) -> None:
    """Replace the file, and keep the one before as its last good copy. Raises OSError and leaves the old one."""
    new = path.with_name(f"{path.name}.tmp")
    try:
        with new.open("wb") as file:
            file.write(_MARK + hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            file.flush()
            os.fsync(file.fileno())
        _keep(path)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def read(path: Path) -> bytes:
    """The content of a file that is whole. Raises ValueError with the damage, and OSError."""
    text = path.read_bytes()
    if not text:
        raise ValueError("it is empty")
    if not text.startswith(_MARK):
        raise ValueError("it is no state file: it has no checksum")
    content = text[len(_MARK) + _HASH_CHARACTERS + 1 :]
    if text[len(_MARK) :][:_HASH_CHARACTERS] != hashlib.sha256(content).hexdigest().encode():
        raise ValueError("its checksum does not fit: it is cut off or changed")
    if not content.startswith(b"{"):
        raise ValueError("it is no state file: it holds no object")
    return content


def repair(folder: Path) -> list[str]:
    """Put the last good copies in the place of damaged files; returns a sentence for each.

    Raises StateDamagedError where there is none.
    """
    endings = (".json", f".json{LAST_GOOD}")
    names = {path.name.removesuffix(LAST_GOOD) for path in folder.iterdir() if path.name.endswith(endings)}
    return [told for name in sorted(names) if (told := _mend(folder / name))]


def copy_missing(folder: Path) -> None:
    """Copy each file that was written only once, so that it has a good copy too. Raises OSError."""
    for path in folder.glob("*.json"):
        copy = path.with_name(path.name + LAST_GOOD)
        if not copy.exists():
            _copy(path, copy)


def taken(path: Path, damage: str, copy: Path) -> str:
    """The sentence about a copy that was taken."""
    at = datetime.fromtimestamp(copy.stat().st_mtime, UTC).astimezone()
    return (
        f"warning: {path} was damaged ({damage}); its last good copy, of {at:%Y-%m-%d %H:%M:%S}, was taken. "
        "What changed after that is lost. If releases fail now, start again: make reset"
    )


def damaged(path: Path, damage: str) -> StateDamagedError:
    """The error about a file without a copy."""
    return StateDamagedError(
        f"the state file {path} is damaged ({damage}), and there is no good copy of it. "
        "Put back a copy of your own, or forget all local state and start again: make reset"
    )


def unusable(path: Path, reason: str) -> StateDamagedError:
    """The error about a file that is whole, and that this version cannot load all the same."""
    return StateDamagedError(
        f"the state file {path} cannot be loaded ({reason}), and is left as it is. Use the version of Slipway that "
        "wrote it, put back a copy of your own, or forget all local state and start again: make reset"
    )


def _mend(path: Path) -> str | None:
    copy = path.with_name(path.name + LAST_GOOD)
    damage = _damage(path)
    if not damage:
        return None
    if _damage(copy):
        raise damaged(path, damage)
    if path.exists():
        path.replace(path.with_name(path.name + DAMAGED))
    _copy(copy, path)
    return taken(path, damage, copy)


def _damage(path: Path) -> str:
    try:
        read(path)
    except FileNotFoundError:
        return "it is missing"
    except ValueError as error:
        return str(error)
    return ""


def _copy(source: Path, target: Path) -> None:
    """Copy the bytes: of a second name, whatever damages the one file would damage the other."""
    new = target.with_name(f"{target.name}.tmp")
    shutil.copyfile(source, new)
    new.replace(target)


def _keep(path: Path) -> None:
    """Give the file a second name; the rename to come leaves that one alone."""
    copy = path.with_name(path.name + LAST_GOOD)
    new = path.with_name(f"{path.name}.copy")
    new.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.link(path, new)
        new.replace(copy)
