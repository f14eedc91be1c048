"""Reads the files of a channel into XGBoost's matrices, and checks them.

Which files are read and how the first line decides:
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/data_utils.py.
Unlike the container, which leaves a bad row to XGBoost's parser (a word becomes 0 without notice), every field is
checked, and the message names file and line.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xgboost as xgb
from scipy.sparse import csr_matrix

from local_aws.sagemaker.containers.toolkit import csv_text, libsvm_text, log, threads
from local_aws.sagemaker.containers.toolkit.csv_text import RowError
from local_aws.sagemaker.containers.toolkit.exceptions import UserError
from local_aws.sagemaker.containers.toolkit.fields import Text
from local_aws.sagemaker.containers.xgboost.channels import CSV

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_MAX_DEPTH = 3
_SNIPPET = 50


@dataclass(frozen=True)
class Channel:
    """One channel: its directory here, and its path in messages."""

    name: str
    directory: Path
    documented: str

    def files(self) -> list[Path]:
        """Return the files that have content, in the order of their names, down to depth 3.

        Raises UserError if any file is hidden or none has content.
        """
        found = []
        for folder, subfolders, names in os.walk(self.directory):
            here = self.directory.__class__(folder)
            subfolders.sort()
            for name in sorted(names):
                if name.startswith("."):
                    raise UserError("Hidden file found in the data path! Remove that before training.")
                found.append(here / name)
        near = [path for path in found if len(path.relative_to(self.directory).parts) <= _MAX_DEPTH]
        if len(near) < len(found):
            log.warning(
                f"The depth of folder {self.documented} exceed the limit {_MAX_DEPTH}."
                " Files in deeper sub dirs won't be loaded."
            )
        filled = [path for path in near if path.stat().st_size > 0]
        if not filled:
            kind = "training" if self.name == "train" else self.name
            raise UserError(f"No data in {kind} channel path {self.documented}")
        return filled

    def name_of(self, path: Path) -> str:
        return path.relative_to(self.directory).as_posix()


def load(channel: Channel, data_format: str, *, csv_weights: bool, nthread: int | None) -> xgb.DMatrix:
    """Return a channel's data with its labels. Raises UserError with file, line and reason."""
    try:
        if data_format == CSV:
            return _load_csv(channel, csv_weights=csv_weights, nthread=nthread)
        return _load_libsvm(channel, nthread=nthread)
    except xgb.core.XGBoostError as error:
        # The rows can be read, and XGBoost takes no value of them that is too large.
        raise UserError(f"Failed to load {data_format} data with exception:\n{error}") from None


def warn_if_same(train: Channel, validation: Channel) -> None:
    """Log a warning for files of the same name and size in both channels, as the container does."""
    for path in train.directory.glob("*"):
        other = validation.directory / path.name
        if path.is_file() and other.is_file() and path.stat().st_size == other.stat().st_size:
            log.warning(
                f"Suspected identical files found. ({train.documented}/{path.name} and "
                f"{validation.documented}/{path.name} with same size {path.stat().st_size} bytes)."
            )


def _load_csv(channel: Channel, *, csv_weights: bool, nthread: int | None) -> xgb.DMatrix:
    files = channel.files()
    delimiter = _sniff(files[0])
    log.info(f"Determined delimiter of CSV input is '{delimiter.decode()}'")
    parts: list[NDArray[np.float32]] = []
    for path in files:
        text = Text.of(path.read_bytes())
        columns = parts[0].shape[1] if parts else None
        try:
            part = csv_text.parse(text, delimiter, columns)
        except RowError as error:
            raise _row_error("csv", channel.name_of(path), error) from None
        _check_labels(part, text, channel.name_of(path))
        parts.append(part)
    rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
    features = 2 if csv_weights else 1
    if rows.shape[1] <= features:
        found = f"found {rows.shape[1]} columns, expected a label, {'a weight, ' * csv_weights}and features"
        raise UserError(f"Failed to load csv data with exception:\nfile '{channel.name_of(files[0])}': {found}")
    return xgb.DMatrix(
        rows[:, features:],
        label=rows[:, 0],
        weight=rows[:, 1] if csv_weights else None,
        nthread=threads.for_training(rows.size, nthread),
    )


def _load_libsvm(channel: Channel, *, nthread: int | None) -> xgb.DMatrix:
    parts = []
    for path in channel.files():
        content = path.read_bytes()
        first = content.partition(b"\n")[0]
        if not libsvm_text.is_row(first):
            snippet = first[:_SNIPPET].decode("utf-8", "replace")
            raise UserError(
                f"First line '{snippet}...' of file '{path.name}' is not 'LIBSVM' format. "
                "Please ensure the file is in 'LIBSVM' format."
            )
        text = Text.of(content)
        try:
            part = libsvm_text.parse(text, labelled=True)
        except RowError as error:
            raise _row_error("libsvm", channel.name_of(path), error) from None
        _check_labels(part.labels.reshape(-1, 1), text, channel.name_of(path))
        parts.append(part)
    labels = np.concatenate([part.labels for part in parts])
    weights = np.concatenate([part.weights for part in parts])
    if weights.size not in (0, labels.size):
        raise UserError(
            f"Failed to load libsvm data with exception:\n{weights.size} of {labels.size} rows have a weight "
            "(label:weight): give every row one, or none"
        )
    matrix = sparse_matrix(parts, max(part.columns for part in parts))
    return xgb.DMatrix(
        matrix,
        label=labels,
        weight=weights if weights.size else None,
        nthread=threads.for_training(matrix.nnz, nthread),
    )


def sparse_matrix(parts: list[libsvm_text.Sparse], columns: int, shift: int = 0) -> csr_matrix:
    """Stack parts into one matrix; `shift` is subtracted from every index."""
    values = np.concatenate([part.values for part in parts])
    indexes = np.concatenate([part.indexes for part in parts]) - shift
    counts = np.concatenate([np.diff(part.pointers) for part in parts])
    pointers = np.concatenate([[0], np.cumsum(counts)])
    return csr_matrix((values, indexes, pointers), shape=(len(counts), columns))


def _sniff(path: Path) -> bytes:
    with path.open("rb") as file:
        line = file.readline()
    delimiter = csv_text.delimiter_of(line)
    if delimiter is None:
        snippet = line[:_SNIPPET].decode("utf-8", "replace").rstrip("\n")
        raise UserError(f"Could not determine delimiter on line {snippet}:\nCould not determine delimiter")
    return delimiter


def _check_labels(rows: NDArray[np.float32], text: Text, name: str) -> None:
    bad = np.flatnonzero(~np.isfinite(rows[:, 0]))
    if bad.size:
        value = rows[bad[0], 0]
        shown = "is missing" if np.isnan(value) else f"is {value}"
        line = csv_text.line_of_row(text, int(bad[0]))
        raise UserError(f"Label in file '{name}', line {line} {shown}: every row needs a finite number as label")


def _row_error(data_format: str, name: str, error: RowError) -> UserError:
    column = "" if error.column is None else f", column {error.column}"
    place = f"file '{name}', line {error.line}{column}"
    return UserError(f"Failed to load {data_format} data with exception:\n{place}: {error.reason}")
