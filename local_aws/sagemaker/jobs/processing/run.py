"""One processing job from its inputs in S3 to its outputs in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html. Whatever InstanceCount says,
one process runs. Its outputs are uploaded at the end, also after a failure or a stop; Continuous ones every 30 s too.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_aws import base
from local_aws.processes.forking import Process, StartError
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.surroundings import seen_by_a_command, without_rights
from local_aws.sagemaker.jobs import channels, lifecycle
from local_aws.sagemaker.jobs.container_log import ContainerLog
from local_aws.sagemaker.jobs.job_run import LOG_END_S, JobFailedError, PlainRun
from local_aws.sagemaker.jobs.processing import files
from local_aws.sagemaker.names import region_of
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record

log = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_UPLOAD_S = 30.0


class ProcessingRun(PlainRun):
    """Runs a processing job."""

    def __init__(self, platform: Platform, record: Record) -> None:
        super().__init__(platform, lifecycle.PROCESSING, record, record.request["RoleArn"])
        self._ml = Ml(self._folder / "ml")
        targets = [target for _, target in files.outputs(self._ml, self._request)]
        self._offline = bool(self._request.get("NetworkConfig", {}).get("EnableNetworkIsolation"))
        self._continuous = any(target["S3UploadMode"] == "Continuous" for target in targets)
        self.tick_s = _UPLOAD_S if self._continuous else None

    def _work(self) -> None:
        self._platform.await_port()
        self._prepare()
        self._check_server()
        self._move(lifecycle.IN_PROGRESS, {"start": self._platform.records.now()})
        stream = f"{self._name}/algo-1-{int(self._platform.records.now())}"
        output = ContainerLog(self._role.client, LOG_GROUP, stream)
        output.start()
        try:
            process = self._start(output.write_fd)
        finally:
            output.close_writer()
        ended = self._attend(process)
        output.finish(LOG_END_S)
        self._finish(ended, process.exit_code)

    def _prepare(self) -> None:
        """Fill /opt/ml."""
        files.write_config(self._ml, self._name, self._arn, self._request)
        inputs = self._request.get("ProcessingInputs", [])
        try:
            with ThreadPoolExecutor(4, thread_name_prefix="sagemaker-input") as pool:
                list(pool.map(lambda entry: files.fetch(entry, self._ml, self._role), inputs))
        except channels.DownloadError as error:
            raise JobFailedError(f"ClientError: Data download failed:{error}") from None

    def _start(self, log_fd: int) -> Process:
        application = self._request["AppSpecification"]
        command = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", [])]
        try:
            isolated = self._platform.launcher.isolated()
            root, environment = Path(self._ml.root), self._environment()
            if not self._offline or isolated.exposure():
                return isolated.start(command, root, environment, log_fd, offline=self._offline)
            inside = seen_by_a_command(root, self._platform.runtime.settings.state)
            return isolated.start(without_rights(command), root, environment, log_fd, inside=inside, offline=True)
        except StartError as error:
            self._check_server()
            raise JobFailedError(f"InternalServerError: the container did not start: {error}") from None

    def _environment(self) -> dict[str, str]:
        """The request's variables, and this local AWS with the job's role, which SDKs on AWS find by themselves.

        With network isolation a container has no credentials:
        https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
        """
        region = region_of(self._arn)
        return {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            **({} if self._offline else self._platform.sdk_variables(self._role)),
            **self._request.get("Environment", {}),
            "PROCESSING_JOB_ARN": self._arn,
        }

    def _finish(self, ended: str, exit_code: int | None) -> None:
        """Upload the outputs and enter the final state."""
        failure = (
            None if exit_code == 0 else f"AlgorithmError: See job logs for more information, exit code: {exit_code}"
        )
        try:
            message = files.exit_message(self._ml)
            self._result = {"exit_message": message} if message else {}
        except files.MessageError as error:
            failure = f"ClientError: {error}"
        try:
            files.upload(self._ml, self._request, self._role)
        except (JobFailedError, base.RoleNotAssumableError) as error:
            failure = failure if failure and ended == "exited" else str(error)
            log.warning("outputs of processing job %s were not uploaded: %s", self._name, error)
        if ended != "exited":
            self._stopped()
        elif failure:
            raise JobFailedError(failure)
        else:
            self._move(lifecycle.COMPLETED, self._result)

    def _tick(self) -> None:
        """Upload what Continuous outputs have so far; a failure shows at the end."""
        config = self._request["ProcessingOutputConfig"]
        kept = [entry for entry in config["Outputs"] if entry.get("S3Output", {}).get("S3UploadMode") == "Continuous"]
        try:
            files.upload(self._ml, {"ProcessingOutputConfig": {**config, "Outputs": kept}}, self._role)
        except (JobFailedError, base.RoleNotAssumableError) as error:
            log.warning("continuous outputs of processing job %s: %s", self._name, error)
