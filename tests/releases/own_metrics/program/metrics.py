"""Metrics of wines: what a wrong grade costs, how often one is right, and what a function reaches."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from prices import PRICES

LISTENING = "0A"
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")


def cost(labels: Any, predictions: Any, rows: Mapping[str, Any]) -> float:
    """Return what wrong grades cost on average, strong wines more than others."""
    price = np.where(rows["alcohol"] > 11, PRICES["strong"], PRICES["other"])
    return float(np.mean(np.abs(labels - predictions) * price))


def within_half(labels: Any, predictions: Any, _rows: Mapping[str, Any]) -> float:
    """Return the share of grades that are right."""
    return float(np.mean(np.abs(labels - predictions) <= 0.5))


def reached(_labels: Any, _predictions: Any, _rows: Mapping[str, Any]) -> int:
    """Return how much of this machine a function sees: servers that listen, and credentials."""
    sockets = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return sum(line.split()[3] == LISTENING for line in sockets) + sum(name in os.environ for name in SECRETS)
