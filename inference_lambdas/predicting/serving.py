"""What an endpoint serves while it is asked: what this release has deployed there, and nothing else.

The endpoints of Dev, of Test and of the champion can be updated by code of another release that nobody has approved.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import JobFailedError


class Served(NamedTuple):
    """What an endpoint serves, and since when: an update and one back to it leave another time."""

    endpoint_config: str
    since: str

    def __str__(self) -> str:
        return f"{self.endpoint_config} since {self.since}"


def served(endpoint: str, endpoint_config: str) -> Served:
    """Return what the endpoint serves, which has to be `endpoint_config`, and InService.

    Which model that is needs no look: no code of a push may delete a config, so its name stands for what this release
    has made. Raises JobFailedError for anything else.
    """
    description = sagemaker.describe_endpoint(endpoint)
    if description is None:
        raise JobFailedError(f"Endpoint {endpoint} is missing. {RETRY_ALL} to deploy it.")
    status, serving = description["EndpointStatus"], str(description.get("EndpointConfigName"))
    if status != "InService" or serving != endpoint_config:
        raise JobFailedError(
            f"Endpoint {endpoint} is {status} with {serving}; expected InService with what this release has deployed, "
            f"{endpoint_config}. {RETRY_ALL} to deploy it."
        )
    return Served(serving, str(description["LastModifiedTime"]))
