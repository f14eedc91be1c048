from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.report.kit.scales import Scale, linear, logarithmic

TINY = "\N{MULTIPLICATION SIGN}10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT SEVEN}"
VALUES = st.lists(st.floats(-1e100, 1e100, allow_nan=False), min_size=1, max_size=5)


@given(VALUES, st.booleans(), st.booleans())
def test_a_scale_holds_its_values_and_ticks_inside(values: list[float], whole: bool, zero: bool) -> None:
    scale = linear(values, whole=whole, zero=zero)
    near = 1e-6 * (scale.high - scale.low)
    held = [*values, *([0.0] if zero else [])]
    assert scale.low - near <= min(held)
    assert max(held) <= scale.high + near
    places = [value for value, _ in scale.ticks()]
    assert 1 <= len(places) <= 9
    assert places == sorted(places)
    assert all(scale.low - near <= place <= scale.high + near for place in places)


@given(VALUES)
def test_ticks_differ_in_their_texts(values: list[float]) -> None:
    texts = [text for _, text in linear(values).ticks()]
    assert len(texts) == len(set(texts))
    assert len(texts) >= 2


@given(VALUES, st.floats(0, 1), st.floats(0, 1))
def test_a_greater_value_lies_further(values: list[float], one: float, other: float) -> None:
    scale = linear(values).on(100, 300)
    low, high = sorted(scale.low + share * (scale.high - scale.low) for share in (one, other))
    assert 100 <= scale(low) <= scale(high) <= 300


@given(st.floats(1e-3, 1e9), st.floats(1, 1e9))
def test_logarithmic_ticks_lie_inside(low: float, factor: float) -> None:
    scale = logarithmic(low, low * factor)
    places = [value for value, _ in scale.ticks()]
    assert len(places) <= 8
    assert all(scale.low * 0.999 <= place <= scale.high * 1.001 for place in places)
    if scale.high >= 10 * scale.low:
        assert places


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.0, 1.0], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([3.0, 8.0], ["3", "4", "5", "6", "7", "8"]),
        ([-1.2, 2.2], ["\N{MINUS SIGN}2", "\N{MINUS SIGN}1", "0", "1", "2", "3"]),
        ([0.0, 10_000_000.0], ["0", "2,000,000", "4,000,000", "6,000,000", "8,000,000", "10,000,000"]),
        ([1e-7, 5e-7], [f"{n}{TINY}" for n in range(1, 6)]),
    ],
)
def test_ticks_are_round_numbers(values: list[float], texts: list[str]) -> None:
    assert [text for _, text in linear(values).ticks()] == texts


def test_what_lies_outside_goes_to_the_edge() -> None:
    scale = Scale(0, 10, 100, 200)
    assert [scale(value) for value in (-5, 0, 2.5, 10, 99)] == [100, 100, 125, 200, 200]
    upwards = logarithmic(1, 100).on(0, 2)
    assert [upwards(value) for value in (0.5, 1, 10, 100)] == pytest.approx([0, 0, 1, 2])


def test_no_values_make_a_scale_of_shares() -> None:
    assert linear([]) == Scale(0, 1)
