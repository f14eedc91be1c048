from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pipeline_lambdas.aws.errors import call, translate
from pipeline_lambdas.runtime.failures import AwsRequestError, JobError, PermissionDeniedError, UnavailableError


def client_error(code: str, message: str = "text", status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "CreateTrainingJob")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDeniedException", 400, PermissionDeniedError),
        ("AccessDenied", 403, PermissionDeniedError),
        ("403", 403, PermissionDeniedError),
        ("ThrottlingException", 400, UnavailableError),
        ("SlowDown", 503, UnavailableError),
        ("InternalFailure", 500, UnavailableError),
        ("Whatever", 502, UnavailableError),
        ("ValidationException", 400, AwsRequestError),
        ("ResourceLimitExceeded", 400, AwsRequestError),
    ],
)
def test_kinds(code: str, status: int, kind: type[JobError]) -> None:
    assert type(translate(client_error(code, status=status))) is kind


def test_a_denial_names_the_action() -> None:
    message = (
        "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: iam:PassRole on resource: "
        "arn:aws:iam::111122223333:role/t"
    )
    error = translate(client_error("AccessDeniedException", message))
    assert str(error).startswith("The role of the call is not allowed iam:PassRole (CreateTrainingJob: ")


def test_a_denial_without_an_action_names_the_operation() -> None:
    assert "not allowed CreateTrainingJob (" in str(translate(client_error("AccessDenied")))


def test_a_lost_connection_is_unavailability() -> None:
    def operation() -> None:
        raise EndpointConnectionError(endpoint_url="https://example")

    with pytest.raises(UnavailableError, match="https://example"):
        call(operation)
