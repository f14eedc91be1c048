from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from inference_lambdas.aws import sagemaker_runtime
from inference_lambdas.aws.sagemaker_runtime import ModelRefusedError, invoke
from inference_lambdas.predicting.invocation import MAX_ATTEMPTS, invoke_patiently
from pipeline_lambdas.runtime.failures import AwsRequestError, JobError, PermissionDeniedError, UnavailableError


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("sagemaker-runtime")
    monkeypatch.setattr(sagemaker_runtime, "client", lambda: client)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def test_an_invocation(runtime: Stubber) -> None:
    runtime.add_response(
        "invoke_endpoint",
        {"Body": StreamingBody(io.BytesIO(b"5.5\n"), 4)},
        {"EndpointName": "e", "Body": b"1,2", "ContentType": "text/csv", "Accept": "text/csv"},
    )
    assert invoke("e", b"1,2", "text/csv", "text/csv") == b"5.5\n"


def test_the_containers_message_is_the_failure(runtime: Stubber) -> None:
    runtime.add_client_error(
        "invoke_endpoint",
        "ModelError",
        'Received client error (400) from primary with message "...". See https://console',
        http_status_code=424,
        modeled_fields={
            "OriginalStatusCode": 400,
            "OriginalMessage": "Unable to evaluate payload provided: feature_names mismatch",
        },
    )
    with pytest.raises(ModelRefusedError, match=r"^Unable to evaluate payload provided: feature_names mismatch$"):
        invoke("e", b"1,2", "text/csv", "text/csv")


@pytest.mark.parametrize(
    ("code", "status", "fields", "kind"),
    [
        ("ThrottlingException", 429, {}, UnavailableError),
        ("ModelNotReadyException", 429, {}, UnavailableError),
        ("ServiceUnavailable", 503, {}, UnavailableError),
        ("InternalFailure", 500, {}, UnavailableError),
        ("InternalDependencyException", 530, {}, UnavailableError),
        ("ModelError", 424, {"OriginalStatusCode": 503}, UnavailableError),
        ("ModelError", 424, {"OriginalStatusCode": 500}, ModelRefusedError),
        ("ValidationError", 400, {}, AwsRequestError),
        ("AccessDeniedException", 403, {}, PermissionDeniedError),
    ],
)
def test_failures(runtime: Stubber, code: str, status: int, fields: dict[str, Any], kind: type[JobError]) -> None:
    runtime.add_client_error("invoke_endpoint", code, "text", http_status_code=status, modeled_fields=fields or None)
    with pytest.raises(kind):
        invoke("e", b"1,2", "text/csv", "text/csv")


def test_a_broken_answer_is_unavailability(runtime: Stubber) -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = None) -> bytes:
            raise ReadTimeoutError(endpoint_url="e")

    runtime.add_response("invoke_endpoint", {"Body": StreamingBody(Broken(), 4)})
    with pytest.raises(UnavailableError):
        invoke("e", b"1,2", "text/csv", "text/csv")


def no_pause(seconds: float) -> None:
    pytest.fail(f"paused for {seconds} seconds")


def failing(times: int, error: Exception) -> Callable[[], bytes]:
    left = iter(range(times))

    def send() -> bytes:
        if next(left, None) is None:
            return b"1"
        raise error

    return send


def test_what_passes_is_repeated_with_growing_pauses() -> None:
    pauses: list[float] = []
    answer = invoke_patiently(failing(4, UnavailableError("busy")), lambda: True, pauses.append)
    assert answer.content == b"1"
    assert answer.latency_ms < 1000
    assert [0.25 * 2**n <= pause <= 0.5 * 2**n for n, pause in enumerate(pauses)] == [True] * 4


def test_repeats_end() -> None:
    pauses: list[float] = []
    with pytest.raises(UnavailableError, match=f"attempt {MAX_ATTEMPTS} of {MAX_ATTEMPTS}: busy"):
        invoke_patiently(failing(99, UnavailableError("busy")), lambda: True, pauses.append)
    assert len(pauses) == MAX_ATTEMPTS - 1
    assert max(pauses) <= 8.0


def test_without_time_nothing_is_repeated() -> None:
    with pytest.raises(UnavailableError, match="attempt 1 of"):
        invoke_patiently(failing(1, UnavailableError("busy")), lambda: False, no_pause)


def test_a_refusal_is_not_repeated() -> None:
    with pytest.raises(ModelRefusedError):
        invoke_patiently(failing(1, ModelRefusedError("no")), lambda: True, no_pause)
