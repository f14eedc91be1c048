from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from slipway_build.errors import BuildError
from slipway_build.packages import OWN_PACKAGES, PACKAGES, RUNTIME, Package, build, build_one, code_sha256

ROOT = Path(__file__).resolve().parents[2]

# Runs in an interpreter that finds the package first and installed libraries after it, as in Lambda.
_IMPORT_ALL = """
import importlib, json, sys
package, handler, modules = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, package)
index = importlib.import_module("index")
assert index.handler is importlib.import_module(handler).handler
for name in modules:
    importlib.import_module(name)
own = ("index", "pipeline_lambdas", "inference_lambdas", "yaml", "slipway", "slipway_build", "local_aws")
print(json.dumps({name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] in own}))
"""


@pytest.fixture(scope="module")
def packages() -> dict[str, Package]:
    return {package.function: package for package in build(ROOT)}


@pytest.mark.parametrize("function", PACKAGES)
def test_a_package_holds_all_that_its_handler_needs(
    function: str, packages: dict[str, Package], tmp_path: Path
) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(packages[function].zipped())
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in packages[function].files
        if name.endswith(".py") and name != "yaml/cyaml.py"  # the compiled part, which yaml does without
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", _IMPORT_ALL, str(path), PACKAGES[function], json.dumps(modules)]
    environment["AWS_DEFAULT_REGION"] = "us-east-1"
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert set(modules) <= loaded.keys()
    assert all(file.startswith(str(path)) for file in loaded.values()), loaded


def test_a_package_holds_nothing_else(packages: dict[str, Package]) -> None:
    for function, package in packages.items():
        tops = {name.split("/")[0] for name in package.files}
        assert tops <= {"index.py", "pipeline_lambdas", "inference_lambdas", "yaml"} | {
            name for name in tops if name.startswith("pyyaml-")
        }, function
        handlers = [name for name in package.files if "/handlers/" in name and not name.endswith("__init__.py")]
        assert handlers == [PACKAGES[function].replace(".", "/") + ".py"]
    assert not any(name.startswith("yaml/") for name in packages["get-status"].files)
    assert any("LICENSE" in name for name in packages["train-model"].files)


def test_the_same_sources_give_the_same_bytes(packages: dict[str, Package]) -> None:
    for again in build(ROOT):
        first = packages[again.function]
        assert again.zipped() == first.zipped()
    with zipfile.ZipFile(io.BytesIO(packages["train-model"].zipped())) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("version", [(3, 11, 2), RUNTIME, (3, 14, 0)])
def test_whoever_builds_a_package_it_has_the_same_sources(
    version: tuple[int, ...], packages: dict[str, Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packages["get-status"]
    monkeypatch.setattr(sys, "version_info", version)
    again = build_one(ROOT, "get-status", PACKAGES["get-status"])
    assert again.files == package.files
    # Byte code is for the functions' own Python, and that of another one is of no use to them.
    with zipfile.ZipFile(io.BytesIO(again.zipped())) as archive:
        compiled = {name for name in archive.namelist() if name.endswith(".pyc")}
    assert bool(compiled) is (version[:2] == RUNTIME)


def pythons() -> list[str]:
    """The Python of these tests, and others of this machine that can run the build."""
    found = [sys.executable]
    for name in ("python3.12", "python3.13", "python3.14"):
        try:
            done = subprocess.run([name, "-c", ""], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        found += [name] if done.returncode == 0 else []
    return found


def test_a_package_does_not_depend_on_who_builds_it_where(packages: dict[str, Package], tmp_path: Path) -> None:
    """Other Pythons, a checkout of other order, times and modes, another umask, locale, time zone and hash seed."""
    sources = [path for name in OWN_PACKAGES for path in (ROOT / name).rglob("*") if path.suffix in {".py", ".json"}]
    for path in sorted(sources, reverse=True):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o755 if len(path.name) % 2 else 0o600)
        os.utime(copy, (1_000_000_000 + len(path.name),) * 2)
    program = (
        "import hashlib, json, sys; from pathlib import Path; from slipway_build.packages import build, code_sha256;"
        "files = lambda p: {name: hashlib.sha256(content).hexdigest() for name, content in p.files.items()};"
        "print(json.dumps({p.function: [files(p), code_sha256(p.zipped((0, 0)))] for p in build(Path(sys.argv[1]))}))"
    )
    installed = str(distribution("PyYAML").locate_file(""))
    elsewhere = {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7", "PYTHONPATH": installed}
    expected = {
        name: [
            {file: hashlib.sha256(content).hexdigest() for file, content in package.files.items()},
            code_sha256(package.zipped((0, 0))),
        ]
        for name, package in packages.items()
    }
    for python in pythons():
        done = subprocess.run(
            [python, "-c", program, str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, **elsewhere},
            umask=0o077,
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)
        assert {name: files for name, (files, _) in found.items()} == {
            name: files for name, (files, _) in expected.items()
        }, python
        # Another Python may come with another zlib; Build has one of its own, by the runtime that buildspec.yml names.
        assert python != sys.executable or found == expected


def _source(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    _source(tmp_path, "pipeline_lambdas/__init__.py", "")
    _source(
        tmp_path,
        "pipeline_lambdas/a.py",
        "from typing import TYPE_CHECKING\nimport boto3\nfrom . import b\nfrom .deep.c import x as y\n"
        "if TYPE_CHECKING:\n    from pipeline_lambdas import types_only\n"
        "def handler():\n    import inference_lambdas.lazy\n",
    )
    _source(tmp_path, "pipeline_lambdas/b.py", "import json\nfrom . import a\n")
    _source(tmp_path, "pipeline_lambdas/deep/__init__.py", "from ..d import z\n")
    _source(tmp_path, "pipeline_lambdas/deep/c.py", "")
    for name in ("d", "types_only", "unused"):
        _source(tmp_path, f"pipeline_lambdas/{name}.py", "")
    _source(tmp_path, "inference_lambdas/__init__.py", "")
    _source(tmp_path, "inference_lambdas/lazy.py", "")
    assert list(build_one(tmp_path, "f", "pipeline_lambdas.a").files) == [
        "index.py",
        "inference_lambdas/__init__.py",
        "inference_lambdas/lazy.py",
        "pipeline_lambdas/__init__.py",
        "pipeline_lambdas/a.py",
        "pipeline_lambdas/b.py",
        "pipeline_lambdas/d.py",
        "pipeline_lambdas/deep/__init__.py",
        "pipeline_lambdas/deep/c.py",
    ]


def test_a_library_that_lambda_lacks_is_refused(tmp_path: Path) -> None:
    _source(tmp_path, "pipeline_lambdas/a.py", "import json\nimport numpy.linalg\n")
    with pytest.raises(BuildError, match=r"pipeline_lambdas/a.py: line 2: found an import of numpy; allowed in"):
        build_one(tmp_path, "f", "pipeline_lambdas.a")


def test_a_missing_handler_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"train-model: found no module pipeline_lambdas.handlers.train_model"):
        build(tmp_path)
