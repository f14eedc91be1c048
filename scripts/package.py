"""Verb `package`: build the functions' packages and upload those that are not there."""

from __future__ import annotations

from typing import Any

import typer
from botocore.exceptions import ClientError

from scripts.aws_errors import code_of
from scripts.packages import CODE_SHA256, Package, build, code_sha256
from scripts.session import Session, session_of


def package(context: typer.Context) -> None:
    """Build and upload the packages of the functions.

    Only those whose content is new are uploaded; no function is changed.
    """
    session = session_of(context)
    session.announce()
    packages = upload_packages(session)
    for built in packages:
        session.output.say(f"  {built.function}: {len(built.files)} files, {built.key}")
    session.output.result({"packages": {built.function: built.key for built in packages}})
    session.output.say(f"The functions change with the next: {session.command('deploy')}")


def upload_packages(session: Session, *, upload: bool = True) -> list[Package]:
    """Build all packages; upload those whose key is not in the package bucket, unless only their keys are wanted."""
    if not upload:
        return build(session.project.root)
    bucket, s3 = session.names.bucket("packages"), session.client("s3")
    with session.output.step("packages") as step:
        packages = build(session.project.root)
        uploaded = 0
        for built in packages:
            if _is_there(s3, bucket, built.key):
                continue
            step.update(f"uploading {built.function}")
            body = built.zipped()
            metadata = {CODE_SHA256: code_sha256(body)}
            s3.put_object(Bucket=bucket, Key=built.key, Body=body, ContentType="application/zip", Metadata=metadata)
            uploaded += 1
        step.outcome = f"{uploaded} of {len(packages)} uploaded" if uploaded else f"{len(packages)}, all there already"
    return packages


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in {"404", "NoSuchKey", "NotFound"}:
            raise
        return False
    return True
