"""Data sets that are too large, or not ours, to be part of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_data(*parts: str) -> Path:
    """A file or folder of `shared/data` beside the repository; skips the test if it is not there."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the data set at {path}, which is not part of the repository")
    return path
