"""Metrics of image-classification, and the expressions that find them in its log; importable without numpy.

`validation:accuracy` is documented (https://docs.aws.amazon.com/sagemaker/latest/dg/IC-tuning.html). AWS's console
lists `train:accuracy` as well, and each of the two once more with `:epoch`. How AWS reads those is not documented; here
all are read from the lines at the end of an epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.contract import MetricDefinitions

METRIC_DEFINITIONS: MetricDefinitions = [
    (f"{channel}:accuracy{ending}", rf"Epoch\S* {channel.capitalize()}-accuracy=(\S+)")
    for channel in ("train", "validation")
    for ending in ("", ":epoch")
]
