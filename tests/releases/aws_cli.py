"""The commands of the AWS CLI that docs/aws.md prints, by boto3, for a shell that runs them as printed.

    aws sts get-caller-identity --query Account --output text
    aws s3 cp SOURCE s3://BUCKET/KEY [--recursive [--exclude PATTERN]]

Anything else ends with exit code 2, as a command that the document has and this lacks must fail its test.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config


def main(arguments: list[str]) -> int:
    if arguments == ["sts", "get-caller-identity", "--query", "Account", "--output", "text"]:
        sys.stdout.write(f"{boto3.client('sts').get_caller_identity()['Account']}\n")
        return 0
    if arguments[:2] == ["s3", "cp"]:
        copy(boto3.client("s3", config=Config(s3={"addressing_style": "path"})), arguments[2:])
        return 0
    sys.stderr.write(f"aws {' '.join(arguments)}: not among the commands of the document\n")
    return 2


def copy(s3: Any, arguments: list[str]) -> None:
    """https://docs.aws.amazon.com/cli/latest/reference/s3/cp.html."""
    parser = ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("to")
    parser.add_argument("--recursive", action="store_true")
    parser.add_argument("--exclude", default="")
    asked = parser.parse_args(arguments)
    bucket, _, key = asked.to.removeprefix("s3://").partition("/")
    if not asked.recursive:
        s3.upload_file(str(asked.source), bucket, key)
        return
    for path in sorted(asked.source.rglob("*")):
        name = path.relative_to(asked.source).as_posix()
        if path.is_file() and not fnmatchcase(name, asked.exclude):
            s3.upload_file(str(path), bucket, f"{key.rstrip('/')}/{name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
