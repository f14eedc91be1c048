"""Abalone: rows of the UCI repository as libsvm, and rows made up like them.

The data: https://archive.ics.uci.edu/dataset/1/abalone. A row is sex, length, diameter, height, whole weight, shucked
weight, viscera weight, shell weight and the number of rings, which is predicted.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

SEXES = {"M": "1", "F": "2", "I": "3"}
"""Sex to the number that stands for it, as in the libsvm collection.

https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/regression.html
"""
_COLUMNS = 9


def to_libsvm(lines: Iterable[str]) -> Iterator[str]:
    """Turn CSV rows into `rings 0:sex 1:length ...`; ValueError that names the first line which is not a row.

    Indexes count from 0. The container counts so in training, but takes rows whose indexes all are 1 or more for rows
    that count from 1 when it predicts, and would move every feature by one:
    https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/encoder.py
    """
    for number, line in enumerate(lines, 1):
        fields = line.strip().split(",")
        if fields == [""]:
            continue
        sex = SEXES.get(fields[0])
        if len(fields) != _COLUMNS or sex is None or not all(map(_is_number, fields[1:])):
            raise ValueError(
                f"Line {number}: found {line.strip()[:60]!r}; expected a sex of {', '.join(SEXES)} and "
                f"{_COLUMNS - 1} numbers, joined by commas."
            )
        features = [sex, *fields[1:-1]]
        yield " ".join([fields[-1], *(f"{index}:{value}" for index, value in enumerate(features))])


def made_up(count: int, seed: int) -> Iterator[str]:
    """Make CSV rows: measures that grow with the rings and then level off, with noise, and weights with the volume."""
    draw = random.Random(seed)  # noqa: S311 - data, not a secret
    for _ in range(count):
        rings = min(29, max(3, round(draw.gauss(10, 3.2))))
        sex = draw.choice("MF") if rings > draw.gauss(8, 1.5) else "I"
        size = 1 - 2.718 ** (-0.22 * rings)
        length = max(0.08, 0.68 * size + draw.gauss(0, 0.035))
        diameter, height = 0.8 * length + draw.gauss(0, 0.01), max(0.01, 0.27 * length + draw.gauss(0, 0.012))
        whole = 9.5 * length * diameter * height * (1 + draw.gauss(0, 0.08))
        shucked, viscera = whole * (0.5 - 0.006 * rings + draw.gauss(0, 0.02)), whole * (0.22 + draw.gauss(0, 0.01))
        shell = whole * (0.22 + 0.005 * rings + draw.gauss(0, 0.015))
        measures = (length, diameter, height, whole, shucked, viscera, shell)
        yield ",".join([sex, *(f"{value:.4f}" for value in measures), str(rings)])


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False
