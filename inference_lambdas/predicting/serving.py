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


def served(endpoint: str, endpoint_config: str, model: str | None = None) -> Served:
    """Return what the endpoint serves, which has to be `endpoint_config`, and InService.

    With `model` the config has to be of this model as well, and older than what the endpoint serves: for a config that
    may be deleted and made again under its name. Raises JobFailedError for what is not so.
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
    since = description["LastModifiedTime"]
    if model is not None:
        config = sagemaker.describe_endpoint_config(endpoint_config)
        if config is None or config["CreationTime"] > since:
            raise JobFailedError(
                f"Endpoint config {endpoint_config} was deleted or made again since {endpoint} serves it. {RETRY_ALL}."
            )
        found = [variant["ModelName"] for variant in config["ProductionVariants"]]
        if found != [model]:
            raise JobFailedError(
                f"Endpoint config {endpoint_config} is of {', '.join(found)}; expected {model}. {RETRY_ALL}."
            )
    return Served(serving, str(since))
