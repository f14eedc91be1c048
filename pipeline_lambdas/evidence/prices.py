"""The dated price table `prices.json`: each figure with its source and its certainty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.json")
_SCHEMA = "slipway-prices/1"


@dataclass(frozen=True)
class Price:
    """One figure, in US dollars."""

    usd: float
    unit: str
    source: str
    dated: str
    certainty: str
    """A to D, see the table."""
    free_per_month: str = ""


@dataclass(frozen=True)
class PriceTable:
    """All figures of one Region."""

    compiled: str
    region: str
    certainty: Mapping[str, str]
    pages: tuple[str, ...]
    prices: Mapping[str, Price]
    instance_hours: Mapping[str, Price]


def load_prices(path: Path = PRICES) -> PriceTable:
    """Read the table; ValueError if its schema is not the one that this module reads."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if document.get("schema") != _SCHEMA:
        raise ValueError(f"{path}: found schema {document.get('schema')}; expected {_SCHEMA}")
    return PriceTable(
        compiled=document["compiled"],
        region=document["region"],
        certainty=document["certainty"],
        pages=tuple(document["pages"]),
        prices={name: Price(**figure) for name, figure in document["prices"].items()},
        instance_hours={name: Price(**figure) for name, figure in document["instance_hours"].items()},
    )
