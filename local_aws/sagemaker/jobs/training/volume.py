"""The storage volume of a script's job: its size on AWS, and here a folder of this machine's disk.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html, VolumeSizeInGB
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from local_aws.state.space import LITTLE_BYTES
from local_aws.wire import Document

PERIOD_S = 2.0
_GIB = 1 << 30


def trouble(folder: Path, resources: Document) -> str | None:
    """The FailureReason of a job whose files fill its volume, or this machine's disk; None if there is space left.

    On AWS the script itself gets the error "No space left on device".
    """
    used, most = _size(folder), resources["VolumeSizeInGB"] * _GIB
    if used > most:
        return (
            f"AlgorithmError: No space left on device: the job's files have {used / _GIB:.1f} GiB, and its "
            f"VolumeSizeInGB is {resources['VolumeSizeInGB']}"
        )
    if used > LITTLE_BYTES and shutil.disk_usage(folder).free < LITTLE_BYTES:
        return (
            f"AlgorithmError: No space left on device: the job's files have {used / _GIB:.1f} GiB, and this machine's "
            f"disk less than {LITTLE_BYTES >> 20} MiB left"
        )
    return None


def _size(folder: Path) -> int:
    """Bytes on disk; a sparse file counts what it takes."""
    size = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                size += (Path(place) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return size
