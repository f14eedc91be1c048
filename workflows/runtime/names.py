"""Names of what an execution makes in SageMaker: its own, and new after a redrive."""

from __future__ import annotations

import hashlib

DIGITS = 12


def mark(execution_arn: str, redrive_count: int = 0) -> str:
    """12 hexadecimal digits of an execution, which begin what is its own in a name.

    A state machine in JSONata writes the same:

        $substring($hash($states.context.Execution.Id & ':' & $string($states.context.Execution.RedriveCount),
                         'SHA-256'), 0, 12)

    https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
    """
    return hashlib.sha256(f"{execution_arn}:{redrive_count}".encode()).hexdigest()[:DIGITS]


def unique(prefix: str, execution_arn: str, redrive_count: int = 0) -> str:
    """`prefix`-`mark`; with a prefix of at most 50 characters a name of SageMaker, which has at most 63."""
    return f"{prefix}-{mark(execution_arn, redrive_count)}"
