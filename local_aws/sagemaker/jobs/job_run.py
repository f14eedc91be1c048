"""One job of any kind, in its own thread: its failures, its stop, its time limit and the restart of local AWS."""

from __future__ import annotations

import logging
import shutil
import threading
from abc import ABC, abstractmethod
from typing import Protocol

from local_aws import base
from local_aws.sagemaker.containers.launcher import StoppingError
from local_aws.sagemaker.jobs import lifecycle
from local_aws.sagemaker.jobs.lifecycle import STOPPING, Kind, StopRequestedError
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import GoneError, Record
from local_aws.wire import Document

log = logging.getLogger(__name__)

STOP_GRACE_S = 120.0
"""Between SIGTERM and SIGKILL, as `docker stop -t 120`."""
LOG_END_S = 10.0
_INTERNAL = "InternalServerError: We encountered an internal error.  Please try again."
_MAX_S = 28 * 86400.0
"""The time limit of a job whose request has no MaxRuntimeInSeconds."""


class JobFailedError(Exception):
    """The job fails with this FailureReason."""


class ServerStopsError(Exception):
    """Local AWS is shutting down; the job starts again with it."""


class Activity(Protocol):
    """What a job waits for: a container, or the requests to one."""

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for the end."""

    def terminate(self) -> None:
        """Ask for the end."""

    def kill(self) -> None:
        """End it now."""


class JobRun(ABC):
    """Runs a job; a kind says what its work is and how it ends."""

    tick_s: float | None = None
    """How often `_tick` is called while the job runs."""

    def __init__(self, platform: Platform, kind: Kind, record: Record, role_arn: str) -> None:
        """Nothing happens before `start`."""
        self._platform, self._kind, self._record = platform, kind, record
        self._name, self._arn, self._request = record.name, record.arn, record.request
        self._role = platform.role(role_arn, record.arn)
        self._folder = platform.folder / "jobs" / kind.resource / record.name.lower()
        self._wake, self._exited = threading.Event(), threading.Event()
        self._ends_at: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"{kind.resource}-{record.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether the job still runs."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Check the job's record and the platform's `stopping` now."""
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)

    @abstractmethod
    def _work(self) -> None:
        """Do the job to its final state. Raises JobFailedError, RoleNotAssumableError and StopRequestedError."""

    @abstractmethod
    def _stopped(self) -> None:
        """Enter the state of a job that was stopped before it ran."""

    @abstractmethod
    def _fail(self, reason: str) -> None:
        """Enter the state of a failed job."""

    @abstractmethod
    def _overrun(self) -> None:
        """Enter the state of a job that is being stopped because its time is over."""

    @abstractmethod
    def _tick(self) -> None:
        """Do what is done every `tick_s`."""

    def _run(self) -> None:
        try:
            shutil.rmtree(self._folder, ignore_errors=True)
            try:
                self._work()
            except StopRequestedError:
                self._stopped()
            except JobFailedError as error:
                self._fail(str(error))
            except base.RoleNotAssumableError as error:
                self._fail(f"ClientError: unable to assume the role {self._role.arn}: {error}")
        except (ServerStopsError, StoppingError, GoneError):
            pass
        except Exception:
            if not self._platform.stopping.is_set():
                log.exception("%s %s", self._kind.noun, self._name)
                self._fail(_INTERNAL)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _attend(self, activity: Activity) -> str:
        """Wait for the end; returns `exited`, `stopped` or `overran`."""
        threading.Thread(target=self._watch, args=(activity,), name=f"watch-{self._name}", daemon=True).start()
        while True:
            remaining_s = self._remaining_s()
            wait_s = min(remaining_s, self.tick_s) if self.tick_s else remaining_s
            self._platform.runtime.clock.wait(self._wake, max(0.0, wait_s))
            self._wake.clear()
            if self._platform.stopping.is_set():
                activity.kill()
                raise ServerStopsError
            if self._stop_requested():
                self._terminate(activity)
                return "stopped"
            if self._exited.is_set():
                return "exited"
            if self._remaining_s() <= 0:
                self._overrun()
                self._terminate(activity)
                return "overran"
            self._tick()
            trouble = self._trouble()
            if trouble:
                activity.kill()
                self._exited.wait(LOG_END_S)
                raise JobFailedError(trouble)

    def _trouble(self) -> str | None:
        """Why a running job is killed and fails, looked at after each tick; None if it goes on."""
        return None

    def _watch(self, activity: Activity) -> None:
        activity.wait(None)
        self._exited.set()
        self._wake.set()

    def _terminate(self, activity: Activity) -> None:
        """Send SIGTERM, and SIGKILL after the grace period."""
        activity.terminate()
        clock = self._platform.runtime.clock
        deadline = clock.monotonic() + STOP_GRACE_S
        while not self._exited.is_set() and clock.monotonic() < deadline and not self._platform.stopping.is_set():
            clock.wait(self._wake, deadline - clock.monotonic())
            self._wake.clear()
        if not self._exited.is_set():
            activity.kill()
        if self._platform.stopping.is_set():
            raise ServerStopsError
        self._exited.wait(LOG_END_S)

    def _check_server(self) -> None:
        """Raise ServerStopsError if local AWS is shutting down."""
        if self._platform.stopping.is_set():
            raise ServerStopsError

    def _stop_requested(self) -> bool:
        record = self._platform.records.find(self._kind.resource, self._name)
        return record is None or record.status == STOPPING

    @property
    def _limit_s(self) -> float | None:
        """MaxRuntimeInSeconds of the request, None without one."""
        found: float | None = self._request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
        return found

    def _remaining_s(self) -> float:
        """The rest of MaxRuntimeInSeconds; the clock is read once, as it may be set while the job runs."""
        passed_s = self._platform.runtime.clock.monotonic()
        if self._ends_at is None:
            record = self._platform.records.find(self._kind.resource, self._name)
            now = self._platform.records.now()
            limit_s = _MAX_S if self._limit_s is None else self._limit_s
            started_at: float = record.state.get("start", now) if record else now
            self._ends_at = passed_s + limit_s - max(0.0, now - started_at)
        return self._ends_at - passed_s


class PlainRun(JobRun):
    """Runs a job without secondary statuses; what its state says at the end is in `_result`."""

    def __init__(self, platform: Platform, kind: Kind, record: Record, role_arn: str) -> None:
        super().__init__(platform, kind, record, role_arn)
        self._result: Document = {}

    def _stopped(self) -> None:
        self._move(lifecycle.STOPPED, self._result)

    def _overrun(self) -> None:
        self._move(STOPPING)

    def _fail(self, reason: str) -> None:
        try:
            self._move(lifecycle.FAILED, {**self._result, "failure": reason[: lifecycle.REASON_LENGTH]})
        except StopRequestedError:
            self._stopped()

    def _move(self, status: str, changes: Document | None = None) -> None:
        self._check_server()
        lifecycle.move(self._platform, self._kind, self._name, status, changes)
