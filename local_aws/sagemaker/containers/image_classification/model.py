"""A softmax over features, which training writes and serving reads.

The names of the files are AWS's; what is in them only this stand-in reads: the .params file is a numpy archive.
"""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local_aws.sagemaker.containers.image_classification import features
from local_aws.sagemaker.containers.image_classification.features import Features
from local_aws.sagemaker.containers.image_classification.hyperparameters import Shape
from local_aws.sagemaker.containers.toolkit.model_service import ModelError

_PREFIX = "image-classification"
_SYMBOL, _SHAPES = f"{_PREFIX}-symbol.json", "model-shapes.json"
_PARAMS = re.compile(rf"{_PREFIX}-([0-9]+)\.params")
_KIND = "local-aws-hog-softmax"


@dataclass(frozen=True)
class Softmax:
    """`weights` are features x classes, `bias` has one number per class; both are for features as they are."""

    shape: Shape
    weights: Features
    bias: Features

    @property
    def classes(self) -> int:
        return len(self.bias)

    def probabilities(self, found: Features) -> Features:
        """Return images x classes from images x features; each row adds up to 1."""
        margins = found @ self.weights + self.bias
        powers = np.exp(margins - margins.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def params_name(epoch: int) -> str:
    """Return the name of the parameters' file after an epoch; the first is 1."""
    return f"{_PREFIX}-{epoch:04}.params"


def save(model: Softmax, epoch: int, model_dir: Path, *, alone: bool) -> Path:
    """Write the model and return its file of parameters; with `alone` the files of earlier epochs are removed.

    A job that is stopped meanwhile leaves the model that was there.
    """
    model_dir.mkdir(parents=True, exist_ok=True)
    earlier = list(_files(model_dir).values()) if alone else []
    shape = model.shape
    symbol = {"kind": _KIND, "features": features.VERSION, "num_classes": model.classes, "image_shape": str(shape)}
    (model_dir / _SYMBOL).write_text(json.dumps(symbol), encoding="utf-8")
    shapes = [{"shape": [1, shape.channels, shape.height, shape.width], "name": "data"}]
    (model_dir / _SHAPES).write_text(json.dumps(shapes), encoding="utf-8")
    path, partial = model_dir / params_name(epoch), model_dir / f".{params_name(epoch)}"
    with partial.open("wb") as file:
        np.savez(file, weights=model.weights, bias=model.bias)
    partial.replace(path)
    for old in earlier:
        if old != path:
            old.unlink()
    return path


def _files(model_dir: Path) -> dict[int, Path]:
    """Return the files of parameters by their epoch."""
    return {int(match[1]): path for path in model_dir.iterdir() if (match := _PARAMS.fullmatch(path.name))}


def load(model_dir: Path) -> Softmax:
    """Return the model of the last epoch in a directory. Raises ModelError."""
    files = _files(model_dir)
    if not files:
        raise ModelError(f"No model file in {model_dir}: expected {params_name(1)} or a later epoch in model.tar.gz")
    path = files[max(files)]
    try:
        return _load(path, json.loads((model_dir / _SYMBOL).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"Model at {path} was not trained by local AWS: {type(error).__name__}: {error}") from None


def _load(path: Path, symbol: dict[str, object]) -> Softmax:
    found = symbol["kind"], symbol["features"]
    if found != (_KIND, features.VERSION):
        raise ValueError(f"{_SYMBOL} names {found}, expected {(_KIND, features.VERSION)}: train the model again")
    shape = Shape.of(str(symbol["image_shape"]))
    with np.load(path, allow_pickle=False) as arrays:
        weights, bias = arrays["weights"], arrays["bias"]
    if weights.shape != (features.count(shape.channels), len(bias)):
        raise ValueError(f"the weights are of the shape {weights.shape}")
    return Softmax(shape, weights, bias)
