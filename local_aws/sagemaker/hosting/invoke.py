"""InvokeEndpoint (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html)."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass

from local_aws.sagemaker import names
from local_aws.sagemaker.hosting import endpoint_states
from local_aws.sagemaker.hosting.deployments import Deployments
from local_aws.sagemaker.hosting.http_pool import Answer
from local_aws.sagemaker.hosting.invocation_metrics import Invocation, InvocationMetrics
from local_aws.sagemaker.hosting.live import BusyError, LiveEndpoint, NoTrafficError, UnknownVariantError
from local_aws.sagemaker.hosting.serving import LOG_GROUP, Container
from local_aws.sagemaker.records import Records
from local_aws.wire import AwsError, Caller, Document

MAX_BODY_BYTES = 25 * 1024 * 1024
MAX_SERVERLESS_BODY_BYTES = 4 * 1024 * 1024
"""https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html"""
_CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_FORWARDED = (
    ("ContentType", "Content-Type"),
    ("Accept", "Accept"),
    ("CustomAttributes", _CUSTOM_ATTRIBUTES),
    ("InferenceId", "X-Amzn-SageMaker-Inference-Id"),
)
_ONE_MODEL = ("TargetModel", "TargetContainerHostname", "InferenceComponentName", "SessionId", "EnableExplanations")
_MESSAGE_LENGTH = 1024
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
_NO_ANSWER = "The container closed the connection before it responded."


@dataclass(frozen=True)
class Limits:
    """Times, in seconds."""

    answer_s: float = 60.0
    """https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"""
    return_s: float = 30.0
    """How long a request waits for a container that is being started again."""


class Invocations:
    """Passes requests to containers and returns their responses."""

    def __init__(
        self,
        records: Records,
        deployments: Deployments,
        metrics: InvocationMetrics,
        console: str,
        limits: Limits | None = None,
    ) -> None:
        self._records, self._deployments, self._metrics = records, deployments, metrics
        self._console, self._limits = console, limits or Limits()

    def invoke(self, caller: Caller, request: Document) -> Document:
        """InvokeEndpoint. Raises ValidationError, ModelError (with the container's status and text), Throttling."""
        started = time.perf_counter()
        name = request["EndpointName"]
        live = self._serving(caller, name)
        headers = _headers(request)
        try:
            with live.borrow(request.get("TargetVariant")) as (container, fleet):
                _check_size(container, request)
                concurrent = container.in_flight
                asked = time.perf_counter()
                answer, fault = self._ask(container, headers, request.get("Body", b""))
                answered = time.perf_counter()
        except UnknownVariantError:
            raise _invalid(f"Endpoint {name} has no production variant {request['TargetVariant']}.") from None
        except NoTrafficError:
            raise _invalid(f"No production variant of endpoint {name} has a weight above 0.") from None
        except BusyError:
            raise AwsError("ThrottlingException", f"Endpoint {name} is at its MaxConcurrency.", 429) from None
        self._metrics.record(
            Invocation(
                endpoint=name,
                variant=container.plan.name,
                config=fleet.plan.config_name if live.by_config else None,
                instances=container.plan.instance_count,
                model_latency_us=(answered - asked) * 1e6,
                overhead_latency_us=(time.perf_counter() - started - (answered - asked)) * 1e6,
                concurrent=concurrent,
                status=answer.status if answer else 0,
            )
        )
        if answer is None or not 200 <= answer.status < 300:
            raise _model_error(caller, container, answer, fault, self._console)
        result: Document = {"Body": answer.body, "InvokedProductionVariant": container.plan.name}
        if "content-type" in answer.headers:
            result["ContentType"] = answer.headers["content-type"]
        if _CUSTOM_ATTRIBUTES.lower() in answer.headers:
            result["CustomAttributes"] = answer.headers[_CUSTOM_ATTRIBUTES.lower()]
        return result

    def _serving(self, caller: Caller, name: str) -> LiveEndpoint:
        """The endpoint, once it serves. Unlike in other operations, the case of its name must match."""
        live = self._deployments.live(name)
        if live is not None and live.fleet is not None:
            return live
        record = self._records.find(names.ENDPOINT, name)
        if record is None or record.name != name:
            raise _invalid(f"Endpoint {name} of account {caller.account} not found.")
        waits = record.status in (endpoint_states.IN_SERVICE, endpoint_states.UPDATING)
        live = self._deployments.live(name)
        if not waits or live is None:
            raise _invalid(
                f"Endpoint {name} of account {caller.account} is not InService: its status is {record.status}."
            )
        if not live.wait(self._limits.return_s):
            raise AwsError("ServiceUnavailable", f"Endpoint {name} is being started again.", 503)
        return live

    def _ask(self, container: Container, headers: dict[str, str], body: bytes) -> tuple[Answer | None, str]:
        """The container's response, or None and the reason."""
        container.ready.wait(self._limits.return_s)
        try:
            return container.request("POST", "/invocations", headers, body, self._limits.answer_s), ""
        except TimeoutError:
            return None, _TIMED_OUT
        except (OSError, http.client.HTTPException):
            return None, _NO_ANSWER


def _headers(request: Document) -> dict[str, str]:
    for member in _ONE_MODEL:
        if member in request:
            raise _invalid(f"{member} is not for an endpoint of this kind: each variant has one model.")
    headers = {header: request[member] for member, header in _FORWARDED if member in request}
    for header, value in headers.items():
        if not value.isascii():
            raise _invalid(f"The value of {header} must be ASCII.")
    return headers


def _check_size(container: Container, request: Document) -> None:
    limit = MAX_SERVERLESS_BODY_BYTES if container.plan.serverless else MAX_BODY_BYTES
    if len(request.get("Body", b"")) > limit:
        raise AwsError("ValidationError", f"HTTP content length exceeded {limit} bytes.", 413)


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _model_error(caller: Caller, container: Container, answer: Answer | None, fault: str, console: str) -> AwsError:
    """Return the container's error with SageMaker's message, whose link leads to `console`."""
    status = answer.status if answer else 0
    text = answer.body.decode("utf-8", "replace") if answer else fault
    side = "client" if 400 <= status < 500 else "server"
    group = f"{LOG_GROUP}{container.name}"
    region, account = caller.region, caller.account
    message = (
        f'Received {side} error ({status}) from primary with message "{text[:_MESSAGE_LENGTH]}". See '
        f"{console}/cloudwatch/home?region={region}#logEventViewer:group={group} "
        f"in account {account} for more information."
    )
    return AwsError(
        "ModelError",
        message,
        424,
        OriginalStatusCode=status,
        OriginalMessage=text[:_MESSAGE_LENGTH],
        LogStreamArn=f"arn:{caller.partition}:logs:{region}:{account}:log-group:{group}:log-stream:{container.stream}",
    )
