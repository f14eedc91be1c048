"""What buildspec.yml calls: find what has changed, upload the packages of changed functions, update these.

    python -m scripts.build plan      writes build/plan.json if a function has changed or a check is due
    python -m scripts.build upload    uploads the packages of the plan
    python -m scripts.build update    updates the functions of the plan and writes their names to build/updated

It runs in CodeBuild, where only requirements/build.txt is installed, and is the one way of code to a function.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from scripts.build_plan import FOLDER, UPDATED, Change, Plan, archive, read_plan, write_plan
from scripts.checks import due, fingerprints
from scripts.errors import SlipwayError
from scripts.packages import CODE_SHA256, FUNCTIONS, Package, build, code_sha256

_UPDATE_TIMEOUT_S = 300.0
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.1, 2.0
_CALLS_AT_ONCE = 8
_SESSION = Session()
_NOT_THERE = {"404", "NoSuchKey", "NotFound", "ResourceNotFoundException"}


@dataclass(frozen=True)
class Settings:
    """The build project's environment variables."""

    name_prefix: str
    model_name: str
    package_bucket: str
    kms_key_arn: str

    @property
    def passed_key(self) -> str:
        """Where the checks that have passed are noted."""
        return f"checks/{self.model_name}.json"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings; SlipwayError names all variables that are missing."""
    names = ("NAME_PREFIX", "MODEL_NAME", "PACKAGE_BUCKET", "KMS_KEY_ARN")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise SlipwayError(
            f"The build's environment lacks {', '.join(missing)}.",
            "The build project sets them: cloudformation/pipeline.yml",
        )
    return Settings(*(environment[name] for name in names))


def plan(settings: Settings, root: Path) -> None:
    """Compare every function with its package, and the checks with those that passed; write the plan, or nothing.

    A package's key names its sources. What is there under it already is not made again, only asked for its hash.
    """
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    functions, s3 = _client("lambda"), _client("s3")
    whole_names = [f"{settings.name_prefix}-{name}" for name in FUNCTIONS]
    with ThreadPoolExecutor(_CALLS_AT_ONCE) as calls:
        running = calls.map(partial(_running_code, functions), whole_names)
        noted = calls.submit(_passed, s3, settings)
        packages = build(root)
        stored = calls.map(partial(_stored_code, s3, settings.package_bucket), [package.key for package in packages])
    found = dict(zip(whole_names, running, strict=True))
    candidates = {package.function: _Candidate(package, code) for package, code in zip(packages, stored, strict=True)}
    changes = []
    for whole, function in zip(whole_names, FUNCTIONS.values(), strict=True):
        candidate = candidates[function.package]
        if found[whole] is None:
            _say(f"{whole}: the stack has no such function (yet); skipped")
        elif found[whole] == candidate.code_sha256:
            _say(f"{whole}: unchanged")
        else:
            _say(f"{whole}: changed, {candidate.package.key}")
            changes.append(Change(whole, function.package, candidate.package.key, candidate.code_sha256))
    passed = noted.result()
    checks = fingerprints(root, passed)
    wanted = due(checks, passed)
    _say(f"checks: {len(wanted)} of {len(checks) - 1} to run")
    if changes or wanted:
        zipped = {name: candidates[name].zipped for name in {change.package for change in changes}}
        write_plan(root, Plan(changes, checks), wanted, zipped)


@dataclass(frozen=True)
class _Candidate:
    """A package of the sources; `stored` is the CodeSha256 of the one that is in the bucket under its key."""

    package: Package
    stored: str | None

    @cached_property
    def zipped(self) -> bytes:
        return self.package.zipped()

    @property
    def code_sha256(self) -> str:
        return self.stored or code_sha256(self.zipped)


def _client(service: str) -> Any:
    """A client with the build's own role. botocore alone: boto3 adds a tenth of a second to it and nothing else."""
    return _SESSION.create_client(service)


def _running_code(functions: Any, name: str) -> str | None:
    try:
        configuration = functions.get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return None
    return str(configuration["CodeSha256"])


def _stored_code(s3: Any, bucket: str, key: str) -> str | None:
    """The CodeSha256 of a package that is there already.

    A key names the sources; another release of zlib may compress them to other bytes, which is no change of the code.
    """
    try:
        metadata = s3.head_object(Bucket=bucket, Key=key)["Metadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return None
    stored: str | None = metadata.get(CODE_SHA256)
    return stored


def _passed(s3: Any, settings: Settings) -> dict[str, str]:
    """The checks that the last green build has noted; none if it cannot be read as such a note."""
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


def upload(settings: Settings, root: Path) -> None:
    """Upload the packages of the plan that are not in the bucket."""
    s3 = _client("s3")
    for package, key in dict.fromkeys((change.package, change.key) for change in read_plan(root).changes):
        if _stored_code(s3, settings.package_bucket, key):
            _say(f"{key}: there already")
            continue
        body = archive(root, package).read_bytes()
        s3.put_object(
            Bucket=settings.package_bucket,
            Key=key,
            Body=body,
            ContentType="application/zip",
            Metadata={CODE_SHA256: code_sha256(body)},
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=settings.kms_key_arn,
        )
        _say(f"{key}: uploaded, {len(body)} bytes")


def update(settings: Settings, root: Path) -> None:
    """Update the functions of the plan, one after the other, and wait until each runs its new code.

    Then the checks are noted: what has passed and is published is not checked again.
    """
    if os.environ.get("CODEBUILD_BUILD_SUCCEEDING") != "1":
        raise SlipwayError("The build has failed before; no function was updated.")
    functions, plan = _client("lambda"), read_plan(root)
    updated = []
    for change in plan.changes:
        _await_update(functions, change.function)
        functions.update_function_code(FunctionName=change.function, S3Bucket=settings.package_bucket, S3Key=change.key)
        found = _await_update(functions, change.function)
        if found["CodeSha256"] != change.code_sha256:
            raise SlipwayError(
                f"{change.function} runs code {found['CodeSha256']} after its update to {change.key}, which is "
                f"{change.code_sha256}; something else has updated it at the same time.",
                "Release again, once nothing else updates it.",
            )
        updated.append(change.function.removeprefix(f"{settings.name_prefix}-"))
        _say(f"{change.function}: updated")
    if updated:
        (root / UPDATED).write_text(f"{','.join(updated)}\n", encoding="utf-8")
    _client("s3").put_object(
        Bucket=settings.package_bucket,
        Key=settings.passed_key,
        Body=json.dumps(plan.checks, indent=1).encode(),
        ContentType="application/json",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=settings.kms_key_arn,
    )


def _await_update(functions: Any, name: str) -> dict[str, Any]:
    """The function's configuration once no update of it is under way.

    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    deadline, pause_s = time.monotonic() + _UPDATE_TIMEOUT_S, _FIRST_PAUSE_S
    while True:
        found: dict[str, Any] = functions.get_function_configuration(FunctionName=name)
        status = found.get("LastUpdateStatus", "Successful")
        if status == "Successful":
            return found
        if status == "Failed":
            raise SlipwayError(
                f"{name}: its last update failed: {found.get('LastUpdateStatusReason', 'no reason given')}"
            )
        if time.monotonic() >= deadline:
            raise SlipwayError(f"{name}: its update has not ended within {_UPDATE_TIMEOUT_S:.0f} s.")
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LAST_PAUSE_S)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


STEPS: Mapping[str, Callable[[Settings, Path], None]] = {"plan": plan, "upload": upload, "update": update}


def main(arguments: Sequence[str], environment: Mapping[str, str], root: Path) -> int:
    """Run a step; 0 if it did its work, 1 for what somebody can mend, 2 for a wrong call."""
    if len(arguments) != 1 or arguments[0] not in STEPS:
        sys.stderr.write(
            f"python -m scripts.build: found {' '.join(arguments)!r}; allowed is one of {', '.join(STEPS)}\n"
        )
        return 2
    try:
        STEPS[arguments[0]](read_settings(environment), root)
    except SlipwayError as error:
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
