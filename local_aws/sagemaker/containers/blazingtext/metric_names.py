"""Metrics of BlazingText, and the expressions that find them in its log; importable without numpy.

The names: https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext-tuning.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.contract import MetricDefinitions

METRIC_DEFINITIONS: MetricDefinitions = [
    ("train:mean_rho", r"#mean_rho: (\S+)"),
    ("train:accuracy", r"#train_accuracy: (\S+)"),
    ("validation:accuracy", r"#validation_accuracy: (\S+)"),
]
