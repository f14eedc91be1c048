"""The functions that AWS adds to JSONata, and what it takes away.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from local_aws.stepfunctions.jsonata import JException, Jsonata, Utils
from local_aws.stepfunctions.language.functions.catalogue import HASHES, digest
from local_aws.stepfunctions.language.functions.java_random import JavaRandom
from local_aws.stepfunctions.language.functions.strict_json import parse_strictly
from local_aws.stepfunctions.language.queries.bounds import MAX_CHARACTERS, MAX_RANGE_ITEMS, MEMORY, BoundError
from local_aws.stepfunctions.language.queries.results import text_of


class Native(Jsonata.JFunction):  # type: ignore[misc]  # the library has no types
    """A function of ours under JSONata's signature of it."""

    def __init__(
        self, name: str, signature: str, function: Callable[..., Any], count: int, *, nulls: bool = False
    ) -> None:
        super().__init__(None, signature)
        self.signature.set_function_name(name)
        self._nulls = nulls
        self.function_name, self._implementation, self._count = name, function, count

    def get_number_of_args(self) -> int:
        return self._count

    def validate(self, args: Any, context: Any) -> Any:
        # To the library a null is as good as a missing argument.
        for at, value in enumerate(args):
            if value is Utils.NULL_VALUE and not self._nulls:
                raise JException("T0410", -1, at + 1, self.function_name)
        return super().validate(args, context)

    def call(self, input: Any, args: Any) -> Any:  # noqa: A002, ARG002 - the library's name
        return self._implementation(*args, *[None] * (self._count - len(args)))


def _partition(array: Any, size: Any) -> Any:
    if not array:
        return None
    chunk = len(array) if size is None else math.trunc(size)
    if chunk < 0:
        raise JException("D3137", -1, "Second argument must be zero or greater")
    return [list(array[at : at + chunk]) for at in range(0, len(array), chunk)] if chunk else None


def _range(start: Any, end: Any, step: Any) -> Any:
    if start is None or end is None or step is None:
        return None
    first, last, by = math.trunc(start), math.trunc(end), math.trunc(step)
    if by == 0:
        return None
    numbers = range(first, last + (1 if by > 0 else -1), by)
    if (last - first) // by >= MAX_RANGE_ITEMS:
        raise BoundError(MEMORY)
    return Utils.create_sequence_from_iter(numbers)


def _hash(text: Any, algorithm: Any) -> Any:
    if text is None or algorithm is None:
        return None
    if algorithm not in HASHES:
        raise JException("D3137", -1, f"Second argument must be one of {', '.join(HASHES)}")
    return digest(text, algorithm)


def _random(seed: Any) -> float:
    return JavaRandom(None if seed is None else math.trunc(seed)).double()


def _parse(text: Any) -> Any:
    if text is None:
        return None
    try:
        value = parse_strictly(text)
    except (ValueError, RecursionError):
        raise JException("D3137", -1, "Invalid JSON") from None
    return Utils.NULL_VALUE if value is None else value


def _pad(text: Any, width: Any, filler: Any) -> Any:
    if width is not None and abs(width) > MAX_CHARACTERS:
        raise BoundError(MEMORY)
    return Jsonata.static_frame.lookup("pad").call(None, [text, width, filler])


def _to_millis(text: Any, picture: Any) -> Any:
    try:
        return Jsonata.static_frame.lookup("toMillis").call(None, [text, picture])
    except ValueError:
        raise JException("D3110", -1, text) from None


def _count(value: Any) -> int:
    return 0 if value is None else len(value) if isinstance(value, list) else 1


@lru_cache(maxsize=1)
def frame() -> Any:
    """The frame that all expressions share: JSONata's functions, AWS's, and no `$eval`."""
    shared = Jsonata.Frame(Jsonata.static_frame)
    for native in (
        Native("partition", "<an?:a>", _partition, 2),
        Native("range", "<nnn?:a>", _range, 3),
        Native("hash", "<ss?:s>", _hash, 2),
        Native("random", "<n?:n>", _random, 1),
        Native("uuid", "<:s>", lambda: str(uuid.uuid4()), 0),
        Native("parse", "<s?:x>", _parse, 1),
        Native("pad", "<s-ns?:s>", _pad, 3),
        Native("string", "<x-b?:s>", text_of, 2, nulls=True),
        Native("count", "<x:n>", _count, 1, nulls=True),
        Native("toMillis", "<s-s?:n>", _to_millis, 2),
    ):
        shared.bindings[native.function_name] = native
    shared.bindings["eval"] = None
    return shared
