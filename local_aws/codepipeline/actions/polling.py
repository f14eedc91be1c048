"""PollForSourceChanges: sources that are asked for a new revision from time to time; `true` if omitted.

https://docs.aws.amazon.com/codepipeline/latest/userguide/PollForSourceChanges-defaults.html
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from local_aws.codepipeline.actions.contract import Provider
from local_aws.codepipeline.definition.model import Action, Pipeline

PARAMETER = "PollForSourceChanges"


def polling_refusal(configuration: Mapping[str, str]) -> str | None:
    """Why the parameter is refused; None if it is not."""
    poll = configuration.get(PARAMETER, "true")
    return None if poll.lower() in ("true", "false") else f"{PARAMETER} is '{poll}'; 'true' and 'false' are allowed"


class PolledSource(Provider):
    """A source that can be polled."""

    @abstractmethod
    def newest_revision(self, pipeline: Pipeline, action: Action) -> str:
        """The revision that is there now, read with the action's role. Raises ClientError."""

    def place(self, action: Action) -> str | None:
        """What is polled, such as a repository and its branch; None for a source that is not."""
        if action.configuration.get(PARAMETER, "true").lower() == "false":
            return None
        return " ".join(action.configuration[name] for name in sorted(self.rules.required))
