from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from local_aws.wire import AwsError, Caller, Operation, Permission, Service

CALLER = Caller("111122223333", "us-east-1", "arn:aws:iam::111122223333:user/someone", "AKIA1")


def start(_caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    if request["name"] == "missing":
        raise AwsError("PipelineNotFoundException", "There is no such pipeline.")
    return {"pipelineExecutionId": "an-id"}


def service(denial: str | None = None) -> Service:
    def permissions(_caller: Caller, request: dict[str, Any]) -> list[Permission]:
        return [Permission("codepipeline:StartPipelineExecution", f"arn:{request['name']}")]

    def enforce(_caller: Caller, permission: Permission) -> str | None:
        return f"{denial} {permission.action} {permission.resource}" if denial else None

    def identify(_headers: Mapping[str, str], _query: Mapping[str, Any]) -> Caller:
        return CALLER

    return Service("codepipeline", {"StartPipelineExecution": Operation(start, permissions)}, identify, enforce)


def post(target: str, document: Any, denial: str | None = None) -> tuple[int, dict[str, Any]]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"x-amz-target": f"CodePipeline_20150709.{target}"}
    status, _, answer = service(denial).answer("POST", "/", headers, body, {})
    return status, json.loads(answer)


def test_a_call_is_answered() -> None:
    assert post("StartPipelineExecution", {"name": "p"}) == (200, {"pipelineExecutionId": "an-id"})


@pytest.mark.parametrize(
    ("target", "document", "status", "code", "words"),
    [
        ("StartPipelineExecution", {"name": "missing"}, 400, "PipelineNotFoundException", "no such pipeline"),
        ("StartPipelineExecution", {}, 400, "ValidationException", "Member must not be null"),
        ("StartPipelineExecution", b"{", 400, "SerializationException", "not JSON"),
        ("StartPipelineExecution", b'{"name": NaN}', 400, "SerializationException", "NaN is no number"),
        ("StartPipelineExecution", b"[" * 100_000, 400, "SerializationException", "nested too deeply"),
        ("StartPipelineExecution", b"9" * 5000, 400, "SerializationException", "not JSON"),
        ("StartPipelineExecution", b"\xff", 400, "SerializationException", "not JSON"),
        ("StartPipelineExecution", b"[]", 400, "SerializationException", "expected an object"),
        ("", {}, 400, "UnknownOperationException", "has no operation"),
        ("PollForJobs", {}, 501, "NotImplementedByLocalAws", "codepipeline:PollForJobs"),
        ("NoSuchThing", {}, 400, "UnknownOperationException", "NoSuchThing"),
    ],
)
def test_errors_carry_the_code_and_say_what(target: str, document: Any, status: int, code: str, words: str) -> None:
    answered, error = post(target, document)
    assert (answered, error["__type"]) == (status, code)
    assert words in error["message"]


def test_a_denied_call_does_not_run() -> None:
    status, error = post("StartPipelineExecution", {"name": "missing"}, denial="denied:")
    assert (status, error["__type"]) == (400, "AccessDeniedException")
    assert error["message"] == "denied: codepipeline:StartPipelineExecution arn:missing"


def test_an_operation_that_botocore_lacks_is_a_mistake_at_first_use() -> None:
    broken = Service(
        "codepipeline",
        {"Typo": Operation(start, lambda _c, _r: [])},
        lambda _h, _q: CALLER,
        lambda _c, _p: None,
    )
    with pytest.raises(KeyError, match="codepipeline has no operation Typo"):
        _ = broken.model


def invoke(caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    assert caller is CALLER
    return {
        "Body": request["Body"] + b" back",
        "ContentType": request["ContentType"],
        "InvokedProductionVariant": request["EndpointName"],
    }


def test_rest_json_reads_path_headers_and_body() -> None:
    runtime = Service(
        "sagemaker-runtime",
        {"InvokeEndpoint": Operation(invoke, lambda _c, _r: [])},
        lambda _h, _q: CALLER,
        lambda _c, _p: None,
    )
    status, headers, body = runtime.answer(
        "POST", "/endpoints/an-endpoint/invocations", {"content-type": "text/csv"}, b"1,2", {}
    )
    assert (status, body) == (200, b"1,2 back")
    assert headers == {"Content-Type": "text/csv", "x-Amzn-Invoked-Production-Variant": "an-endpoint"}
