"""What is read of a tuning job for a record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.stub import Stubber

from pipeline_lambdas.evidence.tuning import MOST_TRIALS, read_search, trial_seconds, tuning_document

JOB = "slipway-1a2b3c4d-8f3c2a1d-4b5e"
BEGAN = datetime(2026, 11, 20, tzinfo=UTC)


def trial(number: int) -> dict[str, Any]:
    name = f"{JOB}-{number:03}-0a1b2c3d"
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{name}",
        "CreationTime": BEGAN,
        "TrainingStartTime": BEGAN,
        "TrainingEndTime": BEGAN + timedelta(seconds=60),
        "TrainingJobStatus": "Completed",
        "TunedHyperParameters": {"eta": "0.1"},
    }


def test_of_a_long_search_the_first_jobs_and_the_best_are_recorded_and_all_are_paid(sagemaker: Stubber) -> None:
    description = {
        "HyperParameterTuningJobName": JOB,
        "HyperParameterTuningJobArn": f"arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/{JOB}",
        "HyperParameterTuningJobConfig": {"Strategy": "Random", "ResourceLimits": {"MaxParallelTrainingJobs": 9}},
        "HyperParameterTuningJobStatus": "Completed",
        "CreationTime": BEGAN,
        "TrainingJobStatusCounters": {},
        "ObjectiveStatusCounters": {},
    }
    trials = [trial(number) for number in range(1, MOST_TRIALS + 101)]
    sagemaker.add_response("describe_hyper_parameter_tuning_job", description)
    for first in range(0, len(trials), 100):
        more = {"NextToken": str(first)} if first + 100 < len(trials) else {}
        page = {"TrainingJobSummaries": trials[first : first + 100], **more}
        sagemaker.add_response("list_training_jobs_for_hyper_parameter_tuning_job", page)
    best = trials[-7]["TrainingJobName"]
    found = read_search(JOB, best)
    assert found is not None
    recorded = [one["job"] for one in tuning_document(found, best)["trials"]]
    assert (len(recorded), recorded[-1]) == (MOST_TRIALS + 1, best)
    assert trial_seconds(found) == 60 * len(trials)
