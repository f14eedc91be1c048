"""Starts endpoints, updates them from one config to the next, and deletes them.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html. Each endpoint has
one deployment at a time, in its own thread. A step is stored before it is visible, so that after a kill the deployment
is repeated from its beginning while the old fleet serves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial

from local_aws.sagemaker.containers.launcher import StoppingError
from local_aws.sagemaker.hosting import deployment_configs, endpoint_states
from local_aws.sagemaker.hosting.alarm_watch import AlarmWatch
from local_aws.sagemaker.hosting.blue_green import BlueGreen, RolledBackError
from local_aws.sagemaker.hosting.live import LiveEndpoint
from local_aws.sagemaker.hosting.model_data import ModelData
from local_aws.sagemaker.hosting.plans import Plan, from_document
from local_aws.sagemaker.hosting.serving import Fleet, HostingError
from local_aws.sagemaker.names import ENDPOINT
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import GoneError, Record
from local_aws.wire import Document

log = logging.getLogger(__name__)

_REASON_LENGTH = 1024


class Deployments:
    """All live endpoints and the deployments in progress."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._models = ModelData(platform.folder / "models")
        self._live: dict[str, LiveEndpoint] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def live(self, name: str) -> LiveEndpoint | None:
        """The endpoint of exactly this name, if it serves or will soon."""
        return self._live.get(name)

    def create(self, record: Record) -> None:
        """Start a Creating endpoint."""
        self._live_of(record.name)
        self._start(self._create, record.name)

    def update(self, record: Record) -> None:
        """Carry out the update stored in an Updating endpoint's state."""
        self._start(self._update, record.name)

    def delete(self, record: Record) -> None:
        """Take a Deleting endpoint down."""
        self._start(self._delete, record.name)

    def resume(self) -> None:
        """Start again what ran when local AWS ended."""
        self._models.clear_parts()
        for record in self._platform.records.all(ENDPOINT):
            # An endpoint that failed at a restart has a record of what it served; one that failed at creation has none.
            if record.status != endpoint_states.FAILED or record.state.get("active"):
                self._live_of(record.name)
                self._start(self._come_back, record.name)

    def stop_all(self, timeout_s: float) -> None:
        """End all deployments and containers; `stopping` of the platform must be set."""
        for live in list(self._live.values()):
            old = live.switch(None)
            if old:
                old.stop()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout_s)

    def _start(self, work: Callable[[str], None], name: str) -> None:
        def run() -> None:
            try:
                work(name)
            except (StoppingError, GoneError):
                pass
            except Exception:
                if not self._platform.stopping.is_set():
                    log.exception("endpoint %s", name)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=f"deploy-{name}", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _create(self, name: str) -> None:
        plan = from_document(self._record(name).state["pending"]["plan"])
        try:
            fleet = self._launch(name, plan)
        except HostingError as error:
            self._live.pop(name, None)
            self._settle(name, endpoint_states.FAILED, failure=str(error))
            return
        self._live_of(name).switch(fleet)
        self._settle(name, endpoint_states.IN_SERVICE, plan=plan)

    def _update(self, name: str) -> None:
        record = self._record(name)
        if not record.state.get("pending"):
            self._change_weights(name)
            return
        live = self._live_of(name)
        plan = from_document(record.state["pending"]["plan"])
        rollout = deployment_configs.rollout(record.state.get("deployment"), plan)
        lasted_s = max(0.0, self._platform.records.now() - record.state["pending"]["started"])
        update = BlueGreen(
            platform=self._platform,
            live=live,
            plan=plan,
            rollout=rollout,
            watch=AlarmWatch(rollout.alarms, self._platform.role(plan.variants[0].role_arn, record.arn)),
            started=self._platform.runtime.clock.monotonic() - lasted_s,
            announce=partial(self._stage, name),
        )
        try:
            green = update.run(partial(self._launch, name, plan))
        except RolledBackError as error:
            self._settle(name, endpoint_states.IN_SERVICE, failure=str(error))
            return
        # Before it is stored, so that clients that see the new config are served by it.
        blue = live.switch(green)
        try:
            self._settle(name, endpoint_states.IN_SERVICE, plan=plan)
        finally:
            if blue:
                blue.retire()

    def _change_weights(self, name: str) -> None:
        """UpdateEndpointWeightsAndCapacities: the traffic split changes at once, counts are only stored."""
        record = self._record(name)
        plan = from_document(record.state["active"]).changed(record.state.get("desired", {}))
        self._live_of(name).set_weights({variant.name: variant.weight for variant in plan.variants})
        self._settle(name, endpoint_states.IN_SERVICE, plan=plan)

    def _delete(self, name: str) -> None:
        live = self._live.pop(name, None)
        fleet = live.switch(None) if live else None
        if fleet:
            fleet.retire()
        if not self._platform.stopping.is_set():
            self._platform.records.delete(self._record(name))

    def _come_back(self, name: str) -> None:
        record = self._record(name)
        if record.status == endpoint_states.DELETING:
            self._delete(name)
            return
        self._platform.await_port()
        self._live_of(name).by_config = bool(record.state.get("updated"))
        active = record.state.get("active")
        if active:
            try:
                self._live_of(name).switch(self._fleet(record, from_document(active)))
            except HostingError as error:
                log.warning("endpoint %s failed to start after the restart: %s", name, error)
                self._live.pop(name, None)
                self._settle(name, endpoint_states.FAILED, failure=str(error))
                return
        if record.status == endpoint_states.FAILED:
            self._settle(name, endpoint_states.IN_SERVICE)
        elif record.status == endpoint_states.CREATING:
            self._create(name)
        elif record.status == endpoint_states.UPDATING:
            self._update(name)

    def _fleet(self, record: Record, plan: Plan) -> Fleet:
        """Start a fleet and return it once healthy. Raises HostingError, StoppingError."""
        fleet = Fleet(self._platform, self._models, (record.name, record.arn), plan)
        try:
            fleet.start()
        except (HostingError, StoppingError):
            raise
        except Exception as error:
            if self._platform.stopping.is_set():
                raise StoppingError from None
            log.exception("endpoint %s", record.name)
            raise HostingError(f"We encountered an internal error: {type(error).__name__}: {error}") from None
        return fleet

    def _launch(self, name: str, plan: Plan) -> Fleet:
        """A healthy fleet of a pending deployment. Raises HostingError, StoppingError."""
        counts = {variant.name: variant.instance_count for variant in plan.variants}
        self._stage(name, "Creating", "Launching {count} instance(s).", counts, {})
        return self._fleet(self._record(name), plan)

    def _stage(
        self, name: str, status: str, message: str, counted: Mapping[str, int], active: Mapping[str, int]
    ) -> None:
        """Store how far the pending deployment is (`endpoint_states.stage`)."""
        if self._platform.stopping.is_set():
            raise StoppingError
        with self._platform.records.edit(ENDPOINT, name) as record:
            now = self._platform.records.now()
            record.state["updated"] = record.state.get("updated", False) or bool(active)
            record.state["pending"]["stage"] = endpoint_states.stage(status, message, counted, active, now)
        endpoint_states.announce(self._platform, record, deployment=True)

    def _settle(self, name: str, status: str, *, plan: Plan | None = None, failure: str | None = None) -> None:
        """End the deployment: with a new plan in service, or with the reason why there is none."""
        if self._platform.stopping.is_set():
            raise StoppingError
        with self._platform.records.edit(ENDPOINT, name) as record:
            state: Document = record.state
            state.pop("pending", None)
            state.pop("desired", None)
            state.pop("failure", None)
            record.status = status
            if plan:
                state.update(
                    active=plan.as_document(),
                    config=plan.config_name,
                    active_since=self._platform.records.now(),
                )
            if failure:
                state["failure"] = failure[:_REASON_LENGTH]
        endpoint_states.announce(self._platform, record)

    def _live_of(self, name: str) -> LiveEndpoint:
        with self._lock:
            return self._live.setdefault(name, LiveEndpoint(name))

    def _record(self, name: str) -> Record:
        record = self._platform.records.find(ENDPOINT, name)
        if record is None:
            raise GoneError(name)
        return record
