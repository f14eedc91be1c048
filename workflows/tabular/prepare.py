"""Split abalone and upload it: `python -m workflows.tabular.prepare FILE --bucket BUCKET`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_lambdas.runtime.failures import JobError
from workflows.aws.uploads import upload
from workflows.tabular.abalone import made_up, to_libsvm
from workflows.tabular.algorithm import FOLDER
from workflows.tabular.split import split


def prepare(lines: Sequence[str], bucket: str, seed: int) -> list[str]:
    """Convert CSV rows to libsvm, split and upload them; return a line for each part.

    ValueError as `to_libsvm`, JobError for a bucket that cannot be written to.
    """
    told = []
    for key, content in split(list(to_libsvm(lines)), seed).objects().items():
        upload(bucket, f"{FOLDER}/{key}", content)
        rows = content.count(b"\n")
        told.append(f"s3://{bucket}/{FOLDER}/{key}: {rows:,} rows")
    return told


def main(arguments: Sequence[str]) -> str:
    """Return what was done; raises SystemExit with a sentence about a file or a bucket that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m workflows.tabular.prepare", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="abalone.data of the UCI repository")
    parser.add_argument("--made-up", type=int, metavar="ROWS", help="make up so many rows, without a file")
    parser.add_argument("--bucket", required=True, help="the installation's data bucket")
    parser.add_argument("--seed", type=int, default=20, help="of the split; default: %(default)s")
    given = parser.parse_args(arguments)
    if (given.file is None) == (given.made_up is None):
        parser.error("name a file, or --made-up ROWS, and not both")
    try:
        lines = list(made_up(given.made_up, given.seed)) if given.made_up else _lines(given.file)
        return "\n".join(prepare(lines, given.bucket, given.seed))
    except (OSError, ValueError) as error:
        sys.exit(f"{given.file or '--made-up'}: {error}")
    except JobError as error:
        sys.exit(f"--bucket {given.bucket}: {error} Expected the installation's data bucket.")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
