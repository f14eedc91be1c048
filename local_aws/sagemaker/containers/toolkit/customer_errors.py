"""Failures of the algorithms that SageMaker's own team wrote: a text in output/failure, and an exit code.

The code shows whose fault it was: 2 means the customer's, 1 the algorithm's.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from local_aws.sagemaker.containers.toolkit import algorithm_log

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.contract import Ml


class CustomerError(Exception):
    """The customer can fix it: a hyperparameter, a channel, the data."""

    exit_code = 2


class NotEmulatedError(CustomerError):
    """AWS supports it, local AWS does not; the message says what."""


def exit_code(ml: Ml, train: Callable[[Ml], None]) -> int:
    """Train; log a failure and write it to /opt/ml/output/failure. Return the container's exit code."""
    try:
        train(ml)
    except CustomerError as error:
        algorithm_log.error(f"Customer Error: {error}")
        ml.write_failure(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # no failure without its file
        algorithm_log.error(traceback.format_exc())
        ml.write_failure(f"Algorithm Error: {type(error).__qualname__}: {error}")
        return 1
    return 0
