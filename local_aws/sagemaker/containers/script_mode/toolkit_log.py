"""The log lines of SageMaker's toolkits, on standard output.

https://github.com/aws/sagemaker-training-toolkit, logging_config.py
"""

from __future__ import annotations

import sys
import time


class ToolkitLog:
    """Lines such as `2026-11-22 19:30:00,123 sagemaker-training-toolkit INFO     Invoking user script`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, text: str) -> None:
        self._line("INFO", text)

    def warning(self, text: str) -> None:
        self._line("WARNING", text)

    def error(self, text: str) -> None:
        self._line("ERROR", text)

    def _line(self, level: str, text: str) -> None:
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        sys.stdout.write(f"{stamp},{int(now * 1000) % 1000:03d} {self._name:<12} {level:<8} {text}\n")
        sys.stdout.flush()
