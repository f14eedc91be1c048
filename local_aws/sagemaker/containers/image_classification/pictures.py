"""Decodes images, and brings them to the size that the model takes.

https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html, `image_shape` and `resize`: for training the
shortest side becomes `resize` pixels long and the centre is cropped to the shape, and an image that is smaller than the
shape fails the job. For inference the image is stretched to the shape.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from local_aws.sagemaker.containers.image_classification.hyperparameters import Shape

CONTENT_TYPES = ("application/x-image", "image/jpeg", "image/png")
FORMATS = ("JPEG", "PNG", "BMP")
_MAX_PIXELS = 89_478_485
"""Where Pillow begins to speak of decompression bombs: 256 MB of RGB."""
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, struct.error)
"""What Pillow raises for a file that is none of FORMATS, or that is damaged."""

Pixels = NDArray[np.uint8]
"""Height x width x channels."""


class PictureError(Exception):
    """The image cannot be used. The message says why; the caller adds which image it is."""


def for_training(data: bytes, shape: Shape, resize: int | None) -> Pixels:
    """Decode an image, bring its shortest side to `resize` pixels, and crop the centre. Raises PictureError."""
    image = _decoded(data, shape, (resize, resize) if resize else None)
    scale = resize / min(image.size) if resize else 1.0
    width, height = round(image.width * scale), round(image.height * scale)
    if width < shape.width or height < shape.height:
        raise PictureError(
            f"the image has {width} x {height} pixels (width x height){' after resize' if resize else ''}; training "
            f"needs at least {shape.width} x {shape.height} (image_shape {shape})"
        )
    # The part that remains is cut out first, so an image of extreme proportions is never made larger.
    left, top = (width - shape.width) / 2 / scale, (height - shape.height) / 2 / scale
    right, bottom = left + shape.width / scale, top + shape.height / scale
    box = (left, top, min(right, image.width), min(bottom, image.height))
    return _pixels(image, shape, tuple(map(int, box)) if scale == 1.0 else box)


def for_inference(data: bytes, shape: Shape) -> Pixels:
    """Decode an image and stretch it to the shape. Raises PictureError."""
    image = _decoded(data, shape, (shape.width, shape.height))
    return _pixels(image, shape, (0, 0, image.width, image.height))


def _decoded(data: bytes, shape: Shape, least: tuple[int, int] | None) -> Image.Image:
    """Return the image with the shape's channels; a JPEG of more than twice the size `least` is decoded smaller."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > _MAX_PIXELS:
            raise PictureError(_too_large(f"{image.width} x {image.height}"))
        if least is not None:
            image.draft(None, least)
        if image.mode.startswith("I"):  # PNG of 16 bits, which convert() would cut off at 255
            image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
        if "transparency" in image.info:  # else convert() warns that it is dropped
            image = image.convert("RGBA")
        return image.convert("L" if shape.channels == 1 else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(_too_large("far too many")) from None
    except _UNREADABLE:
        raise PictureError(f"not an image that can be read: expected {', '.join(FORMATS)}, undamaged") from None


def _too_large(found: str) -> str:
    return f"the image has {found} pixels; at most {_MAX_PIXELS} in all are decoded"


def _pixels(image: Image.Image, shape: Shape, box: tuple[float, ...]) -> Pixels:
    left, top, right, bottom = box
    resized = image.resize((shape.width, shape.height), Image.Resampling.BILINEAR, (left, top, right, bottom))
    return np.asarray(resized, dtype=np.uint8).reshape(shape.height, shape.width, shape.channels)
