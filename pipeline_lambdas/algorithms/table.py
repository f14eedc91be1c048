"""The algorithms that a training config may name."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.container import CONTAINER
from pipeline_lambdas.algorithms.linear_learner import LINEAR_LEARNER
from pipeline_lambdas.algorithms.scikit_learn import SCIKIT_LEARN
from pipeline_lambdas.algorithms.xgboost import XGBOOST

_KNOWN = (XGBOOST, SCIKIT_LEARN, CONTAINER, LINEAR_LEARNER)
ALGORITHMS: Mapping[str, Algorithm] = {algorithm.name: algorithm for algorithm in _KNOWN}


def algorithm_of_image(uri: str) -> Algorithm | None:
    """Return the algorithm whose repository an image comes from."""
    repository = uri.rpartition("/")[2].partition(":")[0].partition("@")[0]
    return next((one for one in ALGORITHMS.values() if repository and one.image.repository == repository), None)
