"""JSONPath as AWS evaluates it: in the input (`$`), the Context object (`$$`) and variables (`$name`).

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from local_aws.stepfunctions.contracts.errors import RESULT_PATH_MATCH, RUNTIME, StatesError
from local_aws.stepfunctions.language.paths.parser import FUNCTIONS, function_at, read_steps
from local_aws.stepfunctions.language.paths.reader import PathSyntaxError, Reader
from local_aws.stepfunctions.language.paths.steps import Index, MissingPathError, Name, Names, Step, walk
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import is_number, json_text

__all__ = [
    "MissingPathError",
    "Path",
    "PathSyntaxError",
    "evaluate",
    "parse_path",
    "put",
    "read",
    "select",
]

CONTEXT: Final = "$$"


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path. `root` is "$", "$$" or the name of a variable without its dollar sign."""

    text: str
    root: str
    steps: tuple[Step, ...]
    function: str = ""
    arguments: tuple[Any, ...] = ()

    @property
    def definite(self) -> bool:
        """Whether the path selects one value; else its value is the list of all that it selects."""
        return all(step.definite or (isinstance(step, Names) and not step.each) for step in self.steps)


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """Read a path. Raises PathSyntaxError."""
    reader = Reader(text)
    if not reader.take("$"):
        raise reader.error("a path starts with '$'")
    root = CONTEXT if reader.take("$") else _variable(reader) or "$"
    steps = tuple(read_steps(reader))
    function, arguments = _function(reader)
    if reader.at < len(text):
        raise reader.error("nothing more is expected")
    return Path(text, root, steps, function, arguments)


def _variable(reader: Reader) -> str:
    start = reader.at
    while reader.at < len(reader.text) and f"v{reader.text[reader.at]}".isidentifier():
        reader.at += 1
    name = reader.text[start : reader.at]
    if name and not name.isidentifier():
        raise reader.error(f"'{name}' is no name of a variable")
    return name


def _function(reader: Reader) -> tuple[str, tuple[Any, ...]]:
    if not reader.take("."):
        return "", ()
    name = function_at(reader)
    if name not in FUNCTIONS:
        raise reader.error(f"there is no function '{name}'" if name else "expected a name")
    reader.at += len(name) + 1
    end = reader.text.find(")", reader.at)
    if end < 0:
        raise reader.error("expected ')'")
    inside, reader.at = reader.text[reader.at : end].strip(), end + 1
    return name, tuple(_argument(reader, each.strip()) for each in inside.split(",")) if inside else ()


def _argument(reader: Reader, text: str) -> Any:
    if text[:1] in {"'", '"'} and text[-1:] == text[:1] and len(text) > 1:
        return text[1:-1]
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise reader.error(f"'{text}' is no argument of a function") from None


def read(path: Path, document: Any) -> Any:
    """The value of a path in its document: one value, or a list where the path is indefinite.

    Raises MissingPathError.
    """
    found = walk(path.steps, document)
    value = found[0] if path.definite else found
    return _apply(path, value) if path.function else value


def _apply(path: Path, value: Any) -> Any:
    if path.function in {"length", "size"}:
        if isinstance(value, str | list | dict):
            return len(value)
    elif path.function == "keys":
        if isinstance(value, dict):
            return list(value)
    elif isinstance(value, list):
        return _of_list(path, value)
    raise MissingPathError(f"Aggregation function attempted to calculate value using empty array: {path.text}")


def _of_list(path: Path, value: list[Any]) -> Any:
    if path.function == "append":
        return [*value, *path.arguments]
    if path.function == "concat":
        return "".join(each if isinstance(each, str) else json_text(each) for each in (*value, *path.arguments))
    if path.function in {"first", "last", "index"}:
        at = {"first": 0, "last": -1}.get(path.function, path.arguments[0] if path.arguments else 0)
        return walk([Index(int(at))], value)[0]
    numbers = [float(each) for each in (*value, *path.arguments) if is_number(each)]
    if not numbers:
        raise MissingPathError("Aggregation function attempted to calculate value using empty array")
    calculate: dict[str, Callable[[list[float]], float]] = {
        "min": min,
        "max": max,
        "sum": sum,
        "avg": statistics.fmean,
        "stddev": statistics.pstdev,
    }
    return calculate[path.function](numbers)


def evaluate(text: str, document: Any, scope: Scope) -> Any:
    """The value of a path in an input, the Context object or a variable. Raises MissingPathError, PathSyntaxError."""
    path = parse_path(text)
    return read(path, _document(path, document, scope))


def _document(path: Path, document: Any, scope: Scope) -> Any:
    if path.root == "$":
        return document
    if path.root == CONTEXT:
        return scope.context
    if path.root not in scope.variables:
        raise MissingPathError(f"No variable '${path.root}' is assigned")
    return scope.variables[path.root]


def select(text: str, document: Any, scope: Scope, field: str = "") -> Any:
    """The value of a field that holds a path, such as InputPath or OutputPath.

    Raises StatesError States.Runtime with AWS's text where the path leads nowhere.
    """
    try:
        return evaluate(text, document, scope)
    except MissingPathError as missing:
        if document is None and parse_path(text).root == "$":
            raise null_input(field) from None
        raise StatesError(RUNTIME, f"Invalid path '{text}' : {missing}", location=field) from None
    except PathSyntaxError as problem:
        raise StatesError(RUNTIME, f"Invalid path '{text}' : {problem}", location=field) from None


def null_input(field: str) -> StatesError:
    """The error of a path into an input of null (the text was observed on AWS)."""
    return StatesError(RUNTIME, "Unable to apply Path transformation to null or empty input.", location=field)


def put(text: str, document: Any, value: Any) -> Any:
    """A copy of a document with a value at a reference path; objects on the way are made where they are missing.

    The document itself is left alone, and what lies beside the way is shared with it. Raises StatesError
    States.ResultPathMatchFailure: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
    """
    return _put(parse_path(text).steps, document, value)


def _put(steps: tuple[Step, ...], document: Any, value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, Name) and isinstance(document, Mapping):
        return {**document, step.name: _put(rest, document.get(step.name, {}) if rest else None, value)}
    if isinstance(step, Index) and isinstance(document, list) and 0 <= step.index < len(document):
        changed = _put(rest, document[step.index], value)
        return [*document[: step.index], changed, *document[step.index + 1 :]]
    wanted = step.name if isinstance(step, Name) else str(step)
    raise StatesError(RESULT_PATH_MATCH, f'Unable to apply step "{wanted}" to input {json_text(document)}')
