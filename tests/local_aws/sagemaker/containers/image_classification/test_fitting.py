from __future__ import annotations

import numpy as np

from local_aws.sagemaker.containers.image_classification.channels import Samples
from local_aws.sagemaker.containers.image_classification.fitting import Accuracy, epochs
from local_aws.sagemaker.containers.image_classification.hyperparameters import validate
from tests.local_aws.sagemaker.containers.image_classification.drawn import GIVEN


def test_accuracy_counts_the_first_and_the_first_few() -> None:
    accuracy = Accuracy(top_k=2)
    rows = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.5, 0.3, 0.2]], dtype=np.float32)
    accuracy.add(rows, np.array([0, 1, 2, 2]))
    assert accuracy.shares() == {"accuracy": "0.500000", "top_k_accuracy_2": "0.750000"}


def test_equal_probabilities_are_no_right_answers() -> None:
    accuracy = Accuracy(top_k=2)
    accuracy.add(np.full((3, 3), 1 / 3, dtype=np.float32), np.array([0, 1, 2]))
    assert accuracy.shares() == {"accuracy": "0.333333", "top_k_accuracy_2": "0.666667"}
    assert Accuracy(top_k=None, seen=2, right=1).shares() == {"accuracy": "0.500000"}


def test_the_model_is_for_features_as_they_are() -> None:
    draw = np.random.default_rng(3)
    labels = np.arange(60) % 3
    features = (draw.normal(0, 0.01, (60, 5)) + 7).astype(np.float32)
    features[np.arange(60), labels] += 0.2
    settings = validate(GIVEN | {"epochs": "40", "learning_rate": "0.1"})
    *_, last = epochs(settings, Samples(labels, features))
    assert last.model.probabilities(features).argmax(axis=1).tolist() == labels.tolist()
    assert last.number == 39


def test_an_incomplete_batch_waits_for_the_next_epoch() -> None:
    samples = Samples(np.arange(27) % 3, np.random.default_rng(0).random((27, 5), dtype=np.float32))
    assert [epoch.accuracy.seen for epoch in epochs(validate(GIVEN), samples)] == [24] * 5


def test_features_that_are_all_the_same_train_no_difference() -> None:
    settings = validate(GIVEN)
    *_, last = epochs(settings, Samples(np.arange(24) % 3, np.full((24, 5), 0.25, dtype=np.float32)))
    assert np.isfinite(last.model.weights).all()
    assert np.allclose(last.model.probabilities(np.full((1, 5), 0.25, dtype=np.float32)), 1 / 3, atol=0.01)
