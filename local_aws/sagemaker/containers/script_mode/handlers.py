"""A script's serving functions and the defaults of its image: model_fn, then transform_fn or input, predict, output.

scikit-learn: https://github.com/aws/sagemaker-scikit-learn-container, serving.py, on
https://github.com/aws/sagemaker-containers, _transformer.py and _worker.py (Flask). XGBoost and PyTorch:
https://github.com/aws/sagemaker-inference-toolkit, transformer.py (Multi Model Server), with the handlers of
https://github.com/aws/sagemaker-xgboost-container and https://github.com/aws/sagemaker-pytorch-inference-toolkit.
"""

from __future__ import annotations

import inspect
import json
import os
import traceback
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

from local_aws.sagemaker.containers.script_mode import codecs, frameworks, torch_defaults
from local_aws.sagemaker.containers.script_mode.codecs import CSV, JSON
from local_aws.sagemaker.containers.toolkit.http_server import Answer

Function = Callable[..., Any]
_STEPS = ("input_fn", "predict_fn", "output_fn")
_HTML = "text/html; charset=utf-8"
_FLASK_500 = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<title>500 Internal Server Error</title>
<h1>Internal Server Error</h1>
<p>The server encountered an internal error and was unable to complete your request. \
Either the server is overloaded or there is an error in the application.</p>
"""


class FunctionsError(Exception):
    """The script's functions cannot serve together."""


class Handler(Protocol):
    """Serves one model by one script."""

    def load(self) -> None:
        """Load the model. Raises whatever the script raises."""

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Answer a request; a failure of the script is an answer too, with its traceback on standard output."""

    def execution_parameters(self) -> Answer | None:
        """What batch transform is told, None if there is no such address."""


def _steps(module: ModuleType, defaults: Mapping[str, Function]) -> dict[str, Function]:
    """The functions of the script, with the image's for those that it lacks. Raises FunctionsError."""
    own = {name: getattr(module, name) for name in ("model_fn", "transform_fn", *_STEPS) if hasattr(module, name)}
    if "transform_fn" in own and any(name in own for name in _STEPS):
        raise FunctionsError("Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn")
    return {**defaults, **own}


def no_model_fn(_model_dir: str) -> Any:
    """The default model_fn where there is none."""
    raise NotImplementedError(
        "\nPlease provide a model_fn implementation.\n"
        "See documentation for model_fn at https://github.com/aws/sagemaker-python-sdk\n"
    )


class FlaskHandler:
    """scikit-learn's image. Any failure of a function, the defaults included, is Flask's page with status 500."""

    def __init__(self, module: ModuleType, model_dir: str, environment: Mapping[str, str]) -> None:
        """Raises FunctionsError."""
        self._functions = _steps(module, SCIKIT_LEARN)
        self._parameters = getattr(module, "execution_parameters_fn", None)
        self._model_dir = model_dir
        self._default_accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        self._model: Any = None

    def load(self) -> None:
        self._model = self._functions["model_fn"](self._model_dir)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        kind = headers.get("content-type") or JSON
        accept = headers.get("accept", "")
        accept = self._default_accept if accept in ("", "*/*") else accept
        try:
            content = body.decode() if kind in codecs.TEXT_TYPES else body
            return _flask_answer(self._transform(content, kind, accept))
        except Exception:  # noqa: BLE001 - Flask answers for any failure
            traceback.print_exc()
            return Answer(500, _FLASK_500, _HTML)

    def execution_parameters(self) -> Answer | None:
        if self._parameters is None:
            return None
        try:
            return _flask_answer(self._parameters())
        except Exception:  # noqa: BLE001 - Flask answers for any failure
            traceback.print_exc()
            return Answer(500, _FLASK_500, _HTML)

    def _transform(self, content: Any, kind: str, accept: str) -> Any:
        steps = self._functions
        if "transform_fn" in steps:
            return steps["transform_fn"](self._model, content, kind, accept)
        prediction = steps["predict_fn"](steps["input_fn"](content, kind), self._model)
        return steps["output_fn"](prediction, accept)


def _answer(body: str | bytes, kind: str) -> Answer:
    return Answer(200, body, kind) if isinstance(body, str) else Answer(200, content_type=kind, data=body)


def _flask_answer(result: Any) -> Answer:
    """What Flask makes of a function's result: a body, or a body with its content type."""
    body, kind = result if isinstance(result, tuple) else (result, None)
    if isinstance(body, dict):
        body, kind = json.dumps(body), kind or JSON
    if not isinstance(body, (str, bytes)):
        raise TypeError(f"The view function did not return a valid response: it returned a {type(body).__name__}")
    return _answer(body, kind or _HTML)


def _scikit_learn_input(body: Any, content_type: str) -> Any:
    array = codecs.decode(body, content_type)
    return array.astype("float32") if content_type in codecs.TEXT_TYPES else array


SCIKIT_LEARN: dict[str, Function] = {
    "model_fn": no_model_fn,
    "input_fn": _scikit_learn_input,
    "predict_fn": lambda data, model: model.predict(data),
    "output_fn": lambda prediction, accept: (codecs.encode(prediction, accept), accept),
}


class ModelServerHandler:
    """The images on Multi Model Server. A failure is status 500 with its message and traceback.

    A function may take one more argument, the context. An error with a status_code, as the toolkit's own
    BaseInferenceToolkitError has, keeps it.
    """

    def __init__(
        self, module: ModuleType, model_dir: str, environment: Mapping[str, str], defaults: Mapping[str, Function]
    ) -> None:
        """Raises FunctionsError."""
        self._functions = _steps(module, defaults)
        self._model_dir = model_dir
        self._default_accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        self._limit = int(environment.get("SAGEMAKER_MAX_REQUEST_SIZE", MAX_REQUEST_BYTES))
        self._context = SimpleNamespace(system_properties={"model_dir": model_dir, "gpu_id": None})
        self._model: Any = None

    def load(self) -> None:
        self._model = self._call("model_fn", self._model_dir)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        kind = headers.get("content-type")
        accept = headers.get("accept", "")
        accept = self._default_accept if accept in ("", "*/*") else accept
        try:
            content = body.decode() if kind in codecs.TEXT_TYPES else body
            result = self._transform(content, kind, accept)
            answer, kind = result if isinstance(result, tuple) else (result, accept)
            return _answer(answer if isinstance(answer, (str, bytes)) else json.dumps(answer), str(kind))
        except Exception as error:  # noqa: BLE001 - the server answers for any failure
            trace = traceback.format_exc()
            print(trace, flush=True)  # noqa: T201 - the container's log
            status = getattr(error, "status_code", 500)
            message = getattr(error, "message", None) or str(error) or "Invalid Request"
            return Answer(status if isinstance(status, int) else 500, f"{message}\n{trace}", "text/plain")

    def execution_parameters(self) -> Answer | None:
        if self._functions["model_fn"] is torch_defaults.model_fn:
            return None
        document = {
            "MaxConcurrentTransforms": os.cpu_count(),
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self._limit // (1024 * 1024),
        }
        return Answer(200, json.dumps(document), JSON)

    def _transform(self, content: Any, kind: str | None, accept: str) -> Any:
        if "transform_fn" in self._functions:
            return self._call("transform_fn", self._model, content, kind, accept)
        prediction = self._call("predict_fn", self._call("input_fn", content, kind), self._model)
        return self._call("output_fn", prediction, accept)

    def _call(self, name: str, *arguments: Any) -> Any:
        function = self._functions[name]
        taken = len(inspect.signature(function).parameters)
        if taken == len(arguments):
            return function(*arguments)
        if taken == len(arguments) + 1:
            return function(*arguments, self._context)
        raise TypeError(f"{name} takes {taken} arguments but {len(arguments)} were given.")


MAX_REQUEST_BYTES = 6 * 1024 * 1024
"""MAX_PAYLOAD_IN_MB in serving.py of XGBoost's container."""


def _xgboost_output(prediction: Any, accept: str) -> str | bytes:
    encoded = codecs.encode(prediction, accept)
    return encoded.encode() if accept == CSV and isinstance(encoded, str) else encoded


XGBOOST: dict[str, Function] = {
    "model_fn": no_model_fn,
    "input_fn": codecs.decode_to_matrix,
    "predict_fn": lambda data, model: model.predict(data, validate_features=False),
    "output_fn": _xgboost_output,
}


def for_image(repository: str, module: ModuleType, model_dir: str, environment: Mapping[str, str]) -> Handler:
    """The handler of an image. Raises FunctionsError."""
    if repository == frameworks.SCIKIT_LEARN.repository:
        return FlaskHandler(module, model_dir, environment)
    defaults = XGBOOST if repository == frameworks.XGBOOST.repository else torch_defaults.FUNCTIONS
    return ModelServerHandler(module, model_dir, environment, defaults)
