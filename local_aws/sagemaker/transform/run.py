"""One transform job: a container that serves its model, and the objects that go through it.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html. Whatever InstanceCount says, one container runs.
An object with a bad record has no output; the others are finished, and the job fails.
"""

from __future__ import annotations

import os
import secrets
import threading

from local_aws.sagemaker import objects
from local_aws.sagemaker.hosting.model_data import ModelData
from local_aws.sagemaker.hosting.plans import VariantPlan
from local_aws.sagemaker.hosting.serving import Container, HostingError, unhealthy
from local_aws.sagemaker.jobs import channels, lifecycle
from local_aws.sagemaker.jobs.container_log import ContainerLog
from local_aws.sagemaker.jobs.job_run import LOG_END_S, JobFailedError, PlainRun
from local_aws.sagemaker.names import S3Address, s3_address
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.sagemaker.transform import payloads
from local_aws.sagemaker.transform.batch import AnswerError, Batch, CancelledError, Transformer
from local_aws.sagemaker.transform.data_processing import RecordError
from local_aws.wire import Document

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_STARTUP_S = 480.0
_UNHEALTHY = "The model's container did not pass the ping health check. See job logs for more information."
_ENVIRONMENT = {
    "MaxPayloadInMB": "SAGEMAKER_MAX_PAYLOAD_IN_MB",
    "BatchStrategy": "SAGEMAKER_BATCH_STRATEGY",
    "MaxConcurrentTransforms": "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS",
}
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}


def container_environment(model: Document, request: Document) -> dict[str, str]:
    """The model's variables, the job's, and those that AWS adds.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    """
    given = {name: request[member] for member, name in _ENVIRONMENT.items() if member in request}
    settings = {name: _STRATEGIES.get(str(value), str(value)) for name, value in given.items()}
    return {**model, **request.get("Environment", {}), "SAGEMAKER_BATCH": "true", **settings}


class TransformRun(PlainRun):
    """Runs a transform job."""

    def __init__(self, platform: Platform, record: Record, models: ModelData) -> None:
        """The record's state has the model as it was when the job was created."""
        model = record.state["model"]
        super().__init__(platform, lifecycle.TRANSFORM, record, model["role"])
        self._model, self._models = model, models
        self._cancelled = threading.Event()
        self._blamed: list[str] = []

    def _work(self) -> None:
        self._platform.await_port()
        self._move(lifecycle.IN_PROGRESS, {"start": self._platform.records.now()})
        plan = VariantPlan(
            name="AllTraffic",
            image=self._model["image"],
            model_uri=self._model["uri"],
            role_arn=self._model["role"],
            weight=1.0,
            instance_count=1,
            startup_timeout_s=_STARTUP_S,
            environment=container_environment(self._model["environment"], self._request),
            offline=self._model.get("offline", False),
        )
        stream = f"{self._name}/i-{secrets.token_hex(8)}0-{int(self._platform.records.now())}"
        container = Container(self._platform, self._models, (self._name, self._arn), plan, (LOG_GROUP, stream))
        data_log = ContainerLog(self._role.client, LOG_GROUP, f"{stream}/data-log")
        data_log.start()
        try:
            batch = Batch(lambda: self._transform(container, data_log.write_fd), self._cancelled)
            ended = self._attend(batch)
        finally:
            container.stop()
            data_log.finish(LOG_END_S)
        if ended != "exited":
            self._stopped()
        elif batch.failure is not None:
            raise batch.failure
        elif self._blamed:
            raise JobFailedError(f"{self._blamed[0]}: See job logs for more information")
        else:
            self._move(lifecycle.COMPLETED)

    def _transform(self, container: Container, log_fd: int) -> None:
        """Start the container and send every object through it. Raises JobFailedError and CancelledError."""
        source = self._request["TransformInput"]["DataSource"]["S3DataSource"]
        try:
            wanted = channels.locate(source, self._role)
            container.start()
        except channels.DownloadError as error:
            raise JobFailedError(f"ClientError: {error}") from None
        except HostingError as error:
            self._check_server()
            text = _UNHEALTHY if str(error) == unhealthy(container.plan.name) else str(error)
            raise JobFailedError(f"AlgorithmError: {text}") from None
        transformer = Transformer(container, self._request, self._cancelled)
        for address, relative in wanted:
            if self._cancelled.is_set():
                raise CancelledError
            self._transform_object(transformer, address, relative, log_fd)

    def _transform_object(self, transformer: Transformer, address: S3Address, relative: str, log_fd: int) -> None:
        """Transform one object and upload its output; a failure is noted, and the job goes on."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 20 MB that an idle server saves

        read, written = self._folder / "object", self._folder / "object.out"
        output = self._request["TransformOutput"]
        try:
            objects.download(self._role.client("s3"), address, read)
            compressed = self._request["TransformInput"]["CompressionType"] == "Gzip"
            transformer.transform(payloads.read(read, compressed=compressed), written)
            target = s3_address(output["S3OutputPath"]).below(f"{relative}.out")
            objects.upload(self._role.client("s3"), written, target, output["KmsKeyId"] or None)
        except AnswerError as error:
            self._blame(error.blamed, address, error, log_fd)
        except (RecordError, ClientError, BotoCoreError) as error:
            self._blame("ClientError", address, error, log_fd)

    def _blame(self, who: str, address: S3Address, error: Exception, log_fd: int) -> None:
        self._blamed.append(who)
        os.write(log_fd, f"[sagemaker logs]: {address.bucket}/{address.key}: {who}: {error}\n".encode())

    def _tick(self) -> None:
        """Transform jobs do nothing regularly."""
        return
