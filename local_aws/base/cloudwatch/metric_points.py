"""CloudWatch: data points kept in a file, where MiniStack keeps each of them in memory for two weeks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from local_aws.base.cloudwatch.log_groups import owner
from local_aws.base.tables import ministack
from local_aws.state.metric_store import Key, MetricStore, Point

_KEPT_S = 15 * 24 * 3600
"""How long AWS keeps points of a minute; coarser ones, which it keeps longer, are not made here:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention"""
_EVICTION_S = 600.0


class Points:
    """A metric's points as MiniStack reads and adds them."""

    def __init__(self, store: MetricStore, owner: str, key: Key, number: int | None) -> None:
        self._store, self._owner, self._key, self._number = store, owner, key, number

    def append(self, point: Point) -> None:
        """Add a point."""
        self._store.add(self._owner, self._key, point)

    def since(self, at: float) -> list[Point]:
        """The points from a Unix time on."""
        return [] if self._number is None else self._store.points(self._number, at)

    def __iter__(self) -> Iterator[Point]:
        return iter(self.since(0.0))

    def __bool__(self) -> bool:
        return self._number is not None

    def __getitem__(self, index: int) -> Point:
        if self._number is None:
            raise IndexError(index)
        return self._store.points(self._number, count=index + 1)[index]


class _Metrics:
    """Takes the place of MiniStack's dictionary of metrics."""

    def __init__(self, store: MetricStore) -> None:
        self._store = store

    def get(self, key: Key) -> Points:
        """A metric's points; none for one that is not there."""
        return Points(self._store, owner(), key, self._store.find(owner(), key))

    def items(self) -> Iterator[tuple[Key, Points]]:
        """All metrics of this account and Region."""
        mine = owner()
        for key, number in list(self._store.metrics(mine)):
            yield key, Points(self._store, mine, key, number)

    def update(self, other: Any) -> None:
        """Take over the points that an older state file holds."""
        for (account, region, key), points in getattr(other, "_data", {}).items():
            for point in points:
                self._store.add(f"{account}/{region}", key, point)

    def __deepcopy__(self, _memory: object) -> dict[str, object]:
        """Return the content of a state file."""
        return {}


def store_metrics(store: MetricStore) -> None:
    """Put the file in the place of MiniStack's points, and look every ten minutes for points to be forgotten."""
    cloudwatch = ministack("services.cloudwatch")
    before, cloudwatch._metrics = cloudwatch._metrics, _Metrics(store)  # noqa: SLF001
    cloudwatch._metrics.update(before)  # noqa: SLF001
    cloudwatch._metric_bucket = cloudwatch._metrics.get  # noqa: SLF001
    last = 0.0

    def evict_if_due() -> None:
        nonlocal last
        if time.monotonic() - last >= _EVICTION_S:
            last = time.monotonic()
            store.forget_before(time.time() - _KEPT_S)

    cloudwatch._evict_old_metrics = evict_if_due  # noqa: SLF001
