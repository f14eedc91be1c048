"""One training job from its input in S3 to its artifacts in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html. Whatever InstanceCount says, one
process runs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from local_aws import base
from local_aws.processes.forking import Process, StartError
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.jobs import channels, lifecycle
from local_aws.sagemaker.jobs.container_log import JOB_BYTES, ContainerLog
from local_aws.sagemaker.jobs.job_run import LOG_END_S, JobFailedError, JobRun
from local_aws.sagemaker.jobs.lifecycle import TRAINING
from local_aws.sagemaker.jobs.training import checkpoints, volume
from local_aws.sagemaker.jobs.training import files as job_files
from local_aws.sagemaker.jobs.training import states as job_states
from local_aws.sagemaker.jobs.training.metrics import NAMESPACE, JobMetrics, Watched
from local_aws.sagemaker.jobs.training.requests import script_of
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Document

log = logging.getLogger(__name__)


class TrainingRun(JobRun):
    """Runs a training job."""

    def __init__(self, platform: Platform, record: Record, on_change: Callable[[], None] | None = None) -> None:
        """`on_change` is called at the end, and for each value of the metric that a tuning job watches."""
        super().__init__(platform, TRAINING, record, record.request["RoleArn"])
        self._ml = Ml(self._folder / "ml")
        self._checkpoints: checkpoints.Checkpoints | None = None
        self._push_at = 0.0
        self._image: str = record.request["AlgorithmSpecification"]["TrainingImage"]
        self._is_own = platform.own_images.is_own(self._image)
        self._is_script = self._is_own or script_of(record.request) is not None
        self.tick_s = volume.PERIOD_S if self._is_script else None
        definitions = job_states.metric_definitions(record.request["AlgorithmSpecification"])
        self._watched = Watched(record.state.get("watched", ""), on_change)
        self._on_change = on_change
        self._metrics = JobMetrics(
            record.name, definitions, self._role.client, bounded=self._is_script, watched=self._watched
        )

    def curve(self) -> list[float]:
        """The values of the watched metric so far."""
        return list(self._watched.values)

    def _work(self) -> None:
        if not self._is_script:
            self._platform.launcher.prewarm(self._image)
        self._platform.await_port()
        self._move("Downloading")
        self._prepare()
        job_states.move(self._platform, self._name, "Downloading", "Downloading the training image")
        self._move("Training")
        stream = f"{self._name}/algo-1-{int(self._platform.records.now())}"
        output = ContainerLog(self._role.client, NAMESPACE, stream, self._metrics.read, JOB_BYTES)
        output.start()
        try:
            process = self._start(output.write_fd)
        finally:
            output.close_writer()
        ended = self._attend(process)
        self._finish(ended, process.exit_code, output)

    def _start(self, log_fd: int) -> Process:
        """Start the container."""
        environment = job_files.environment(self._name, self._arn, self._request)
        if not self._is_script:
            parent = self._platform.launcher.parent()
            return parent.start_training(self._image, self._ml.root, environment, log_fd)
        offline = bool(self._request.get("EnableNetworkIsolation"))
        try:
            if self._is_own:
                run = self._platform.own_run(self._image, self._role, environment, offline=offline)
                return self._platform.engine().train(run, self._ml.root, log_fd, offline=offline)
            sdk = {} if offline else self._platform.sdk_variables(self._role)
            return self._platform.scripts().train(
                self._image,
                self._ml.root,
                {"AWS_EC2_METADATA_DISABLED": "true", **sdk, **environment},
                log_fd,
                offline=offline,
            )
        except base.RoleNotAssumableError as error:
            raise JobFailedError(f"ClientError: unable to assume the role {self._role.arn}: {error}") from None
        except StartError as error:
            self._check_server()
            raise JobFailedError(f"InternalServerError: the container did not start: {error}") from None

    def _prepare(self) -> None:
        """Fill /opt/ml/input."""
        job_files.write_config(self._ml, self._request)
        inputs = self._request.get("InputDataConfig", [])

        def fetch(channel: Document) -> None:
            channels.fetch(
                channel["DataSource"]["S3DataSource"], self._role, self._ml.channel_dir(channel["ChannelName"])
            )

        try:
            if inputs:
                with ThreadPoolExecutor(min(4, len(inputs)), thread_name_prefix="sagemaker-channel") as pool:
                    list(pool.map(fetch, inputs))
            self._fetch_checkpoints()
        except channels.DownloadError as error:
            raise JobFailedError(f"ClientError: Data download failed:{error}") from None

    def _fetch_checkpoints(self) -> None:
        config = self._request.get("CheckpointConfig")
        folder = self._ml.checkpoint_dir()
        if not config or folder is None:
            return
        self.tick_s = self.tick_s or checkpoints.PERIOD_S
        self._checkpoints = checkpoints.Checkpoints(self._role, config["S3Uri"], folder)
        try:
            self._checkpoints.fetch()
        except base.RoleNotAssumableError:
            raise
        except Exception as error:  # noqa: BLE001 - S3's client raises many kinds
            raise channels.DownloadError(f"checkpoints of {config['S3Uri']}: {error}") from None

    def _tick(self) -> None:
        now = self._platform.runtime.clock.monotonic()
        if self._checkpoints and now >= self._push_at:
            self._checkpoints.push()
            self._push_at = now + checkpoints.PERIOD_S

    def _trouble(self) -> str | None:
        return volume.trouble(self._folder, self._request["ResourceConfig"]) if self._is_script else None

    def _stopped(self) -> None:
        self._move("Stopped", lifecycle.STOPPED)

    def _overrun(self) -> None:
        self._move("Stopping", lifecycle.STOPPING)

    def _finish(self, ended: str, exit_code: int | None, output: ContainerLog) -> None:
        """Upload the job's output and put it into its final state."""
        if ended == "exited":
            try:
                self._move("Uploading")
            except lifecycle.StopRequestedError:
                ended = "stopped"
        drained = threading.Thread(target=self._drain, args=(output,), name=f"drain-{self._name}", daemon=True)
        drained.start()
        failure = job_files.failure_reason(self._ml, exit_code) if ended == "exited" else None
        artifacts = None
        try:
            if self._checkpoints:
                self._checkpoints.push()
            artifacts = job_files.upload_results(
                self._ml, self._name, self._request["OutputDataConfig"], self._role, ended=ended, failed=bool(failure)
            )
        except job_files.UploadError as error:
            if ended == "exited":
                failure = failure or f"ClientError: Artifact upload failed:{error}"
            log.warning("artifacts of training job %s were not uploaded: %s", self._name, error)
        drained.join(LOG_END_S + 5)
        changes: Document = {"metrics": self._metrics.final()}
        if self._watched.values:
            changes["curve"] = self._watched.values
        if artifacts:
            changes["artifacts"] = artifacts
        self._conclude(ended, failure, changes)

    def _conclude(self, ended: str, failure: str | None, changes: Document) -> None:
        if failure:
            self._fail(failure, changes)
        elif ended == "exited":
            try:
                self._move("Completed", lifecycle.COMPLETED, changes)
            except lifecycle.StopRequestedError:  # the stop came during the upload
                self._move("Stopped", lifecycle.STOPPED, changes)
        else:
            secondary = "MaxRuntimeExceeded" if ended == "overran" else "Stopped"
            self._move(secondary, lifecycle.STOPPED, changes)

    def _drain(self, output: ContainerLog) -> None:
        output.finish(LOG_END_S)
        self._metrics.publish()

    def _fail(self, reason: str, changes: Document | None = None) -> None:
        cut = reason[: lifecycle.REASON_LENGTH]
        try:
            self._move("Failed", lifecycle.FAILED, {**(changes or {}), "failure": cut})
        except lifecycle.StopRequestedError:
            self._move("Stopped", lifecycle.STOPPED, changes)

    def _move(self, secondary: str, status: str = lifecycle.IN_PROGRESS, changes: Document | None = None) -> None:
        self._check_server()
        job_states.move(self._platform, self._name, secondary, status=status, changes=changes)
        if self._on_change and status in lifecycle.TERMINAL:
            self._on_change()
