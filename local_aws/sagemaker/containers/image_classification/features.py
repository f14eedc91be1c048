"""Features of an image: histograms of oriented gradients (HOG), and colours.

N. Dalal and B. Triggs, Histograms of Oriented Gradients for Human Detection, CVPR 2005
(https://doi.org/10.1109/CVPR.2005.177): gradients of the strongest channel, 9 unsigned orientations, cells, and
overlapping blocks of 2 x 2 cells whose histograms are normalised together. Here a grid of 8 x 8 cells lies over each
image whatever its size, so that the number of features is fixed; the mean colours of the cells are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.image_classification.pictures import Pixels

VERSION = 1
"""Part of a model file: a model works only with the features that it was trained on."""
_CELLS = 8
_BINS = 9
_CLIP = 0.2
_STEEPEST = 255
_WIDTH = 2 * _STEEPEST + 1
_SMALL = 1e-3

Features = NDArray[np.float32]


def count(channels: int) -> int:
    """Return the number of features of an image with this many channels."""
    return (_CELLS - 1) ** 2 * 4 * _BINS + _CELLS**2 * channels


def of(pixels: Pixels) -> Features:
    """Return the features of one image, each between 0 and 1."""
    channels = np.ascontiguousarray(np.moveaxis(pixels, 2, 0), dtype=np.int32)
    cells, sizes = _cells(*pixels.shape[:2])
    colours = [np.bincount(cells, channel.ravel(), _CELLS**2) / (sizes * 255) for channel in channels]
    return np.concatenate([_blocks(_histograms(channels, cells)), *colours]).astype(np.float32)


def _histograms(channels: NDArray[np.int32], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each cell the strength of the gradients by orientation: cells x cells x bins."""
    padded = np.pad(channels, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    strengths = down**2 + across**2
    for channel in range(1, len(channels)):
        stronger = strengths[channel] > strengths[0]
        for part in (down, across, strengths):
            np.copyto(part[0], part[channel], where=stronger)
    gradient = ((down[0] + _STEEPEST) * _WIDTH + across[0] + _STEEPEST).ravel()
    table, index, size = _gradients(), cells * _BINS, _CELLS**2 * _BINS
    found = np.bincount(index + table.first[gradient], table.first_share[gradient], size)
    found += np.bincount(index + table.second[gradient], table.second_share[gradient], size)
    return np.asarray(found.reshape(_CELLS, _CELLS, _BINS), dtype=np.float64)


@dataclass(frozen=True)
class _Gradients:
    """For each difference down and across, from -255 to 255 each: the two bins that it counts for, and how much."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    first_share: NDArray[np.float64]
    second_share: NDArray[np.float64]


@cache
def _gradients() -> _Gradients:
    down, across = np.mgrid[-_STEEPEST : _STEEPEST + 1, -_STEEPEST : _STEEPEST + 1].reshape(2, -1)
    turn = np.arctan2(down, across) * (_BINS / np.pi) - 0.5
    lower = np.floor(turn)
    first, share, strength = lower.astype(np.int64) % _BINS, turn - lower, np.hypot(down, across) / _STEEPEST
    return _Gradients(first, (first + 1) % _BINS, strength * (1 - share), strength * share)


def _blocks(histograms: NDArray[np.float64]) -> NDArray[np.float64]:
    corners = [histograms[i : i + _CELLS - 1, j : j + _CELLS - 1] for i in (0, 1) for j in (0, 1)]
    blocks = _unit(np.concatenate(corners, axis=2))
    return _unit(np.minimum(blocks, _CLIP)).ravel()


def _unit(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(blocks / np.sqrt((blocks**2).sum(axis=2, keepdims=True) + _SMALL**2))


@lru_cache(maxsize=4)
def _cells(height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the cell of each pixel, row by row, and the number of pixels of each cell, at least 1."""
    rows, columns = np.arange(height) * _CELLS // height, np.arange(width) * _CELLS // width
    cells = (rows[:, np.newaxis] * _CELLS + columns).ravel()
    return cells, np.maximum(np.bincount(cells, minlength=_CELLS**2), 1).astype(np.float64)
