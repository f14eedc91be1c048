from __future__ import annotations

import numpy as np
import pytest

from local_aws.sagemaker.containers.image_classification import features


def gradients(found: features.Features) -> features.Features:
    """Blocks x corners of a block x orientations."""
    return found[: 49 * 36].reshape(49, 4, 9)


@pytest.mark.parametrize("size", [(32, 32, 3), (300, 150, 3), (7, 9, 3), (1, 1, 1), (40, 40, 1)])
def test_their_number_does_not_depend_on_the_size(size: tuple[int, int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    found = features.of(image)
    assert found.shape == (features.count(size[2]),)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize(("turns", "bins"), [(0, [0, 8]), (1, [4])])
def test_an_edge_counts_for_the_orientation_of_its_gradient(turns: int, bins: list[int]) -> None:
    """A gradient across is between the first and the last of nine bins over 180 degrees, one down in the middle one."""
    image = np.rot90(np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1)), turns)
    strengths = gradients(features.of(image[:, :, np.newaxis])).sum(axis=(0, 1))
    assert np.flatnonzero(strengths > 1e-3).tolist() == bins


def test_the_strongest_channel_decides() -> None:
    ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1))
    image = np.dstack([np.full_like(ramp, 9), ramp // 4, ramp.T])
    strengths = gradients(features.of(image)).sum(axis=(0, 1))
    assert strengths.argmax() == 4


def test_brightness_changes_colours_only() -> None:
    image = np.random.default_rng(1).integers(0, 100, (32, 32, 3), dtype=np.uint8)
    dark, light = features.of(image), features.of(image + 50)
    assert np.array_equal(gradients(dark), gradients(light))
    assert np.allclose(light[49 * 36 :] - dark[49 * 36 :], 50 / 255, atol=1e-6)


def test_colours_are_the_means_of_cells() -> None:
    image = np.zeros((16, 16, 3), dtype=np.uint8)
    image[:2, 2:4, 1] = 255
    colours = features.of(image)[49 * 36 :].reshape(3, 8, 8)
    assert colours[1, 0, 1] == 1
    assert colours.sum() == 1
