"""What an execution says whose roles lack a grant."""

from __future__ import annotations

import pytest

from tests.workflows.text.installation import Installation
from workflows.text.sample import zipped_reviews


@pytest.mark.parametrize(
    ("role", "action", "said"),
    [
        ("TextMachineRole", "sagemaker:CreateModel", "Model slipway-local-text-"),
        ("TextMachineRole", "lambda:InvokeFunction", "Scoring the predictions failed: "),
        ("TextJobsRole", "s3:GetObject", "Processing job slipway-local-text-"),
    ],
)
def test_a_role_that_lacks_a_grant_is_told(installed: Installation, role: str, action: str, said: str) -> None:
    installed.put("reviews_sample.json.zip", zipped_reviews())
    before = installed.models()
    with installed.denied(role, action):
        error, cause = installed.run("reviews_sample.json.zip").failure
    assert cause.startswith(said), error
    assert action.partition(":")[2] in cause or "denied" in cause.lower()
    assert installed.models() == before
    assert installed.left() == {}
