from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline_lambdas.absent import absent_module


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return absent_module("numpy", module_path, parent)
