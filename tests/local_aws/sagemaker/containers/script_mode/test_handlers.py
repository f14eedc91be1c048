"""The serving functions of a script, and each image's default for each of them."""

from __future__ import annotations

import io
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from local_aws.sagemaker.containers.script_mode import handlers
from local_aws.sagemaker.containers.script_mode.handlers import Handler

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
ROWS = [[1.0, 2.0], [3.0, 4.0]]


class Doubler:
    """A model as scikit-learn's are."""

    def predict(self, data: Any) -> Any:
        assert data.dtype == np.float32
        return np.asarray(data)[:, 0] * 2


def script(**functions: Any) -> ModuleType:
    module = ModuleType("script")
    vars(module).update(functions)
    return module


def npy(value: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, value)
    return stream.getvalue()


def loaded(repository: str, module: ModuleType, **environment: str) -> Handler:
    made = handlers.for_image(repository, module, "/opt/ml/model", environment)
    made.load()
    return made


def asked(handler: Handler, body: bytes, kind: str | None = JSON, accept: str | None = None) -> tuple[int, str, bytes]:
    headers = {name: value for name, value in (("content-type", kind), ("accept", accept)) if value}
    answer = handler.invoke(body, headers)
    return answer.status, answer.content_type, answer.content


SKLEARN, XGBOOST, PYTORCH = "sagemaker-scikit-learn", "sagemaker-xgboost", "pytorch-inference"


@pytest.fixture
def doubler() -> Handler:
    return loaded(SKLEARN, script(model_fn=lambda _folder: Doubler()))


@pytest.mark.parametrize(
    ("body", "kind", "accept", "answer"),
    [
        (json.dumps(ROWS).encode(), JSON, None, (200, JSON, b"[2.0, 6.0]")),
        (json.dumps(ROWS).encode(), None, "*/*", (200, JSON, b"[2.0, 6.0]")),
        (b"1,2\n3,4\n", CSV, CSV, (200, CSV, b"2.0\n6.0\n")),
        (npy(np.array(ROWS, dtype=np.float32)), NPY, NPY, (200, NPY, npy(np.array([2, 6], dtype=np.float32)))),
    ],
)
def test_scikit_learns_defaults(
    doubler: Handler, body: bytes, kind: str, accept: str, answer: tuple[int, str, bytes]
) -> None:
    assert asked(doubler, body, kind, accept) == answer


@pytest.mark.parametrize(
    ("body", "kind", "accept"),
    [
        (b"red,2\n3,4\n", CSV, CSV),
        (b"1,2\n", CSV, CSV),  # one row is an array of one dimension, as in the image
        (b"[[1, 2", JSON, JSON),
        (b"x", "application/x-other", JSON),
        (json.dumps(ROWS).encode(), JSON, "application/x-other"),
    ],
)
def test_scikit_learns_failures_are_flasks_page(
    doubler: Handler, body: bytes, kind: str, accept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, shown, page = asked(doubler, body, kind, accept)
    assert (status, shown) == (500, "text/html; charset=utf-8")
    assert b"<title>500 Internal Server Error</title>" in page
    assert "Traceback" in capsys.readouterr().err


def test_a_default_accept(capsys: pytest.CaptureFixture[str]) -> None:
    handler = loaded(SKLEARN, script(model_fn=lambda _: Doubler()), SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT=CSV)
    assert asked(handler, json.dumps(ROWS).encode()) == (200, CSV, b"2.0\n6.0\n")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("repository", [SKLEARN, XGBOOST])
def test_model_fn_has_no_default(repository: str) -> None:
    with pytest.raises(NotImplementedError, match="Please provide a model_fn implementation"):
        loaded(repository, script())


@pytest.mark.parametrize("repository", [SKLEARN, XGBOOST, PYTORCH])
def test_the_scripts_own_functions(repository: str) -> None:
    own = script(
        model_fn=lambda folder: [folder],
        input_fn=lambda body, kind: (body, kind),
        predict_fn=lambda data, model: [*model, *data],
        output_fn=lambda prediction, accept: (json.dumps([*prediction, accept]), "application/mine"),
    )
    status, kind, body = asked(loaded(repository, own), b"x", CSV, JSON)
    assert (status, kind, json.loads(body)) == (200, "application/mine", ["/opt/ml/model", "x", CSV, JSON])


@pytest.mark.parametrize("repository", [SKLEARN, XGBOOST, PYTORCH])
def test_transform_fn(repository: str) -> None:
    def transform(model: str, body: Any, kind: str, accept: str) -> tuple[str, str]:
        return f"{model} {body!r} {kind} {accept}", CSV

    own = script(model_fn=lambda _: "model", transform_fn=transform)
    assert asked(loaded(repository, own), b"\x00", NPY, CSV) == (
        200,
        CSV,
        f"model b'\\x00' {NPY} {CSV}".encode(),
    )
    vars(own)["predict_fn"] = lambda data, _model: data
    with pytest.raises(handlers.FunctionsError, match="Cannot use transform_fn implementation with"):
        loaded(repository, own)


def test_what_flask_takes() -> None:
    for output, expected in (
        ("text", (200, "text/html; charset=utf-8", b"text")),
        (b"bytes", (200, "text/html; charset=utf-8", b"bytes")),
        ({"a": 1}, (200, JSON, b'{"a": 1}')),
    ):
        own = script(model_fn=lambda _: None, transform_fn=lambda *_, output=output: output)
        assert asked(loaded(SKLEARN, own), b"[]") == expected
    own = script(model_fn=lambda _: None, transform_fn=lambda *_: 3.5)
    assert asked(loaded(SKLEARN, own), b"[]")[0] == 500


def booster() -> Any:
    data = xgb.DMatrix(np.array([[0, 0], [1, 1], [2, 0], [3, 1]]), np.array([0, 1, 2, 3]))
    return xgb.train({"objective": "reg:squarederror"}, data, 20)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"0,0\n3,1", CSV), (b"0,\n3,1", f"{CSV}; charset=utf-8"), (b"0 0:0 1:0\n0 0:3 1:1\n", "text/libsvm")],
)
def test_xgboosts_defaults(body: bytes, kind: str) -> None:
    handler = loaded(XGBOOST, script(model_fn=lambda _: booster()))
    status, accepted, answer = asked(handler, body, kind, CSV)
    assert (status, accepted) == (200, CSV)
    assert [float(line) for line in answer.split()] == pytest.approx([0, 3], abs=0.3)
    assert json.loads(asked(handler, body, kind)[2]) == pytest.approx([0, 3], abs=0.3)


def test_xgboosts_failures_have_their_message() -> None:
    handler = loaded(XGBOOST, script(model_fn=lambda _: booster()))
    status, _, body = asked(handler, b"{}", JSON)
    assert status == 500
    assert body.startswith(b"Content type application/json is not supported by this framework.")
    assert b"Traceback (most recent call last)" in body

    class TooManyRowsError(Exception):
        status_code, message = 413, "too many rows"

    def refuse(_body: Any, _kind: Any) -> Any:
        raise TooManyRowsError

    handler = loaded(XGBOOST, script(model_fn=lambda _: booster(), input_fn=refuse))
    status, _, body = asked(handler, b"", CSV)
    assert (status, body.split(b"\n")[0]) == (413, b"too many rows")


def test_a_function_may_take_the_context() -> None:
    def predict(data: str, model: str, context: Any) -> list[str]:
        return [data, model, context.system_properties["model_dir"]]

    own = script(model_fn=lambda _: "model", input_fn=lambda body, _kind: body, predict_fn=predict)
    assert json.loads(asked(loaded(XGBOOST, own), b"x", CSV)[2]) == ["x", "model", "/opt/ml/model"]
    vars(own)["predict_fn"] = lambda data: data
    assert b"predict_fn takes 1 arguments but 2 were given." in asked(loaded(XGBOOST, own), b"x", CSV)[2]


def test_execution_parameters() -> None:
    own = script(model_fn=lambda _: "model")
    given = loaded(XGBOOST, own, SAGEMAKER_MAX_REQUEST_SIZE=str(2 * 1024 * 1024)).execution_parameters()
    assert given is not None
    assert json.loads(given.body)["MaxPayloadInMB"] == 2
    assert loaded(SKLEARN, own).execution_parameters() is None
    vars(own)["execution_parameters_fn"] = lambda: {"MaxConcurrentTransforms": 3}
    mine = loaded(SKLEARN, own).execution_parameters()
    assert mine is not None
    assert json.loads(mine.body) == {"MaxConcurrentTransforms": 3}


class Tensor:
    """What of torch's tensors the defaults use."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values, dtype=float)

    def to(self, _device: str) -> Tensor:
        return self

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> Any:
        return self.values


class Summing:
    """A TorchScript model."""

    def to(self, _device: str) -> Summing:
        return self

    def eval(self) -> None:
        pass

    def __call__(self, data: Tensor) -> Tensor:
        return Tensor(data.values.sum(axis=1))


class _Nothing:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def test_pytorchs_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    torch = SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: False),
        device=str,
        no_grad=_Nothing,
        FloatTensor=Tensor,
        from_numpy=Tensor,
        jit=SimpleNamespace(load=lambda _path, map_location: Summing() if map_location == "cpu" else None),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    made = handlers.for_image(PYTORCH, script(), str(tmp_path), {})
    with pytest.raises(ValueError, match="Exactly one"):
        made.load()
    (tmp_path / "net.pth").touch()
    made.load()
    for body, kind, accept, expected in (
        (json.dumps(ROWS).encode(), JSON, None, b"[3.0, 7.0]"),
        (b"1,2\n3,4", CSV, f"text/plain, {CSV}", b"3.0\n7.0\n"),
        (npy(np.array(ROWS, dtype=np.float32)), NPY, JSON, b"[3.0, 7.0]"),
    ):
        assert asked(made, body, kind, accept)[2] == expected
    assert asked(made, b"1,2\n3,4", CSV, "text/plain")[0] == 500
    assert made.execution_parameters() is None
