"""Retries a call that names a resource which SageMaker has just created and may not see yet.

SageMaker looks up a model, an endpoint config or an endpoint with eventually consistent reads, refuses a name that it
does not see yet, and recommends a retry:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
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
    """Make a change that names an existing resource; retry while AWS does not find the resource.

    Raises AwsRequestError for any other refusal, and for this one after the last retry.
    """
    for pause_s in PAUSES_S:
        try:
            return change()
        except AwsRequestError as error:
            if not is_missing(error):
                raise
        time.sleep(pause_s)
    return change()
