"""One blue/green update: the new fleet takes over the traffic step by step, or all of it goes back to the old one.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html and its siblings. The old
fleet runs until the last step ends, so a rollback starts nothing. After each step the alarms and the new fleet's health
are watched for the step's wait, and checked once if there is no wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_aws.sagemaker.containers.launcher import StoppingError
from local_aws.sagemaker.hosting.alarm_watch import AlarmWatch, UnreadableAlarmError
from local_aws.sagemaker.hosting.deployment_configs import CANARY, Rollout, Step
from local_aws.sagemaker.hosting.live import LiveEndpoint
from local_aws.sagemaker.hosting.plans import Plan
from local_aws.sagemaker.hosting.serving import Fleet, HostingError, unhealthy
from local_aws.sagemaker.platform import Platform

SHORTENED = 120.0
"""Waits are shortened, as nobody wants to wait for minutes on a laptop: a minute takes half a second ..."""
SHORTENED_UNASKED = 10 * SHORTENED
"""... and less while the new fleet has no requests, as an alarm could not detect anything then."""
_WATCH_S = 1.0
"""Between two checks of the alarms; AWS does not document SageMaker's interval."""

Announce = Callable[[str, str, Mapping[str, int], Mapping[str, int]], None]
"""Stores a stage: status, message, the instances it counts, the instances with traffic."""


class RolledBackError(Exception):
    """The old fleet serves again; the message is the endpoint's FailureReason."""


@dataclass
class BlueGreen:
    """An update of one endpoint to `plan`."""

    platform: Platform
    live: LiveEndpoint
    plan: Plan
    rollout: Rollout
    watch: AlarmWatch
    started: float
    """By the monotonic clock, seconds; negative for a deployment of an earlier process."""
    announce: Announce
    left_out_s: float = 0.0
    """How much shorter the waits were than on AWS, in seconds."""

    def run(self, launch: Callable[[], Fleet]) -> Fleet:
        """Launch the new fleet and move all traffic to it; the old fleet is left running, without new traffic.

        Raises RolledBackError with the new fleet gone, and StoppingError.
        """
        try:
            self.watch.tripped()
            green = launch()
        except UnreadableAlarmError as error:
            raise RolledBackError(f"The endpoint was not updated: {error}.") from None
        except HostingError as error:
            raise RolledBackError(str(error)) from None
        try:
            self._look(green)
            self.live.by_config = True
            for step in self.rollout.steps(self.plan):
                self._shift(green, step)
                self._bake(green, step)
        except RolledBackError:
            self.live.take_back()
            self.announce("Deleting", "Terminating {count} instance(s).", self._counts(), {})
            green.retire()
            raise
        except BaseException:
            self.live.take_back()
            green.stop()
            raise
        return green

    def _counts(self) -> dict[str, int]:
        return {variant.name: variant.instance_count for variant in self.plan.variants}

    def _shift(self, green: Fleet, step: Step) -> None:
        message = f"Activating traffic on {self._capacity(step)}."
        self.announce("ActivatingTraffic", message, step.active, step.active)
        self.live.share(green, {name: step.active[name] / count for name, count in self._counts().items()})

    def _capacity(self, step: Step) -> str:
        canary = self.rollout.kind == CANARY and not step.whole
        return "canary capacity of {count} instance(s)" if canary else "{count} instance(s)"

    def _bake(self, green: Fleet, step: Step) -> None:
        """Watch the new fleet for the step's wait. Raises RolledBackError, StoppingError."""
        if step.wait_s:
            message = (
                f"Baking for {step.wait_s} seconds ({step.wait_name}) with traffic enabled on {self._capacity(step)}."
            )
            self.announce("Baking", message, step.active, step.active)
        clock, stopping = self.platform.runtime.clock, self.platform.stopping
        begun, asked = self._now(), green.asked
        self._look(green)
        while (left_s := self._bakes_until(begun, step, asked=green.asked > asked) - self._now()) > 0:
            if clock.wait(stopping, min(_WATCH_S, left_s)):
                raise StoppingError
            self._look(green)
        self.left_out_s += max(0.0, step.wait_s - (self._now() - begun))
        if step.wait_s:
            self._look(green)

    def _bakes_until(self, begun: float, step: Step, *, asked: bool) -> float:
        return begun + step.wait_s / (SHORTENED if asked else SHORTENED_UNASKED)

    def _look(self, green: Fleet) -> None:
        try:
            fault = self.watch.tripped()
        except UnreadableAlarmError as error:
            fault = str(error)
        dead = green.unhealthy_variant()
        if dead:
            fault = unhealthy(dead)
        limit = self.rollout.timeout_s
        if limit is not None and self._now() - self.started + self.left_out_s > limit:
            fault = f"the deployment took longer than {limit} seconds (MaximumExecutionTimeoutInSeconds)"
        if self.platform.stopping.is_set():
            raise StoppingError
        if fault:
            raise RolledBackError(f"The update was rolled back to the old fleet: {fault.rstrip('.')}.")

    def _now(self) -> float:
        return self.platform.runtime.clock.monotonic()
