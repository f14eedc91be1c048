"""The container's log lines, on standard output, in the form of its logger."""

from __future__ import annotations

import sys
import time


def info(text: str) -> None:
    line("INFO", text)


def warning(text: str) -> None:
    line("WARNING", text)


def error(text: str) -> None:
    line("ERROR", text)


def line(level: str, text: str) -> None:
    sys.stdout.write(f"[{time.strftime('%Y-%m-%d:%H:%M:%S')}:{level}] {text}\n")
    sys.stdout.flush()
