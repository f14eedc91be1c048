"""The data that is measured with: UCI white wine where it is at hand, else the synthetic sample grown to its size."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHITE_WINE = ROOT.parent / "shared" / "data" / "winequality" / "winequality-white.csv"
WHITE_WINE_ROWS = 4898


def rows(file: Path | None) -> tuple[str, list[str]]:
    """What the rows are, and the rows with the label first and no header."""
    file = file or (WHITE_WINE if WHITE_WINE.exists() else None)
    if file is None:
        sample = [line for part in sorted((ROOT / "data" / "wine-quality").rglob("*.csv")) for line in _lines(part)]
        return "synthetic sample", list(grown(sample, WHITE_WINE_ROWS))
    header, *lines = _lines(file)
    delimiter = ";" if ";" in header else ","
    split = [line.split(delimiter) for line in lines]
    shuffled = [",".join([cells[-1], *cells[:-1]]) for cells in split]
    random.Random(1).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    return file.name, shuffled


def grown(lines: list[str], count: int) -> Iterator[str]:
    """As many rows as asked for: the given ones again and again, with a little noise in the features."""
    source = random.Random(2)  # noqa: S311
    for number in range(count):
        label, *features = lines[number % len(lines)].split(",")
        if number >= len(lines):
            features = [f"{float(value) * source.uniform(0.99, 1.01):.5g}" for value in features]
        yield ",".join([label, *features])


def write_dataset(folder: Path, lines: list[str], test: Iterator[str] | None = None) -> Path:
    """A dataset folder: 70 % train, 15 % validation, 15 % test, or another test set."""
    first, second = int(len(lines) * 0.70), int(len(lines) * 0.85)
    for channel, part in (("train", lines[:first]), ("validation", lines[first:second]), ("test", lines[second:])):
        (folder / channel).mkdir(parents=True, exist_ok=True)
        with (folder / channel / f"{channel}.csv").open("w", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in (test if channel == "test" and test is not None else part))
    # Named by their places, whatever the data is.
    names = [f"column {number}" for number in range(1, lines[0].count(",") + 2)]
    (folder / "columns.json").write_text(json.dumps(names), encoding="utf-8")
    return folder


def thirds(lines: list[str], place: int) -> list[float]:
    """The two cuts that part a column's values into thirds; one cut if they are equal."""
    values = sorted(float(line.split(",")[place]) for line in lines)
    return sorted({values[len(values) // 3], values[len(values) * 2 // 3]})


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
