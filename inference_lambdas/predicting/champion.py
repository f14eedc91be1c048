"""The champion, the model that prod serves, asked for the same rows as the model that is to replace it."""

from __future__ import annotations

from inference_lambdas.predicting.serving import Deployed, served
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import JobError


class Champion:
    """The champion's endpoint; after `failure` it is asked no more, and nothing is compared."""

    def __init__(self, endpoint: str, deployed: Deployed, failure: str = "", since: str = "") -> None:
        self.endpoint, self.deployed = endpoint, deployed
        self.failure, self._since = failure, since

    def check(self) -> None:
        """Note a failure unless the endpoint serves the champion, and has not changed since the first look."""
        try:
            found = served(self.endpoint, self.deployed)
        except JobError as error:
            self.failure = self.failure or str(error)
            return
        if self._since and found.since != self._since:
            self.failure = self.failure or f"Endpoint {self.endpoint} changed while it was asked. {RETRY_ALL}."
        self._since = self._since or found.since

    def fail(self, error: JobError) -> None:
        self.failure = self.failure or f"Endpoint {self.endpoint}: {error}"

    def to_json(self) -> dict[str, str]:
        return {"failure": self.failure, "since": self._since}
