"""The requests of a transform job to its container, object by object.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-errors.html
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local_aws.sagemaker.hosting.serving import Container
from local_aws.sagemaker.transform.data_processing import DataProcessing
from local_aws.sagemaker.transform.payloads import MIB, Payload, assembled, payloads
from local_aws.wire import Document

_OK = range(200, 300)
_CLIENT_ERRORS = range(400, 500)
_PARAMETERS_S = 2.0
_SHOWN = 1000


class CancelledError(Exception):
    """The job is being stopped."""


class AnswerError(Exception):
    """The container did not answer a request with a prediction; `blamed` is who caused that in AWS's terms."""

    def __init__(self, message: str, blamed: str) -> None:
        super().__init__(message)
        self.blamed = blamed


@dataclass(frozen=True)
class Strategy:
    """How requests are made: the request's settings, then the container's, then 1, MultiRecord and 6 MB."""

    parallel: int
    several: bool
    limit: int
    timeout_s: float
    retries: int

    @classmethod
    def of(cls, request: Document, container: Document) -> Strategy:
        """The strategy from a request and from /execution-parameters."""
        client = request.get("ModelClientConfig", {})
        given = request.get("BatchStrategy", container.get("BatchStrategy", "MultiRecord"))
        size = request.get("MaxPayloadInMB") or container.get("MaxPayloadInMB") or 6
        return cls(
            request.get("MaxConcurrentTransforms") or container.get("MaxConcurrentTransforms") or 1,
            given in ("MultiRecord", "MULTI_RECORD"),
            size * MIB,
            client.get("InvocationsTimeoutInSeconds", 600),
            client.get("InvocationsMaxRetries", 3),
        )


def execution_parameters(container: Container) -> Document:
    """The container's answer to /execution-parameters, empty if it has none."""
    try:
        answer = container.request("GET", "/execution-parameters", {}, None, _PARAMETERS_S)
        found = json.loads(answer.body) if answer.status in _OK else {}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class Transformer:
    """Transforms objects by a container."""

    def __init__(self, container: Container, request: Document, cancelled: threading.Event) -> None:
        self._container, self._cancelled = container, cancelled
        self._strategy = Strategy.of(request, execution_parameters(container))
        self._processing = DataProcessing.of(request)
        source, output = request["TransformInput"], request["TransformOutput"]
        self._split = source["SplitType"] == "Line"
        self._lines = output["AssembleWith"] == "Line"
        headers = {"Content-Type": source.get("ContentType"), "Accept": output.get("Accept")}
        self._headers = {name: value for name, value in headers.items() if value}

    def transform(self, content: bytes, target: Path) -> None:
        """Write the predictions for an object to a file, in the order of its records.

        Raises RecordError, AnswerError and CancelledError.
        """
        strategy, processing = self._strategy, self._processing
        parts = payloads(content, processing, lines=self._split, several=strategy.several, limit=strategy.limit)
        pool = ThreadPoolExecutor(strategy.parallel, thread_name_prefix="sagemaker-transform")
        with pool, target.open("wb") as file:
            for payload, answer in pool.map(self._asked, parts):
                file.write(assembled(payload, answer, processing, lines=self._lines, split=self._split))

    def _asked(self, payload: Payload) -> tuple[Payload, bytes]:
        failure = AnswerError("no request was made", "AlgorithmError")
        for _ in range(self._strategy.retries + 1):
            if self._cancelled.is_set():
                raise CancelledError
            try:
                return payload, self._answer(payload.body)
            except AnswerError as error:
                failure = error
        raise failure

    def _answer(self, body: bytes) -> bytes:
        try:
            answer = self._container.request("POST", "/invocations", self._headers, body, self._strategy.timeout_s)
        except (OSError, http.client.HTTPException) as error:
            raise AnswerError(f"the container did not answer: {error!r}", "AlgorithmError") from None
        if answer.status in _OK:
            return answer.body
        text = answer.body[:_SHOWN].decode("utf-8", "replace").replace("\n", " ")
        blamed = "ClientError" if answer.status in _CLIENT_ERRORS else "AlgorithmError"
        raise AnswerError(f"Bad HTTP status received from algorithm: {answer.status}. Message: {text}", blamed)


class Batch:
    """Work in a thread of its own that can be cancelled; what it raised is in `failure`."""

    def __init__(self, work: Callable[[], None], cancelled: threading.Event) -> None:
        self.failure: Exception | None = None
        self._work, self._cancelled = work, cancelled
        self._thread = threading.Thread(target=self._run, name="sagemaker-batch", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for the end of the work."""
        self._thread.join(timeout_s)
        return None

    def terminate(self) -> None:
        """Make no further request."""
        self._cancelled.set()

    def kill(self) -> None:
        """Make no further request; one on its way ends with the container."""
        self._cancelled.set()

    def _run(self) -> None:
        try:
            self._work()
        except CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - the job's thread raises it again
            self.failure = error
