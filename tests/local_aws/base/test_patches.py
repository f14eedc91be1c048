"""The table of MiniStack's patches: complete, true, and each with its reason."""

from __future__ import annotations

import ast
import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.base.patch import Patch
from local_aws.base.patches import PATCHES
from local_aws.base.tables import used_names
from tests.local_server import ROOT

DOCUMENTED = ("https://docs.aws.amazon.com/", "https://pyyaml.org/wiki/")
by_name = pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    command = [sys.executable, "-m", "tests.local_aws.base.changes", str(tmp_path_factory.mktemp("changes"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    declared = {table_of(name) for patch in PATCHES for name in patch.replaces}
    one_name = {name: next(iter(declared & set(names)), name) for names in answer["aliases"] for name in names}
    return {
        patch: {name.replace(table_of(name), one_name.get(table_of(name), table_of(name)), 1) for name in names}
        for patch, names in answer["changes"].items()
    }


def table_of(name: str) -> str:
    """The name without the key of an entry."""
    return name.partition("[")[0]


@by_name
def test_a_patch_replaces_what_it_says_and_nothing_else(changes: dict[str, set[str]], patch: Patch) -> None:
    tables = {name.removesuffix("[*]") for name in patch.replaces if name.endswith("[*]")}
    single = {name for name in patch.replaces if not name.endswith("[*]")}
    of_tables = {name for name in changes[patch.name] if table_of(name) in tables}
    assert changes[patch.name] - of_tables == single
    assert {table_of(name) for name in of_tables} == tables


def test_the_names_are_their_own() -> None:
    assert len({patch.name for patch in PATCHES}) == len(PATCHES)
    assert [patch.late for patch in PATCHES] == sorted(patch.late for patch in PATCHES)


@by_name
def test_replaced_names_are_checked_at_the_start(patch: Patch) -> None:
    """Another version of MiniStack is refused with a sentence that names what it lacks."""
    replaced = {table_of(name).removesuffix("._data") for name in patch.replaces}
    assert replaced <= used_names(), "missing in tables.py"


@by_name
def test_the_reason_is_documented(patch: Patch) -> None:
    assert patch.why.endswith(".")
    assert patch.source.startswith(DOCUMENTED), "no address of documentation"


@by_name
def test_the_tests_are_there(patch: Patch) -> None:
    assert patch.tests
    for test in patch.tests:
        file, _, name = test.partition("::")
        assert name in functions_of(ROOT / file), f"{test} is not there"


@functools.cache
def functions_of(file: Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}
