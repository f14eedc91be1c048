"""Learning curves out of a training job's log.

The XGBoost container prints a line per round, `[12]<TAB>train-rmse:0.5<TAB>validation-rmse:0.6`; in CloudWatch the tab
may read `#011`. The values and their names: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

MOST_POINTS = 500

_ROUND = re.compile(r"\[(\d{1,9})\](?:\t|#011)(\S.*)")
_TAB = re.compile(r"\t|#011")
_VALUE = re.compile(r"([a-z]+)-([^:]+):(\S+)")


def curves(lines: Iterable[str], most: int = MOST_POINTS) -> dict[str, list[float | None]]:
    """Return `channel:metric` to its value per round; None for a round whose value is missing or not finite.

    Of more than `most` rounds every second, third, ... is kept, from the first on, and the last one as well. A round
    that was printed again, as by a job that went on from a checkpoint, counts once, the last time.
    """
    rounds: dict[int, dict[str, float | None]] = {}
    for line in lines:
        match = _ROUND.search(line)
        if match:
            values = filter(None, map(_VALUE.fullmatch, _TAB.split(match.group(2).strip())))
            rounds[int(match.group(1))] = {f"{value[1]}:{value[2]}": _finite(value[3]) for value in values}
    kept = _thinned(sorted(rounds), most)
    names = {name for number in kept for name in rounds[number]}
    return {name: [rounds[number].get(name) for number in kept] for name in sorted(names)}


def _thinned(numbers: list[int], most: int) -> list[int]:
    if len(numbers) <= most:
        return numbers
    step = math.ceil(len(numbers) / (most - 1))
    kept = numbers[::step]
    return kept if kept[-1] == numbers[-1] else [*kept, numbers[-1]]


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
