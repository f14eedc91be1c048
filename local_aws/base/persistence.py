"""MiniStack's state: read and written by `state/snapshots.py`, in the place of MiniStack's own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_aws.base.tables import ministack


def leave_state_alone(restore: Callable[[], None]) -> None:
    """Load state by `restore`, and write nothing at the end: MiniStack writes at its end only, and without a copy."""
    app = ministack("app")

    def save_nothing(_states: Any) -> None:
        pass

    app._load_persisted_state, app.save_all = restore, save_nothing  # noqa: SLF001
