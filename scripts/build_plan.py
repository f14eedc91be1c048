"""The plan of a build, as files in the folder `build`: what buildspec.yml asks for and what later steps read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.checks import CFN_LINT, RUFF

FOLDER = Path("build")
PLAN, UPDATED = FOLDER / "plan.json", FOLDER / "updated"
DUE = FOLDER / "due"
"""The checks to run, a line each; there is none if all have passed before with the same files."""
TESTS = FOLDER / "tests"
"""The modules of tests to run, a line each, as pytest takes them: `pytest @build/tests`."""
LINTERS = (RUFF, CFN_LINT)
"""A linter that has to run has a file of its name beside the plan."""


@dataclass(frozen=True)
class Change:
    """A function whose code differs from its package."""

    function: str
    """Its whole name."""
    package: str
    key: str
    code_sha256: str


@dataclass(frozen=True)
class Plan:
    """The functions to update, and the fingerprints of all checks once those that are due have passed."""

    changes: Sequence[Change]
    checks: Mapping[str, str]


def write_plan(root: Path, plan: Plan, wanted: Sequence[str], zipped: Mapping[str, bytes]) -> None:
    """Write the plan, the checks that are due, and the packages, by their names."""
    (root / FOLDER).mkdir()
    for name, content in zipped.items():
        archive(root, name).write_bytes(content)
    if wanted:
        (root / DUE).write_text("".join(f"{name}\n" for name in wanted), encoding="utf-8")
    for name in LINTERS:
        if name in wanted:
            (root / FOLDER / name).touch()
    modules = [name for name in wanted if name not in LINTERS]
    if modules:
        (root / TESTS).write_text("".join(f"{name}\n" for name in modules), encoding="utf-8")
    (root / PLAN).write_text(f"{json.dumps(asdict(plan), indent=2)}\n", encoding="utf-8")


def read_plan(root: Path) -> Plan:
    document = json.loads((root / PLAN).read_text(encoding="utf-8"))
    return Plan([Change(**entry) for entry in document["changes"]], document["checks"])


def archive(root: Path, package: str) -> Path:
    return root / FOLDER / f"{package}.zip"
