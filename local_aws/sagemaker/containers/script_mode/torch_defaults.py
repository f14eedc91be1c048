"""PyTorch's serving functions for a script that lacks them.

https://github.com/aws/sagemaker-pytorch-inference-toolkit, default_pytorch_inference_handler.py. torch is no dependency
of local AWS, so it is imported by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_aws.sagemaker.containers.script_mode import codecs

_FILE = "model.pt"


def _torch() -> Any:
    return importlib.import_module("torch")


def _device() -> Any:
    torch = _torch()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def model_fn(model_dir: str) -> Any:
    """A TorchScript model: model.pt, or the only .pt or .pth file."""
    path = Path(model_dir, _FILE)
    if not path.exists():
        found = sorted(file for file in Path(model_dir).iterdir() if file.suffix in (".pt", ".pth"))
        if len(found) != 1:
            names = [file.name for file in found]
            raise ValueError(f"Exactly one .pth or .pt file is required for PyTorch models: {names}")
        path = found[0]
    try:
        model = _torch().jit.load(str(path), map_location=_device())
    except RuntimeError as error:
        raise RuntimeError(f"Failed to load {path}. Please ensure model is saved using torchscript.") from error
    return model.to(_device())


def input_fn(body: Any, content_type: object) -> Any:
    torch = _torch()
    array = codecs.decode_for_torch(body, content_type)
    tensor = torch.FloatTensor(array) if content_type in codecs.TEXT_TYPES else torch.from_numpy(array)
    return tensor.to(_device())


def predict_fn(data: Any, model: Any) -> Any:
    with _torch().no_grad():
        model = model.to(_device())
        model.eval()
        return model(data.to(_device()))


def output_fn(prediction: Any, accept: str) -> str | bytes:
    """The first type of Accept that there is an encoder for."""
    if hasattr(prediction, "detach"):
        prediction = prediction.detach().cpu().numpy().tolist()
    for kind in (part.strip() for part in accept.split(",")):
        if kind in (codecs.JSON, codecs.CSV, codecs.NPY):
            return codecs.encode(prediction, kind)
    raise codecs.UnsupportedFormatError(accept)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "model_fn": model_fn,
    "input_fn": input_fn,
    "predict_fn": predict_fn,
    "output_fn": output_fn,
}
