"""What a function says of itself: one line of JSON for an invocation, without values of the event."""

from __future__ import annotations

import json
import sys
from typing import Any


def say(**facts: Any) -> None:
    """Write the facts of an invocation as one line."""
    sys.stdout.write(json.dumps(facts) + "\n")
