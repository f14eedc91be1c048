from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from pipeline_lambdas.runtime.failures import AwsRequestError
from tests.workflows.images.folders import CATS_AND_DOGS, DATA, MODELS, PLACE, PREFIX, given, put, text, time_left
from workflows.images.dataset.listing import join_lists, list_images, list_shard, plan_lists
from workflows.images.place import Place
from workflows.images.request import ImagesInput
from workflows.runtime.errors import DataError, InputError

pytestmark = pytest.mark.usefixtures("buckets")

TRAIN = "0\t0\tcats/a.png\n1\t0\tcats/indoors/B.JPEG\n2\t1\tdogs/c.jpg\n"
TEST = "0\t0\tcats/d.bmp\n1\t1\tdogs/e.png\n"


def listed(asked: ImagesInput) -> dict[str, Any]:
    return list_images(asked, PLACE, time_left)


def mapped(asked: ImagesInput) -> dict[str, Any]:
    """As the machine does it."""
    for index in range(plan_lists(asked, PLACE)["shards"]):
        list_shard(asked, PLACE, index, time_left)
    return join_lists(asked, PLACE)


WAYS = pytest.mark.parametrize("way", [listed, mapped])


@WAYS
def test_lists(way: Any) -> None:
    put({**CATS_AND_DOGS, "train/cats/.DS_Store": b"x", "test/notes.txt": b"x", "test/dogs/e.json": b"{}"})
    found = way(given(mini_batch_size=16))
    assert (text("lists/train.lst"), text("lists/test.lst")) == (TRAIN, TEST)
    assert json.loads(text("lists/classes.json")) == {"cats": 0, "dogs": 1}
    assert json.loads(text("lists/test.manifest")) == [
        {"prefix": f"s3://{DATA}/{PREFIX}/test/"},
        "cats/d.bmp",
        "dogs/e.png",
    ]
    assert found["train"] == {
        "images": 3,
        "bytes": 15,
        "uri": f"s3://{DATA}/{PREFIX}/train/",
        "list": f"s3://{MODELS}/workflows/images/run-1/lists/train.lst",
    }
    assert found["skipped"] == {"hidden": 1, "other": 2}
    assert found["classes"]["count"] == 2
    told = found["hyperparameters"]
    assert (told["num_classes"], told["num_training_samples"], told["mini_batch_size"]) == ("2", "3", "3")
    assert found["volume_key"] == {}
    assert found["transform_volume_key"] == {"VolumeKmsKeyId": PLACE.kms_key_arn}


@WAYS
def test_the_input_may_number_the_classes(way: Any) -> None:
    put(CATS_AND_DOGS)
    way(given(classes=["dogs", "cats"]))
    assert text("lists/train.lst") == "0\t0\tdogs/c.jpg\n1\t1\tcats/a.png\n2\t1\tcats/indoors/B.JPEG\n"
    assert json.loads(text("lists/classes.json")) == {"dogs": 0, "cats": 1}


@WAYS
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"train/dogs/x.jpg": b""}, "1 without any bytes, such as workflows/images/animals/train/dogs/x.jpg. Upload"),
        (
            {"test/dogs/a\tb.jpg": b"x"},
            r"1 with a tab, the end of a line or // in its key, such as 'workflows/.*/a\\tb.jpg'",
        ),
        (
            {"test/dogs//a.jpg": b"x"},
            "1 with a tab, the end of a line or // in its key, such as 'workflows/images/",
        ),
        ({"test//a.jpg": b"x"}, "animals/test/: found the folders '', which are not among the classes"),
        ({"train/loose.png": b"x"}, "animals/train/loose.png: found an image outside the folder of a class. Move it"),
        ({"train/loose.png": b""}, "animals/train/loose.png: found an image outside"),
        ({"train/owls/x.png": b"x"}, "animals/test/: found no folder for the classes owls"),
        ({"test/owls/x.png": b"x"}, "animals/test/: found the folders owls, which are not among"),
        ({"train/owls/x.png": b"x", "test/owls/x.txt": b"x"}, "found no images in test/owls/"),
    ],
)
def test_what_cannot_be_trained_on_is_named(way: Any, more: dict[str, bytes], message: str) -> None:
    put({**CATS_AND_DOGS, **more})
    with pytest.raises(DataError, match=message):
        way(given())


def test_an_empty_prefix_is_told() -> None:
    with pytest.raises(DataError, match=f"s3://{DATA}/{PREFIX}/train/: found 0 folders"):
        listed(given())


def test_a_missing_bucket_is_told() -> None:
    with pytest.raises(AwsRequestError, match="NoSuchBucket"):
        list_images(given(), Place("nothing", MODELS, PLACE.kms_key_arn, "run-1"), time_left)


@pytest.mark.parametrize(("listing", "advice"), [("function", '"listing": "map"'), ("map", "Spread the images")])
def test_a_function_ends_in_time(listing: str, advice: str) -> None:
    put(CATS_AND_DOGS)
    asked = given(listing=listing)
    plan_lists(asked, PLACE)
    with pytest.raises(InputError, match=f"more images than a function lists in its time. .*{advice}"):
        list_shard(asked, PLACE, 0, lambda: 100_000)


def test_the_same_images_give_the_same_lists() -> None:
    put(CATS_AND_DOGS)
    assert listed(given()) == listed(given())
    versions = boto3.client("s3").list_objects_v2(Bucket=MODELS)["Contents"]
    assert {found["Key"].rpartition("/")[2] for found in versions} == {
        "classes.json",
        "test.lst",
        "test.manifest",
        "train.lst",
    }
