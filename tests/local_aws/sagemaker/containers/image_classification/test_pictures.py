from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from local_aws.sagemaker.containers.image_classification import pictures
from local_aws.sagemaker.containers.image_classification.hyperparameters import Shape
from local_aws.sagemaker.containers.image_classification.pictures import PictureError
from tests.local_aws.sagemaker.containers.image_classification.drawn import drawn, encoded

SHAPE = Shape(3, 20, 10)


def ramp(width: int, height: int) -> Image.Image:
    """An image whose red is its column and whose green is its row."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    return Image.fromarray(np.dstack([columns, rows, np.zeros_like(rows)]))


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises many pixels, and that has none."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP"])
def test_the_formats(form: str) -> None:
    found = pictures.for_training(drawn("rows", size=(10, 20), form=form), SHAPE, None)
    assert found.shape == (20, 10, 3)
    assert found.dtype == np.uint8
    plain = pictures.for_training(drawn("rows", size=(10, 20)), SHAPE, None)
    assert np.abs(found.astype(int) - plain).mean() < 12


def test_the_centre_is_cropped_for_training() -> None:
    found = pictures.for_training(encoded(ramp(30, 41)), SHAPE, None)
    assert found[0, 0].tolist() == [10, 10, 0]
    assert found[-1, -1].tolist() == [19, 29, 0]


def test_the_shortest_side_is_resized_for_training() -> None:
    found = pictures.for_training(encoded(ramp(40, 100)), SHAPE, 20)
    # 20 x 50 pixels remain, of which the centre is column 5 to 15 and row 15 to 35, each two of the original.
    assert found[0, 0].tolist() == pytest.approx([10.5, 30.5, 0], abs=1)
    assert found[-1, -1].tolist() == pytest.approx([28.5, 68.5, 0], abs=1)


def test_a_large_jpeg_is_resized_alike() -> None:
    large = drawn("columns", size=(640, 1280), form="JPEG")
    small = Image.open(io.BytesIO(large)).resize((10, 20), Image.Resampling.BILINEAR)
    assert np.abs(pictures.for_inference(large, SHAPE).astype(int) - np.asarray(small)).mean() < 6


def test_an_image_of_extreme_proportions_takes_no_memory() -> None:
    found = pictures.for_training(encoded(Image.new("RGB", (60_000, 1), (5, 6, 7))), SHAPE, 4000)
    assert found.shape == (20, 10, 3)
    assert (found == [5, 6, 7]).all()


def test_an_image_is_stretched_for_inference() -> None:
    found = pictures.for_inference(encoded(ramp(40, 40)), SHAPE)
    assert found[0, 0].tolist() == pytest.approx([1.5, 0.5, 0], abs=1)
    assert found[-1, -1].tolist() == pytest.approx([37.5, 38.5, 0], abs=1)


MODES = {mode: Image.new("L", (10, 20), 204).convert("RGB").convert(mode) for mode in ("L", "P", "RGBA", "LA", "CMYK")}
MODES["1"] = Image.new("1", (10, 20), 1)
MODES["I;16"] = Image.fromarray(np.full((20, 10), 204 << 8, np.uint16))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 3])
def test_other_modes_become_the_shape(mode: str, channels: int) -> None:
    data = encoded(MODES[mode], "JPEG" if mode == "CMYK" else "PNG")
    found = pictures.for_training(data, Shape(channels, 20, 10), None)
    assert found.shape == (20, 10, channels)
    assert np.abs(found.astype(int) - (255 if mode == "1" else 204)).max() <= 2


def test_transparency_is_dropped() -> None:
    file = io.BytesIO()
    MODES["P"].save(file, "PNG", transparency=bytes(256))
    assert (pictures.for_inference(file.getvalue(), SHAPE) == 204).all()


def test_an_image_that_is_too_small_is_refused() -> None:
    with pytest.raises(PictureError, match=r"has 9 x 20 pixels \(width x height\); training needs at least 10 x 20"):
        pictures.for_training(encoded(ramp(9, 20)), SHAPE, None)
    with pytest.raises(PictureError, match=r"has 12 x 12 pixels \(width x height\) after resize; .* 3,20,10"):
        pictures.for_training(encoded(ramp(40, 40)), SHAPE, 12)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image",
        drawn("rows")[:60],
        drawn("rows", form="JPEG")[:-200],
        drawn("rows", form="BMP")[:200],
        encoded(Image.new("RGB", (32, 32)), "GIF"),
        encoded(Image.new("RGB", (32, 32)), "TIFF"),
        drawn("rows").replace(b"IDAT", b"IDAX"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError, match="not an image that can be read: expected JPEG, PNG, BMP, undamaged"):
        pictures.for_inference(data, SHAPE)
    with pytest.raises(PictureError, match="not an image that can be read"):
        pictures.for_training(data, SHAPE, None)


@pytest.mark.parametrize("sides", [(10_000, 9_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused(sides: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match=r"pixels; at most 89478485 in all are decoded"):
        pictures.for_inference(bomb(*sides), SHAPE)
