"""What buildspec.yml calls for a model with a lock of packages: fetch its wheels, and keep them in the model bucket.

    python -m slipway_build.wheels FOLDER      FOLDER has the training configs

Wheels that are there are not fetched again. They are written once: no key is overwritten, and the list that a release
looks for comes last. See pipeline_lambdas/release/wheels.py.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from pipeline_lambdas.release.affected import config_file, program_folder
from pipeline_lambdas.release.wheels import (
    FILE,
    MOST_BYTES,
    folder_of,
    is_lock,
    list_document,
    list_key,
    lock_of,
    lock_problems,
)
from slipway_build.errors import BuildError
from slipway_build.pip_wheels import download

_THERE = {"PreconditionFailed", "ConditionalRequestConflict"}
_MB = 1_000_000


@dataclass(frozen=True)
class Settings:
    """The project's environment variables."""

    model_name: str
    model_bucket: str
    kms_key_arn: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings; BuildError names all variables that are missing."""
    names = ("MODEL_NAME", "MODEL_BUCKET", "KMS_KEY_ARN")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise BuildError(
            f"The environment of the build lacks {', '.join(missing)}.",
            "The project sets them: cloudformation/pipeline.yml",
        )
    return Settings(*(environment[name] for name in names))


def fetch(settings: Settings, folder: Path) -> str:
    """Fetch what the lock of the model names, unless it is kept already; returns what was done."""
    place = f"{program_folder(settings.model_name)}{FILE}"
    content = (folder / settings.model_name / FILE).read_bytes()
    config = _config(folder, settings.model_name)
    if config is None or config.script is None or not is_lock(content):
        return f"{place}: no lock of a training program, so there is nothing to fetch"
    problems = list(lock_problems(config, content))
    found = lock_of(config, content)
    if problems or found is None:
        raise BuildError("\n".join(problems))
    lock, platform = found
    store = _Store(settings)
    key = lock.key(platform)
    if store.holds(list_key(key)):
        return f"{place}: its wheels are those of an earlier build: s3://{settings.model_bucket}/{folder_of(key)}"
    with tempfile.TemporaryDirectory() as made:
        wheels = download(lock, platform, Path(made), place)
        size = sum((Path(made) / name).stat().st_size for name in wheels)
        if size > MOST_BYTES:
            raise BuildError(
                f"{place}: found {size / _MB:.0f} MB of wheels; expected at most {MOST_BYTES / _MB:.0f}, as each start "
                "of an endpoint installs them.",
                "Leave out what the image has: uv pip compile --no-emit-package NAME.",
            )
        for name, sha256 in wheels.items():
            store.keep(f"{folder_of(key)}{name}", Path(made) / name, sha256)
    store.write(list_key(key), list_document(wheels))
    return f"{place}: {len(wheels)} wheels, {size / _MB:.1f} MB: s3://{settings.model_bucket}/{folder_of(key)}"


def _config(folder: Path, model: str) -> TrainingConfig | None:
    """The model's config; None if it is not valid, which StartTraining says in full."""
    try:
        return parse_config((folder / config_file(model)).read_bytes(), config_file(model))
    except (ConfigError, OSError):
        return None


class _Store:
    """The wheels in the model bucket. botocore alone, as in `due`."""

    def __init__(self, settings: Settings) -> None:
        self._s3: Any = Session().create_client("s3")
        self._bucket, self._key = settings.model_bucket, settings.kms_key_arn

    def holds(self, key: str) -> bool:
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return any(item["Key"] == key for item in listed.get("Contents", ()))

    def keep(self, key: str, path: Path, sha256: str) -> None:
        """Write a wheel unless it is there; raises BuildError if another file has its place."""
        with path.open("rb") as file:
            if self._put(key, file):
                return
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        made = hashlib.sha256()
        for part in body.iter_chunks(1 << 20):
            made.update(part)
        if made.hexdigest() != sha256:
            raise BuildError(
                f"s3://{self._bucket}/{key}: found another file; expected the wheel of SHA-256 {sha256}.",
                "The access log of the bucket shows who wrote it. Delete it.",
            )

    def write(self, key: str, content: bytes) -> None:
        self._put(key, content)

    def _put(self, key: str, body: Any) -> bool:
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=self._key,
                ChecksumAlgorithm="SHA256",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _THERE:
                raise
            return False
        return True


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Do it; 0 if that was done, 1 for what somebody can fix, 2 for a wrong call."""
    if len(arguments) != 1:
        sys.stderr.write("python -m slipway_build.wheels: one argument is wanted, the folder of the training configs\n")
        return 2
    try:
        sys.stdout.write(f"{fetch(read_settings(environment), Path(arguments[0]))}\n")
    except ClientError as error:
        cause = error.response["Error"]
        sys.stderr.write(f"{error.operation_name}: {cause['Code']}: {cause['Message']}\n")
        return 1
    except (BuildError, BotoCoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
