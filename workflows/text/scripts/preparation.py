"""Prepares a zip of reviews: reads it once, shuffles its sentences and splits them 80 to 20.

Runs in the function and in SageMaker's scikit-learn container: Python 3.8 and its standard library must do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from workflows.text.scripts.archive import LIMITS, Limits, open_only_file
from workflows.text.scripts.errors import ReviewsError
from workflows.text.scripts.reviews import Tally, labelled_lines
from workflows.text.scripts.shuffle import Shuffle

SEED = 20_241
SUFFIX = ".json.zip"

if TYPE_CHECKING:
    # Python 3.8 knows the name, but not with brackets.
    from collections.abc import Callable

    Write = Callable[[Iterator[bytes]], None]
    """Writes all lines of a part."""


def stem_of(name: str) -> str:
    """Return the name of a dataset without `.json.zip`. Raises ReviewsError for another ending."""
    if not name.endswith(SUFFIX) or name.endswith(f"/{SUFFIX}") or name == SUFFIX:
        raise ReviewsError(
            f"{name}: found another name than NAME{SUFFIX}. Rename the file, or upload a zip of reviews."
        )
    return name[: -len(SUFFIX)]


def prepare(
    archive: BinaryIO, name: str, write_train: Write, write_test: Write, seed: int = SEED, limits: Limits = LIMITS
) -> dict[str, Any]:
    """Write the sentences of the reviews in a zip, first those to train on, and return the counts.

    `name` is what messages call the archive. Counts: reviews, labelled, unlabelled, empty (reviews); bad_lines with
    first_bad_lines; sentences, train, test, and the sentences of each label.

    Raises ReviewsError, before anything is written, for an archive or lines that cannot be used.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="reviews-") as folder:
        lines = Shuffle(Path(folder), seed)
        with open_only_file(archive, name, limits) as stream:
            for line in labelled_lines(stream, tally):
                lines.add(line)
        tally.check(name)
        shuffled = iter(lines)
        train = len(lines) * 4 // 5
        write_train(islice(shuffled, train))
        write_test(shuffled)
    return _counts(tally, train)


def _counts(tally: Tally, train: int) -> dict[str, Any]:
    sentences = sum(tally.sentences.values())
    return {
        "reviews": tally.reviews,
        "labelled": tally.labelled,
        "unlabelled": tally.unlabelled,
        "empty": tally.empty,
        "bad_lines": tally.bad,
        "first_bad_lines": tally.first_bad,
        "sentences": sentences,
        "labels": tally.sentences,
        "train": train,
        "test": sentences - train,
    }
