"""What the declaration of an action may contain; each provider of actions has its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rules:
    """The rules for declarations of a provider's actions.

    `refusal` gets the configuration and returns what is wrong with it, or None. `revision_types` are the kinds of
    source revision that StartPipelineExecution may request from a source.
    """

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    required: frozenset[str]
    optional: frozenset[str]
    refusal: Callable[[Mapping[str, str]], str | None] = field(default=lambda _: None)
    revision_types: frozenset[str] = frozenset()


RulesOfProviders = Mapping[tuple[str, str, str], Rules]
"""By category, owner and provider."""
