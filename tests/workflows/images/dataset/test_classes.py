from __future__ import annotations

import pytest

from workflows.images.dataset.classes import Folders, number_classes, refuse_empty
from workflows.runtime.errors import DataError

URI = "s3://data/x/"


def folders(train: str, test: str) -> Folders:
    return Folders(URI, train.split(), test.split())


def test_classes_are_numbered_by_their_names() -> None:
    assert number_classes(folders("dogs cats", "cats dogs"), []) == {"cats": 0, "dogs": 1}


def test_classes_are_numbered_in_the_order_of_the_input() -> None:
    assert number_classes(folders("CCD NAO CCE", "NAO CCE CCD"), ["NAO", "CCD", "CCE"]) == {
        "NAO": 0,
        "CCD": 1,
        "CCE": 2,
    }


@pytest.mark.parametrize(
    ("train", "test", "wanted", "message"),
    [
        (
            "cats dogs owl",
            "cats dogs",
            "cats dogs",
            "train/: found the folders owl, which are not among the classes of",
        ),
        ("cats dogs", "cats dogs owl", "", "test/: found the folders owl, which are not among the classes that are"),
        ("cats dogs", "cats", "", "s3://data/x/test/: found no folder for the classes dogs."),
        ("cats dogs", "cats dogs", "cats dogs owl", "train/: found no folder for the classes owl; s3://data/x/test/: "),
        ("cats", "cats", "", r"train/: found 1 folders \(cats\); expected a folder for each of at least 2 classes"),
        ("", "", "", r"train/: found 0 folders \(none\)"),
        (" ".join(f"c{n:02}" for n in range(14)), "", "", "c08, c09 and 4 more"),
    ],
)
def test_unknown_and_missing_classes_are_named(train: str, test: str, wanted: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        number_classes(folders(train, test), wanted.split())


def test_empty_classes_are_named() -> None:
    refuse_empty(URI, {("train", "cats"): 1})
    with pytest.raises(
        DataError, match="s3://data/x/: found no images in train/dogs/, test/cats/; expected at least one"
    ):
        refuse_empty(URI, {("train", "cats"): 1, ("train", "dogs"): 0, ("test", "cats"): 0})
