"""Sentences made for tests, and what reads a job's log as SageMaker does."""

from __future__ import annotations

import random
import re

from local_aws.sagemaker.containers import registry

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
GOOD = ("lovely", "clear", "sturdy", "warm")
BAD = ("broken", "noisy", "cheap", "dead")
_EITHER = ("the", "guitar", "string", "sounds", "is", "and", "my", "was")


def sentence(good: bool, seed: int) -> str:
    draw = random.Random(seed)  # noqa: S311  # data, not a secret
    words = [*draw.choices(_EITHER, k=6), *draw.choices(GOOD if good else BAD, k=2)]
    draw.shuffle(words)
    return " ".join(words)


def lines(count: int, first: int = 0) -> str:
    """Lines of two classes, one after the other."""
    return "".join(
        f"__label__{1 if seed % 2 else 2} {sentence(bool(seed % 2), seed)}\n" for seed in range(first, first + count)
    )


def files(count: int = 300) -> dict[str, str | bytes]:
    return {"train/train.txt": lines(count), "validation/test.txt": lines(100, 10_000)}


def metrics_of(log: str) -> dict[str, float]:
    """The last value of each metric."""
    return {
        name: float(match[1])
        for line in log.splitlines()
        for name, expression in registry.find(IMAGE).metric_definitions
        if (match := re.search(expression, line))
    }
