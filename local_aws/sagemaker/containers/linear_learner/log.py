"""The lines of the log from which metrics are read."""

from __future__ import annotations

from local_aws.sagemaker.containers.toolkit import algorithm_log


def quality(of: str, measure: str, value: float) -> None:
    """A line from which a metric is read; `of` is the channel and the metric, `measure` is loss or score."""
    algorithm_log.info(f"#quality_metric: host=algo-1, {of} <{measure}>={value!r}")
