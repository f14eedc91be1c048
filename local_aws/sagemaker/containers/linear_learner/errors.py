"""Linear Learner's failures: a text in output/failure, and an exit code that says whose fault it was."""

from __future__ import annotations


class CustomerError(Exception):
    """The customer can put it right: a hyperparameter, a channel, the data."""

    exit_code = 2


class NotEmulatedError(CustomerError):
    """AWS can do it, local AWS cannot; the message says what."""
