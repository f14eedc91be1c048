"""What buildspec.yml calls: package the functions, and find which checks are due.

    python -m slipway_build.build      writes the packages to build/packages, and what is to be checked beside them

It runs in CodeBuild, where only requirements/build.txt is installed, with rights to read alone: what a push brings may
change nothing. The functions that cloudformation/functions/publish.py is the code of publish what has passed.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from slipway_build.checks import due, fingerprints
from slipway_build.errors import BuildError
from slipway_build.packages import build
from slipway_build.plan import FOLDER, write_packages, write_plan

_NOT_THERE = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class Settings:
    """The build project's environment variables."""

    model_name: str
    package_bucket: str

    @property
    def passed_key(self) -> str:
        """Where the checks that have passed are noted."""
        return f"checks/{self.model_name}.json"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings; BuildError names all variables that are missing."""
    names = ("MODEL_NAME", "PACKAGE_BUCKET")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise BuildError(
            f"The build's environment lacks {', '.join(missing)}.",
            "The build project sets them: cloudformation/pipeline.yml",
        )
    return Settings(*(environment[name] for name in names))


def prepare(settings: Settings, root: Path) -> None:
    """Write the packages, and the checks whose files differ from those that passed."""
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    with ThreadPoolExecutor(1) as calls:
        noted = calls.submit(_passed, settings)
        packages = build(root)
        zipped = {package.function: package.zipped() for package in packages}
    passed = noted.result()
    checks = fingerprints(root, passed)
    wanted = due(checks, passed)
    _say(f"checks: {len(wanted)} of {len(checks) - 1} to run")
    write_packages(root, zipped, None if checks == passed else checks)
    write_plan(root, wanted)


def _passed(settings: Settings) -> dict[str, str]:
    """The checks that the last green build has noted; none if it cannot be read as such a note.

    botocore alone: boto3 adds a tenth of a second to it and nothing else.
    """
    s3: Any = Session().create_client("s3")
    try:
        body = s3.get_object(Bucket=settings.package_bucket, Key=settings.passed_key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return {}
    try:
        noted = json.loads(body)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in noted.items()} if isinstance(noted, dict) else {}


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str], environment: Mapping[str, str], root: Path) -> int:
    """Do it; 0 if that was done, 1 for what somebody can mend, 2 for a wrong call."""
    if arguments:
        sys.stderr.write(f"python -m slipway_build.build: found {' '.join(arguments)!r}; it takes no argument\n")
        return 2
    try:
        prepare(read_settings(environment), root)
    except BuildError as error:
        sys.stderr.write(f"{error.message} {error.next_step}".rstrip() + "\n")
        return 1
    except ClientError as error:
        cause = error.response["Error"]
        sys.stderr.write(f"{error.operation_name}: {cause['Code']}: {cause['Message']}\n")
        return 1
    except BotoCoreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:], os.environ, Path.cwd())
    gc.freeze()  # else the collector looks at every object of the services' models before the exit: a tenth of a second
    sys.exit(status)
