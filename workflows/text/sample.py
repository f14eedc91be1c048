"""The sample of the text workflow: 400 made-up reviews of music gear, in the form of Amazon's review files.

Nobody wrote these reviews. Those that readers found helpful speak of use and sound in detail, the others complain or
praise in general, so that a classifier has something to learn; a tenth of the sentences stand in the wrong kind.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.samples import Place, Run, Sample

REVIEWS = 400
NAME = "reviews_sample.json"
_SEED = 7
_STAYS_IN_KIND = 0.9
_NOON_ON_1_JANUARY_2014 = 1_388_577_600

_THINGS = ("strings", "picks", "cable", "pedal", "capo", "strap", "tuner", "amp", "stand", "microphone")
_HELPFUL = (
    "I have played these {} on stage for {} months and they sound warm and clear",
    "Compared with my old {} the tone has more sustain and less noise after {} weeks",
    "The {} fits a full size acoustic and takes about {} minutes to set up",
    "With the {} at {} o'clock the sound stays balanced from bass to treble",
    "The build of the {} is solid metal and it held its tuning for {} songs",
)
_NOT_HELPFUL = (
    "Waste of money do not buy the {} it took {} days to arrive",
    "My nephew got the {} for his birthday {} years ago and whatever",
    "Bought the {} and returned it {} times because shipping was awful",
    "Just buy the {} already {} stars from me hurry up",
    "The seller of the {} never answered my {} messages so I am angry",
)


def zipped_reviews(count: int = REVIEWS, seed: int = _SEED) -> bytes:
    """A zip with one file of JSON lines, a review on each."""
    draw = random.Random(seed)  # noqa: S311  # made-up data
    lines = "".join(json.dumps(_review(number, draw)) + "\n" for number in range(count))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(NAME, (2014, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, lines)
    return buffer.getvalue()


def _review(number: int, draw: random.Random) -> dict[str, Any]:
    """One review: of ten, six are found helpful, three not helpful, and one has no vote."""
    kind = number % 10
    total = 0 if kind == 9 else 3 + int(draw.random() * 20)
    up = total - int(draw.random() * 2) if kind < 6 else int(draw.random() * 2)
    own, other = (_HELPFUL, _NOT_HELPFUL) if kind < 6 else (_NOT_HELPFUL, _HELPFUL)
    sentences = [
        _pick(own if draw.random() < _STAYS_IN_KIND else other, draw).format(_pick(_THINGS, draw), _count(draw))
        for _ in range(2 + int(draw.random() * 4))
    ]
    return {
        "reviewerID": f"A{number:05}",
        "asin": f"B{int(draw.random() * 1000):04}",
        "helpful": [min(up, total), total],
        "reviewText": ". ".join(sentences) + ".",
        "overall": 5.0 if kind < 6 else 1.0,
        "unixReviewTime": _NOON_ON_1_JANUARY_2014 + number * 3600,
    }


def _count(draw: random.Random) -> int:
    return 2 + int(draw.random() * 8)


def _pick(options: tuple[str, ...], draw: random.Random) -> str:
    return options[int(draw.random() * len(options))]


def objects() -> Iterator[tuple[str, bytes]]:
    """The zip twice: for the state machine, and below `incoming/`, where its upload invokes the function."""
    content = zipped_reviews()
    yield f"workflows/text/{NAME}.zip", content
    yield f"workflows/text/incoming/{NAME}.zip", content


def _input(place: Place) -> dict[str, Any]:
    return {
        "bucket": place.data_bucket,
        "prefix": f"s3://{place.data_bucket}/workflows/text/",
        "dataset": f"{NAME}.zip",
    }


def _told(output: Mapping[str, Any]) -> list[str]:
    counts, scores = output["counts"], output["scores"]
    answered = "; ".join(
        f'{answer["label"][0]} ({answer["prob"][0]:.0%}) for "{sentence}"'
        for sentence, answer in zip(output["endpoint"]["sentences"], output["endpoint"]["answers"], strict=True)
    )
    return [
        f"{counts['reviews']:,} reviews, {counts['labelled']:,} of them labelled: {counts['sentences']:,} sentences, "
        f"{counts['train']:,} to train and {counts['test']:,} to test",
        f"accuracy {scores['accuracy']:.1%} on the test sentences, where the more frequent label alone would have "
        f"{scores['largest_share']:.1%}; found of each: "
        + ", ".join(f"{label} {recall:.1%}" for label, recall in scores["recall"].items()),
        f"the endpoint answered {answered}; it is deleted",
        f"transformed the test sentences to {output['transform']}",
    ]


def _input_of_dataset(place: Place) -> dict[str, Any]:
    del place  # the stack names the bucket
    return {"settings": {"reviews": f"workflows/text/{NAME}.zip"}}


def _told_of_dataset(output: Mapping[str, Any]) -> list[str]:
    counts = output["counts"]
    rows = ", ".join(f"{sum(counts[channel].values()):,} {channel}" for channel in ("train", "validation", "test"))
    return [f"dataset {output['dataset'][:16]} for a release: {rows} rows, below {output['prefix']}"]


SAMPLE = Sample(
    system="text",
    title="Text: reviews, sorted by whether readers find them helpful",
    objects=objects,
    runs=(Run("text", _input, _told), Run("text-dataset", _input_of_dataset, _told_of_dataset)),
)
