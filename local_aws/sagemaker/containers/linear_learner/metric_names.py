"""Metrics of Linear Learner, and the expressions that find them in its log; importable without numpy.

The names: https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html. The expressions are those that
DescribeHyperParameterTuningJob shows of a job with this algorithm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.contract import MetricDefinitions

_SCORES = {
    "binary_classification_accuracy": "binary_classification_accuracy",
    "binary_f_beta": r"binary_f_\S+",
    "precision": "precision",
    "recall": "recall",
    "roc_auc_score": "roc_auc_score",
    "multiclass_accuracy": "multiclass_accuracy",
    "multiclass_top_k_accuracy": r"multiclass_top_k_accuracy_\S+",
    "dcg": "dcg",
    "macro_f_beta": r"macro_f_\S+",
    "macro_precision": "macro_precision",
    "macro_recall": "macro_recall",
}
_LOSSES = ("mse", "absolute_loss")
_QUALITY = r"#quality_metric: host=\S+, "

METRIC_DEFINITIONS: MetricDefinitions = [
    ("train:progress", r"#progress_metric: host=\S+, completed (\S+) %"),
    ("train:throughput", r"#throughput_metric: host=\S+, train throughput=(\S+) records/second"),
    *(
        (f"{channel}:objective_loss", rf"{_QUALITY}epoch=\S+, {channel} \S+_objective <loss>=(\S+)")
        for channel in ("train", "validation")
    ),
    *(
        (f"{channel}:objective_loss:final", rf"{_QUALITY}{channel} \S+_objective <loss>=(\S+)")
        for channel in ("train", "validation")
    ),
    ("test:objective_loss", rf"{_QUALITY}test \S+_objective <loss>=(\S+)"),
    *(
        (f"{channel}:{name}", rf"{_QUALITY}{channel} {name} <loss>=(\S+)")
        for channel in ("train", "validation", "test")
        for name in _LOSSES
    ),
    *(
        (f"{channel}:{name}", rf"{_QUALITY}{channel} {written} <score>=(\S+)")
        for channel in ("train", "validation", "test")
        for name, written in _SCORES.items()
    ),
]
