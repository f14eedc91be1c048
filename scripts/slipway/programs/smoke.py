"""Serves a program once, in a process of its own: `python smoke.py CODE MODEL ROWS ANSWER FRAMEWORK`.

Imports the entry in CODE, checks the signatures of the functions, and unless MODEL is empty asks for the rows in the
file ROWS and writes the answer to the file ANSWER. The exit code is 1 if the program is not as SageMaker needs it, with
a sentence on standard error. It imports nothing of this project, so that the program meets what it meets there.

https://github.com/aws/sagemaker-inference-toolkit, transformer.py and default_inference_handler.py
"""

from __future__ import annotations

import csv
import importlib
import inspect
import sys
import traceback
from pathlib import Path
from typing import Any

CSV = "text/csv"
SIGNATURES = {
    "model_fn": ("model_dir",),
    "input_fn": ("body", "content_type"),
    "predict_fn": ("data", "model"),
    "output_fn": ("prediction", "accept"),
    "transform_fn": ("model", "body", "content_type", "accept"),
}


class WrongProgramError(Exception):
    """The program is not as SageMaker needs it."""


def functions_of(module: Any) -> dict[str, Any]:
    """Return the functions that the module has. Raises WrongProgramError."""
    found = {name: getattr(module, name) for name in SIGNATURES if hasattr(module, name)}
    if "model_fn" not in found:
        raise WrongProgramError("found no function model_fn; expected model_fn(model_dir), which loads the model")
    for name, function in found.items():
        arguments = SIGNATURES[name]
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError:
            own = f"{name}{inspect.signature(function)}"
            raise WrongProgramError(f"found {own}; expected {name}({', '.join(arguments)})") from None
    if "transform_fn" in found and found.keys() & {"input_fn", "predict_fn", "output_fn"}:
        raise WrongProgramError(
            "found transform_fn beside input_fn, predict_fn or output_fn; expected one or the other"
        )
    return found


def answer(functions: dict[str, Any], model_dir: str, body: str, framework: str) -> bytes:
    """Return the answer to a request; functions that the program lacks are those of the image."""
    model = functions["model_fn"](model_dir)
    if "transform_fn" in functions:
        return content_of(functions["transform_fn"](model, body, CSV, CSV))
    read = functions.get("input_fn") or (lambda text, _: numbers(text, framework))
    predict = functions.get("predict_fn") or (lambda data, model: model.predict(data))
    write = functions.get("output_fn") or (lambda prediction, _: lines(prediction))
    return content_of(write(predict(read(body, CSV), model), CSV))


def numbers(text: str, framework: str) -> Any:
    """Return rows of numbers, as the image's own input_fn does."""
    numpy = importlib.import_module("numpy")
    rows = numpy.array([[float(cell) for cell in row] for row in csv.reader(text.splitlines())])
    return importlib.import_module("xgboost").DMatrix(rows) if framework == "xgboost" else rows


def lines(prediction: Any) -> str:
    """Return predictions as the image's own output_fn does: a row a line."""
    rows = [row if isinstance(row, list) else [row] for row in getattr(prediction, "tolist", lambda: prediction)()]
    return "\n".join(",".join(map(str, row)) for row in rows)


def content_of(found: Any) -> bytes:
    body = found[0] if isinstance(found, tuple) else getattr(found, "response", found)
    if isinstance(body, list):
        body = b"".join(part if isinstance(part, bytes) else str(part).encode() for part in body)
    if not isinstance(body, str | bytes):
        raise WrongProgramError(f"output_fn returned {type(body).__name__}; expected a text")
    return body.encode() if isinstance(body, str) else body


def main(code: str, model_dir: str, rows: str, target: str, framework: str) -> int:
    sys.path.insert(0, code)
    entry = importlib.import_module("slipway_script")
    try:
        functions = functions_of(entry)
        if model_dir:
            body = Path(rows).read_text(encoding="utf-8")
            Path(target).write_bytes(answer(functions, model_dir, body, framework))
    except WrongProgramError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - whatever it is, it ends here with its place
        traceback.print_exc()
        sys.stderr.write(f"{entry.place(error)}: {type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
