"""The steps in which images are listed: all at once, or a plan, each class folder, and the joined lists."""

from __future__ import annotations

from typing import Any

from workflows.images.dataset.listing import Remaining, join_lists, list_images, list_shard, plan_lists
from workflows.images.place import Place
from workflows.images.request import ImagesInput
from workflows.runtime.errors import InputError


def run_step(step: str, shard: int, given: ImagesInput, place: Place, remaining: Remaining) -> Any:
    """Return what the state machine gets from a step. Raises DataError, InputError."""
    match step:
        case "all":
            return list_images(given, place, remaining)
        case "plan":
            return plan_lists(given, place)
        case "shard":
            return list_shard(given, place, shard, remaining)
        case "join":
            return join_lists(given, place)
    raise InputError(f"The input has step {step!r}; expected all, plan, shard or join.")
