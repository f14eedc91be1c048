"""The folder of a model's program, as a push would send it."""

from __future__ import annotations

from pathlib import Path

from pipeline_lambdas.steps.source import MOST_BYTES


def read_program(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by name, as `slipway publish` takes them; none if it is not there.

    Reading ends with the file that makes them too many bytes.
    """
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and left >= 0 and not any(part.startswith(".") or part == "__pycache__" for part in parts):
            files["/".join(parts)] = path.read_bytes()
            left -= len(files["/".join(parts)])
    return files
