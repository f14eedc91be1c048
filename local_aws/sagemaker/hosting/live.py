"""The containers that serve an endpoint's requests now."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local_aws.sagemaker.hosting.serving import Container, Fleet


class UnknownVariantError(Exception):
    """TargetVariant names no variant of the endpoint."""


class NoTrafficError(Exception):
    """No variant has a weight above zero."""


class BusyError(Exception):
    """A serverless variant is at its MaxConcurrency."""


class LiveEndpoint:
    """An endpoint that takes requests, or will soon."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.by_config = False
        """Whether metrics are also published with the endpoint config's name: from the first update's traffic on."""
        self._fleet: Fleet | None = None
        self._green: Fleet | None = None
        self._shares: Mapping[str, float] = {}
        self._weights: dict[str, float] = {}
        self._serves = threading.Event()
        self._lock = threading.Lock()

    @property
    def fleet(self) -> Fleet | None:
        """The fleet that serves now; during an update, the old one."""
        return self._fleet

    def wait(self, timeout_s: float) -> bool:
        """Wait until the endpoint serves; False if the time runs out."""
        return self._serves.wait(timeout_s)

    def switch(self, fleet: Fleet | None) -> Fleet | None:
        """Send all traffic to a fleet; returns the previous one, which gets no new requests."""
        with self._lock:
            old, self._fleet, self._green = self._fleet, fleet, None
            self._weights = {v.name: v.weight for v in fleet.plan.variants} if fleet else {}
        if fleet:
            self._serves.set()
        else:
            self._serves.clear()
        return old

    def share(self, green: Fleet, shares: Mapping[str, float]) -> None:
        """Send a share of each variant's requests, 0 to 1, to a second fleet, and the rest to the old one."""
        with self._lock:
            self._green, self._shares = green, shares

    def take_back(self) -> None:
        """Send all traffic to the old fleet again; the second one gets no new requests."""
        with self._lock:
            self._green = None

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """Change the split between the variants."""
        with self._lock:
            self._weights.update(weights)

    @contextmanager
    def borrow(self, target_variant: str | None) -> Iterator[tuple[Container, Fleet]]:
        """A container for one request: of the requested variant, else chosen at random by weight.

        Raises UnknownVariantError, NoTrafficError, BusyError.
        """
        with self._lock:
            variant = target_variant or self._choose()
            fleet = self._fleet_for(variant)
            if fleet is None:
                raise NoTrafficError
            container = fleet.containers.get(variant)
            if container is None:
                raise UnknownVariantError
            limit = container.plan.serverless and container.plan.serverless["MaxConcurrency"]
            if limit and container.in_flight >= limit:
                raise BusyError
            container.borrow()
        try:
            yield container, fleet
        finally:
            container.give_back()

    def _fleet_for(self, variant: str) -> Fleet | None:
        share = self._shares.get(variant, 0.0) if self._green else 0.0
        chosen = self._green if share >= 1 or random.random() < share else self._fleet  # noqa: S311 - traffic
        return chosen if self._fleet else None

    def _choose(self) -> str:
        split = self._weights
        if self._green and min(self._shares.values()) >= 1:
            split = {variant.name: variant.weight for variant in self._green.plan.variants}
        variants = [name for name, weight in split.items() if weight > 0]
        if not variants:
            raise NoTrafficError
        if len(variants) == 1:
            return variants[0]
        return random.choices(variants, [split[name] for name in variants])[0]  # noqa: S311 - traffic
