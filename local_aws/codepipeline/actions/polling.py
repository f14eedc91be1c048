"""PollForSourceChanges: `true` where it is omitted, and nothing that local AWS does.

https://docs.aws.amazon.com/codepipeline/latest/userguide/PollForSourceChanges-defaults.html
"""

from __future__ import annotations

from collections.abc import Mapping


def polling_refusal(configuration: Mapping[str, str]) -> str | None:
    """Why a source that is to be polled is refused; None for one that is not."""
    poll = configuration.get("PollForSourceChanges")
    if poll is not None and poll.lower() == "false":
        return None
    found = "omitted, which means 'true'" if poll is None else f"'{poll}'"
    return (
        f"PollForSourceChanges is {found}; local AWS does not poll sources. Set it to 'false' and start the pipeline "
        "by an EventBridge rule, as AWS recommends"
    )
