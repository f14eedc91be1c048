"""What a function accepts from its state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from workflows.runtime.errors import InputError
from workflows.runtime.task_input import read_input


@dataclass(frozen=True)
class Wanted:
    prefix: str
    classes: int
    share: float = 0.5
    names: list[str] = field(default_factory=list)
    extra: dict[str, Any] | None = None
    checked: bool = False


@dataclass(frozen=True)
class Simple:
    names: list[str]
    extra: dict[str, Any] = field(default_factory=dict)


def test_an_object_becomes_a_dataclass() -> None:
    assert read_input(Simple, {"names": ["a"], "extra": {"b": [1]}}) == Simple(["a"], {"b": [1]})


def test_a_whole_number_is_a_number_and_true_is_none() -> None:
    @dataclass(frozen=True)
    class Numbers:
        share: float
        count: int = 1

    found = read_input(Numbers, {"share": 1})
    assert (found.share, type(found.share), found.count) == (1.0, float, 1)
    for wrong in ({"share": True}, {"share": 1, "count": True}, {"share": 1, "count": 1.5}):
        with pytest.raises(InputError, match="The input has "):
            read_input(Numbers, wrong)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "The request: found a list; expected an object with the keys names, extra."),
        (None, "The request: found nothing; expected an object with the keys names, extra."),
        (
            {"extra": "x", "other": 1},
            "The request lacks names, has the unknown key other, has extra as a text instead of an object; "
            "allowed: names, extra.",
        ),
        (
            {"names": ["a", 1]},
            "The request has names with an item that is not a text; allowed: names, extra.",
        ),
        ({"names": None}, "The request has names as nothing instead of a list; allowed: names, extra."),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(value: Any, message: str) -> None:
    with pytest.raises(InputError) as raised:
        read_input(Simple, value, "The request")
    assert str(raised.value) == message
