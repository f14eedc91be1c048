"""Reads rows, and makes features of them; the same in training and in serving."""

import csv
from pathlib import Path


def read(folder: str) -> list[list[str]]:
    """Return all rows of a channel."""
    rows: list[list[str]] = []
    for path in sorted(Path(folder).iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.reader(file)
    return rows


def features(row: list[str]) -> dict[str, object]:
    """Return the features of a row without its label."""
    tenure, contract, city, signup, notes, _ = row
    return {
        "tenure": float(tenure or 0) / 100,
        "tenure missing": not tenure,
        "contract": contract,
        "city": city,
        "year": signup[:4],
        **{f"word {word}": 1 for word in notes.lower().replace(",", " ").split()},
    }
