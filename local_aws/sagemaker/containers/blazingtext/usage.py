"""Which rows of a matrix the lines of a step use, as a sparse matrix.

scipy is imported when a job trains, so that a process that serves needs numpy only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Floats


def usage(
    values: NDArray[np.int64], offsets: NDArray[np.int64], numbers: Floats
) -> tuple[NDArray[np.int32], NDArray[np.int64], Any]:
    """Return the rows used, how often each is, and a sparse matrix (lines, rows) of the numbers with them.

    Line i uses the rows `values[offsets[i]:offsets[i + 1]]`; the numbers of a row that it uses twice are added.
    """
    from scipy import sparse  # noqa: PLC0415

    rows, places, times = np.unique(values, return_inverse=True, return_counts=True)
    pointers = (offsets - offsets[0]).astype(np.int32)
    shape = (len(offsets) - 1, len(rows))
    return rows.astype(np.int32), times, sparse.csr_matrix((numbers, places.astype(np.int32), pointers), shape=shape)
