"""What an endpoint serves while it is asked: what this release has deployed there, and nothing else.

The endpoints of Dev, of Test and of the champion can be updated by code of another release that nobody has approved.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import JobFailedError


class Deployed(NamedTuple):
    """The endpoint config that a Deploy action has told, and when it was made."""

    endpoint_config: str
    created: str


class Served(NamedTuple):
    """What an endpoint serves, and since when: an update and one back to it leave another time."""

    endpoint_config: str
    since: str

    def __str__(self) -> str:
        return f"{self.endpoint_config} since {self.since}"


def served(endpoint: str, deployed: Deployed) -> Served:
    """Return what the endpoint serves, which has to be what this release has deployed, and InService.

    The config has to be the one that was made then: approved code deletes those of a release that has ended, and code
    of a push could make another under the name before the release is tried again. Raises JobFailedError for anything
    else.
    """
    description = sagemaker.describe_endpoint(endpoint)
    if description is None:
        raise JobFailedError(f"Endpoint {endpoint} is missing. {RETRY_ALL} to deploy it.")
    status, serving = description["EndpointStatus"], str(description.get("EndpointConfigName"))
    if status != "InService" or serving != deployed.endpoint_config:
        raise JobFailedError(
            f"Endpoint {endpoint} is {status} with {serving}; expected InService with what this release has deployed, "
            f"{deployed.endpoint_config}. {RETRY_ALL} to deploy it."
        )
    config = sagemaker.describe_endpoint_config(serving)
    found = f"the one made at {sagemaker.moment(config['CreationTime'])}" if config else "none"
    expected = f"the one made at {deployed.created}"
    if found != expected:
        raise JobFailedError(
            f"Endpoint config {serving}: found {found}; expected {expected}, which this release has deployed. "
            f"{RETRY_ALL} to deploy again."
        )
    return Served(serving, str(description["LastModifiedTime"]))
