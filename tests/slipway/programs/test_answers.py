"""What `slipway predict` makes of a program's answer."""

from __future__ import annotations

from typing import Any

from slipway.releases.predictions import csv_predictions


def scores(body: bytes) -> list[Any]:
    return [one.score for one in csv_predictions(body)]


def test_a_line_is_a_number_a_class_or_probabilities() -> None:
    assert scores(b"0.25\n1\n") == [0.25, 1.0]
    assert scores(b'yes\n"no, thanks"\n') == ["yes", "no, thanks"]
    assert scores(b"0.25,0.75\r\n1,0\r\n") == [[0.25, 0.75], [1.0, 0.0]]
