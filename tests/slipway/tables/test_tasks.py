"""The problem follows from the label's values; a label that cannot be learned is refused with its name."""

from __future__ import annotations

from collections import Counter

import pytest
from slipway.errors import SlipwayError
from slipway.tables.findings import Counts, Task
from slipway.tables.tasks import MOST_CLASSES, Asked, find_task


def task_of(*labels: str, asked: Asked | None = None) -> Task:
    counted = Counter(labels).most_common()
    numbers = [label for label in labels if label.replace(".", "").isdecimal()]
    label = Counts(
        "y",
        len(labels),
        0,
        len(counted),
        numbers=len(numbers),
        whole=sum(number.isdecimal() for number in numbers),
        markers=labels.count("NA"),
    )
    return find_task(label, counted[: MOST_CLASSES + 1], asked or Asked())


@pytest.mark.parametrize(
    ("labels", "problem", "classes"),
    [
        (["no", "yes", "no"], "binary", ("no", "yes")),
        (["Yes", "No"], "binary", ("No", "Yes")),
        (["1", "0"], "binary", ("0", "1")),
        (["false", "true"], "binary", ("false", "true")),
        (["stays", "leaves", "stays"], "binary", ("stays", "leaves")),
        (["c", "a", "b"], "multiclass", ("a", "b", "c")),
        (["10", "9", "8"], "multiclass", ("8", "9", "10")),
        ([str(number) for number in range(11)], "regression", ()),
        (["1.5", "2.5", "3"], "regression", ()),
        ([*map(str, range(20)), "NA"], "regression", ()),
    ],
)
def test_the_problem_and_the_classes(labels: list[str], problem: str, classes: tuple[str, ...]) -> None:
    found = task_of(*labels)
    assert (found.problem, found.classes) == (problem, classes)
    assert dict(found.rows_of) == (Counter(labels) if classes else {})


def test_what_is_asked_for_is_taken() -> None:
    assert task_of("1", "2", "3", asked=Asked("regression")).problem == "regression"
    assert task_of("no", "yes", asked=Asked(positive="no")).classes == ("yes", "no")


@pytest.mark.parametrize(
    ("labels", "asked", "told"),
    [
        (["a", "a"], Asked(), "found 'a' in every row"),
        ([], Asked(), "found no value in any row"),
        (["a", "b", "c"], Asked("regression"), "found 3 rows without a number, 'a', 'b', 'c' for example"),
        (["a", "b", "c"], Asked("binary"), "found 3 values; expected two for binary"),
        ([f"v{number}" for number in range(101)], Asked(), "found 101 different values"),
        (["a", "b"], Asked(positive="c"), "--positive: found 'c'; expected a value of y: a, b"),
        (["a", "b", "c"], Asked(positive="c"), "--positive: found with 3 classes"),
        (["1.5", "2.5", "3"], Asked(positive="3"), "--positive: found with regression"),
        (["a", "b" * 201], Asked(), "found a value of 201 characters"),
    ],
)
def test_a_label_that_cannot_be_learned(labels: list[str], asked: Asked, told: str) -> None:
    with pytest.raises(SlipwayError) as error:
        task_of(*labels, asked=asked)
    assert told in error.value.message
