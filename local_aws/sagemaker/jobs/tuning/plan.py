"""What a tuning job does next: a pure function of its settings and its training jobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from local_aws.sagemaker.jobs.lifecycle import IN_PROGRESS
from local_aws.sagemaker.jobs.tuning.search import completion, stopping
from local_aws.sagemaker.jobs.tuning.search.trial import Trial
from local_aws.sagemaker.jobs.tuning.settings import HYPERBAND, Tuning


@dataclass(frozen=True)
class Step:
    """Training jobs to stop, by name; how many to make."""

    stop: Collection[str] = ()
    make: int = 0
    finishing: bool = False
    """Whether from now on only the end of what runs is awaited."""
    done: bool = False
    failure: str | None = None


def next_step(tuning: Tuning, trials: list[Trial], *, cores: int, over: bool) -> Step:
    """The step from here; `over` says that the tuning job is being stopped, or that its time is.

    As many training jobs run at a time as the request allows and the machine has cores.
    """
    running = [trial for trial in trials if not trial.ended]
    failure = completion.failure(trials, tuning.most_jobs)
    criteria = tuning.config.get("TuningJobCompletionCriteria", {})
    if over or failure or completion.satisfied(criteria, trials, maximize=tuning.maximize):
        stop = [trial.name for trial in running if trial.status == IN_PROGRESS]
        return Step(stop=stop, finishing=True, done=not running, failure=failure)
    left = tuning.most_jobs - len(trials)
    free = min(tuning.limits["MaxParallelTrainingJobs"], cores) - len(running)
    return Step(_unpromising(tuning, trials), max(0, min(left, free)), done=not running and left <= 0)


def _unpromising(tuning: Tuning, trials: list[Trial]) -> list[str]:
    if not tuning.stops_early:
        return []
    if tuning.resource and tuning.strategy == HYPERBAND:
        return stopping.halved(trials, tuning.resource, maximize=tuning.maximize)
    return stopping.hopeless(trials, maximize=tuning.maximize)
