"""One training job from its input in S3 to its artifacts in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html. Whatever InstanceCount says, one
process runs.
"""

from __future__ import annotations

import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from local_aws import base
from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.launcher import StoppingError
from local_aws.sagemaker.jobs import channels, checkpoints
from local_aws.sagemaker.jobs import files as job_files
from local_aws.sagemaker.jobs import states as job_states
from local_aws.sagemaker.jobs.container_log import ContainerLog
from local_aws.sagemaker.jobs.metrics import NAMESPACE, JobMetrics
from local_aws.sagemaker.names import TRAINING_JOB
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import GoneError, Record
from local_aws.wire import Document

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.parent import Process

log = logging.getLogger(__name__)

STOP_GRACE_S = 120.0
"""Between SIGTERM and SIGKILL, as `docker stop -t 120`."""
_LOG_END_S = 10.0
_INTERNAL = "InternalServerError: We encountered an internal error.  Please try again."


class JobFailedError(Exception):
    """The job fails with this FailureReason."""


class _ServerStopsError(Exception):
    """Local AWS goes down; the job is started again when it is back."""


class TrainingRun:
    """Runs a job in a thread of its own."""

    def __init__(self, platform: Platform, record: Record) -> None:
        self._platform, self._name, self._request = platform, record.name, record.request
        self._role = platform.role(record.request["RoleArn"], record.arn)
        self._arn = record.arn
        self._ml = Ml(platform.folder / "jobs" / record.name.lower())
        self._wake, self._exited = threading.Event(), threading.Event()
        self._ends_at: float | None = None
        self._checkpoints: checkpoints.Checkpoints | None = None
        image = record.request["AlgorithmSpecification"]["TrainingImage"]
        self._image = image
        self._metrics = JobMetrics(record.name, registry.find(image).metric_definitions, self._role.client)
        self._thread = threading.Thread(target=self._run, name=f"training-{record.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether the job still runs."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Look at the job's record, or at the platform's stopping, now."""
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            try:
                self._work()
            except job_states.StopRequestedError:
                self._move("Stopped", job_states.STOPPED)
            except JobFailedError as error:
                self._fail(str(error))
        except (_ServerStopsError, StoppingError, GoneError):
            pass
        except Exception:
            if not self._platform.stopping.is_set():
                log.exception("training job %s", self._name)
                self._fail(_INTERNAL)
        finally:
            shutil.rmtree(self._ml.root, ignore_errors=True)

    def _work(self) -> None:
        shutil.rmtree(self._ml.root, ignore_errors=True)
        self._platform.launcher.prewarm(self._image)
        self._platform.await_port()
        self._move("Downloading")
        self._prepare()
        job_states.move(self._platform, self._name, "Downloading", "Downloading the training image")
        parent = self._platform.launcher.parent()
        self._move("Training")
        stream = f"{self._name}/algo-1-{int(self._platform.records.now())}"
        output = ContainerLog(self._role.client, NAMESPACE, stream, self._metrics.read)
        output.start()
        try:
            environment = job_files.environment(self._name, self._arn, self._request)
            process = parent.start_training(self._image, self._ml.root, environment, output.write_fd)
        finally:
            output.close_writer()
        ended = self._attend(process)
        self._finish(ended, process.exit_code, output)

    def _prepare(self) -> None:
        """Fill /opt/ml/input."""
        job_files.write_config(self._ml, self._request)
        inputs = self._request.get("InputDataConfig", [])

        def fetch(channel: Document) -> None:
            channels.fetch(channel, self._role, self._ml.channel_dir(channel["ChannelName"]))

        try:
            if inputs:
                with ThreadPoolExecutor(min(4, len(inputs)), thread_name_prefix="sagemaker-channel") as pool:
                    list(pool.map(fetch, inputs))
            self._fetch_checkpoints()
        except channels.DownloadError as error:
            raise JobFailedError(f"ClientError: Data download failed:{error}") from None
        except base.RoleNotAssumableError as error:
            raise JobFailedError(f"ClientError: unable to assume the role {self._role.arn}: {error}") from None

    def _fetch_checkpoints(self) -> None:
        config = self._request.get("CheckpointConfig")
        folder = self._ml.checkpoint_dir()
        if not config or folder is None:
            return
        self._checkpoints = checkpoints.Checkpoints(self._role, config["S3Uri"], folder)
        try:
            self._checkpoints.fetch()
        except base.RoleNotAssumableError:
            raise
        except Exception as error:  # noqa: BLE001 - S3's client raises many kinds
            raise channels.DownloadError(f"checkpoints of {config['S3Uri']}: {error}") from None

    def _attend(self, process: Process) -> str:
        """Wait for the end; returns `exited`, `stopped` or `overran`."""
        threading.Thread(target=self._watch, args=(process,), name=f"watch-{self._name}", daemon=True).start()
        while True:
            remaining_s = self._remaining_s()
            wait_s = min(remaining_s, checkpoints.PERIOD_S) if self._checkpoints else remaining_s
            self._platform.runtime.clock.wait(self._wake, max(0.0, wait_s))
            self._wake.clear()
            if self._platform.stopping.is_set():
                process.kill()
                raise _ServerStopsError
            if self._stop_requested():
                self._terminate(process)
                return "stopped"
            if self._exited.is_set():
                return "exited"
            if self._remaining_s() <= 0:
                self._move("Stopping", job_states.STOPPING)
                self._terminate(process)
                return "overran"
            if self._checkpoints:
                self._checkpoints.push()

    def _watch(self, process: Process) -> None:
        process.wait(None)
        self._exited.set()
        self._wake.set()

    def _terminate(self, process: Process) -> None:
        """SIGTERM, and SIGKILL after the grace time."""
        process.terminate()
        clock = self._platform.runtime.clock
        deadline = clock.monotonic() + STOP_GRACE_S
        while not self._exited.is_set() and clock.monotonic() < deadline and not self._platform.stopping.is_set():
            clock.wait(self._wake, deadline - clock.monotonic())
            self._wake.clear()
        if not self._exited.is_set():
            process.kill()
        if self._platform.stopping.is_set():
            raise _ServerStopsError
        self._exited.wait(_LOG_END_S)

    def _finish(self, ended: str, exit_code: int | None, output: ContainerLog) -> None:
        """Upload what the job left and bring it into its last state."""
        if ended == "exited":
            try:
                self._move("Uploading")
            except job_states.StopRequestedError:
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
        drained.join(_LOG_END_S + 5)
        changes: Document = {"metrics": self._metrics.final()}
        if artifacts:
            changes["artifacts"] = artifacts
        self._conclude(ended, failure, changes)

    def _conclude(self, ended: str, failure: str | None, changes: Document) -> None:
        if failure:
            self._fail(failure, changes)
        elif ended == "exited":
            try:
                self._move("Completed", job_states.COMPLETED, changes)
            except job_states.StopRequestedError:  # it came during the upload
                self._move("Stopped", job_states.STOPPED, changes)
        else:
            secondary = "MaxRuntimeExceeded" if ended == "overran" else "Stopped"
            self._move(secondary, job_states.STOPPED, changes)

    def _drain(self, output: ContainerLog) -> None:
        output.finish(_LOG_END_S)
        self._metrics.publish()

    def _fail(self, reason: str, changes: Document | None = None) -> None:
        cut = reason[: job_states.REASON_LENGTH]
        try:
            self._move("Failed", job_states.FAILED, {**(changes or {}), "failure": cut})
        except job_states.StopRequestedError:
            self._move("Stopped", job_states.STOPPED, changes)

    def _move(self, secondary: str, status: str = job_states.IN_PROGRESS, changes: Document | None = None) -> None:
        if self._platform.stopping.is_set():
            raise _ServerStopsError
        job_states.move(self._platform, self._name, secondary, status=status, changes=changes)

    def _stop_requested(self) -> bool:
        record = self._platform.records.find(TRAINING_JOB, self._name)
        return record is None or record.status == job_states.STOPPING

    def _remaining_s(self) -> float:
        """What is left of MaxRuntimeInSeconds; the clock is asked once, as it may be set while the job runs."""
        passed_s = self._platform.runtime.clock.monotonic()
        if self._ends_at is None:
            record = self._platform.records.find(TRAINING_JOB, self._name)
            now = self._platform.records.now()
            limit_s: float = self._request["StoppingCondition"]["MaxRuntimeInSeconds"]
            started_at: float = record.state.get("start", now) if record else now
            self._ends_at = passed_s + limit_s - max(0.0, now - started_at)
        return self._ends_at - passed_s
