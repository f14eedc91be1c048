"""The packages of the workflows' functions, and the version that names them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from slipway.errors import SlipwayError
from slipway.workflows.code import build_code, function_handlers

from tests.cloudformation import templates

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("workflows", "pipeline_lambdas", "inference_lambdas"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_function_of_the_template_has_a_handler_and_every_handler_a_function() -> None:
    resources = templates.load("workflows")["Resources"].values()
    keys = [
        one["Properties"]["Code"]["S3Key"]["Fn::Sub"] for one in resources if one["Type"] == "AWS::Lambda::Function"
    ]
    assert sorted(keys) == sorted(f"workflows/${{CodeVersion}}/{name}.zip" for name in function_handlers(ROOT))
    assert keys


def test_a_package_holds_what_its_handler_imports() -> None:
    packages = {package.function: package for package in build_code(ROOT).packages}
    assert packages.keys() == function_handlers(ROOT).keys()
    for name, package in packages.items():
        handlers = [file for file in package.files if "/handlers/" in file and not file.endswith("__init__.py")]
        assert handlers == [function_handlers(ROOT)[name].replace(".", "/") + ".py"]
        assert b"import handler" in package.files["index.py"]


def test_the_version_is_that_of_the_sources(checkout: Path) -> None:
    first = build_code(ROOT)
    assert build_code(checkout).version == first.version
    assert all(key.startswith(f"workflows/{first.version}/") for key, _ in first.objects())
    with (checkout / "workflows" / "sweeping" / "executions.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert build_code(checkout).version != first.version


def test_an_import_that_no_function_may_have_is_told(checkout: Path) -> None:
    with (checkout / "workflows" / "sweeping" / "executions.py").open("a", encoding="utf-8") as file:
        file.write("import numpy\n")
    with pytest.raises(SlipwayError, match=r"workflows/sweeping/executions.py: line \d+: found an import of numpy"):
        build_code(checkout)
