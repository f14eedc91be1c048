"""The program of the processing job: prepares a zip of reviews that lies in its container.

    python3 prepare_reviews.py DATASET

reads input/data/DATASET under /opt/ml/processing and writes, under output, `train/NAME_train.txt`, `test/NAME_test.txt`
and `sentences/NAME_test.jsonl`, the test sentences without labels as BlazingText's batch transform takes them. What it
counted, or why it failed, becomes the job's ExitMessage. The job's code lies in folders of the package's names, and
PYTHONPATH above them.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html

Runs in SageMaker's scikit-learn container: Python 3.8 and its standard library must do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workflows.text.scripts.errors import ReviewsError
from workflows.text.scripts.preparation import prepare, stem_of

ML = Path("/opt/ml")
_MESSAGE_BYTES = 1024
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html"""


def main(arguments: Sequence[str], ml: Path = ML) -> int:
    """Prepare the dataset named by the only argument; return 1, with a sentence in the message, if it cannot be."""
    message = ml / "output" / "message"
    message.parent.mkdir(parents=True, exist_ok=True)
    try:
        counts = _prepare(arguments[0], ml / "processing")
    except ReviewsError as error:
        sys.stderr.write(f"{error}\n")
        message.write_bytes(str(error).encode()[:_MESSAGE_BYTES])
        return 1
    sys.stdout.write(f"{json.dumps(counts)}\n")
    del counts["first_bad_lines"]
    message.write_text(json.dumps(counts), encoding="utf-8")
    return 0


def _prepare(dataset: str, processing: Path) -> dict[str, Any]:
    source, output = processing / "input" / "data" / dataset, processing / "output"
    stem = stem_of(dataset)
    if not source.is_file():
        raise ReviewsError(f"{dataset}: found no such file in the job's input; expected the zip of reviews.")
    train, test = output / "train" / f"{stem}_train.txt", output / "test" / f"{stem}_test.txt"
    inputs = output / "sentences" / f"{stem}_test.jsonl"
    for path in (train, test, inputs):
        path.parent.mkdir(parents=True, exist_ok=True)

    def write_train(lines: Iterator[bytes]) -> None:
        with train.open("wb") as file:
            file.writelines(lines)

    def write_test(lines: Iterator[bytes]) -> None:
        with test.open("wb") as labelled, inputs.open("w", encoding="utf-8") as plain:
            for line in lines:
                labelled.write(line)
                _, _, sentence = line.decode().rstrip("\n").partition(" ")
                plain.write(json.dumps({"source": sentence}) + "\n")

    with source.open("rb") as archive:
        return prepare(archive, dataset, write_train, write_test)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
