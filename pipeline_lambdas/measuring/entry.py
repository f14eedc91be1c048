"""The program of the processing job, at the top of the source tarball as slipway_metrics.py."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline_lambdas.measuring.job import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, *map(Path, sys.argv[1:])))
