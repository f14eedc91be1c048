"""What a person decides about a job."""

from __future__ import annotations

from collections.abc import Mapping

from slipway.console.jobs.kinds import kind_of, stop
from slipway.console.room import Asked, Done
from slipway.console.shell import at


def stop_job(asked: Asked, form: Mapping[str, str]) -> Done:
    """Stop a job; a release whose job it is fails.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
    """
    del form
    kind, name = kind_of(asked.path["kind"]), asked.path["name"]
    stop(asked.session, kind, name)
    return Done(f"{name} is being stopped.", at("jobs", kind.key, name))
