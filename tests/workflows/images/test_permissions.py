"""What an execution says whose roles lack a grant."""

from __future__ import annotations

import pytest

from tests.workflows.images.installation import Installation

FEW = {"min_accuracy": 0.0, "epochs": 2}


@pytest.mark.parametrize(
    ("role", "action", "said"),
    [
        ("ImagesMachineRole", "lambda:InvokeFunction", "Listing the images failed: "),
        ("ListImagesFunctionRole", "s3:PutObject", "Listing the images failed: "),
        ("ImagesJobsRole", "s3:GetObject", "Training failed: "),
        ("JudgeImagesFunctionRole", "s3:GetObject", "Judging the model failed: "),
    ],
)
def test_a_role_that_lacks_a_grant_is_told(installed: Installation, role: str, action: str, said: str) -> None:
    before = installed.models()
    with installed.denied(role, action):
        cause = installed.run(prefix=installed.images(), **FEW).cause
    assert cause.startswith(said)
    assert action.partition(":")[2] in cause or "denied" in cause.lower()
    assert installed.models() == before
