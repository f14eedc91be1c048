"""From a zip to two parts: all counts, and the real file."""

from __future__ import annotations

import ast
import io
from pathlib import Path
from typing import Any

import pytest

from tests.real_data import real_data
from tests.workflows.text.zips import GOOD, POOR, zipped, zipped_reviews
from workflows.text.sample import zipped_reviews as sample
from workflows.text.scripts import preparation
from workflows.text.scripts.errors import ReviewsError
from workflows.text.scripts.preparation import prepare, stem_of
from workflows.text.scripts.shuffle import Shuffle


class Parts:
    """The lines of each part, in the order in which they are written."""

    def __init__(self) -> None:
        self.train: list[bytes] = []
        self.test: list[bytes] = []

    def prepare(self, content: bytes, **more: Any) -> dict[str, Any]:
        return prepare(io.BytesIO(content), "k", self.train.extend, self.test.extend, **more)


def test_four_of_five_sentences_are_to_train() -> None:
    parts = Parts()
    counts = parts.prepare(zipped_reviews([GOOD] * 7 + [POOR] * 4))
    assert counts == {
        "reviews": 11,
        "labelled": 11,
        "unlabelled": 0,
        "empty": 0,
        "bad_lines": 0,
        "first_bad_lines": [],
        "sentences": 18,
        "labels": {"__label__1": 14, "__label__2": 4},
        "train": 14,
        "test": 4,
    }
    assert (len(parts.train), len(parts.test)) == (14, 4)


def test_the_same_zip_gives_the_same_parts_and_another_seed_others() -> None:
    first, second, other = Parts(), Parts(), Parts()
    first.prepare(sample())
    second.prepare(sample())
    other.prepare(sample(), seed=1)
    assert (first.train, first.test) == (second.train, second.test)
    assert first.train != other.train
    assert sorted(first.train + first.test) == sorted(other.train + other.test)


@pytest.mark.parametrize("content", [b"no zip", zipped({}), zipped_reviews([GOOD]), zipped_reviews([GOOD, POOR, 1])])
def test_nothing_is_written_of_what_is_refused(content: bytes) -> None:
    parts = Parts()
    with pytest.raises(ReviewsError):
        parts.prepare(content)
    assert not parts.train
    assert not parts.test


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(Shuffle.__init__, "__defaults__", (2_000,))
    Parts().prepare(sample())
    with pytest.raises(ReviewsError):
        Parts().prepare(zipped_reviews([GOOD] * 100))
    assert list(tmp_path.iterdir()) == []


def test_names() -> None:
    assert stem_of("a/b.json.zip") == "a/b"
    for name in ("a.zip", ".json.zip", "a/.json.zip", "a.json.zip.part"):
        with pytest.raises(ReviewsError, match=r"found another name than NAME\.json\.zip"):
            stem_of(name)


def test_the_real_file() -> None:
    parts = Parts()
    counts = parts.prepare(real_data("reviews", "reviews_Musical_Instruments_5.json.zip").read_bytes())
    assert counts == {
        "reviews": 10_261,
        "labelled": 3_192,
        "unlabelled": 7_062,
        "empty": 7,
        "bad_lines": 0,
        "first_bad_lines": [],
        "sentences": 27_008,
        "labels": {"__label__1": 23_884, "__label__2": 3_124},
        "train": 21_606,
        "test": 5_402,
    }
    assert (len(parts.train), len(parts.test)) == (21_606, 5_402)


def test_the_scripts_are_written_for_the_python_of_the_container() -> None:
    """Its oldest Python is 3.8; syntax, and the newer names that would be most at hand."""
    modules = sorted(Path(preparation.__file__).parent.glob("*.py"))
    assert len(modules) >= 6
    for module in modules:
        text = module.read_text(encoding="utf-8")
        tree = ast.parse(text, feature_version=(3, 8))
        assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))
        # Annotations are not evaluated, and an alias such as `Callable[...]` of collections.abc is.
        evaluated = [one.value for one in tree.body if isinstance(one, ast.Assign)]
        assert not any(isinstance(value, ast.Subscript) for value in evaluated), module.name
        for newer in ("removesuffix", "removeprefix", "slots=True", "strict=", "datetime.UTC", "StrEnum", "pairwise"):
            assert newer not in text, f"{module.name}: {newer}"
