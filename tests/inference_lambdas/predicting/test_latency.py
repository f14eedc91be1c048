from __future__ import annotations

import itertools
import json
import math

from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.predicting.latency import RESOLUTION, Latencies


@given(st.lists(st.floats(0.01, 60_000), min_size=1), st.integers(0, 20))
def test_percentiles_are_within_the_resolution(latencies: list[float], cut: int) -> None:
    first = Latencies()
    for value in latencies[:cut]:
        first.add(value)
    histogram = Latencies(json.loads(json.dumps(first.to_json())))
    for value in latencies[cut:]:
        histogram.add(value)
    assert histogram.invocations == len(latencies)
    assert histogram.values()["latency_max_ms"] == max(latencies)
    for percent in (50, 95, 99):
        exact = sorted(latencies)[math.ceil(len(latencies) * percent / 100) - 1]
        found = histogram.percentile(percent)
        assert found is not None
        assert exact * (1 - 1e-9) <= found <= exact * (1 + RESOLUTION) * (1 + 1e-9)


def test_without_invocations_there_is_no_latency() -> None:
    assert set(Latencies().values().values()) == {None}


@given(st.lists(st.floats(0.01, 60_000)))
def test_the_histogram_has_every_invocation_in_its_bin(latencies: list[float]) -> None:
    made = Latencies()
    for value in latencies:
        made.add(value)
    bins = made.histogram()
    assert sum(bin_["count"] for bin_ in bins) == len(latencies)
    assert len(bins) < 200
    for bin_, following in itertools.pairwise(bins):
        assert bin_["high_ms"] == following["low_ms"]
    for bin_ in bins:
        low, high = bin_["low_ms"] * (1 + 1e-9), bin_["high_ms"] * (1 - 1e-9)
        assert sum(low < value <= high for value in latencies) <= bin_["count"]
    if latencies:
        assert bins[0]["low_ms"] <= min(latencies) * (1 + 1e-9)
        assert bins[-1]["high_ms"] >= max(latencies) * (1 - 1e-9)
