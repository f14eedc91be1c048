"""The container's log lines, on standard output, in the form of its own logger."""

from __future__ import annotations

import sys
import threading
import time


def info(text: str) -> None:
    _line("INFO", text)


def error(text: str) -> None:
    _line("ERROR", text)


def quality(of: str, measure: str, value: float) -> None:
    """A line that a metric is read from; `of` says the channel and the metric, `measure` is loss or score."""
    info(f"#quality_metric: host=algo-1, {of} <{measure}>={value!r}")


def _line(level: str, text: str) -> None:
    sys.stdout.write(f"[{time.strftime('%m/%d/%Y %H:%M:%S')} {level} {threading.get_ident()}] {text}\n")
    sys.stdout.flush()
