"""What the report tells of the training job."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.report.lineage import training
from tests.pipeline_lambdas.report import documents


@pytest.mark.parametrize(
    ("job", "saved"),
    [
        ({"spot": True, "seconds": 500, "billable_seconds": 100}, "80.0 %"),
        ({"spot": True, "seconds": 68, "billable_seconds": 26}, "61.8 %"),
        ({"spot": True, "seconds": 0, "billable_seconds": 0}, None),
        ({"spot": True, "seconds": 68, "billable_seconds": None}, None),
        ({"spot": False, "seconds": 500, "billable_seconds": 100}, None),
        ({"seconds": 500, "billable_seconds": 100}, None),
    ],
)
def test_the_savings_are_those_of_sagemakers_console(job: dict[str, Any], saved: str | None) -> None:
    html = str(training(documents.record(training=documents.training(**job))))
    assert ("Saved by spot training" in html) == (saved is not None)
    assert saved is None or saved in html
