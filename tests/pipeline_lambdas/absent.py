"""The action Check of a release does not install what SageMaker's images hold: each module that needs it is one skipped
test there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest


class Absent(pytest.Item):
    def runtest(self) -> None:
        pytest.skip(f"needs {self.name}, which requirements/checks.txt does not hold")


class AbsentModule(pytest.Module):
    """A module that is not imported."""

    library: str

    def collect(self) -> Iterator[pytest.Item]:
        yield Absent.from_parent(self, name=self.library)


def absent_module(library: str, path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Return what stands for a module that needs a library; None where it is installed."""
    if find_spec(library):
        return None
    module: AbsentModule = AbsentModule.from_parent(parent, path=path)
    module.library = library
    return module
