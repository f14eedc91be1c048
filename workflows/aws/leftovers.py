"""The endpoints that an execution has left, and whether it is over."""

from __future__ import annotations

from pipeline_lambdas.aws import clients, sagemaker
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.aws.pages import pages
from pipeline_lambdas.runtime.failures import AwsRequestError

SUFFIX_TAG, EXECUTION_TAG = "slipway:suffix", "slipway:execution"
"""The tags of what an execution makes: its installation, and its ARN."""


def execution_status(arn: str) -> str | None:
    """RUNNING, SUCCEEDED, FAILED and so on; None for one that Step Functions does not know any more.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    try:
        return str(call(clients.client("stepfunctions").describe_execution, executionArn=arn)["status"])
    except AwsRequestError as error:
        if error.code == "ExecutionDoesNotExist":
            return None
        raise


def endpoints(part: str) -> list[str]:
    """The endpoints whose names contain `part`.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html
    """
    listed = pages("sagemaker", "list_endpoints", NameContains=part)
    return [str(found["EndpointName"]) for page in listed for found in page["Endpoints"]]


def endpoints_of_executions(suffix: str) -> list[tuple[str, str]]:
    """Name and execution of each endpoint that an execution of an installation has made, by its tags.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTags.html
    """
    found = []
    for page in pages("sagemaker", "list_endpoints", NameContains=f"slipway-{suffix}-"):
        for endpoint in page["Endpoints"]:
            answer = call(clients.client("sagemaker").list_tags, ResourceArn=endpoint["EndpointArn"])
            tags = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
            # The names of an installation `a-b` begin with those of `a`.
            if tags.get(SUFFIX_TAG) == suffix and EXECUTION_TAG in tags:
                found.append((str(endpoint["EndpointName"]), tags[EXECUTION_TAG]))
    return found


def endpoint_status(name: str) -> str | None:
    """InService, Creating and so on; None if there is no such endpoint."""
    found = sagemaker.describe_endpoint(name)
    return str(found["EndpointStatus"]) if found else None


def delete_endpoint(name: str) -> None:
    """Delete the endpoint; succeed if it is already gone or being deleted."""
    sagemaker.delete_endpoint(name)
