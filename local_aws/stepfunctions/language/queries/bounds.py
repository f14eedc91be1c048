"""How much one evaluation may take, as observed on AWS; five seconds are the default of the library below it."""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 100
MAX_SECONDS: Final = 5.0
MAX_CHARACTERS: Final = 6_990_256
MAX_ITEMS: Final = MAX_CHARACTERS // 8
MAX_RANGE_ITEMS: Final = 360_145
"""Of `$range`."""

MEMORY: Final = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
TIME: Final = "Expression evaluation timeout: Check for infinite loop"
DEPTH: Final = (
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
)


class BoundError(Exception):
    """An expression takes too much; the message is AWS's."""
