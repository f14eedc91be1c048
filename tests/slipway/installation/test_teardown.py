"""In which order an installation is taken down, so that what was interrupted can be continued."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from slipway.installation.installation import Inventory
from slipway.installation.teardown import remove_records
from slipway.session import Session


def test_a_tuning_job_goes_after_the_streams_that_it_alone_leads_to() -> None:
    called: list[str] = []

    class Client:
        def __getattr__(self, operation: str) -> Any:
            return lambda **_: called.append(operation)

    session = cast("Session", SimpleNamespace(client=lambda _: Client()))
    job = "slipway-1a2b3c4d-8f3c2a1d-4b5e"
    trial = f"{job}-001-0a"
    remove_records(session, Inventory(tuning_jobs=(job,), training_jobs=(trial,), log_streams=(f"{trial}/algo-1",)))
    assert called == ["delete_training_job", "delete_log_stream", "delete_hyper_parameter_tuning_job"]
