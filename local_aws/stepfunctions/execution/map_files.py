"""Where the items of a distributed Map come from and where its results go: the fields of its reader and its writer.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from local_aws.stepfunctions.contracts.records import ExecutionRecord
from local_aws.stepfunctions.definition.model import ABSENT, ItemReader, Map, QueryLanguage
from local_aws.stepfunctions.language import map_fields
from local_aws.stepfunctions.language.data_flow import selected_input
from local_aws.stepfunctions.language.expressions import query
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.templates import fill

Request = tuple[dict[str, Any], dict[str, Any]]


class Item(Protocol):
    """One item that was read; `key` is of the members of a JSON object, `source` where it was read."""

    value: Any
    key: str | None
    source: str


class Results(Protocol):
    """Where the results of a map run are written. All methods raise StatesError States.ResultWriterFailed."""

    def add(self, record: ExecutionRecord) -> None:
        """Write the result of a child."""

    def finish(self) -> dict[str, Any]:
        """Finish; returns the output of the state."""

    def abort(self) -> None:
        """Drop what was written."""


class Files(Protocol):
    """Reads items and writes results, as the role of a state machine."""

    def require_start(self, role_arn: str, state_machine_arn: str) -> None:
        """See that the role may start the children. Raises StatesError States.Permissions.

        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        """

    def read(
        self,
        reader: ItemReader,
        arguments: Mapping[str, Any],
        config: Mapping[str, Any],
        role_arn: str,
        state_machine_arn: str,
    ) -> Iterator[Any]:
        """Yield what was read, each an `Item`. Raises StatesError States.ItemReaderFailed."""

    def results(
        self,
        arguments: Mapping[str, Any],
        config: Mapping[str, Any],
        map_run_arn: str,
        role_arn: str,
        state_machine_arn: str,
    ) -> Results:
        """Open the files of a run's results. Raises StatesError States.ResultWriterFailed."""

    def preview(self, records: Iterator[ExecutionRecord], config: Mapping[str, Any]) -> Any:
        """Return the results as the output of a state whose ResultWriter names no place. Raises StatesError."""


def read_request(state: Map, reader: ItemReader, raw: Any, scope: Scope) -> Request:
    """Return Parameters and ReaderConfig of an ItemReader after evaluation. Raises StatesError."""
    arguments, config = _evaluated(state, "ItemReader", reader.parameters, reader.reader_config, raw, scope)
    path = config.pop("MaxItemsPath", ABSENT)
    if path is not ABSENT:
        config["MaxItems"] = map_fields.integer(state, "MaxItems", ABSENT, path, raw, scope)
    return arguments, config


def write_request(state: Map, raw: Any, scope: Scope) -> Request:
    """Return Parameters and WriterConfig of a ResultWriter after evaluation. Raises StatesError."""
    writer = state.result_writer
    if writer is None:
        return {}, {}
    return _evaluated(state, "ResultWriter", writer.parameters, writer.writer_config, raw, scope)


def _evaluated(state: Map, name: str, parameters: Any, config: Mapping[str, Any], raw: Any, scope: Scope) -> Request:
    given = {} if parameters is ABSENT else parameters
    if state.query_language is QueryLanguage.JSONATA:
        asked = query(raw, scope)
        return dict(asked.fill(given, f"{name}/Arguments")), dict(asked.fill(dict(config), f"{name}/Config"))
    return dict(fill(given, selected_input(state, raw, scope), scope, "Parameters")), dict(config)
