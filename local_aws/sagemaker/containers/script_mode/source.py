"""Brings a script's code to /opt/ml/code (download_and_extract in files.py of the toolkits).

https://github.com/aws/sagemaker-training-toolkit, https://github.com/aws/sagemaker-containers
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from local_aws.sagemaker.containers.script_mode.task import Task
from local_aws.sagemaker.jobs import archives
from local_aws.sagemaker.names import s3_address


def fetch(uri: str, task: Task) -> None:
    """Unpack or copy the code, unless /opt/ml/code already has some.

    `uri` is an s3:// URI of a tar.gz, read with the credentials of the process, or a path in the container: a folder, a
    tar.gz or one file. Raises botocore's errors for S3, FileNotFoundError for a path that does not exist, and
    ArchiveError.
    """
    code = task.code
    code.mkdir(exist_ok=True)
    if not archives.is_empty(code):
        return
    if uri.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "sourcedir.tar.gz"
            _download(uri, archive)
            _unpack(archive, code)
        return
    path = task.here(uri)
    if path.is_dir():
        if path.resolve() != code.resolve():
            shutil.copytree(path, code, dirs_exist_ok=True)
    elif path.is_file() and tarfile.is_tarfile(path):
        _unpack(path, code)
    else:
        shutil.copy2(path, code)


def _unpack(archive: Path, code: Path) -> None:
    code.rmdir()
    archives.unpack(archive, code)


def _download(uri: str, target: Path) -> None:
    """Look the object up first, as boto3's download_file does: its errors name HeadObject."""
    from botocore.session import Session  # noqa: PLC0415 - only for code in S3

    address = s3_address(uri)
    client = Session().create_client("s3")
    client.head_object(Bucket=address.bucket, Key=address.key)
    with target.open("wb") as file:
        shutil.copyfileobj(client.get_object(Bucket=address.bucket, Key=address.key)["Body"], file)
