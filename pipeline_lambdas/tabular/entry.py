"""The program that SageMaker runs, at the top of the source tarball as slipway_tabular.py.

Run, it trains; imported, it serves.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from pipeline_lambdas.tabular.job import main
from pipeline_lambdas.tabular.serving import input_fn, model_fn, output_fn, predict_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

if __name__ == "__main__":
    # Else the collector looks at what the libraries hold again and again while millions of cells are read.
    gc.freeze()
    sys.exit(main(sys.argv[1:], os.environ, Path(__file__).resolve()))
