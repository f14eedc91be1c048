"""A state machine as its definition declares it, after validation.

Fields keep their names of the Amazon States Language in snake case; values that hold paths, templates or expressions
(`parameters`, `arguments`, `output`, …) are the JSON of the definition. `ABSENT` stands where a field is left out, as
null has a meaning of its own in several: https://states-language.net/spec.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final

_LABELS = uuid.UUID("6e1d0f0c-5a0b-4f0e-9a53-3f1f0e6b7c42")


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""A field that the definition leaves out."""


class QueryLanguage(StrEnum):
    """The language of a state's paths and expressions."""

    JSONPATH = "JSONPath"
    JSONATA = "JSONata"


@dataclass(frozen=True, slots=True)
class Retrier:
    """Which errors are retried and when; `max_delay_s` is None where the delay grows without bound."""

    error_equals: tuple[str, ...]
    interval_s: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_s: int | None = None
    full_jitter: bool = False


@dataclass(frozen=True, slots=True)
class Catcher:
    """Which errors go on at another state; `result_path` is of JSONPath, `output` of JSONata, `assign` of both."""

    error_equals: tuple[str, ...]
    next: str
    result_path: Any = ABSENT
    output: Any = ABSENT
    assign: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What every type has. `next` is None at the end of its states, and in Choice, Succeed and Fail."""

    name: str
    query_language: QueryLanguage
    next: str | None = None
    input_path: Any = ABSENT
    output_path: Any = ABSENT
    output: Any = ABSENT
    assign: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass(State):
    """Hands its input on, or `result`."""

    parameters: Any = ABSENT
    result: Any = ABSENT
    result_path: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Working(State):
    """What Task, Parallel and Map share: they have a result, and may fail, be retried and caught."""

    parameters: Any = ABSENT
    arguments: Any = ABSENT
    result_selector: Any = ABSENT
    result_path: Any = ABSENT
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Working):
    """One call of a resource. Each of the two times is a number of seconds, a path or an expression, or ABSENT."""

    resource: str
    timeout_seconds: Any = ABSENT
    timeout_seconds_path: Any = ABSENT
    heartbeat_seconds: Any = ABSENT
    heartbeat_seconds_path: Any = ABSENT
    credentials: Any = ABSENT


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a Choice: in JSONPath the comparison as declared (And, Or, Not nested), in JSONata `condition`."""

    next: str
    comparison: Mapping[str, Any] | None = None
    condition: Any = ABSENT
    output: Any = ABSENT
    assign: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(State):
    """Goes on where the first rule that matches says, else at `default`."""

    choices: tuple[Rule, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(State):
    """Waits; exactly one of the four is there."""

    seconds: Any = ABSENT
    seconds_path: Any = ABSENT
    timestamp: Any = ABSENT
    timestamp_path: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeed(State):
    """Ends its states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail(State):
    """Ends the execution, or its branch, with an error."""

    error: Any = ABSENT
    error_path: Any = ABSENT
    cause: Any = ABSENT
    cause_path: Any = ABSENT


@dataclass(frozen=True, slots=True)
class States:
    """States that belong together: of the machine, a branch, or an item processor."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(Working):
    """Runs its branches side by side."""

    branches: tuple[States, ...]


@dataclass(frozen=True, slots=True)
class ItemProcessor:
    """What a Map runs for each item; `distributed` in child executions of their own type, STANDARD or EXPRESS."""

    states: States
    distributed: bool = False
    execution_type: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Where a distributed Map reads its items; `parameters` holds Parameters or, in JSONata, Arguments."""

    resource: str
    parameters: Any = ABSENT
    reader_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Where a distributed Map writes the results of its children, if anywhere, and in which form."""

    resource: str | None = None
    parameters: Any = ABSENT
    writer_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(Working):
    """Runs its processor for each item. A pair `x`, `x_path` has at most one that is not ABSENT.

    `item_selector` is ItemSelector, or Parameters of a Map of the older form (`Iterator`); `parameters` stays ABSENT.
    `item_batcher` is the declared object: MaxItemsPerBatch(Path), MaxInputBytesPerBatch(Path), BatchInput.
    """

    processor: ItemProcessor
    items: Any = ABSENT
    items_path: Any = ABSENT
    item_selector: Any = ABSENT
    max_concurrency: Any = ABSENT
    max_concurrency_path: Any = ABSENT
    tolerated_failure_count: Any = ABSENT
    tolerated_failure_count_path: Any = ABSENT
    tolerated_failure_percentage: Any = ABSENT
    tolerated_failure_percentage_path: Any = ABSENT
    label: str | None = None
    item_reader: ItemReader | None = None
    item_batcher: Mapping[str, Any] | None = None
    result_writer: ResultWriter | None = None

    @property
    def arn_label(self) -> str:
        """What stands for the Map in ARNs: its Label, or a UUID, as AWS makes one where there is none.

        https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html. A state may be named in
        characters that an ARN cannot hold.
        """
        return self.label or str(uuid.uuid5(_LABELS, self.name))


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A whole definition; `timeout_s` is of the execution."""

    states: States
    query_language: QueryLanguage = QueryLanguage.JSONPATH
    timeout_s: int | None = None
    comment: str = ""
    version: str = "1.0"
