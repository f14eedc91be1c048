"""Log lines in the form of the algorithms that SageMaker's own team wrote, on standard output."""

from __future__ import annotations

import sys
import threading
import time


def info(text: str) -> None:
    _line("INFO", text)


def warning(text: str) -> None:
    _line("WARNING", text)


def error(text: str) -> None:
    _line("ERROR", text)


def plain(text: str) -> None:
    """A line without time and level."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _line(level: str, text: str) -> None:
    plain(f"[{time.strftime('%m/%d/%Y %H:%M:%S')} {level} {threading.get_ident()}] {text}")
