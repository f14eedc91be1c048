"""What an execution says whose roles lack a grant."""

from __future__ import annotations

import pytest

from tests.releases.house import House
from tests.workflows.installation import Installation
from tests.workflows.tabular.machines import made, names, run, upload_sample


@pytest.mark.parametrize(
    ("role", "action", "said"),
    [
        ("TabularMachineRole", "sagemaker:CreateModel", "Save model failed: "),
        ("TabularMachineRole", "iam:PassRole", "Train Step failed: "),
        ("TabularJobsRole", "s3:PutObject", "Train Step failed: "),
    ],
)
def test_a_role_that_lacks_a_grant_is_told(tabular: House, role: str, action: str, said: str) -> None:
    upload_sample(tabular)
    given = names()
    with Installation(tabular).denied(role, action):
        done = run(tabular, "tabular", given)
    assert done["cause"].startswith(said)
    assert action.partition(":")[2] in done["cause"] or "denied" in done["cause"].lower()
    assert made(tabular, given["JobName"]) == []
