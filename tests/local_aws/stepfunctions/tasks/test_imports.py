from __future__ import annotations

import subprocess
import sys

import pytest

ROOM = "local_aws.stepfunctions.tasks"


@pytest.mark.parametrize("module", ["integrations", "permissions", "items.reader", "items.writer"])
def test_an_idle_local_aws_holds_no_sdk(module: str) -> None:
    code = f"import sys, {ROOM}.{module}; print(*sorted({{'boto3', 'botocore'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
