"""Gives a process an `/opt/ml` of its own, as a container has, by a mount namespace (mount_namespaces(7)).

Programs open `/opt/ml/processing/...` literally, and several jobs run at the same time. So the process leaves the
machine's mount namespace and sees another `/opt`: everything that was there, and the job's folder as `ml`. Nothing
changes on this machine, where `/opt/ml` need not exist. Without root, a user namespace gives the right to do so
(user_namespaces(7)), unless the system forbids it.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
_OPT = Path("/opt")


class IsolationError(Exception):
    """This machine does not allow it; the message says which step failed."""


def give_opt_ml(ml: Path, staging: Path) -> None:
    """Let this process see the folder `ml` as /opt/ml; it must have one thread. Raises IsolationError.

    `staging` is an empty folder, on which the new /opt is put together.
    """
    if not _OPT.is_dir() or _OPT.is_symlink():
        raise IsolationError(f"{_OPT} must be a folder: create it, empty, and it is never written to")
    if os.geteuid() == 0:
        system_call("unshare", _CLONE_NEWNS)
    else:
        enter_user_namespace(_CLONE_NEWNS)
    _mount(None, Path("/"), _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", staging, 0, "tmpfs")
    for entry in _OPT.iterdir():
        if entry.name != "ml":
            _show(entry, staging / entry.name)
    inside = staging / "ml"
    inside.mkdir()
    _mount(ml, inside, _MS_BIND)
    _mount(staging, _OPT, _MS_MOVE)


def enter_user_namespace(more: int) -> None:
    """A namespace in which this user is itself, with all capabilities over the namespaces `more` that come with it.

    Raises IsolationError.
    """
    user, group = os.geteuid(), os.getegid()
    system_call("unshare", _CLONE_NEWUSER | more)
    try:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            Path("/proc/self", name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise IsolationError(f"user namespace: {error}") from None


def _show(entry: Path, target: Path) -> None:
    """Let an entry of /opt appear in the new one."""
    if entry.is_symlink():
        target.symlink_to(entry.readlink())
        return
    if entry.is_dir():
        target.mkdir()
    else:
        target.touch()
    _mount(entry, target, _MS_BIND | _MS_REC)


def _mount(source: Path | str | None, target: Path, flags: int, kind: str | None = None) -> None:
    names = [None if name is None else os.fsencode(name) for name in (source, target, kind)]
    system_call("mount", *names, ctypes.c_ulong(flags), None)


def system_call(name: str, *arguments: object) -> None:
    """Call a function of the C library. Raises IsolationError if it fails."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise IsolationError(f"{name}: {os.strerror(ctypes.get_errno())}")
