"""Handlers use the domain, the domain uses the modules of AWS, and nothing points back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("pipeline_lambdas", "inference_lambdas")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
# Values that every layer may know.
BASE = {"pipeline_lambdas.failures", "pipeline_lambdas.outcome", "pipeline_lambdas.credentials"}
AWS_LIBRARIES = {"boto3", "botocore"}


def layer(module: str) -> int:
    """Return 0 for base values, 1 for modules of AWS, 2 for the domain, 3 for handlers."""
    if module in BASE:
        return 0
    parts = module.split(".")
    return {"aws": 1, "handlers": 3}.get(parts[1] if len(parts) > 1 else "", 2)


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            module = node.module or ""
            # `from package import module` names a module by its last part.
            deeper = {f"{module}.{alias.name}" for alias in node.names}
            found |= {name for name in deeper if (ROOT / (name.replace(".", "/") + ".py")).is_file()} or {module}
    return found


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    own = layer(name_of(path))
    upward = {name for name in imported(path) if name.split(".")[0] in PACKAGES and layer(name) > own}
    assert not upward


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_modules_of_aws_know_the_sdk(path: Path) -> None:
    libraries = {name.split(".")[0] for name in imported(path)} & AWS_LIBRARIES
    assert not libraries or layer(name_of(path)) == 1


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_handlers_read_the_environment_and_skip_no_layer(path: Path) -> None:
    names = imported(path)
    if layer(name_of(path)) == 3:
        assert not {name for name in names if ".aws." in name or name.endswith(".aws")}
    else:
        assert "os" not in names


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_pipeline_lambdas_do_not_need_inference_lambdas(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}
    assert not roots & {"scripts", "local_aws", "numpy"}
    if name_of(path).startswith("pipeline_lambdas"):
        assert "inference_lambdas" not in roots


def test_handlers_are_short() -> None:
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
        if layer(name_of(path)) == 3
    }
    assert len(lengths) >= 4
    assert max(lengths.values()) <= 60


def test_there_is_one_broad_except() -> None:
    broad = [
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert broad == ["pipeline_lambdas.runner"]
