"""What checkspec.yml calls: find which checks are due.

    python -m slipway_build.due      writes them to the folder build, and what to note once they are green

It has the right to read the note of what has passed, and none to write it: Publish does, once all is green.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from slipway_build.checks import due, fingerprints, note, noted
from slipway_build.errors import BuildError
from slipway_build.plan import FOLDER, NOTHING_NEW, write_plan

_NOT_THERE = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class Settings:
    """The project's environment variables."""

    package_bucket: str
    checks_key: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings; BuildError names all variables that are missing."""
    names = ("PACKAGE_BUCKET", "CHECKS_KEY")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise BuildError(
            f"The environment of the checks lacks {', '.join(missing)}.",
            "The project sets them: cloudformation/pipeline.yml",
        )
    return Settings(*(environment[name] for name in names))


def prepare(settings: Settings, root: Path) -> None:
    """Write the checks whose files differ from those that passed."""
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    passed = _passed(settings)
    found = fingerprints(root, passed)
    wanted = due(found, passed)
    sys.stdout.write(f"checks: {len(wanted)} of {max(len(found), len(passed)) - 1} to run\n")
    new = not set(found.values()) <= passed
    write_plan(root, wanted, note(found) if new else NOTHING_NEW)


def _passed(settings: Settings) -> frozenset[str]:
    """What was green when it was last noted; nothing if there is no note.

    botocore alone: boto3 adds a tenth of a second to it and nothing else.
    """
    s3: Any = Session().create_client("s3")
    try:
        body = s3.get_object(Bucket=settings.package_bucket, Key=settings.checks_key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return frozenset()
    return noted(body.decode("utf-8", "replace"))


def main(arguments: Sequence[str], environment: Mapping[str, str], root: Path) -> int:
    """Do it; 0 if that was done, 1 for what somebody can fix, 2 for a wrong call."""
    if arguments:
        sys.stderr.write(f"python -m slipway_build.due: found {' '.join(arguments)!r}; it takes no argument\n")
        return 2
    try:
        prepare(read_settings(environment), root)
    except ClientError as error:
        cause = error.response["Error"]
        sys.stderr.write(f"{error.operation_name}: {cause['Code']}: {cause['Message']}\n")
        return 1
    except (BuildError, BotoCoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:], os.environ, Path.cwd())
    gc.freeze()  # else the collector looks at every object of the services' models before the exit: a tenth of a second
    sys.exit(status)
