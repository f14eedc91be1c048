"""Checks the libsvm that SageMaker's XGBoost accepts: rows of `label index:value ...`."""

from __future__ import annotations

from collections.abc import Iterable

from slipway.datasets.csv_rules import LINE_LIMIT_BYTES, FileCheck, LabelRule, Problem, is_number, quoted, too_long

LIBSVM = "text/libsvm"


def check_libsvm(lines: Iterable[bytes], file: str, label: LabelRule) -> FileCheck:
    """Check rows of `label index:value ...`.

    The first line must be a row, as the container decides by it; later blank lines are skipped.
    https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/data_utils.py
    """
    result = FileCheck(file)
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LIMIT_BYTES:
            result.add(too_long(file, number))
            continue
        words = line.split()
        problem = _libsvm_problem(words, file, number, label)
        if problem and (words or number == 1):
            result.add(problem)
        result.rows += bool(words) and problem is None
    if not result.rows and not result.problem_count:
        result.add(Problem(file, 1, 0, "an empty file", "at least one row"))
    return result


def _libsvm_problem(words: list[bytes], file: str, number: int, label: LabelRule) -> Problem | None:
    if not words:
        return Problem(file, number, 0, "an empty line", "a row, label index:value ...")
    texts = [word.decode("utf-8", "replace") for word in words]
    first, *weight = texts[0].split(":")
    if len(weight) > 1 or not all(map(is_number, (first, *weight))) or not label.allows(first):
        return Problem(file, number, 1, quoted(texts[0]), label.allowed)
    for column, text in enumerate(texts[1:], 2):
        index, colon, value = text.partition(":")
        if not (colon and index.isascii() and index.isdecimal() and is_number(value)):
            return Problem(file, number, column, quoted(text), "index:value, an index from 0 and a number")
    return None
