from __future__ import annotations

import pytest

from workflows.images.judging import Gates, judge, score

PAIRS = [*[(0, 0)] * 9, (0, 1), *[(1, 1)] * 3, *[(1, 0)] * 2]


def test_scores() -> None:
    found = score(PAIRS, ["cats", "dogs"])
    assert (found.images, found.right, found.accuracy) == (15, 12, 0.8)
    assert (found.worst.name, found.worst.accuracy) == ("dogs", 0.6)
    assert found.document()["classes"] == {
        "cats": {"images": 10, "right": 9, "accuracy": 0.9},
        "dogs": {"images": 5, "right": 3, "accuracy": 0.6},
    }


@pytest.mark.parametrize(
    ("gates", "failures"),
    [
        (Gates(0.8, 0.6), ""),
        (
            Gates(0.81, 0.0),
            "accuracy is 0.8000 (12 of 15 test images), the gate min_accuracy wants at least 0.81",
        ),
        (
            Gates(0.0, 0.7),
            "accuracy of the class dogs is 0.6000 (3 of 5 test images), the gate min_class_accuracy wants at least 0.7",
        ),
    ],
)
def test_gates(gates: Gates, failures: str) -> None:
    assert judge(score(PAIRS, ["cats", "dogs"]), gates) == {"passed": not failures, "failures": failures}


def test_both_gates_may_fail() -> None:
    assert str(judge(score(PAIRS, ["cats", "dogs"]), Gates(1, 1))["failures"]).count("wants at least 1") == 2
