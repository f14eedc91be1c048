"""Local AWS as a distribution of its own."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

from tests.local_server import ROOT

FOLDER = ROOT / "local_aws"
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))


def test_all_packages_are_listed() -> None:
    there = {".".join(path.parent.relative_to(ROOT).parts) for path in FOLDER.rglob("__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == there


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in names | modules}


def test_it_imports_only_itself_and_what_it_depends_on() -> None:
    libraries = {"PIL", "numpy", "scipy", "sklearn", "xgboost"}
    allowed = {"local_aws", "ministack", "botocore", "cfnlint", "hypercorn", "jsonata", "regex", "yaml", *libraries}
    used = set().union(*(imported(path) for path in FOLDER.rglob("*.py"))) - set(sys.stdlib_module_names)
    assert used <= allowed


def test_nothing_else_imports_it() -> None:
    others = [
        path
        for folder in ("scripts", "pipeline_lambdas", "inference_lambdas")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert [path for path in others if "local_aws" in imported(path)] == []
