"""A model with a program of one's own: the files to begin with, and its part of the training config.

The files in `starter` are copied as they are; what differs from table to table is in columns.py.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from slipway.tables.findings import Findings

ALGORITHM, VERSION = "scikit-learn", "1.4-2"
COLUMNS_FILE = "columns.py"
_STARTER = Path(__file__).with_name("starter")
_ANSWERS = {"regression": "number", "binary": "probability", "multiclass": "probabilities"}


def starter_names() -> list[str]:
    """Return the names of the files of a new program."""
    return sorted([COLUMNS_FILE, *(path.name for path in _STARTER.glob("*.py"))])


def write_program(folder: Path, found: Findings) -> None:
    """Write the files of a program that trains on the table."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in _STARTER.glob("*.py"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    (folder / COLUMNS_FILE).write_text(columns_text(found), encoding="utf-8", newline="\n")


def columns_text(found: Findings) -> str:
    """Return columns.py: the columns with their types, and the classes."""
    columns = "".join(f"    {_python(column.name)}: {_python(column.feature)},\n" for column in found.columns)
    classes = f"[{', '.join(map(_python, found.task.classes))}]"
    return textwrap.dedent(
        '''\
        """The columns of the table, in the order of the dataset and without the label.

        Types are number, category, text, date and ignore; rows.py says what becomes of each.
        """

        COLUMNS = {{
        {columns}}}

        CLASSES = {classes}
        '''
    ).format(columns=columns, classes=classes)


def script_lines(found: Findings) -> Iterator[str]:
    """Yield the section `script`, the algorithm and the hyperparameters."""
    metric = "logloss" if found.task.classes else "rmse"
    yield "# The program beside this file, in the folder of the model's name: change it as you like."
    yield "script:"
    yield "  program: train.py"
    yield "  serve: inference.py"
    yield f"  answers: {_ANSWERS[found.task.problem]}"
    yield "  metrics:                  # lines of the training log that become curves of the report"
    for channel in ("train", "validation"):
        yield f'    "{channel}:{metric}": "{channel} {metric}: ([0-9.]+)"'
    yield ""
    yield "algorithm:"
    yield f"  name: {ALGORITHM}"
    yield f"  version: {VERSION}            # a version of SageMaker's image"
    yield ""
    yield "hyperparameters:            # train.py gets them as arguments"
    yield "  strength: 1.0             # smaller holds the model back more"
    yield "  max-iter: 1000"
    yield ""


def _python(text: str) -> str:
    """Return a text as Python reads it again."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)
