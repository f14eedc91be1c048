"""What buildspec.yml calls: package the functions.

    python -m slipway_build.build      writes the packages to build/packages, and their hash beside them

It asks nothing of AWS, and nothing but requirements/build.txt is installed where it runs: what is packaged depends on
the sources alone. The functions that cloudformation/functions/publish.py is the code of publish it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from slipway_build.errors import BuildError
from slipway_build.packages import build
from slipway_build.plan import FOLDER, write_packages


def main(arguments: Sequence[str], root: Path) -> int:
    """Do it; 0 if that was done, 1 for what somebody can fix, 2 for a wrong call."""
    if arguments:
        sys.stderr.write(f"python -m slipway_build.build: found {' '.join(arguments)!r}; it takes no argument\n")
        return 2
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    try:
        write_packages(root, {package.function: package.zipped() for package in build(root)})
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
