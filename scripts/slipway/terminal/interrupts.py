"""Says what continues after Ctrl-C, and how to look at it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.errors import StillRunningError
from slipway.session import Session


@contextmanager
def goes_on(message: str, next_step: str) -> Iterator[None]:
    """Turn an interrupt inside into a StillRunningError: a sentence on what continues, and how to look at it again."""
    try:
        yield
    except KeyboardInterrupt:
        raise StillRunningError(message, next_step) from None


@contextmanager
def release_continues(session: Session, release: str) -> Iterator[None]:
    with goes_on(f"Release {release} goes on.", f"Look again: {session.command('follow', release)}"):
        yield
