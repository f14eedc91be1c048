"""Serving containers: one process for each production variant.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html. Whatever InitialInstanceCount
says, a variant is one process. A start fails sooner than on AWS, where that takes until the time limit: when the
process exits, or answers /ping with an error for some seconds. A container that dies later is started again.
"""

from __future__ import annotations

import http.client
import logging
import secrets
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_aws import base
from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.launcher import StoppingError
from local_aws.sagemaker.containers.parent import Process, StartError
from local_aws.sagemaker.containers.script_mode import frameworks
from local_aws.sagemaker.hosting.http_pool import Answer, HttpPool
from local_aws.sagemaker.hosting.model_data import ModelData, ModelDataError
from local_aws.sagemaker.hosting.plans import Plan, VariantPlan
from local_aws.sagemaker.jobs.container_log import ContainerLog
from local_aws.sagemaker.names import region_of
from local_aws.sagemaker.platform import Platform
from local_aws.settings import HOST

log = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/Endpoints/"
PING_TIMEOUT_S = 2.0
_PING_PAUSE_S = 0.1
_UNHEALTHY_S = 3.0
_STOP_GRACE_S = 30.0
DRAIN_S = 65.0
"""Longer than an invocation may take."""
_RESTART_S, _MAX_RESTART_S = 0.2, 30.0
_BACKLOG = 128
_SECRET_BYTES = 32


class HostingError(Exception):
    """The variant cannot serve; the message is the endpoint's FailureReason."""


def unhealthy(variant: str) -> str:
    """SageMaker's message about a variant whose container does not answer /ping."""
    return (
        f"The primary container for production variant {variant} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )


class Container:
    """The process of one variant, its log and the requests in flight."""

    def __init__(
        self,
        platform: Platform,
        models: ModelData,
        owner: tuple[str, str],
        plan: VariantPlan,
        log_at: tuple[str, str] | None = None,
    ) -> None:
        """`owner` is the name and ARN of the endpoint or transform job, `log_at` a log group and stream."""
        self.plan = plan
        self.name, self._arn = owner
        group, self.stream = log_at or (f"{LOG_GROUP}{self.name}", f"{plan.name}/i-{secrets.token_hex(8)}0")
        self.in_flight = self.asked = 0
        self._platform, self._models = platform, models
        self._role = platform.role(plan.role_arn, self._arn)
        self._folder: Path | None = None
        self._log = ContainerLog(self._role.client, group, self.stream)
        self._process: Process | None = None
        self._pool: HttpPool | None = None
        self.ready, self._exited, self._stopping = threading.Event(), threading.Event(), threading.Event()
        self._idle = threading.Condition()

    def start(self) -> None:
        """Fetch the model, start the process and wait until it is healthy. Raises HostingError, StoppingError."""
        try:
            self._folder = self._models.lease(self._role, self.plan.model_uri)
            self._log.start()
            self._launch()
            self._await_health()
        except ModelDataError as error:
            raise HostingError(str(error)) from None
        except base.RoleNotAssumableError as error:
            raise HostingError(f"The execution role {self.plan.role_arn} cannot be assumed: {error}") from None
        threading.Thread(target=self._supervise, name=f"serving-{self.stream}"[:60], daemon=True).start()

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes | None, timeout_s: float) -> Answer:
        """Send a request. Raises OSError and http.client.HTTPException."""
        if self._pool is None:
            raise ConnectionRefusedError("the container is not started")
        return self._pool.request(method, path, headers, body, timeout_s)

    def borrow(self) -> None:
        """Count a request in."""
        with self._idle:
            self.in_flight += 1
            self.asked += 1

    def give_back(self) -> None:
        """Count a request out."""
        with self._idle:
            self.in_flight -= 1
            self._idle.notify_all()

    def drain(self, timeout_s: float) -> None:
        """Wait until no request is in flight."""
        with self._idle:
            self._idle.wait_for(lambda: self.in_flight == 0 or self._platform.stopping.is_set(), timeout_s)

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL after 30 s; returns when the process has ended and its log is sent."""
        self._stopping.set()
        process = self._process
        if process is not None:
            process.terminate()
            if process.wait(0 if self._platform.stopping.is_set() else _STOP_GRACE_S) is None:
                process.kill()
                process.wait(_STOP_GRACE_S)
        if self._pool is not None:
            self._pool.close()
        self._log.finish(_UNHEALTHY_S)
        if self._folder is not None:
            self._models.release(self._folder)
            self._folder = None

    def _launch(self) -> None:
        folder = self._folder
        if folder is None:
            raise StoppingError
        if self._platform.own_images.is_own(self.plan.image):
            self._serve_own(folder)
            return
        with socket.create_server((HOST, 0), backlog=_BACKLOG) as listener:
            secret = secrets.token_urlsafe(_SECRET_BYTES)
            pool = HttpPool(listener.getsockname()[1], secret)
            door = Door(listener, secret)
            try:
                self._process = self._start(folder, door)
            except (StartError, ValueError) as error:
                raise HostingError(f"The container of variant {self.plan.name} did not start: {error}") from None
            except base.RoleNotAssumableError as error:
                raise HostingError(f"The execution role {self.plan.role_arn} cannot be assumed: {error}") from None
        self._take(pool)

    def _serve_own(self, folder: Path) -> None:
        """Start a team's own image, which listens at a port of the machine; it knows no secret of local AWS."""
        region, plan = region_of(self._arn), self.plan
        environment = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **plan.environment}
        with socket.create_server((HOST, 0)) as free:
            port = free.getsockname()[1]
        try:
            run = self._platform.own_run(plan.image, self._role, environment, offline=plan.offline)
            self._process = self._platform.engine().serve(run, folder, port, self._log.write_fd)
        except (StartError, ValueError) as error:
            raise HostingError(f"The container of variant {plan.name} did not start: {error}") from None
        except base.RoleNotAssumableError as error:
            raise HostingError(f"The execution role {plan.role_arn} cannot be assumed: {error}") from None
        self._take(HttpPool(port))

    def _take(self, pool: HttpPool) -> None:
        """Ask the process that was started from now on, and report its end."""
        if self._pool is not None:
            self._pool.close()
        self._pool = pool
        self._exited = threading.Event()
        threading.Thread(
            target=_report_exit, args=(self._process, self._exited), name=f"exit-{self.stream}"[:60], daemon=True
        ).start()

    def _start(self, folder: Path, door: Door) -> Process:
        """Start the process. Raises StartError, UnknownImageError and base.RoleNotAssumableError."""
        region, plan, log_fd = region_of(self._arn), self.plan, self._log.write_fd
        environment = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **plan.environment}
        if frameworks.to_serve(plan.image, plan.environment) is None:
            return self._platform.launcher.parent().start_serving(plan.image, folder, environment, door, log_fd)
        sdk = {} if plan.offline else self._platform.sdk_variables(self._role)
        environment = {"AWS_EC2_METADATA_DISABLED": "true", **sdk, **environment}
        return self._platform.scripts().serve(plan.image, folder, environment, door, log_fd, offline=plan.offline)

    def _await_health(self) -> None:
        """Send GET /ping until the response is 200."""
        deadline = time.monotonic() + self.plan.startup_timeout_s
        failing_since: float | None = None
        while time.monotonic() < deadline and not self._exited.is_set():
            if self._platform.stopping.is_set() or self._stopping.is_set():
                raise StoppingError
            status = self._ping()
            if status == http.client.OK:
                self.ready.set()
                return
            failing_since = None if status is None else failing_since or time.monotonic()
            if failing_since is not None and time.monotonic() - failing_since > _UNHEALTHY_S:
                break
            self._exited.wait(_PING_PAUSE_S)
        if self._platform.stopping.is_set():
            raise StoppingError
        raise HostingError(unhealthy(self.plan.name))

    def _ping(self) -> int | None:
        try:
            return self.request("GET", "/ping", {}, None, PING_TIMEOUT_S).status
        except (OSError, http.client.HTTPException):
            return None

    def _supervise(self) -> None:
        """Start the container again when it dies, as SageMaker replaces an unhealthy one."""
        pause_s = _RESTART_S
        while True:
            self._exited.wait()
            self.ready.clear()
            if self._platform.stopping.is_set() or self._stopping.wait(pause_s):
                return
            log.warning("endpoint %s: the container of variant %s died; starting it again", self.name, self.plan.name)
            pause_s = min(pause_s * 2, _MAX_RESTART_S)
            try:
                self._launch()
                self._await_health()
            except HostingError as error:
                log.warning("endpoint %s: %s", self.name, error)
                if self._process is not None:
                    self._process.kill()
            except StoppingError:
                return


class Fleet:
    """The containers of one deployment."""

    def __init__(self, platform: Platform, models: ModelData, endpoint: tuple[str, str], plan: Plan) -> None:
        self.plan = plan
        self.containers = {v.name: Container(platform, models, endpoint, v) for v in plan.variants}

    def start(self) -> None:
        """Start all variants in parallel. Raises HostingError or StoppingError; then nothing is left running."""
        containers = list(self.containers.values())
        try:
            if len(containers) == 1:
                containers[0].start()
            else:
                with ThreadPoolExecutor(len(containers), thread_name_prefix="sagemaker-fleet") as pool:
                    for future in [pool.submit(container.start) for container in containers]:
                        future.result()
        except BaseException:
            self.stop()
            raise

    def unhealthy_variant(self) -> str | None:
        """A variant whose container has died and is not running again, if there is one."""
        return next((name for name, container in self.containers.items() if not container.ready.is_set()), None)

    @property
    def asked(self) -> int:
        """The number of requests so far."""
        return sum(container.asked for container in self.containers.values())

    def retire(self) -> None:
        """Wait for the requests in flight, then stop; no new requests may arrive."""
        for container in self.containers.values():
            container.drain(DRAIN_S)
        self.stop()

    def stop(self) -> None:
        """Stop all containers, in parallel."""
        threads = [threading.Thread(target=container.stop, daemon=True) for container in self.containers.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _report_exit(process: Process, exited: threading.Event) -> None:
    process.wait(None)
    exited.set()
