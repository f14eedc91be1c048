"""Training from /opt/ml/input to a model, in this process."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.image_classification import features
from local_aws.sagemaker.containers.image_classification import model as models
from local_aws.sagemaker.containers.image_classification.hyperparameters import Shape
from local_aws.sagemaker.containers.image_classification.train import train
from tests.local_aws.sagemaker.containers.conftest import MlBuilder
from tests.local_aws.sagemaker.containers.image_classification.drawn import CLASSES, GIVEN, IMAGE, drawn, files
from tests.local_aws.sagemaker.containers.image_classification.test_recordio import image, part
from tests.real_data import real_data

MakeMl = Callable[..., Ml]
X_IMAGE, RECORDIO = "application/x-image", "application/x-recordio"


@pytest.fixture
def trained(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[Ml, str]]:
    """Trains on small images with changes of the hyperparameters; returns what is left, and the log."""

    def run(**changes: str) -> tuple[Ml, str]:
        ml = make_ml(GIVEN | changes, files(), X_IMAGE)
        assert train(ml) == 0, ml.failure_file.read_text()
        return ml, capfd.readouterr().out

    return run


Trained = Callable[..., tuple[Ml, str]]


def metrics_of(log: str) -> dict[str, float]:
    """The last value of each metric, as SageMaker reads it from the log."""
    found = {}
    for line in log.splitlines():
        for name, regex in registry.find(IMAGE).metric_definitions:
            if match := re.search(regex, line.replace("\t", "#011")):
                found[name] = float(match[1])
    return found


def accuracies(log: str, channel: str = "Validation") -> list[float]:
    return [float(text) for text in re.findall(rf"{channel}-accuracy=(\S+)", log)]


def names(ml: Ml) -> list[str]:
    return sorted(path.name for path in ml.model_dir.iterdir())


def test_classes_are_learned_and_logged_as_on_aws(trained: Trained) -> None:
    ml, log = trained(top_k="2")
    found = metrics_of(log)
    assert found["validation:accuracy"] == found["validation:accuracy:epoch"] == 1.0
    assert found["train:accuracy"] == found["train:accuracy:epoch"] > 0.9
    lines = [line.partition("] ")[2] for line in log.splitlines()]
    assert 'Saved checkpoint to "/opt/ml/model/' in log
    start = lines.index("Searching for .lst files in /opt/ml/input/data/train_lst.")
    assert lines[start + 1 : start + 3] == ["Creating record files for train-data.lst", "Done creating record files..."]
    first = next(number for number, line in enumerate(lines) if line.startswith("Epoch[0]"))
    patterns = (
        r"Epoch\[0\] Train-accuracy=\d\.\d{6}",
        r"Epoch\[0\] Train-top_k_accuracy_2=\d\.\d{6}",
        r"Epoch\[0\] Time cost=\d+\.\d{3}",
        r"Epoch\[0\] Validation-accuracy=\d\.\d{6}",
        r"Epoch\[0\] Validation-top_k_accuracy_2=\d\.\d{6}",
        r"Storing the best model with validation accuracy: \d\.\d{6}",
        r'Saved checkpoint to "/opt/ml/model/image-classification-0001.params"',
    )
    for pattern, line in zip(patterns, lines[first:], strict=False):
        assert re.fullmatch(pattern, line)
    assert len(accuracies(log)) == 5
    assert re.match(r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d INFO \d+\] ", log)
    assert len(names(ml)) == 3


def test_the_best_model_alone_is_kept(trained: Trained) -> None:
    ml, log = trained()
    best = int(np.argmax(accuracies(log))) + 1
    params = f"image-classification-{best:04}.params"
    assert names(ml) == [params, "image-classification-symbol.json", "model-shapes.json"]
    assert json.loads((ml.model_dir / "model-shapes.json").read_text()) == [{"shape": [1, 3, 32, 32], "name": "data"}]


def test_every_second_model_is_kept_and_the_last_one_serves(trained: Trained) -> None:
    ml, log = trained(checkpoint_frequency="2")
    assert [name for name in names(ml) if name.endswith(".params")] == [
        "image-classification-0002.params",
        "image-classification-0004.params",
    ]
    assert "Storing the best model" not in log
    with np.load(ml.model_dir / "image-classification-0004.params") as arrays:
        assert np.array_equal(models.load(ml.model_dir).weights, arrays["weights"])


def test_a_half_written_model_does_not_take_the_place_of_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = models.Softmax(Shape(1, 8, 8), np.ones((features.count(1), 2), np.float32), np.zeros(2, np.float32))
    models.save(whole, 1, tmp_path, alone=True)

    def half(file: BinaryIO, **_: object) -> None:
        file.write(b"PK")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="disk full"):
        models.save(whole, 2, tmp_path, alone=True)
    assert np.array_equal(models.load(tmp_path).weights, whole.weights)


def test_the_same_job_gives_the_same_model(trained: Trained) -> None:
    first, log = trained()
    weights = models.load(first.model_dir).weights
    second, again = trained()
    assert np.array_equal(models.load(second.model_dir).weights, weights)
    assert accuracies(log) == accuracies(again)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adam", "learning_rate": "0.01"},
        {"optimizer": "rmsprop", "learning_rate": "0.005"},
        {"optimizer": "nag"},
        {"optimizer": "sgd", "momentum": "0", "learning_rate": "0.3"},
        {"optimizer": "adam", "learning_rate": "0.01", "eps": "0", "beta_1": "0", "beta_2": "0"},
        {"image_shape": "1,32,32"},
        {"image_shape": "3,20,24", "resize": "26"},
    ],
)
def test_settings_that_learn_too(trained: Trained, changes: dict[str, str]) -> None:
    _, log = trained(**changes)
    assert max(accuracies(log)) > 0.9


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adam", "beta_1": "1", "beta_2": "1"},
        {"optimizer": "rmsprop", "gamma": "1", "eps": "0"},
        {"learning_rate": "1", "momentum": "1", "weight_decay": "1"},
        {"learning_rate": "0"},
    ],
)
def test_settings_at_their_ends_give_numbers(trained: Trained, changes: dict[str, str]) -> None:
    ml, _ = trained(**changes)
    assert np.isfinite(models.load(ml.model_dir).weights).all()


def test_weight_decay_makes_weights_smaller(trained: Trained) -> None:
    lengths = []
    for decay in ("0", "0.5"):
        ml, _ = trained(weight_decay=decay, checkpoint_frequency="5")
        lengths.append(np.linalg.norm(models.load(ml.model_dir).weights))
    assert lengths[1] < 0.9 * lengths[0]


def test_the_learning_rate_falls_at_its_steps(trained: Trained) -> None:
    _, log = trained(lr_scheduler_step="1,3", lr_scheduler_factor="0", epochs="4")
    assert re.findall(r"(Epoch\[\d\]) Change learning rate to (\S+)", log) == [
        ("Epoch[1]", "0.00000e+00"),
        ("Epoch[3]", "0.00000e+00"),
    ]
    assert len(set(accuracies(log))) == 1


def test_training_stops_early(trained: Trained) -> None:
    _, log = trained(early_stopping="True", early_stopping_min_epochs="4", early_stopping_patience="2", epochs="30")
    found = accuracies(log)
    stale = len(found) - 1 - found.index(max(found))
    assert 4 <= len(found) < 30
    assert stale >= 2
    assert f"Early stop: no improvement of the validation accuracy in {stale} epochs" in log


def test_a_tolerance_makes_small_gains_no_improvement(trained: Trained) -> None:
    more = {"early_stopping_min_epochs": "1", "early_stopping_patience": "1", "early_stopping_tolerance": "1.0"}
    _, log = trained(early_stopping="True", epochs="30", learning_rate="0.001", **more)
    assert len(accuracies(log)) < 6


def test_batches_are_logged(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    ml = make_ml(GIVEN | {"mini_batch_size": "1", "epochs": "1", "top_k": "2"}, files(), X_IMAGE)
    assert train(ml) == 0
    log = capfd.readouterr().out
    [shares] = re.findall(r"Epoch\[0\] Batch \[20\]\tSpeed: \d+\.\d{3} samples/sec\t(.*)", log)
    batch = re.fullmatch(r"accuracy=(\d\.\d{6})\ttop_k_accuracy_2=(\d\.\d{6})", shares)
    assert batch is not None
    # 21 of the 24 batches of one image are done then.
    [whole] = accuracies(log, "Train")
    for share, images in ((float(batch[1]), 21), (float(batch[2]), 21), (whole, 24)):
        assert share * images == pytest.approx(round(share * images), abs=1e-4)


def test_what_differs_from_aws_is_told(trained: Trained) -> None:
    _, log = trained(num_training_samples="99", num_classes="5", augmentation_type="crop")
    assert "num_training_samples is 99, and channel 'train' has 24 images" in log
    assert "channel 'train' has no image of class 3, 4" in log
    assert "trains a softmax on gradients and colours, no network; without effect: num_layers, augmentation_type" in log


def test_records_give_the_model_that_images_give(make_ml: MakeMl, tmp_path: Path) -> None:
    ml = make_ml(GIVEN, files(), X_IMAGE)
    assert train(ml) == 0
    weights = models.load(ml.model_dir).weights
    recorded = {
        f"{channel}/{channel}.rec": b"".join(
            part(image(number % 3, drawn(CLASSES[number % 3], first + number))) for number in range(count)
        )
        for channel, count, first in (("train", 24, 0), ("validation", 12, 1000))
    }
    again = MlBuilder(tmp_path / "recorded").build(GIVEN, recorded, RECORDIO)
    assert train(again) == 0
    assert np.array_equal(models.load(again.model_dir).weights, weights)


CORRUPT = {"train/rows/0.png": drawn("rows")[:50]}
LST = "train_lst/train-data.lst"


@pytest.mark.parametrize(
    ("changes", "content_type", "reason"),
    [
        (CORRUPT, X_IMAGE, "train/rows/0.png: not an image that can be read: expected JPEG, PNG, BMP"),
        ({"validation/plain/11.png": b""}, X_IMAGE, "validation/plain/11.png: not an image"),
        (
            {"train/rows/0.png": drawn("rows", size=(31, 40))},
            X_IMAGE,
            "train/rows/0.png: the image has 31 x 40 pixels",
        ),
        ({LST: "0\t0\trows/0.jpg\n"}, X_IMAGE, "train_lst/train-data.lst, line 1: 'rows/0.jpg' does not exist"),
        ({LST: "0\t3\trows/0.png\n"}, X_IMAGE, "line 1: found the class '3', expected 0 to 2"),
        (
            {LST: "0\t0\trows/0.png\n"},
            X_IMAGE,
            "The number of input images must be bigger or equal to the mini_batch_size. Found 1 images in channel "
            "'train', mini_batch_size is 8",
        ),
        ({"train_lst/more.lst": "x"}, X_IMAGE, "Channel 'train_lst' must have one file ending in .lst; found more.lst"),
        ({}, "text/csv", "Channel 'train' has ContentType 'text/csv': allowed application/x-image, image/jpeg, image/"),
        ({}, None, "Channel 'train' has ContentType ''"),
        ({}, RECORDIO, "Channel 'train_lst' is unknown: a job with this data has train, validation"),
        ({"test/a.png": "x"}, X_IMAGE, "Channel 'test' is unknown: a job with this data has train, validation, train_"),
        ({"model/model.tar.gz": "x"}, X_IMAGE, "Channel 'model' (incremental training) is not emulated"),
    ],
)
def test_refused_data(make_ml: MakeMl, changes: dict[str, str | bytes], content_type: str | None, reason: str) -> None:
    ml = make_ml(GIVEN, files(changes), content_type)
    assert train(ml) == 2
    assert reason in ml.failure_file.read_text()
    assert not ml.model_dir.exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("features")]


def test_a_fault_in_a_list_is_told_before_images_are_decoded(make_ml: MakeMl) -> None:
    ml = make_ml(GIVEN, files({**CORRUPT, "validation_lst/validation-data.lst": "0\t0\trows/77.png\n"}), X_IMAGE)
    assert train(ml) == 2
    assert "validation_lst/validation-data.lst, line 1: 'rows/77.png' does not exist" in ml.failure_file.read_text()


@pytest.mark.parametrize("channel", ["train", "validation", "train_lst", "validation_lst"])
def test_a_missing_channel_is_named(make_ml: MakeMl, channel: str) -> None:
    ml = make_ml(GIVEN, {path: data for path, data in files().items() if not path.startswith(f"{channel}/")}, X_IMAGE)
    assert train(ml) == 2
    assert f"Caused by: '{channel}' is a required property" in ml.failure_file.read_text()


def test_a_wrong_setting_and_several_hosts_are_refused(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    ml = make_ml(GIVEN | {"epochs": "0"}, files(), X_IMAGE)
    assert train(ml) == 2
    assert "Customer Error: The value '0' is not valid for the 'epochs' hyperparameter" in capfd.readouterr().out
    ml = make_ml(GIVEN, files(), X_IMAGE, hosts=2)
    assert train(ml) == 2
    assert "InstanceCount is 2" in ml.failure_file.read_text()


def test_mammograms(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    folder = real_data("mammography", "resize")
    found: dict[str, str | bytes] = {}
    for channel, part_of in (("train", "train"), ("validation", "test")):
        lines = []
        paths = [
            (number, path) for number, name in enumerate(MAMMOGRAMS) for path in (folder / part_of / name).iterdir()
        ]
        for index, (label, path) in enumerate(sorted(paths)):
            found[f"{channel}/{path.parent.name}/{path.name}"] = path.read_bytes()
            lines.append(f"{index}\t{label}\t{path.parent.name}/{path.name}\n")
        found[f"{channel}_lst/{part_of}-data.lst"] = "".join(lines)
    given = {"num_classes": "5", "num_training_samples": "120", "image_shape": "3,300,150", "num_layers": "18"}
    more = {"mini_batch_size": "8", "epochs": "5", "learning_rate": "0.01", "top_k": "2"}
    assert train(make_ml(given | more, found, X_IMAGE)) == 0
    assert metrics_of(capfd.readouterr().out)["validation:accuracy"] > 0.95


MAMMOGRAMS = ("NAO", "CCD", "CCE", "MLOD", "MLOE")
