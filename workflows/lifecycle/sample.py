"""Phone contracts and whether they are ended, on three days: in November a new tariff has turned the reasons around."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workflows.samples import Place, Run, Sample

MODEL = "churn"
TRAINED_ON, DRIFTED, LATER = "2019-10-01", "2019-11-01", "2019-12-01"
DATES = (TRAINED_ON, DRIFTED, LATER)
ROWS = {"train": 1_600, "validation": 400, "holdout": 600}
_FILES = 2
_PREFIX = f"workflows/lifecycle/{MODEL}/"

# What a unit of each column adds to the log-odds of a contract's end; before the new tariff and from then on.
_BEFORE = {"monthly_charge": 0.10, "months": -0.12, "support_calls": 0.60, "gigabytes": 0.0}
_SINCE = {"monthly_charge": 0.02, "months": -0.02, "support_calls": 0.60, "gigabytes": -0.25}
_MIDDLE = {"monthly_charge": 45.0, "months": 24.0, "support_calls": 2.0, "gigabytes": 15.0}


def objects() -> Iterator[tuple[str, bytes]]:
    """The config, and for each day CSV files without a header: the label first, apart from the hold-out rows."""
    yield f"{_PREFIX}config.json", Path(__file__).with_name("config.json").read_bytes()
    for day in DATES:
        drawn = random.Random(day)  # noqa: S311 - data, not cryptography
        for part, count in ROWS.items():
            for number in range(1, _FILES + 1):
                rows = [_contract(drawn, _BEFORE if day < DRIFTED else _SINCE) for _ in range(count // _FILES)]
                yield from _files(f"{_PREFIX}input-data/{day}/", part, f"rows-{number}.csv", rows)


def _contract(drawn: random.Random, reasons: Mapping[str, float]) -> tuple[int, tuple[float, ...]]:
    """Whether a contract is ended, and its columns."""
    row = {
        "monthly_charge": round(drawn.uniform(10, 80), 2),
        "months": float(drawn.randint(1, 48)),
        "support_calls": float(min(9, int(drawn.expovariate(0.5)))),
        "gigabytes": round(drawn.uniform(0, 30), 1),
    }
    log_odds = sum(weight * (row[name] - _MIDDLE[name]) for name, weight in reasons.items())
    return int(drawn.random() < 1 / (1 + math.exp(-log_odds))), tuple(row.values())


def _files(prefix: str, part: str, name: str, rows: list[tuple[int, tuple[float, ...]]]) -> Iterator[tuple[str, bytes]]:
    features = [",".join(f"{value:g}" for value in columns) for _, columns in rows]
    labels = [str(label) for label, _ in rows]
    if part == "holdout":
        yield f"{prefix}holdout/{name}", _csv(features)
        yield f"{prefix}holdout-targets/{name}", _csv(labels)
    else:
        yield f"{prefix}{part}/{name}", _csv([f"{label},{row}" for label, row in zip(labels, features, strict=True)])


def _csv(rows: list[str]) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def _asked(day: str) -> Callable[[Place], dict[str, Any]]:
    return lambda _: {"ModelName": MODEL, "DataDate": day}


def _trained(output: Mapping[str, Any]) -> list[str]:
    return [f"trained on {output['DataDate']}: validation AUC {output['ValidationAuc']:.3f}, registered"]


def _judged(output: Mapping[str, Any]) -> list[str]:
    area, threshold = f"AUC {output['Auc']:.3f}", f"threshold {output['Threshold']:g}"
    told = [f"{output['DataDate']}: {area} on {output['Rows']:,} hold-out rows, {threshold}"]
    if output["Retrained"]:
        before = output["Before"]
        told.insert(
            0, f"{output['DataDate']}: AUC {before['Auc']:.3f} with the model of {before['TrainedOn']}: retrained"
        )
    return told


SAMPLE = Sample(
    system="lifecycle",
    title="Model life cycle: train, register, watch, retrain",
    objects=objects,
    runs=(
        Run("lifecycle-training", _asked(TRAINED_ON), _trained),
        Run("lifecycle-inference", _asked(TRAINED_ON), _judged),
        Run("lifecycle-inference", _asked(DRIFTED), _judged),
        Run("lifecycle-inference", _asked(LATER), _judged),
    ),
)
