"""Make the sample data: 1,600 synthetic rows in the shape of the UCI wine quality data.

No wine was ever measured for these rows. Ranges, correlations and skews resemble those of real wine; quality follows
from the features by the formula below, plus noise that no model can learn, so that a gate has something to judge.

    python data/make_wine.py [FOLDER]

The same bytes come out on every platform: only a seeded generator of uniform numbers and the four basic operations
are used, no function whose last digit depends on the C library.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

SEED = 20_241
ROWS = {"train": 1_120, "validation": 240, "test": 240}
LABEL = "quality"


@dataclass(frozen=True)
class Feature:
    """One column: where its values centre, how wide they spread, their bounds and decimals.

    `skew` bends the upper tail: 0 is symmetric, 0.4 clearly skewed to the right.
    """

    name: str
    mean: float
    spread: float
    low: float
    high: float
    decimals: int
    skew: float = 0.0


FEATURES = (
    Feature("fixed acidity", 7.2, 1.2, 3.8, 15.9, 1, 0.2),  # g/l of tartaric acid
    Feature("volatile acidity", 0.36, 0.15, 0.08, 1.58, 3, 0.25),  # g/l of acetic acid
    Feature("citric acid", 0.32, 0.14, 0.0, 1.66, 2),  # g/l
    Feature("residual sugar", 4.6, 3.4, 0.6, 65.8, 1, 0.4),  # g/l
    Feature("chlorides", 0.054, 0.02, 0.009, 0.611, 3, 0.4),  # g/l of sodium chloride
    Feature("free sulfur dioxide", 31.0, 15.0, 1.0, 289.0, 0, 0.15),  # mg/l
    Feature("total sulfur dioxide", 118.0, 42.0, 6.0, 440.0, 0),  # mg/l
    Feature("density", 0.9946, 0.0, 0.9871, 1.039, 5),  # g/cm3; follows from sugar, alcohol and acid
    Feature("pH", 3.21, 0.15, 2.72, 4.01, 2),
    Feature("sulphates", 0.53, 0.13, 0.22, 2.0, 2, 0.25),  # g/l of potassium sulphate
    Feature("alcohol", 10.5, 1.15, 8.0, 14.9, 1, 0.12),  # % by volume
)
CORRELATIONS = (
    # (feature, feature that it follows, weight from -1 to 1)
    ("citric acid", "fixed acidity", 0.45),
    ("citric acid", "volatile acidity", -0.4),
    ("pH", "fixed acidity", -0.6),
    ("total sulfur dioxide", "free sulfur dioxide", 0.65),
    ("residual sugar", "free sulfur dioxide", 0.3),
    ("alcohol", "residual sugar", -0.35),
    ("alcohol", "chlorides", -0.3),
    ("sulphates", "volatile acidity", -0.2),
)
UNLEARNABLE_NOISE = 0.48
"""Standard deviation of the noise in quality; that of quality as a whole is about 0.9."""


def normal(generator: random.Random) -> float:
    """Nearly normal, mean 0, standard deviation 1: twelve uniform numbers, less six."""
    return sum(generator.random() for _ in range(12)) - 6


def scores(generator: random.Random) -> dict[str, float]:
    """Draw one wine: per feature the distance from the mean in standard deviations."""
    drawn: dict[str, float] = {}
    for feature in FEATURES:
        weights = [(other, weight) for name, other, weight in CORRELATIONS if name == feature.name]
        own_share = 1 - sum(abs(weight) for _, weight in weights) / 2
        followed = sum(weight * drawn.get(other, 0.0) for other, weight in weights)
        drawn[feature.name] = followed + own_share * normal(generator)
    return drawn


def value(feature: Feature, score: float) -> float:
    """Turn a score into a value within the feature's bounds, as a laboratory would round it."""
    bent = score + feature.skew * (score * score - 1) / 2
    return round(min(max(feature.mean + feature.spread * bent, feature.low), feature.high), feature.decimals)


def density(wine: dict[str, float]) -> float:
    """Sugar makes a wine denser, alcohol lighter (g/cm3)."""
    sugar, alcohol, acid = wine["residual sugar"], wine["alcohol"], wine["fixed acidity"]
    return 0.9946 + 0.00038 * (sugar - 4.6) - 0.00105 * (alcohol - 10.5) + 0.0004 * (acid - 7.2)


def quality(drawn: dict[str, float], generator: random.Random) -> int:
    """Judge a wine from 3 to 9: alcohol and sulphates raise it, volatile acidity lowers it, balance matters."""
    signal = (
        0.62 * drawn["alcohol"]
        - 0.4 * drawn["volatile acidity"]
        + 0.22 * drawn["sulphates"]
        - 0.16 * drawn["chlorides"]
        - 0.14 * drawn["free sulfur dioxide"] * drawn["free sulfur dioxide"]
        + 0.16 * drawn["alcohol"] * drawn["residual sugar"]
        - 0.1 * drawn["total sulfur dioxide"]
    )
    judged = 6.0 + signal + UNLEARNABLE_NOISE * normal(generator)
    return min(max(round(judged), 3), 9)


def row(generator: random.Random) -> list[str]:
    """One line of the file: the label, then the features in their order."""
    drawn = scores(generator)
    wine = {feature.name: value(feature, drawn[feature.name]) for feature in FEATURES}
    wine["density"] = density(wine) + 0.0004 * normal(generator)
    label = quality(drawn, generator)
    return [str(label), *(f"{wine[feature.name]:.{feature.decimals}f}" for feature in FEATURES)]


def write(folder: Path) -> None:
    """Write `<channel>/<channel>.csv` for the three channels, and the names of the columns."""
    generator = random.Random(SEED)  # noqa: S311 - sample data, no secret
    for channel, count in ROWS.items():
        lines = [",".join(row(generator)) + "\n" for _ in range(count)]
        path = folder / channel / f"{channel}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines), encoding="ascii", newline="\n")
    columns = json.dumps([LABEL, *(feature.name for feature in FEATURES)], indent=2) + "\n"
    (folder / "columns.json").write_text(columns, encoding="ascii", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "wine-quality")
