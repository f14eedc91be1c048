"""One command at a time changes an installation from a checkout; the next waits and says so."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from slipway.errors import SlipwayError
from slipway.session import Session


@contextmanager
def installation_lock(session: Session, verb: str) -> Iterator[None]:
    """Wait for an earlier `release`, `deploy` or `destroy` of this checkout to be done with stacks and sources.

    CloudFormation carries out one operation of a stack at a time and lets the other fail halfway:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    """
    path = session.project.work / "turn.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SlipwayError(
            f"{path}: {error.strerror or error}.", "slipway keeps its working files there: make it a writable folder."
        ) from None
    try:
        _wait(session, descriptor)
        text = f"`slipway {verb}` (process {os.getpid()})".encode()
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
        yield
    finally:
        os.close(descriptor)


def _wait(session: Session, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = os.pread(descriptor, 1 << 10, 0).decode(errors="replace") or "another command"
        session.output.say(f"{other} is changing this installation; this one waits for it")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
