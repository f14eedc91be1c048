"""The SageMaker calls of a release. Look-ups return None for what does not exist.

A call may take effect although its answer is lost, and SageMaker then refuses the repeat. So after an error, each
change checks whether it took effect. SageMaker may also not see yet what it has just created, so a change that names
such a resource is retried.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call, is_missing
from pipeline_lambdas.aws.pages import pages
from pipeline_lambdas.aws.visibility import once_visible
from pipeline_lambdas.runtime.failures import AwsRequestError, JobError, UnavailableError

Description = dict[str, Any]

_ENDED = re.compile(r"(training|tuning) job is in status", re.IGNORECASE)
_EXISTS = re.compile(r"already exist", re.IGNORECASE)
# A model, an endpoint config.
_NAMES_ANOTHER = frozenset({"create_endpoint_config", "create_endpoint"})
_STOPPED = frozenset({"Stopping", "Stopped"})


def describe_training_job(name: str) -> Description | None:
    return look_up("describe_training_job", TrainingJobName=name)


def describe_processing_job(name: str) -> Description | None:
    return look_up("describe_processing_job", ProcessingJobName=name)


def describe_model(name: str) -> Description | None:
    return look_up("describe_model", ModelName=name)


def describe_endpoint_config(name: str) -> Description | None:
    return look_up("describe_endpoint_config", EndpointConfigName=name)


def describe_new_endpoint_config(name: str) -> Description:
    """Describe a config that was made a moment ago."""
    return once_visible(
        lambda: dict(call(clients.client("sagemaker").describe_endpoint_config, EndpointConfigName=name))
    )


def moment(time: datetime) -> str:
    """A time that SageMaker tells, as a text that is the same wherever it is read."""
    return time.astimezone(UTC).isoformat()


def describe_endpoint(name: str) -> Description | None:
    return look_up("describe_endpoint", EndpointName=name)


def describe_model_package(arn: str) -> Description | None:
    return look_up("describe_model_package", ModelPackageName=arn)


def create_training_job(request: Mapping[str, Any]) -> bool:
    """Create the job; False if a job of that name already exists."""
    return create("create_training_job", request, lambda: describe_training_job(request["TrainingJobName"]))


def stop_training_job(name: str) -> bool:
    """Ask the job to stop; False if it has already ended.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
    """

    def status() -> str | None:
        return (describe_training_job(name) or {}).get("TrainingJobStatus")

    return stop("stop_training_job", status, TrainingJobName=name)


def stop(operation: str, status: Callable[[], str | None], **parameters: str) -> bool:
    """Ask a job to stop; False if it has already ended. `status` looks the job up."""
    try:
        call(getattr(clients.client("sagemaker"), operation), **parameters)
    except (AwsRequestError, UnavailableError) as error:
        if holds(lambda: status() in _STOPPED):
            return True
        if isinstance(error, AwsRequestError) and (is_missing(error) or _has_ended(error)):
            return False
        raise
    return True


def create_processing_job(request: Mapping[str, Any]) -> bool:
    """Create the job; False if a job of that name already exists."""
    return create("create_processing_job", request, lambda: describe_processing_job(request["ProcessingJobName"]))


def stop_processing_job(name: str) -> bool:
    """Ask the job to stop; False if it has already ended.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopProcessingJob.html
    """

    def status() -> str | None:
        return (describe_processing_job(name) or {}).get("ProcessingJobStatus")

    return stop("stop_processing_job", status, ProcessingJobName=name)


def create_model(request: Mapping[str, Any]) -> bool:
    """Create the model; False if a model of that name already exists."""
    return create("create_model", request, lambda: describe_model(request["ModelName"]))


def create_endpoint_config(request: Mapping[str, Any]) -> bool:
    """Create the endpoint config; False if a config of that name already exists."""
    return create("create_endpoint_config", request, lambda: describe_endpoint_config(request["EndpointConfigName"]))


def create_endpoint(request: Mapping[str, Any]) -> bool:
    """Create the endpoint; False if an endpoint of that name already exists."""
    return create("create_endpoint", request, lambda: describe_endpoint(request["EndpointName"]))


def create_model_package(request: Mapping[str, Any]) -> str:
    """Register a version and return its ARN; a repeated ClientToken returns the version of the first call."""
    create = clients.client("sagemaker").create_model_package
    try:
        answer = call(create, **request)
    except UnavailableError:
        answer = call(create, **request)
    return str(answer["ModelPackageArn"])


def describe_new_model_package(arn: str) -> Description:
    """Describe a version that was created a moment ago."""
    return once_visible(lambda: dict(call(clients.client("sagemaker").describe_model_package, ModelPackageName=arn)))


def decide_model_package(arn: str, status: str, description: str) -> None:
    """Set the version's ModelApprovalStatus, `Approved` or `Rejected`, and its reason.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
    """
    try:
        call(
            clients.client("sagemaker").update_model_package,
            ModelPackageArn=arn,
            ModelApprovalStatus=status,
            ApprovalDescription=description,
        )
    except (AwsRequestError, UnavailableError):
        if not holds(lambda: (describe_model_package(arn) or {}).get("ModelApprovalStatus") == status):
            raise


def update_endpoint(name: str, config_name: str, deployment: Mapping[str, Any] | None = None) -> None:
    """Point the endpoint at a config; `deployment` is the DeploymentConfig."""
    more = {"DeploymentConfig": deployment} if deployment else {}
    update = clients.client("sagemaker").update_endpoint
    try:
        once_visible(lambda: call(update, EndpointName=name, EndpointConfigName=config_name, **more))
    except (AwsRequestError, UnavailableError):
        if not holds(lambda: _goes_to(describe_endpoint(name), config_name)):
            raise


def delete_endpoint(name: str) -> None:
    """Delete the endpoint; succeed if it is already gone or being deleted."""
    try:
        call(clients.client("sagemaker").delete_endpoint, EndpointName=name)
    except (AwsRequestError, UnavailableError):
        if not holds(
            lambda: (describe_endpoint(name) or {"EndpointStatus": "Deleting"})["EndpointStatus"] == "Deleting"
        ):
            raise


def delete_endpoint_config(name: str) -> bool:
    """Delete the config; False if it does not exist."""
    return _delete("delete_endpoint_config", EndpointConfigName=name)


def delete_model(name: str) -> bool:
    """Delete the model, not its artifact; False if it does not exist."""
    return _delete("delete_model", ModelName=name)


def list_endpoint_configs(part: str) -> Iterator[Description]:
    """Yield every endpoint config whose name contains `part`, the newest first: EndpointConfigName, CreationTime."""
    return _list("list_endpoint_configs", "EndpointConfigs", part)


def list_models(part: str) -> Iterator[Description]:
    """Yield every model whose name contains `part`, the newest first: ModelName, CreationTime."""
    return _list("list_models", "Models", part)


def _list(operation: str, member: str, part: str) -> Iterator[Description]:
    newest_first = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    for page in pages("sagemaker", operation, NameContains=part, MaxResults=100, **newest_first):
        yield from page[member]


def _delete(operation: str, **parameters: str) -> bool:
    delete = getattr(clients.client("sagemaker"), operation)
    try:
        call(delete, **parameters)
    except AwsRequestError as error:
        if is_missing(error):
            return False
        raise
    except UnavailableError as lost:
        try:
            call(delete, **parameters)
        except AwsRequestError as error:
            if not is_missing(error):
                raise lost from error
    return True


def _goes_to(endpoint: Description | None, config_name: str) -> bool:
    """Tell whether an endpoint serves a config or is being updated to it."""
    if endpoint is None:
        return False
    pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    return bool((pending or endpoint.get("EndpointConfigName")) == config_name)


def holds(look: Callable[[], bool]) -> bool:
    """Return the result of a check; False if the check itself fails."""
    try:
        return look()
    except JobError:
        return False


def _has_ended(error: AwsRequestError) -> bool:
    return error.code == "ValidationException" and _ENDED.search(error.reason) is not None


def look_up(operation: str, **parameters: str) -> Description | None:
    """Return what an operation describes; None if it does not exist."""
    try:
        answer: Description = call(getattr(clients.client("sagemaker"), operation), **parameters)
    except AwsRequestError as error:
        if is_missing(error):
            return None
        raise
    answer.pop("ResponseMetadata", None)
    return answer


def create(operation: str, request: Mapping[str, Any], look_up: Callable[[], Description | None]) -> bool:
    """Create something; False if there is one of its name, which `look_up` finds after a lost answer."""
    make = getattr(clients.client("sagemaker"), operation)
    try:
        if operation in _NAMES_ANOTHER:
            once_visible(lambda: call(make, **request))
        else:
            call(make, **request)
    except AwsRequestError as error:
        duplicate = error.code == "ValidationException" and _EXISTS.search(error.reason)
        if duplicate or error.code in {"ResourceInUse", "ResourceInUseException"}:
            return False
        raise
    except UnavailableError:
        if not holds(lambda: look_up() is not None):
            raise
        return False
    return True
