"""A column that gives the label away is found, and one that only helps is not."""

from __future__ import annotations

import numpy as np
import pytest
from slipway.tables.leaks import Pair, share_known

NOISE = np.random.default_rng(3).random(600).tolist()


def classes(says: float) -> tuple[list[Pair], list[Pair]]:
    """Return rows to learn from and to judge on, whose word is the label's in a share of them."""
    rows: list[Pair] = []
    for number, noise in enumerate(NOISE):
        label = "yes" if number % 4 == 0 else "no"
        other = "no" if label == "yes" else "yes"
        rows.append((label, f"ended {label if noise < says else other}"))
    return rows[:400], rows[400:]


def numbers(noise: float) -> tuple[list[Pair], list[Pair]]:
    rows: list[Pair] = [(str(3 * value), 5 * value + noise * NOISE[index - 1]) for index, value in enumerate(NOISE)]
    return rows[:400], rows[400:]


def test_a_word_that_is_the_label_takes_all_errors_away() -> None:
    assert share_known(*classes(1.0), regression=False) == 1
    assert 0.3 < share_known(*classes(0.9), regression=False) < 0.9


def test_a_number_that_is_the_label_takes_nearly_all_errors_away() -> None:
    assert share_known(*numbers(0), regression=True) > 0.99
    assert share_known(*numbers(2.0), regression=True) < 0.9


def test_a_gap_can_give_the_label_away() -> None:
    rows: list[Pair] = [("yes", None) if number % 3 else ("no", float(number)) for number in range(300)]
    assert share_known(rows[:200], rows[200:], regression=False) == 1


def test_values_that_nobody_has_seen_count_as_the_baseline_says() -> None:
    rows: list[Pair] = [("yes" if number % 3 else "no", f"id {number}") for number in range(300)]
    assert share_known(rows[:200], rows[200:], regression=False) == 0


@pytest.mark.parametrize("few", [[], [("yes", "a")] * 10])
def test_few_rows_tell_nothing(few: list[Pair]) -> None:
    assert share_known(few, classes(1.0)[1], regression=False) == 0
    assert share_known(classes(1.0)[0], few, regression=False) == 0
