"""Which containers take an endpoint's requests at this moment."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local_aws.sagemaker.hosting import Container, Fleet


class UnknownVariantError(Exception):
    """TargetVariant names no variant of the endpoint."""


class NoTrafficError(Exception):
    """No variant has a weight above zero."""


class BusyError(Exception):
    """A serverless variant is at its MaxConcurrency."""


class LiveEndpoint:
    """An endpoint that takes requests, or will in a moment."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.deploying = False
        """Metrics then also carry the name of the endpoint config."""
        self._fleet: Fleet | None = None
        self._weights: dict[str, float] = {}
        self._serves = threading.Event()
        self._lock = threading.Lock()

    @property
    def fleet(self) -> Fleet | None:
        """What serves now."""
        return self._fleet

    def wait(self, timeout_s: float) -> bool:
        """Wait until the endpoint serves; False if it does not by then."""
        return self._serves.wait(timeout_s)

    def switch(self, fleet: Fleet | None) -> Fleet | None:
        """Send all traffic to a fleet; returns the one that had it, which gets no new request any more."""
        with self._lock:
            old, self._fleet = self._fleet, fleet
            self._weights = {v.name: v.weight for v in fleet.plan.variants} if fleet else {}
        if fleet:
            self._serves.set()
        else:
            self._serves.clear()
        return old

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """Change the split between the variants."""
        with self._lock:
            self._weights.update(weights)

    @contextmanager
    def borrow(self, target_variant: str | None) -> Iterator[tuple[Container, Fleet]]:
        """A container for one request: of the variant asked for, else chosen at random by weight.

        Raises UnknownVariantError, NoTrafficError, BusyError.
        """
        with self._lock:
            fleet = self._fleet
            if fleet is None:
                raise NoTrafficError
            container = fleet.containers.get(target_variant) if target_variant else self._choose(fleet)
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

    def _choose(self, fleet: Fleet) -> Container:
        variants = [name for name, weight in self._weights.items() if weight > 0]
        if not variants:
            raise NoTrafficError
        if len(variants) == 1:
            return fleet.containers[variants[0]]
        weights = [self._weights[name] for name in variants]
        return fleet.containers[random.choices(variants, weights)[0]]  # noqa: S311 - traffic, not cryptography
