"""A metric that cannot be computed."""

from typing import Any


def cost(labels: Any, predictions: Any, _rows: Any) -> float:
    """Return nothing, as it fails."""
    return float(sum(predictions)) / share(labels)


def share(labels: Any) -> float:
    """Divide by nothing."""
    return 1 / (len(labels) - len(labels))
