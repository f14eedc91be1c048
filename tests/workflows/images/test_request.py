from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.images.folders import KEY, given
from workflows.images.hyperparameters import hyperparameters, volume_gib, volume_key
from workflows.runtime.errors import InputError


def test_defaults() -> None:
    assert hyperparameters(given(), num_classes=5, num_training_samples=1712) == {
        "num_classes": "5",
        "num_training_samples": "1712",
        "image_shape": "3,224,224",
        "num_layers": "18",
        "epochs": "30",
        "mini_batch_size": "32",
        "learning_rate": "0.01",
        "optimizer": "sgd",
        "top_k": "2",
        "use_pretrained_model": "0",
    }


def test_a_batch_is_no_larger_than_the_images() -> None:
    told = hyperparameters(given(mini_batch_size=64, top_k=9), num_classes=3, num_training_samples=20)
    assert (told["mini_batch_size"], told["top_k"]) == ("20", "3")


def test_optional_hyperparameters() -> None:
    told = hyperparameters(given(resize=256, augmentation_type="crop"), 2, 10)
    assert (told["resize"], told["augmentation_type"]) == ("256", "crop")


def test_instance_types() -> None:
    assert given().transform_instance_type == "ml.m5.large"
    assert given(transform_instance_type="ml.c5.xlarge").transform_instance_type == "ml.c5.xlarge"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"colour": 1}, "has the unknown key colour; allowed: prefix, classes, image_shape"),
        ({"prefix": "resize"}, "has prefix 'resize'; expected a folder below workflows/images/ in the data bucket"),
        ({"prefix": "workflows/images/"}, "has prefix 'workflows/images/'; expected a folder below"),
        ({"prefix": "workflows/images//x"}, "has prefix"),
        ({"classes": ["a", "b", "a"]}, "has a more than once in classes"),
        ({"image_shape": "300x200"}, "has image_shape '300x200'; expected channels,height,width, such as 3,224,224"),
        ({"image_shape": "3,0,10"}, "has image_shape '3,0,10'"),
        ({"resize": 224}, "has resize 224; expected more than the height and width of image_shape 3,224,224"),
        ({"use_pretrained_model": 1, "image_shape": "3,32,32"}, "expected 3,224,224 with use_pretrained_model"),
        ({"use_pretrained_model": 1, "num_layers": 20}, "has num_layers 20; expected one of 18, 34, 50, 101, 152, 200"),
        ({"use_pretrained_model": 2}, "has use_pretrained_model 2; expected one of 0, 1"),
        ({"num_layers": 19}, "has num_layers 19; expected one of 18, 20, 32"),
        ({"epochs": 0}, "has epochs 0; expected 1 to"),
        ({"top_k": 1}, "has top_k 1; expected 2 to"),
        ({"learning_rate": 1.5}, "has learning_rate 1.5; expected 0 to 1"),
        ({"min_accuracy": 90}, "has min_accuracy 90.0; expected 0 to 1"),
        ({"optimizer": "lion"}, "has optimizer 'lion'; expected one of sgd, adam, rmsprop, nag"),
        ({"listing": "thread"}, "has listing 'thread'; expected one of function, map"),
        (
            {"instance_type": "g4dn"},
            "has instance_type 'g4dn'; expected a type with a GPU on which the algorithm trains",
        ),
        ({"instance_type": "ml.m5.large"}, "has instance_type 'ml.m5.large'; expected a type with a GPU"),
        ({"transform_instance_type": "m5"}, "has transform_instance_type 'm5'; expected a type such as ml.m5.large"),
        ({"max_runtime_seconds": 1}, "has max_runtime_seconds 1; expected 60 to 432,000"),
        ({"epochs": 0, "optimizer": "lion"}, "has epochs 0; expected 1 to 100,000; has optimizer 'lion'"),
    ],
)
def test_a_wrong_input_is_told(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        given(**more)


def test_volumes() -> None:
    assert volume_key("ml.p3.2xlarge", KEY) == {"VolumeKmsKeyId": KEY}
    assert volume_key("ml.g4dn.xlarge", KEY) == {}
    assert (volume_gib(1), volume_gib(10 << 30)) == (33, 60)
