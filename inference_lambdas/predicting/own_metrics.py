"""The config's own metrics in the course of an evaluation: once all rows are predicted, a job computes them."""

from __future__ import annotations

from pathlib import PurePosixPath

from inference_lambdas.aws.s3 import Bucket
from inference_lambdas.judging.own import NO_OWN, Own, own_of, unavailable
from inference_lambdas.judging.slices import labels_of_slices
from inference_lambdas.own import job
from inference_lambdas.own.result import read
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.progress import OwnJob, Progress
from pipeline_lambdas.config.columns import column_name
from pipeline_lambdas.config.model import OwnMetrics
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.steps.own_metrics import Subject, source_of_metrics


def can_compute(evaluation: Evaluation, progress: Progress) -> bool:
    """Tell whether there are own metrics to compute: not of rows of which some failed, unless the config allows it."""
    counts = progress.counts
    return (
        evaluation.own_metrics is not None
        and counts.predicted_rows > 0
        and (not counts.failed_rows or evaluation.test.allows_failed_rows)
    )


def start_own(evaluation: Evaluation, progress: Progress) -> OwnJob:
    """Store the predictions, and start the job that computes the metrics of them.

    Raises ConfigurationError if the model's folder lacks the file, or the stack has no place for the job.
    """
    metrics, site = _asked(evaluation)
    key, dataset = evaluation.predictions_key, evaluation.dataset
    prefix = f"{evaluation.test.channel}/"
    tested = Subject(
        test=evaluation.test,
        columns=dataset.columns or [column_name(place, ()) for place in range(progress.position.columns or 0)],
        files=[file.path.removeprefix(prefix) for file in evaluation.files],
        predictions=(PurePosixPath(key).name, progress.segments.sha256()),
        seed=evaluation.seed,
    )
    source = source_of_metrics(evaluation.config, metrics, tested, evaluation.folder)
    version = progress.segments.publish(evaluation.evidence, key)
    inputs = job.Inputs(evaluation.data.uri(f"{dataset.prefix}{prefix}"), evaluation.evidence.uri(key))
    name = job.start(evaluation.release, evaluation.environment, evaluation.config, source, inputs, site)
    return OwnJob(name, version)


def own_ended(evaluation: Evaluation, started: OwnJob) -> bool:
    """Tell whether the job has its output; JobFailedError if it failed."""
    return job.ended(started.name, _asked(evaluation)[0])


def own_found(evaluation: Evaluation, started: OwnJob | None) -> Own:
    """Return what the job has computed; JobFailedError for an output that is not its own."""
    if evaluation.own_metrics is None:
        return NO_OWN
    if started is None:
        return unavailable(evaluation.own_metrics)
    metrics, site = _asked(evaluation)
    labels = [labels_of_slices(column) for column in evaluation.test.slices]
    bucket = Bucket(site.model_bucket, evaluation.s3)
    found = read(bucket, job.output_key(started.name), metrics, [len(names) for names in labels])
    return own_of(metrics, found, labels, started.name)


def _asked(evaluation: Evaluation) -> tuple[OwnMetrics, job.Site]:
    metrics, site = evaluation.own_metrics, evaluation.site
    if metrics is None or site is None or not site.metrics_role_arn:
        raise ConfigurationError(
            f"{evaluation.config.model}.yml: metrics: found a function without METRICS_ROLE_ARN in its environment; "
            "expected the role of the job that computes them. Update the pipeline stack: `slipway deploy`"
        )
    return metrics, site
