"""What is wrong with a workflow that is being composed, or with the input of one that is to start."""

from __future__ import annotations


class CompositionError(ValueError):
    """A workflow that cannot become a definition; the message names the state or the key, and what is allowed."""


class InputMismatchError(ValueError):
    """An input that does not fit the schema of its workflow; the message names every key that does not."""
