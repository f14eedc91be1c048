"""What an endpoint answers, as it is shown."""

from __future__ import annotations

import pytest
from slipway.releases.predictions import Prediction


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"score": 5.25}, "5.25"),
        ({"score": [0.25, 0.75]}, "0.25  0.75"),
        ({"score": 0.2, "predicted_label": "no", "probabilities": {"no": 0.8, "yes": 0.2}}, "no  (0.8)"),
        (
            {"score": [0.1, 0.9], "predicted_label": "b", "probabilities": {"a": 0.1, "b": 0.9}},
            "b  (0.9)",
        ),
        ({"score": 1.5, "predicted_label": "yes"}, "yes"),
        ({"score": [0.5, 0.5], "predicted_label": 1}, "1"),
    ],
)
def test_a_class_is_shown_by_its_name_and_its_probability(answer: dict[str, object], shown: str) -> None:
    assert str(Prediction.of(answer)) == shown


def test_an_answer_without_a_score_is_none() -> None:
    with pytest.raises(KeyError):
        Prediction.of({"label": "a"})
