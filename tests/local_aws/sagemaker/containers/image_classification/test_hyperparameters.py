from __future__ import annotations

import pytest

from local_aws.sagemaker.containers.image_classification.hyperparameters import Shape, validate
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError
from tests.local_aws.sagemaker.containers.image_classification.drawn import GIVEN


def test_defaults_are_the_documented_ones() -> None:
    settings = validate({"num_classes": "2", "num_training_samples": "10"})
    assert settings.shape == Shape(3, 224, 224)
    assert (settings.integer("epochs"), settings.integer("mini_batch_size")) == (30, 32)
    assert (settings.number("learning_rate"), settings.number("momentum")) == (0.1, 0.9)
    assert (settings.given("resize"), settings.given("top_k"), settings.steps) == (None, None, ())
    assert settings.shown()["num_layers"] == "152"
    assert "resize" not in settings.shown()


def test_what_is_given_is_read() -> None:
    settings = validate(GIVEN | {"lr_scheduler_step": "10, 20", "resize": "40", "image_shape": "1, 32, 48"})
    assert settings.steps == (10, 20)
    assert settings.given("resize") == 40
    assert settings.shape == Shape(1, 32, 48)
    assert str(settings.shape) == "1,32,48"


_WRONG = "is not valid for the '{}' hyperparameter which expects one of the following: "


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"num_classes": "0"}, f"The value '0' {_WRONG.format('num_classes')}an integer from 1 (caused by Val"),
        ({"num_training_samples": "many"}, f"'many' {_WRONG.format('num_training_samples')}an integer from 1"),
        ({"num_layers": "19"}, f"'19' {_WRONG.format('num_layers')}'18', '34', '50', '101', '152', '200', '20'"),
        ({"image_shape": "224,224"}, f"'224,224' {_WRONG.format('image_shape')}channels (1 or 3),height,width"),
        ({"image_shape": "4,32,32"}, "'4,32,32' is not valid"),
        ({"image_shape": "3,0,32"}, "'3,0,32' is not valid"),
        ({"learning_rate": "1.5"}, f"'1.5' {_WRONG.format('learning_rate')}a number from 0 to 1"),
        ({"momentum": "nan"}, "'nan' is not valid for the 'momentum'"),
        ({"optimizer": "adagrad"}, f"'adagrad' {_WRONG.format('optimizer')}'sgd', 'adam', 'rmsprop', 'nag'"),
        ({"top_k": "1"}, f"'1' {_WRONG.format('top_k')}an integer from 2"),
        ({"lr_scheduler_step": "10;20"}, "'10;20' is not valid for the 'lr_scheduler_step'"),
        ({"early_stopping": "yes"}, f"'yes' {_WRONG.format('early_stopping')}'True', 'False'"),
        ({"augmentation_type": "flip"}, "'crop', 'crop_color', 'crop_color_transform'"),
        ({"depth": "18"}, "Additional hyperparameters are not allowed ('depth' was unexpected)"),
        ({"checkpoint_frequency": "6"}, "checkpoint_frequency is 6, more than epochs (5)"),
        ({"use_pretrained_model": "1"}, "num_layers is 20: pretrained models have 18, 34, 50, 101, 152, 200"),
        (
            {"use_pretrained_model": "1", "num_layers": "18"},
            "image_shape is 3,32,32: pretrained models take images of 3,224,224 only",
        ),
        ({"multi_label": "1"}, "multi_label is 1: local AWS trains one class per image"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, str], reason: str) -> None:
    with pytest.raises(CustomerError) as refused:
        validate(GIVEN | change)
    assert reason in str(refused.value)


def test_all_that_is_missing_is_named() -> None:
    with pytest.raises(CustomerError) as refused:
        validate({"epochs": "5"})
    assert str(refused.value) == (
        "No value(s) were specified for 'num_classes', 'num_training_samples' which are required hyperparameter(s) "
        "(caused by ValidationError)"
    )
