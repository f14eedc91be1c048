"""Each patch of MiniStack is needed: without it, each test that it names fails.

All of them take some ten minutes, so `make faults` tries a sample that changes from day to day. For all, or for some by
their names: `PATCHES=all make faults PYTEST_ARGS=tests/faults/test_patches.py`.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

from local_aws.base.patches import PATCHES
from tests.local_server import LEFT_OUT, ROOT

SAMPLE = 12
pytestmark = pytest.mark.faults


def chosen() -> list[str]:
    names = [patch.name for patch in PATCHES]
    wanted = os.environ.get("PATCHES", "").split()
    if wanted:
        return names if wanted == ["all"] else wanted
    today = dt.datetime.now(dt.UTC).date().toordinal()
    return sorted(random.Random(today).sample(names, SAMPLE))  # noqa: S311 - a choice, no secret


@pytest.mark.parametrize("name", chosen())
def test_its_tests_fail_without_a_patch(tmp_path: Path, name: str) -> None:
    (patch,) = (one for one in PATCHES if one.name == name)
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", f"--junit-xml={report}", *patch.tests]
    environment = {**os.environ, LEFT_OUT: name}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900)
    cases = [case for case in parse(report).iter("testcase") if case.find("failure") is not None]  # noqa: S314
    failed = {str(case.get("name")).partition("[")[0] for case in cases}
    assert failed == {test.partition("::")[2] for test in patch.tests}, done.stdout
