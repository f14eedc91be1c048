"""The action Check of a release installs no numpy, so there each of these modules is one skipped test."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest


class Absent(pytest.Item):
    def runtest(self) -> None:
        pytest.skip("needs numpy, which requirements/checks.txt does not hold")


class AbsentModule(pytest.Module):
    """A module that is not imported."""

    def collect(self) -> Iterator[pytest.Item]:
        yield Absent.from_parent(self, name="numpy")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return None if find_spec("numpy") else AbsentModule.from_parent(parent, path=module_path)
