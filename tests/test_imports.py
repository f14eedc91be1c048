"""Handlers use the domain, the domain uses the modules of AWS, and nothing points back."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline_lambdas", "inference_lambdas", "workflows")
# What runs in a container of SageMaker has no layers: it is a program of its own.
TABULAR = ROOT / "pipeline_lambdas" / "tabular"
PROGRAM = ROOT / "pipeline_lambdas" / "program"
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.parent.name != "scripts" and path.parent not in {TABULAR, PROGRAM}
)
# Values that every layer may know.
BASE = {
    "pipeline_lambdas.runtime.failures",
    "pipeline_lambdas.runtime.outcome",
    "pipeline_lambdas.runtime.credentials",
    "workflows.runtime.errors",
}
AWS_LIBRARIES = {"boto3", "botocore"}


def layer(module: str) -> int:
    """Return 0 for base values, 1 for modules of AWS, 2 for the domain, 3 for handlers."""
    if module in BASE:
        return 0
    folders = module.split(".")[1:]
    return 3 if "handlers" in folders else 1 if folders[:1] == ["aws"] else 2


@cache
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


def test_imports_point_down() -> None:
    upward = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imported(path)
        if name.split(".")[0] in PACKAGES and layer(name) > layer(name_of(path))
    }
    assert upward == set()


def test_only_modules_of_aws_know_the_sdk() -> None:
    knowing = {
        name_of(path)
        for path in MODULES
        if {name.split(".")[0] for name in imported(path)} & AWS_LIBRARIES and layer(name_of(path)) != 1
    }
    assert knowing == set()


def test_only_handlers_read_the_environment() -> None:
    assert {name_of(path) for path in MODULES if "os" in imported(path) and layer(name_of(path)) != 3} == set()


def test_handlers_skip_no_layer() -> None:
    skipping = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imported(path)
        if layer(name_of(path)) == 3 and (".aws." in name or name.endswith(".aws"))
    }
    assert skipping == set()


def test_pipeline_lambdas_do_not_need_inference_lambdas() -> None:
    unwanted = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imported(path)
        if name.split(".")[0] in {"slipway", "slipway_build", "local_aws", "numpy"}
        or (name.split(".")[0] == "inference_lambdas" and name_of(path).startswith("pipeline_lambdas"))
    }
    assert unwanted == set()


def test_the_program_for_tables_needs_only_itself_and_what_the_image_holds() -> None:
    imports = {name_of(path): imported(path) for path in TABULAR.glob("*.py")}
    assert len(imports) > 10
    allowed = {*sys.stdlib_module_names, "numpy", "scipy", "xgboost"}
    unwanted = {
        f"{module} imports {name}"
        for module, names in imports.items()
        for name in names
        if name.split(".")[0] not in allowed and not name.startswith("pipeline_lambdas.tabular")
    }
    assert unwanted == set()


def test_the_entry_of_programs_needs_nothing_but_python() -> None:
    assert {name for path in PROGRAM.glob("*.py") for name in imported(path)} <= sys.stdlib_module_names


def test_workflows_need_neither_the_command_line_nor_releases() -> None:
    allowed = (
        "workflows.",
        "pipeline_lambdas.aws",
        "pipeline_lambdas.runtime",
        # The form in which a release takes its data.
        "pipeline_lambdas.release.dataset",
        "inference_lambdas.statistics",
    )
    of_workflows = {name_of(path): imported(path) for path in MODULES if name_of(path).startswith("workflows.")}
    assert len(of_workflows) > 5
    own = (*PACKAGES, "slipway", "slipway_build", "local_aws")
    unwanted = {
        f"{module} imports {name}"
        for module, names in of_workflows.items()
        for name in names
        if name.split(".")[0] in own and not f"{name}.".startswith(allowed)
    }
    assert unwanted == set()


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
    assert broad == ["pipeline_lambdas.runtime.runner"]


FOLDERS = {
    "pipeline_lambdas": ROOT / "pipeline_lambdas",
    "inference_lambdas": ROOT / "inference_lambdas",
    "workflows": ROOT / "workflows",
    "slipway": ROOT / "scripts" / "slipway",
    "slipway_build": ROOT / "scripts" / "slipway_build",
    "local_aws": ROOT / "local_aws",
}
"""Top package to its folder."""


@cache
def imports_of_modules() -> dict[str, set[str]]:
    """Module to the modules that it imports while it is imported itself."""
    files = {
        ".".join((top, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__"): path
        for top, folder in FOLDERS.items()
        for path in folder.rglob("*.py")
    }
    return {
        name: {
            found
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
            for found in [f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in files else node.module]
            if found in files and found != name
        }
        for name, path in files.items()
    }


def test_nothing_imports_in_a_circle() -> None:
    imports = imports_of_modules()
    assert len(imports) > 400
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"a circle: {' -> '.join((*way, name))}"
        if name not in done:
            for imported_name in sorted(imports[name]):
                visit(imported_name, (*way, name))
            done.add(name)

    for name in imports:
        visit(name, ())


ROOMS = {
    "codepipeline": ["definition", "state", "actions", "execution", "operations"],
    "stepfunctions": [
        "contracts",
        "jsonata",
        "definition",
        "language",
        "tasks",
        "interpreter",
        "execution",
        "registry",
        "operations",
        "telemetry",
        "state_tests",
        "cloudformation",
    ],
}
"""The packages of a service, each of which imports from itself and those before it."""


@pytest.mark.parametrize("service", ROOMS)
def test_the_packages_of_a_service_import_downward(service: str) -> None:
    order, package = ROOMS[service], f"local_aws.{service}."

    def level(module: str) -> int:
        name = module.removeprefix(package).split(".")[0]
        return order.index(name) if name in order else len(order)

    inside = {name: found for name, found in imports_of_modules().items() if name.startswith(package)}
    assert {level(name) for name in inside} == set(range(len(order) + 1))
    upward = {
        f"{name} imports {found}"
        for name, imported_names in inside.items()
        for found in imported_names
        if found.startswith(package) and level(found) > level(name)
    }
    assert upward == set()


def test_builds_import_no_command_line() -> None:
    imports = imports_of_modules()
    builds = {name for name in imports if name.split(".")[0] == "slipway_build"}
    assert builds
    # What reads a config reads it as the functions do. Packages are made without running what is packaged.
    reading = {"slipway_build.pip_wheels", "slipway_build.wheels", "slipway_build.image"}
    allowed = {"slipway_build", "pipeline_lambdas"}
    assert {found.split(".")[0] for name in reading for found in imports[name]} <= allowed
    assert {found.split(".")[0] for name in builds - reading for found in imports[name]} <= {"slipway_build"}
