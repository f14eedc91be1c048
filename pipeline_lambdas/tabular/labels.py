"""Labels as XGBoost takes them: the number of the class, or the number itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline_lambdas.tabular import number
from pipeline_lambdas.tabular.errors import TableError, quoted, shortened
from pipeline_lambdas.tabular.reading import Block
from pipeline_lambdas.tabular.specification import Specification


def labels_of(block: Block, specification: Specification) -> NDArray[np.float32]:
    """Return shape (rows,); TableError names the row whose label is none."""
    cells = block.columns[0]
    if not specification.classes:
        return _numbers(block, specification.label)
    numbers = {name: place for place, name in enumerate(specification.classes)}
    try:
        return np.array([numbers[cell.strip()] for cell in cells], np.float32)
    except KeyError:
        index = next(index for index, cell in enumerate(cells) if cell.strip() not in numbers)
        raise TableError(
            f"{block.place(index)}: label '{specification.label}': found '{shortened(cells[index])}'; expected "
            f"{quoted(numbers)}. {_advice(block, index, specification.label)}"
        ) from None


def _numbers(block: Block, label: str) -> NDArray[np.float32]:
    values, _ = number.parse(block.columns[0])
    missing = np.flatnonzero(np.isnan(values))
    if missing.size:
        index = int(missing[0])
        raise TableError(
            f"{block.place(index)}: label '{label}': found '{shortened(block.columns[0][index])}'; expected a number. "
            f"{_advice(block, index, label)}"
        )
    return values


def _advice(block: Block, index: int, label: str) -> str:
    if block.first + index == 1 and block.columns[0][index].strip() == label:
        return "The file has a header: remove it"
    return "Correct the row, or `label` in the training config"
