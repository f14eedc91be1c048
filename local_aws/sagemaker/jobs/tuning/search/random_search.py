"""Random search: values drawn evenly on the scale of each hyperparameter, whatever the other training jobs found.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator

from local_aws.sagemaker.jobs.tuning.search.space import Space, Values

_DRAWS = 64
_LISTED = 20_000
"""Combinations up to which a space is listed once drawing finds only known ones."""


def suggest(space: Space, seed: int, number: int, taken: Collection[Values]) -> dict[str, str]:
    """The values of training job `number`: the same for the same arguments, and no taken ones while others are left."""
    generator = generator_of(seed, number)
    return untaken(space, taken, generator, lambda: space.values([generator.random() for _ in space.ranges]))


def untaken(
    space: Space, taken: Collection[Values], generator: random.Random, draw: Callable[[], dict[str, str]]
) -> dict[str, str]:
    """What `draw` gives that is not taken; if that seems to be exhausted, any combination that is left."""
    known = {_key(values) for values in taken}
    drawn = draw()
    for _ in range(_DRAWS):
        if _key(drawn) not in known:
            return drawn
        drawn = draw()
    left = list(_left(space, known))
    return generator.choice(left) if left else drawn


def generator_of(seed: int, number: int) -> random.Random:
    """A generator for one training job, which depends on no other."""
    return random.Random(f"{seed}/{number}")  # noqa: S311 - a search, no secret


def _left(space: Space, known: Collection[tuple[tuple[str, str], ...]]) -> Iterator[dict[str, str]]:
    if space.combinations > _LISTED:
        return
    for number in range(int(space.combinations)):
        values = space.nth(number)
        if _key(values) not in known:
            yield values


def _key(values: Values) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))
