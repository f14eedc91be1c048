"""Gives a process a file system and processes of its own: this machine's programs, its job, and nothing else.

A container sees its image. Here it sees this machine's system folders and the Python that it needs, both read-only; of
all others it sees none: homes, state, other jobs, sockets. It has its own /tmp, its own /dev with the harmless devices,
and a /proc of its own processes only (mount_namespaces(7), pid_namespaces(7), pivot_root(2), mount_setattr(2)).
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field
from pathlib import Path

from local_aws.sagemaker.containers.private_mounts import enter_user_namespace, system_call

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x2, 0x4, 0x8
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_READ_ONLY, _NO_SUID = 0x1, 0x2
_SYSTEM = ("usr", "bin", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "sbin", "sys")
_DEVICES = ("full", "null", "random", "urandom", "zero")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}


@dataclass(frozen=True)
class Inside:
    """What a program sees beside the system: files and folders under their own paths.

    scratch   the folder that is its /tmp
    visible   what it may read
    writable  what it may change
    """

    scratch: str
    visible: list[str] = field(default_factory=list)
    writable: list[str] = field(default_factory=list)


def leave_processes() -> None:
    """Let the next child of this process be the first of its own; it must have one thread. Raises IsolationError."""
    if os.geteuid() == 0:
        system_call("unshare", _CLONE_NEWPID | _CLONE_NEWIPC)
    else:
        enter_user_namespace(_CLONE_NEWPID | _CLONE_NEWIPC)


def give_root(ml: Path, staging: Path, inside: Inside) -> None:
    """Let this process, the first of its own, see `ml` as /opt/ml and beside it only `inside` and the system.

    `staging` is an empty folder, on which the new root is put together. Raises IsolationError.
    """
    system_call("unshare", _CLONE_NEWNS)
    _mount(None, Path("/"), _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", staging, _MS_NOSUID | _MS_NODEV, "tmpfs")
    staging.chmod(0o755)
    root = _Root(staging)
    for name in _SYSTEM:
        root.show(Path("/", name))
    for entry in Path("/opt").iterdir() if Path("/opt").is_dir() else ():
        if entry.name != "ml":
            root.show(entry)
    for place in ("tmp", "var/tmp"):
        root.place(Path(inside.scratch), Path("/", place))
    for path in inside.visible:
        root.show(Path(path))
    for path in inside.writable:
        root.place(Path(path), Path(path))
    root.place(ml, Path("/opt/ml"))
    _devices(root)
    root.folder("/run")
    _mount("proc", root.folder("/proc"), _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "proc")
    _set(staging, _READ_ONLY, 0)
    os.chdir(staging)
    system_call("pivot_root", b".", b".")
    system_call("umount2", b".", _MNT_DETACH)
    os.chdir("/")


def make_read_only(path: Path) -> None:
    """Let this process only read what was writable inside; it must have one thread. Raises IsolationError."""
    if os.geteuid() != 0:
        enter_user_namespace(_CLONE_NEWNS)
    _set(path, _READ_ONLY, 0)


class _Root:
    """The new root while it is put together."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._shown: list[Path] = []

    def show(self, path: Path) -> None:
        """Let a file or folder be read under its own path; a missing one is left out."""
        if path.is_symlink():
            self._link(path)
            path = path.resolve()
        if not path.exists() or any(path.is_relative_to(known) for known in self._shown):
            return
        target = self.place(path, path)
        _set(target, _READ_ONLY | _NO_SUID, _AT_RECURSIVE)
        self._shown.append(path)

    def place(self, source: Path, path: Path) -> Path:
        """Let a file or folder be at `path`; returns where that is now."""
        target = self._staging / path.relative_to("/")
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        _mount(source, target, _MS_BIND | _MS_REC)
        return target

    def folder(self, path: str) -> Path:
        """An empty folder; returns where it is now."""
        made = self._staging / path.lstrip("/")
        made.mkdir(parents=True, exist_ok=True)
        return made

    def _link(self, path: Path) -> None:
        target = self._staging / path.relative_to("/")
        if not any(path.is_relative_to(known) for known in self._shown) and not target.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path.readlink())


def _devices(root: _Root) -> None:
    for name in _DEVICES:
        root.place(Path("/dev", name), Path("/dev", name))
    shared = root.folder("/dev/shm")  # noqa: S108 - the place itself
    _mount("tmpfs", shared, _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "tmpfs")
    for name, target in _DEVICE_LINKS.items():
        (shared.parent / name).symlink_to(target)


def _mount(source: Path | str | None, target: Path, flags: int, kind: str | None = None) -> None:
    names = [None if name is None else os.fsencode(name) for name in (source, target, kind)]
    system_call("mount", *names, ctypes.c_ulong(flags), None)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def _set(target: Path, attributes: int, flags: int) -> None:
    """Set attributes of a mount, with those below it if the flags say so; those that it has are kept."""
    wanted = _Attributes(attr_set=attributes)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    system_call(
        "syscall",
        ctypes.c_long(_MOUNT_SETATTR),
        _AT_FDCWD,
        os.fsencode(target),
        ctypes.c_uint(flags),
        ctypes.byref(wanted),
        size,
    )
