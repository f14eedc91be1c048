"""What the operations and events show of a tuning job.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobSummary.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html#eventbridge-hpo
"""

from __future__ import annotations

import math

from local_aws.sagemaker import events
from local_aws.sagemaker.jobs.lifecycle import time_of
from local_aws.sagemaker.jobs.tuning import trials, warm_start
from local_aws.sagemaker.jobs.tuning.search import completion
from local_aws.sagemaker.jobs.tuning.search.trial import best
from local_aws.sagemaker.jobs.tuning.settings import Tuning
from local_aws.sagemaker.jobs.tuning.trials import Found
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record, Records
from local_aws.wire import Document

_DESCRIBED = ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions", "WarmStartConfig")
_EVENT = "HyperParameter Tuning Job State Change"


def announce(platform: Platform, record: Record) -> None:
    """Send the job's state to EventBridge."""
    events.publish(_EVENT, record.arn, describe(platform.records, record), platform.records.tags(record.arn))


def describe(records: Records, record: Record) -> Document:
    """DescribeHyperParameterTuningJob's response."""
    tuning, found = Tuning(record.request), trials.read(records, record)
    document = _shared(record, found) | {
        member: record.request[member] for member in _DESCRIBED if member in record.request
    }
    if "failure" in record.state:
        document["FailureReason"] = record.state["failure"]
    winner = _best_of(tuning, found)
    if winner:
        document["BestTrainingJob"] = winner
    overall = warm_start.overall(records, record)
    if overall:
        document["OverallBestTrainingJob"] = _best_of(tuning, overall) or {}
    count = completion.not_improving([trial for trial, _ in found], maximize=tuning.maximize)
    document["TuningJobCompletionDetails"] = {"NumberOfTrainingJobsObjectiveNotImproving": count}
    until = record.state.get("end", records.now())
    document["ConsumedResources"] = {"RuntimeInSeconds": math.ceil(until - record.created_at)}
    return document


def summary(records: Records, record: Record) -> Document:
    """ListHyperParameterTuningJobs' entry."""
    tuning = Tuning(record.request)
    shared = _shared(record, trials.read(records, record))
    return shared | {"Strategy": tuning.strategy, "ResourceLimits": tuning.limits}


def training_summary(tuning: Tuning, found: Found) -> Document | None:
    """A training job's summary; None if it was deleted or is not made yet."""
    trial, record = found
    if record is None:
        return None
    document: Document = {
        "TrainingJobName": record.name,
        "TrainingJobArn": record.arn,
        "CreationTime": time_of(record.created_at),
        "TrainingJobStatus": record.status,
        "TunedHyperParameters": dict(trial.values),
        "ObjectiveStatus": trials.objective_status(trial),
    }
    for member, key in (("TrainingStartTime", "start"), ("TrainingEndTime", "end")):
        if key in record.state:
            document[member] = time_of(record.state[key])
    if "failure" in record.state:
        document["FailureReason"] = record.state["failure"]
    if trial.objective is not None:
        metric = {"MetricName": tuning.metric, "Value": trial.objective}
        document["FinalHyperParameterTuningJobObjectiveMetric"] = metric
    if "DefinitionName" in tuning.definition:
        document["TrainingJobDefinitionName"] = tuning.definition["DefinitionName"]
        document.get("FinalHyperParameterTuningJobObjectiveMetric", {})["Type"] = tuning.objective["Type"]
    return document


def _best_of(tuning: Tuning, found: list[Found]) -> Document | None:
    winner = best([trial for trial, _ in found], maximize=tuning.maximize)
    chosen = next((one for one in found if one[0] is winner), None)
    return training_summary(tuning, chosen) if chosen else None


def _shared(record: Record, found: list[Found]) -> Document:
    document: Document = {
        "HyperParameterTuningJobName": record.name,
        "HyperParameterTuningJobArn": record.arn,
        "HyperParameterTuningJobStatus": record.status,
        "CreationTime": time_of(record.created_at),
        "LastModifiedTime": time_of(record.modified_at),
        "TrainingJobStatusCounters": trials.training_counters(found),
        "ObjectiveStatusCounters": trials.objective_counters(found),
    }
    if "end" in record.state:
        document["HyperParameterTuningEndTime"] = time_of(record.state["end"])
    return document
