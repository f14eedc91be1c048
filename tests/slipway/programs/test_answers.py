"""What `slipway predict` makes of a program's answer."""

from __future__ import annotations

from slipway.verbs.predict import csv_predictions


def test_a_line_is_a_number_a_class_or_probabilities() -> None:
    assert csv_predictions(b"0.25\n1\n") == [0.25, 1.0]
    assert csv_predictions(b'yes\n"no, thanks"\n') == ["yes", "no, thanks"]
    assert csv_predictions(b"0.25,0.75\r\n1,0\r\n") == [[0.25, 0.75], [1.0, 0.0]]
