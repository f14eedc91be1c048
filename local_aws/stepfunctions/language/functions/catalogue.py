"""The 18 intrinsic functions on values.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local_aws.stepfunctions.language.functions.java_random import JavaRandom
from local_aws.stepfunctions.language.functions.parser import unescape
from local_aws.stepfunctions.language.functions.strict_json import parse_strictly
from local_aws.stepfunctions.language.values import is_number, java_double, json_text, kind, same

MAX_RANGE_ITEMS: Final = 1_000
MAX_TEXT_CHARACTERS: Final = 10_000
"""Of what Base64Encode, Base64Decode and Hash take."""
_TEMPLATE_PARTS: Final = re.compile(r"\\.|\{\}|[^\\{]|\{|\\", re.DOTALL)
_INT32: Final = range(-(1 << 31), 1 << 31)
HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class RefusedError(Exception):
    """A function refuses its arguments; the message says why."""


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A function and how many arguments it takes; `most` is None where there is no limit."""

    call: Callable[..., Any]
    least: int
    most: int | None

    def takes(self, count: int) -> bool:
        """Whether the function can be called with `count` arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    @property
    def expected(self) -> str:
        """How many arguments there have to be, in words."""
        if self.most is None:
            return f"at least {self.least} are expected"
        return f"{self.least} are expected" if self.least == self.most else f"{self.least} to {self.most} are expected"


def _array(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise RefusedError(f"{what} must be an array, but is a value of type {kind(value)}")
    return value


def _text(value: Any, what: str, limit: int | None = None) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"{what} must be a string, but is a value of type {kind(value)}")
    if limit is not None and len(value) > limit:
        raise RefusedError(f"{what} must have at most {limit} characters, but has {len(value)}")
    return value


def _whole(value: Any, what: str) -> int:
    """Round a number as Java does: halves go up, also below zero (observed on AWS)."""
    if not is_number(value):
        raise RefusedError(f"{what} must be a number, but is a value of type {kind(value)}")
    whole = value if isinstance(value, int) else math.floor(value + 0.5)
    if whole not in _INT32:
        raise RefusedError(f"{what} must be between {_INT32.start} and {_INT32.stop - 1}, but is {value}")
    return whole


def _format(template: Any, *arguments: Any) -> str:
    parts = _TEMPLATE_PARTS.findall(_text(template, "The template of States.Format"))
    places = parts.count("{}")
    if places != len(arguments):
        raise RefusedError(f"The template has {places} occurrences of {{}}, but {len(arguments)} arguments are given")
    values = iter([value if isinstance(value, str) else java_text(value) for value in arguments])
    return "".join([next(values) if part == "{}" else unescape(part) for part in parts])


def java_text(value: Any) -> str:
    """A value as States.Format writes it: objects as `{key=value}`, like Java's maps (observed on AWS)."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(java_text, value)) + "]"
    if isinstance(value, float):
        return java_double(value)
    return value if isinstance(value, str) else json_text(value)


def _string_to_json(text: Any) -> Any:
    try:
        return parse_strictly(_text(text, "The argument of States.StringToJson"))
    except (ValueError, RecursionError) as problem:
        raise RefusedError(f"The argument of States.StringToJson is not JSON: {problem}") from None


def _partition(array: Any, size: Any) -> list[list[Any]]:
    items, chunk = _array(array, "The first argument of States.ArrayPartition"), _whole(size, "The chunk size")
    if chunk <= 0:
        raise RefusedError(f"The chunk size of States.ArrayPartition must be a positive integer, but is {chunk}")
    return [items[at : at + chunk] for at in range(0, len(items), chunk)]


def _contains(array: Any, wanted: Any) -> bool:
    return any(same(item, wanted) for item in _array(array, "The first argument of States.ArrayContains"))


def _range(first: Any, last: Any, step: Any) -> list[int]:
    start, end, by = _whole(first, "The first value"), _whole(last, "The last value"), _whole(step, "The increment")
    if by == 0:
        raise RefusedError("The increment of States.ArrayRange must not be zero")
    numbers = range(start, end + (1 if by > 0 else -1), by)
    if len(numbers) > MAX_RANGE_ITEMS:
        raise RefusedError(f"States.ArrayRange makes at most {MAX_RANGE_ITEMS} items, not {len(numbers)}")
    return list(numbers)


def _get_item(array: Any, index: Any) -> Any:
    items, at = _array(array, "The first argument of States.ArrayGetItem"), _whole(index, "The index")
    if not 0 <= at < len(items):
        raise RefusedError(f"The index {at} is outside the array, which has {len(items)} items")
    return items[at]


def _unique(array: Any) -> list[Any]:
    kept: dict[str, Any] = {}
    for item in _array(array, "The argument of States.ArrayUnique"):
        kept.setdefault(json.dumps(item, sort_keys=True), item)
    return list(kept.values())


def _encode(text: Any) -> str:
    plain = _text(text, "The argument of States.Base64Encode", MAX_TEXT_CHARACTERS)
    return base64.b64encode(plain.encode(errors="replace")).decode()


def _decode(text: Any) -> str:
    try:
        return base64.b64decode(
            _text(text, "The argument of States.Base64Decode", MAX_TEXT_CHARACTERS), validate=True
        ).decode()
    except (binascii.Error, ValueError) as problem:
        raise RefusedError(f"The argument of States.Base64Decode is not Base64 of UTF-8 text: {problem}") from None


def _hash(data: Any, algorithm: Any) -> str:
    text = data if isinstance(data, str) else json_text(data)
    _text(text, "The data of States.Hash", MAX_TEXT_CHARACTERS)
    if algorithm not in HASHES:
        raise RefusedError(f"The algorithm of States.Hash must be one of {', '.join(HASHES)}, but is {algorithm}")
    return digest(text, algorithm)


def digest(text: str, algorithm: str) -> str:
    """The hexadecimal digest of a text's UTF-8; `algorithm` is a key of HASHES."""
    return hashlib.new(HASHES[algorithm], text.encode(errors="replace"), usedforsecurity=False).hexdigest()


def _merge(one: Any, other: Any, deep: Any) -> dict[str, Any]:
    if deep is not False:
        raise RefusedError("States.JsonMerge supports only shallow merges: its third argument must be false")
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise RefusedError(f"States.JsonMerge merges two objects, not {kind(one)} and {kind(other)}")
    return {**one, **other}


def _random(start: Any, end: Any, seed: Any = None) -> int:
    low, high = _whole(start, "The start of States.MathRandom"), _whole(end, "The end of States.MathRandom")
    if low >= high:
        raise RefusedError(
            f"The start of States.MathRandom must be less than its end, but {low} is not less than {high}"
        )
    return low + JavaRandom(None if seed is None else _whole(seed, "The seed")).below(high - low)


def _add(one: Any, other: Any) -> int:
    return _whole(_whole(one, "The first value") + _whole(other, "The second value"), "The sum")


def _split(text: Any, delimiters: Any) -> list[str]:
    """Every character of `delimiters` separates, and empty parts are left out (observed on AWS)."""
    whole, separators = _text(text, "The text"), _text(delimiters, "The delimiter of States.StringSplit")
    if not separators:
        return [whole] if whole else []
    return [part for part in re.split(f"[{re.escape(separators)}]", whole) if part]


FUNCTIONS: Final[Mapping[str, Intrinsic]] = {
    "States.Array": Intrinsic(lambda *items: list(items), 0, None),
    "States.ArrayPartition": Intrinsic(_partition, 2, 2),
    "States.ArrayContains": Intrinsic(_contains, 2, 2),
    "States.ArrayRange": Intrinsic(_range, 3, 3),
    "States.ArrayGetItem": Intrinsic(_get_item, 2, 2),
    "States.ArrayLength": Intrinsic(lambda array: len(_array(array, "The argument of States.ArrayLength")), 1, 1),
    "States.ArrayUnique": Intrinsic(_unique, 1, 1),
    "States.Base64Encode": Intrinsic(_encode, 1, 1),
    "States.Base64Decode": Intrinsic(_decode, 1, 1),
    "States.Hash": Intrinsic(_hash, 2, 2),
    "States.JsonMerge": Intrinsic(_merge, 3, 3),
    "States.StringToJson": Intrinsic(_string_to_json, 1, 1),
    "States.JsonToString": Intrinsic(json_text, 1, 1),
    "States.MathRandom": Intrinsic(_random, 2, 3),
    "States.MathAdd": Intrinsic(_add, 2, 2),
    "States.StringSplit": Intrinsic(_split, 2, 2),
    "States.UUID": Intrinsic(lambda: str(uuid.uuid4()), 0, 0),
    "States.Format": Intrinsic(_format, 1, None),
}
