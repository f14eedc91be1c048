"""Writes the folder `build`: Build's packages, and the files that checkspec.yml needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from slipway_build.checks import CFN_LINT, RUFF
from slipway_build.packages import FUNCTIONS, code_sha256

FOLDER = Path("build")
PACKAGES = FOLDER / "packages"
"""The artifact: a zip per package and `packages.json`, which says whose they are."""
LIST = PACKAGES / "packages.json"
SHA256 = FOLDER / "packages.sha256"
"""The hash of the list, which the release hands on apart from the artifact."""
DUE = FOLDER / "due"
"""The checks to run, a line each; there is none if all have passed before with the same files."""
TESTS = FOLDER / "tests"
"""The modules of tests to run, a line each, as pytest takes them: `pytest @build/tests`."""
NOTE = FOLDER / "note"
"""What is noted once all checks are green."""
NOTHING_NEW = "none"
"""In the place of a note that is there already: CodePipeline documents nothing of an empty variable."""
LINTERS = (RUFF, CFN_LINT)
"""A linter that has to run has a file of its name beside the others."""


def write_packages(root: Path, zipped: Mapping[str, bytes]) -> None:
    """Write the packages by their names, and their list."""
    (root / PACKAGES).mkdir(parents=True)
    for name, content in zipped.items():
        (root / PACKAGES / f"{name}.zip").write_bytes(content)
    listed = {
        "packages": {name: code_sha256(content) for name, content in zipped.items()},
        "functions": {name: function.package for name, function in FUNCTIONS.items()},
    }
    text = json.dumps(listed, indent=1, sort_keys=True)
    (root / LIST).write_text(text, encoding="utf-8")
    (root / SHA256).write_text(hashlib.sha256(text.encode()).hexdigest(), encoding="utf-8")


def write_plan(root: Path, wanted: Sequence[str], note: str) -> None:
    """Write the checks that are due, and what is noted after them."""
    (root / FOLDER).mkdir()
    (root / NOTE).write_text(note, encoding="utf-8")
    if wanted:
        (root / DUE).write_text("".join(f"{name}\n" for name in wanted), encoding="utf-8")
    for name in LINTERS:
        if name in wanted:
            (root / FOLDER / name).touch()
    modules = [name for name in wanted if name not in LINTERS]
    if modules:
        (root / TESTS).write_text("".join(f"{name}\n" for name in modules), encoding="utf-8")
