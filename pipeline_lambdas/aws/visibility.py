"""What was made a moment ago may not be seen by the next call.

SageMaker looks for a model, an endpoint config or an endpoint with reads that may be stale, refuses what it does not
see yet, and recommends trying again: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from pipeline_lambdas.aws.errors import is_missing
from pipeline_lambdas.runtime.failures import AwsRequestError

T = TypeVar("T")

PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Half a minute together, which leaves a function of two minutes time for its calls."""


def once_visible(change: Callable[[], T]) -> T:
    """Make a change that names what exists; tried again while AWS does not find it.

    Raises AwsRequestError for any other refusal, and for this one when it lasts.
    """
    for pause_s in PAUSES_S:
        try:
            return change()
        except AwsRequestError as error:
            if not is_missing(error):
                raise
        time.sleep(pause_s)
    return change()
