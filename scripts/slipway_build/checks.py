"""Which checks are due: those whose inputs differ from the ones that they have passed with.

A check is told by its name and by what it reads: the linters by all files, a test module by what it imports, directly
or not. The fingerprints of the checks that were green are kept as one note; the next release runs the others. So a
changed module is tested by the modules of tests that can reach it, and a changed test, template, lock or spec is
checked although no function has changed.
"""

from __future__ import annotations

import hashlib
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from slipway_build.packages import OWN_PACKAGES, imported_names, with_parents

RUFF, CFN_LINT = "ruff", "cfn-lint"
TREE = "tree"
"""The whole of what is checked; where it is known, no other fingerprint is looked at."""
WIDTH = 8
"""Characters of a fingerprint: 48 bits of a hash, which tell the few hundred of a note apart."""
MOST = 100
"""Fingerprints of a note, which travels as a variable: a value of an action's configuration has 1,000 characters.

https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
"""

_SOURCES = (*OWN_PACKAGES, "scripts", "tests", "cloudformation", "requirements")
_TOOLS = ("checkspec.yml", "pyproject.toml", "requirements/checks.txt")
"""What every check depends on."""
_MODULE_NAME = re.compile(rf"\b(?:{'|'.join(OWN_PACKAGES)})(?:\.[A-Za-z_]\w*)+")


class Tree:
    """The files that are checked, by their names."""

    def __init__(self, root: Path) -> None:
        self.root = root
        paths = [root / name for name in _TOOLS if (root / name).is_file()]
        paths += [path for folder in _SOURCES for path in (root / folder).rglob("*") if path.is_file()]
        found = {path.relative_to(root) for path in paths if "__pycache__" not in path.parts}
        self.hashes = {
            name.as_posix(): hashlib.sha256((root / name).read_bytes()).hexdigest() for name in sorted(found)
        }

    def fingerprint(self, check: str, names: Iterable[str]) -> str:
        """Hash of a check's name, of the names and contents of its files, and of the Python that runs it."""
        lines = [check, f"python {sys.version_info.major}.{sys.version_info.minor}"]
        lines += (f"{name} {self.hashes[name]}" for name in sorted({*names, *_TOOLS} & self.hashes.keys()))
        return urlsafe_b64encode(hashlib.sha256("\n".join(lines).encode()).digest()).decode()[:WIDTH]


def fingerprints(root: Path, passed: Collection[str] = ()) -> dict[str, str]:
    """Check to fingerprint, that of the whole tree first; that one alone if it has `passed`."""
    tree = Tree(root)
    found = {TREE: tree.fingerprint(TREE, tree.hashes)}
    if found[TREE] in passed:
        return found
    found[RUFF] = tree.fingerprint(RUFF, (name for name in tree.hashes if name.endswith(".py")))
    found[CFN_LINT] = tree.fingerprint(CFN_LINT, (name for name in tree.hashes if name.startswith("cloudformation/")))
    tests = _Tests(tree)
    for name in tests.modules:
        found[name] = tree.fingerprint(name, tests.inputs(name))
    return found


def due(found: Mapping[str, str], passed: Collection[str]) -> list[str]:
    """The checks to run."""
    return [name for name, fingerprint in found.items() if name != TREE and fingerprint not in passed]


def note(found: Mapping[str, str]) -> str:
    """What is kept of the checks once all are green. Those that do not fit in are run with every change."""
    return "".join([*found.values()][:MOST])


def noted(text: str) -> frozenset[str]:
    """The fingerprints of a note; none of what is no note."""
    whole = re.fullmatch(rf"([A-Za-z0-9_-]{{{WIDTH}}})+", text)
    return frozenset(re.findall(f".{{{WIDTH}}}", text)) if whole else frozenset()


class _Tests:
    """The modules of tests, and what each reads."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        places = tuple(f"tests/{package}/" for package in OWN_PACKAGES)
        self.modules = [
            name
            for name in tree.hashes
            if name.startswith(places) and PurePosixPath(name).name.startswith("test_") and name.endswith(".py")
        ]
        self.sources = {name for name in tree.hashes if name.startswith(OWN_PACKAGES)}
        # Recorded events, tables, documentation: read, not imported.
        self.data = {
            name
            for name in tree.hashes
            if name.startswith(("tests/", *OWN_PACKAGES)) and PurePosixPath(name).suffix not in {".py", ".md"}
        }
        self._of = cache(self._imports)

    def inputs(self, name: str) -> set[str]:
        """The files that a module of tests reads.

        One that imports no function's module looks at them by other means, and so at all of them.
        """
        folders = [PurePosixPath(name).parent, *PurePosixPath(name).parent.parents]
        own, imported = self._closure([name]), self._closure([name], texts=False)
        around = self._closure([f"{folder.as_posix()}/conftest.py" for folder in folders])
        rest = set() if imported & self.sources else self.sources
        return own | around | rest | self.data

    def _closure(self, names: Iterable[str], *, texts: bool = True) -> set[str]:
        found: set[str] = set()
        waiting = [name for name in names if name in self.tree.hashes]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._of(name, texts)
        return found

    def _imports(self, name: str, texts: bool) -> list[str]:
        """The files of the modules that a file imports, or names in a text, as `monkeypatch.setattr` takes them."""
        path = self.tree.root / name
        module = ".".join(PurePosixPath(name).with_suffix("").parts).removesuffix(".__init__")
        named = [imported for imported, _ in imported_names(path, module)]
        if texts and name.startswith("tests/"):
            named += _MODULE_NAME.findall(path.read_text(encoding="utf-8"))
        files = []
        for one in {parent for imported in named for parent in with_parents(imported)}:
            place = one.replace(".", "/")
            files += [file for file in (f"{place}.py", f"{place}/__init__.py") if file in self.tree.hashes]
        return files
