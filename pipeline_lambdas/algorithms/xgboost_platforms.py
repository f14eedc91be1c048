"""What wheels have to fit in the versions of XGBoost's image.

Up to 1.7-1 from https://github.com/aws/sagemaker-xgboost-container (docker/*/base/Dockerfile.cpu), then from
https://github.com/aws/deep-learning-containers (docker/xgboost, and pull requests 6024 and 6174). Of 1.2-1 no
Dockerfile tells it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.algorithms.algorithm import Platform

PLATFORMS: Mapping[str, Platform] = {
    "1.2-2": Platform((3, 7), (2, 27)),
    "1.3-1": Platform((3, 7), (2, 27)),
    "1.5-1": Platform((3, 8), (2, 27)),
    "1.7-1": Platform((3, 8), (2, 27)),
    "3.0-5": Platform((3, 10), (2, 31)),
    "3.2-0": Platform((3, 12), (2, 34)),
}
