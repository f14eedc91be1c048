"""Starts pipelines whose sources are polled, when a source has a new revision.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-about-starting.html

AWS documents neither how often it polls nor `triggerDetail` of such an execution; here it is the name of the source
action. A change starts one execution, however many sources of the pipeline have changed between two polls.
"""

from __future__ import annotations

import logging
import threading

from local_aws.codepipeline.actions.polling import PolledSource
from local_aws.codepipeline.definition.model import Action, Pipeline
from local_aws.codepipeline.execution.changes import Trigger
from local_aws.codepipeline.execution.engine import Providers
from local_aws.codepipeline.operations.executions import Executions
from local_aws.codepipeline.state.state import State
from local_aws.codepipeline.state.statuses import IN_PROGRESS
from local_aws.wire import AwsError

log = logging.getLogger(__name__)

PERIOD_S = 2.0
_STOP_TIMEOUT_S = 2.0


class SourcePolls:
    """One thread that polls; where no pipeline is polled it only reads the list of pipelines."""

    def __init__(self, state: State, executions: Executions, providers: Providers) -> None:
        """Nothing is polled before `start`."""
        self._state, self._executions, self._providers = state, executions, providers
        self._failures: dict[tuple[str, str], str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="codepipeline-polls", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)

    def look(self) -> None:
        """Start every pipeline with a source whose revision nobody has seen."""
        for record in self._state.pipelines():
            pipeline = self._state.definition(record.name, record.version)
            polled = [(one, place) for one in pipeline.stages[0].actions if (place := self._place(one))]
            if polled and not self._is_fetching(pipeline):
                found = [(one.name, place, self._newest(pipeline, one)) for one, place in polled]
                self._compare(pipeline, [(name, place, revision) for name, place, revision in found if revision])

    def _place(self, action: Action) -> str | None:
        provider = self._providers[action.type.key]
        return provider.place(action) if isinstance(provider, PolledSource) else None

    def _is_fetching(self, pipeline: Pipeline) -> bool:
        """Whether an execution is reading its sources; what it finds there is nothing new."""
        stage = pipeline.stages[0]
        latest = (self._state.latest_action(pipeline.name, stage.name, action.name) for action in stage.actions)
        waiting = (execution for execution in self._state.active_executions(pipeline.name) if execution.stage == 0)
        return any(one is not None and one.status == IN_PROGRESS for one in latest) or any(
            not self._state.current_actions(execution.id) for execution in waiting
        )

    def _compare(self, pipeline: Pipeline, found: list[tuple[str, str, str]]) -> None:
        """Remember each action's place and revision, and start the pipeline if one is new; both or neither."""
        with self._state.transaction():
            new = [source for source, place, revision in found if self._note(pipeline, source, place, revision)]
            if new:
                self._begin(pipeline.name, new[0])

    def _note(self, pipeline: Pipeline, source: str, place: str, revision: str) -> bool:
        """Whether neither a poll nor the newest execution has seen the revision; the next poll has."""
        if revision == self._state.polled_revision(pipeline.name, source, place):
            return False
        self._state.set_polled_revision(pipeline.name, source, place, revision)
        latest = self._state.latest_action(pipeline.name, pipeline.stages[0].name, source)
        return latest is None or latest.revision is None or latest.revision.id != revision

    def _newest(self, pipeline: Pipeline, action: Action) -> str | None:
        """The source's revision; None if it cannot be read, which the log says once for each cause."""
        provider, key = self._providers[action.type.key], (pipeline.name, action.name)
        try:
            found = provider.newest_revision(pipeline, action) if isinstance(provider, PolledSource) else None
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one source, the others are polled
            if self._failures.get(key) != str(error) and not self._stopping.is_set():
                log.warning("the source %s of pipeline %s cannot be polled: %s", action.name, pipeline.name, error)
            self._failures[key] = str(error)
            return None
        self._failures.pop(key, None)
        return found

    def _begin(self, name: str, source: str) -> None:
        try:
            self._executions.begin(name, Trigger("PollForSourceChanges", source))
        except AwsError as error:
            log.warning("polling could not start %s: %s", name, error)

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD_S):
            try:
                self.look()
            except Exception:
                if not self._stopping.is_set():
                    log.exception("polling of sources failed; trying again")
