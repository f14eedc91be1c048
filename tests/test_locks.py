"""The lock of a release holds all that it installs.

What the suite runs in is installed from the lock of development, so that one is tried by every run; `make release` and
`make up` install requirements/run.txt alone.
"""

from __future__ import annotations

import re
from importlib.metadata import requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.local_server import ROOT

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ;(.*?))? \\$", re.MULTILINE)


def pins(name: str) -> dict[str, set[str]]:
    """Package to the versions that a lock pins, of which markers choose."""
    found: dict[str, set[str]] = {}
    for package, pinned, _ in _PIN.findall((ROOT / "requirements" / name).read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(package), set()).add(pinned)
    return found


def lacking(lock: dict[str, set[str]]) -> list[str]:
    """What installed packages of a lock need here, and the lock does not pin."""
    found = []
    for package in lock:
        try:
            needed = [Requirement(text) for text in requires(package) or ()]
        except ModuleNotFoundError:
            # For another platform.
            continue
        for one in needed:
            wanted = one.marker is None or one.marker.evaluate({"extra": ""})
            if wanted and not any(one.specifier.contains(pin) for pin in lock.get(canonicalize_name(one.name), ())):
                found.append(f"{package} needs {one}")
    return found


def test_the_lock_of_a_release_is_whole() -> None:
    lock = pins("run.txt")
    assert len(lock) > 30
    assert lacking(lock) == []
    without = {name: pinned for name, pinned in lock.items() if name != "cloudpickle"}
    assert [text.partition(" ")[0] for text in lacking(without)] == ["joblib"]


def test_what_a_release_installs_is_what_the_suite_ran_with() -> None:
    lock, dev = pins("run.txt"), pins("dev.txt")
    assert {name: pinned for name, pinned in lock.items() if dev.get(name) != pinned} == {}
    installed = {name for name in lock if version_of(name) in lock[name]}
    # Of xgboost and xgboost-cpu a platform has one, and colorama is for Windows.
    assert set(lock) - installed <= {"xgboost", "xgboost-cpu", "colorama"}


def version_of(package: str) -> str | None:
    try:
        return version(package)
    except ModuleNotFoundError:
        return None
