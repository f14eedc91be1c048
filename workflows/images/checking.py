"""Judges a model by what its transform job predicted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from workflows.images.judging import Gates, judge, score
from workflows.images.place import Place
from workflows.images.predictions import Outputs, predicted_rows, read_rows

_SHOWN_CLASSES = 50


@dataclass(frozen=True, slots=True)
class Check:
    """The gates, and the folder of the test images, below which SageMaker may repeat folders in its outputs."""

    min_accuracy: float
    min_class_accuracy: float
    test_folder: str


def check_model(check: Check, place: Place) -> dict[str, Any]:
    """Compare predictions with the list of the test images, keep the scores, and return the verdict. Raises DataError.

    The scores of the classes are in the answer where they are few; the file has them all.
    """
    numbers: dict[str, int] = json.loads(b"".join(place.read("lists/classes.json")))
    pairs = predicted_rows(read_rows(place.read("lists/test.lst")), _outputs(check, place), len(numbers))
    found = score(pairs, sorted(numbers, key=numbers.__getitem__))
    document = found.document()
    uri = place.write("metrics.json", [json.dumps(document, indent=1).encode()], "application/json")
    if len(numbers) > _SHOWN_CLASSES:
        del document["classes"]
    worst = {"name": found.worst.name, "accuracy": found.worst.accuracy}
    verdict = judge(found, Gates(check.min_accuracy, check.min_class_accuracy))
    return {**verdict, "metrics": {**document, "worst_class": worst, "uri": uri}}


def _outputs(check: Check, place: Place) -> Outputs:
    base = f"{place.folder}predictions/"
    last = check.test_folder.rstrip("/").rpartition("/")[2]
    return Outputs(place.model_bucket, (base, f"{base}{last}/", f"{base}{check.test_folder}"))
