"""One zip per function with what its handler imports, named by its sources alone.

What is imported is found by reading the sources, so a package is made without running any of them. Imports inside
functions count; those under `if TYPE_CHECKING` do not, as they never happen at run time. A module's table, a JSON file
of the same name beside it, goes with it, and so do the sources that it hands on to run elsewhere. There is an
`index.py`: a stack creates a function with code of its own, which lies in a file of that name, so the handler of all
functions is `index.handler`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import py_compile
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from slipway_build.errors import BuildError


class Function(NamedTuple):
    """What a function runs: the package, and in it the module whose `handler` is called."""

    package: str
    handler: str


FUNCTIONS = {
    "train-model": Function("train-model", "pipeline_lambdas.handlers.train_model"),
    "get-status": Function("get-status", "pipeline_lambdas.handlers.get_status"),
    "deploy-model": Function("deploy-model", "pipeline_lambdas.handlers.deploy_model"),
    "deploy-prod": Function("deploy-model", "pipeline_lambdas.handlers.deploy_model"),
    "deploy-champion": Function("deploy-model", "pipeline_lambdas.handlers.deploy_model"),
    "evaluate-model": Function("evaluate-model", "inference_lambdas.handlers.evaluate_model"),
    "smoke-test-prod": Function("evaluate-model", "inference_lambdas.handlers.evaluate_model"),
    "clean-up": Function("clean-up", "pipeline_lambdas.handlers.clean_up"),
    "register-model": Function("register-model", "pipeline_lambdas.handlers.register_model"),
    "write-evidence": Function("record-release", "pipeline_lambdas.handlers.record_release"),
    "record-release": Function("record-release", "pipeline_lambdas.handlers.record_release"),
    "start-release": Function("start-release", "pipeline_lambdas.handlers.start_release"),
    "end-release": Function("end-release", "pipeline_lambdas.handlers.end_release"),
    "settle-job": Function("settle-job", "pipeline_lambdas.handlers.settle_job"),
}
"""The functions of a pipeline; some differ from others in their roles and environments only."""

PACKAGES = {function.package: function.handler for function in FUNCTIONS.values()}
"""Package to the module of its handler."""

RUNTIME = (3, 13)
"""The Python of the functions, `python3.13` in the template."""

OWN_PACKAGES = ("pipeline_lambdas", "inference_lambdas")
RUNTIME_MODULES = frozenset(("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3"))
"""What Lambda's Python runtime brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html"""
HANDED_ON = {
    "pipeline_lambdas.steps.source": ("pipeline_lambdas.tabular", "pipeline_lambdas.program"),
    "pipeline_lambdas.steps.own_metrics": ("pipeline_lambdas.measuring",),
}
"""Modules to the packages that they pack for a training job: these run there, with the libraries of its image."""
VENDORED = {"yaml": "PyYAML"}
"""Imports that go into a package, and the distribution that they come from. Its pure Python files suffice."""

_HOLDS_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o644 << 16


@dataclass(frozen=True)
class Package:
    """A package, named after its first function; `files` are its sources, in the order of the zip."""

    function: str
    files: Mapping[str, bytes]

    def zipped(self, runtime: tuple[int, int] = RUNTIME) -> bytes:
        """The zip for functions of a Python; with byte code if that Python makes it."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, content in sorted({**self.files, **byte_code(self.files, runtime)}.items()):
                entry = zipfile.ZipInfo(name, _EARLIEST)
                entry.external_attr = _FILE_MODE
                entry.create_system = 3  # Unix, wherever this runs
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
        return buffer.getvalue()


def byte_code(sources: Mapping[str, bytes], runtime: tuple[int, int]) -> dict[str, bytes]:
    """The sources compiled, as files beside them, if the Python that runs this is that of the functions; else nothing.

    A function's folder is read-only on Lambda, so each cold start would compile the sources anew, which takes as long
    as running them. The compiled files are taken without a look at the sources' times (PEP 552, unchecked). The byte
    code of another Python would only lie about.
    """
    if (sys.implementation.name, sys.version_info[:2]) != ("cpython", runtime):
        return {}
    compiled: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.py", Path(folder) / "target.pyc"
        for name, content in sources.items():
            path = PurePosixPath(name)
            if path.suffix == ".py":
                source.write_bytes(content)
                mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
                py_compile.compile(str(source), str(target), dfile=name, doraise=True, invalidation_mode=mode)
                place = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
                compiled[place.as_posix()] = target.read_bytes()
    return compiled


def code_sha256(zipped: bytes) -> str:
    """As Lambda shows it: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html."""
    return base64.b64encode(hashlib.sha256(zipped).digest()).decode("ascii")


def build(root: Path) -> list[Package]:
    """Build all packages from the sources under `root`; BuildError if one cannot be built."""
    return [build_one(root, package, handler) for package, handler in PACKAGES.items()]


def build_one(root: Path, function: str, handler: str, own: Sequence[str] = OWN_PACKAGES) -> Package:
    """Build one function's package, whose sources may lie in the top-level packages `own`."""
    if _source(root, handler) is None:
        raise BuildError(f"{function}: found no module {handler} under {root}; its function `handler` is called.")
    sources, third_party = _reachable(root, handler, own)
    tables = {path.with_suffix(".json") for path in sources if path.with_suffix(".json").is_file()}
    handed_on = set(_handed_on(root, sources))
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sources | tables | handed_on}
    for name in third_party:
        files.update(_vendored(VENDORED[name], name))
    files["index.py"] = f"from {handler} import handler as handler\n".encode()
    return Package(function, dict(sorted(files.items())))


def _handed_on(root: Path, sources: set[Path]) -> Iterator[Path]:
    for module, packages in HANDED_ON.items():
        for package in packages if _source(root, module) in sources else ():
            yield from root.joinpath(*package.split(".")).glob("*.py")


def _reachable(root: Path, handler: str, own: Sequence[str]) -> tuple[set[Path], set[str]]:
    """Own sources that a handler imports, directly or not, and the names of what is vendored."""
    sources: set[Path] = set()
    third_party: set[str] = set()
    waiting = [*with_parents(handler)]
    while waiting:
        module = waiting.pop()
        path = _source(root, module)
        if path is None or path in sources:
            continue
        sources.add(path)
        for imported, line in imported_names(path, module):
            top = imported.split(".")[0]
            if top in own:
                waiting += with_parents(imported)
            elif top in VENDORED:
                third_party.add(top)
            elif top not in sys.stdlib_module_names and top not in RUNTIME_MODULES:
                raise BuildError(
                    f"{path.relative_to(root).as_posix()}: line {line}: found an import of {top}; allowed in a "
                    f"function are the standard library, {', '.join(own)}, {', '.join(sorted(VENDORED))} "
                    f"and what Lambda brings ({', '.join(sorted(RUNTIME_MODULES))})."
                )
    return sources, third_party


def with_parents(module: str) -> list[str]:
    """`a.b` is `a` and `a.b`: importing a module imports the packages around it."""
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _source(root: Path, module: str) -> Path | None:
    path = root.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imported_names(path: Path, module: str) -> tuple[tuple[str, int], ...]:
    """Each imported name with its line. `from a import b` gives a and a.b, as b may be a module."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return _imports_of(path.read_bytes(), str(path), package)


@cache
def _imports_of(source: bytes, path: str, package: str) -> tuple[tuple[str, int], ...]:
    """As `imported_names`; packages share most of their sources, and reading one again takes most of the time."""
    found: list[tuple[str, int]] = []
    for node in _executed(_parsed(source, path)):
        if isinstance(node, ast.Import):
            found += ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            found.append((base, node.lineno))
            found += ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
    return tuple(found)


def _parsed(source: bytes, path: str) -> ast.Module:
    try:
        return ast.parse(source, path)
    except SyntaxError as error:
        raise BuildError(f"{path}: line {error.lineno}: {error.msg}: {(error.text or '').strip()}") from None


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """The statements below a node, however deep; an expression holds no import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for other in child.orelse:
                yield other
                yield from _executed(other)
        elif isinstance(child, _HOLDS_STATEMENTS):
            yield child
            yield from _executed(child)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


@cache
def _vendored(name: str, package: str) -> Mapping[str, bytes]:
    """The pure Python files of an installed distribution, and its licence, which has to go with them."""
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        raise BuildError(f"{name} is not installed, and functions need it.", "Install the lock: make setup") from None
    files: dict[str, bytes] = {}
    for file in installed.files or []:
        path = PurePosixPath(file.as_posix())
        licence = path.parts[0].endswith(".dist-info") and "LICENSE" in path.name.upper()
        if (path.parts[0] == package and path.suffix == ".py") or licence:
            files[str(path)] = Path(str(installed.locate_file(file))).read_bytes()
    if f"{package}/__init__.py" not in files:
        raise BuildError(f"{name} is installed without its sources.", "Install the lock again: make clean setup")
    return files
