"""Local AWS without one of MiniStack's patches, by which it is proven that a test needs the patch.

`python -m tests.left_out PATCH VERB ...` is `python -m local_aws VERB ...` without it.
"""

from __future__ import annotations

import os
import sys
from unittest import mock

from local_aws import __main__ as command_line
from local_aws.base import patches
from local_aws.serving import process
from local_aws.settings import Settings
from tests.local_server import LEFT_OUT


def heed() -> None:
    """Let a program that a test starts leave out what its environment names."""
    name = os.environ.get(LEFT_OUT)
    if name:
        leave_out(name)


def leave_out(name: str) -> None:
    """Let this process apply all patches but one."""
    left = tuple(patch for patch in patches.PATCHES if patch.name != name)
    assert len(left) == len(patches.PATCHES) - 1, f"{name} is no patch"
    patches.PATCHES = left


def main(name: str, *arguments: str) -> int:
    """Run a verb; the server that it starts leaves the patch out as well."""
    leave_out(name)
    whole = process.serve_command

    def serve_command(settings: Settings) -> list[str]:
        python, option, _, *rest = whole(settings)
        return [python, option, "tests.left_out", name, *rest]

    with mock.patch.object(process, "serve_command", serve_command):
        return command_line.main(list(arguments))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
