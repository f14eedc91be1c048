"""Keeps what can never change, so that it is asked for once: a job that has ended, a config, a model."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
_MOST = 4096
_answers: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.Lock()


def kept(key: Hashable, load: Callable[[], T], final: Callable[[T], bool] = lambda _: True) -> T:
    """Return what `load` returned for this key; it is kept if it is `final`, until others push it out.

    The key has to tell resources apart that have the same name one after the other, by their time of creation.
    """
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            found: T = _answers[key]
            return found
    loaded = load()
    if final(loaded):
        with _lock:
            _answers[key] = loaded
            if len(_answers) > _MOST:
                _answers.popitem(last=False)
    return loaded
