"""A function's cold start against importing boto3 and making the same clients."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from slipway_build.packages import PACKAGES, build_one

from benchmarks.figures import Figure, at_most, paired_ratio

SERVICES = {
    "train-model": ("codepipeline", "sagemaker", "s3"),
    "get-status": ("codepipeline", "sagemaker"),
    "deploy-model": ("codepipeline", "sagemaker", "s3"),
    "evaluate-model": ("codepipeline", "sagemaker", "s3", "sagemaker-runtime"),
    "clean-up": ("codepipeline", "sagemaker", "s3"),
    "register-model": ("codepipeline", "sagemaker"),
    "record-release": ("codepipeline", "sagemaker", "s3", "logs"),
    "start-release": ("codecommit", "codepipeline", "s3", "sts"),
    "end-release": ("codepipeline", "sagemaker"),
    "settle-job": ("codepipeline", "lambda"),
}
"""The clients that each function makes in a usual invocation."""

_TIMED = "import time; started = time.perf_counter(); {work}; print(time.perf_counter() - started)"
_FUNCTION = "import index; from pipeline_lambdas.aws.clients import client; [client(name) for name in {services}]"
_BOTO3 = "import boto3; [boto3.client(name) for name in {services}]"
_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "PATH": ""}


def measure(root: Path, folder: Path, *, short: bool) -> list[Figure]:
    """Unpack each function's package and import its handler in a fresh process, in turn with the baseline.

    As on Lambda no byte code is written; what the package brings is used.
    """
    figures = []
    for function, module in PACKAGES.items():
        code = folder / "code" / function
        # With byte code, as Build makes it for the functions' Python: this one stands for it.
        zipped = build_one(root, function, module).zipped(runtime=sys.version_info[:2])
        with zipfile.ZipFile(io.BytesIO(zipped)) as package:
            package.extractall(code)
        services = SERVICES[function]
        cold, bare = _FUNCTION.format(services=services), _BOTO3.format(services=services)
        ratio, taken, baseline = paired_ratio(
            lambda code=code, cold=cold: _seconds(code, cold),  # type: ignore[misc]
            lambda code=code, bare=bare: _seconds(code, bare),  # type: ignore[misc]
            1 if short else 9,
        )
        detail = f"{taken * 1000:.0f} ms; boto3 with {', '.join(services)}: {baseline * 1000:.0f} ms"
        figures.append(at_most(f"cold start of {function} / boto3", ratio, "x", 1.3, detail))
    return figures


def _seconds(folder: Path, work: str) -> float:
    command = [sys.executable, "-B", "-c", _TIMED.format(work=work)]
    done = subprocess.run(command, cwd=folder, env=_ENVIRONMENT, check=True, capture_output=True, text=True)
    return float(done.stdout)
