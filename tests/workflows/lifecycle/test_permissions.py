"""What an execution says whose roles lack a grant."""

from __future__ import annotations

import pytest

from tests.workflows.lifecycle.installation import TRAINING, Installation
from workflows.lifecycle.sample import TRAINED_ON


@pytest.mark.parametrize(
    ("role", "action", "said"),
    [
        ("LifecycleTrainingMachineRole", "sagemaker:CreateTrainingJob", "Train Model failed: "),
        ("LifecycleTrainingMachineRole", "iam:PassRole", "Train Model failed: "),
        ("LifecycleTrainingMachineRole", "sagemaker:CreateModel", "Create Model failed: "),
        ("InitializeLifecycleFunctionRole", "s3:ListBucket", "Initialize failed: "),
        ("LifecycleJobRole", "s3:GetObject", "Train Model failed: "),
    ],
)
def test_a_role_that_lacks_a_grant_is_told(installed: Installation, role: str, action: str, said: str) -> None:
    with installed.denied(role, action):
        ended = installed.run(TRAINING, installed.model(), TRAINED_ON)
    assert ended.cause.startswith(said)
    assert action.partition(":")[2] in ended.cause or "AccessDenied" in ended.cause or "denied" in ended.cause.lower()
