"""Times: timestamps, how long a Wait lasts, and the limits of a Task.

https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from local_aws.stepfunctions.contracts.errors import QUERY_EVALUATION, RUNTIME, StatesError
from local_aws.stepfunctions.definition.model import ABSENT, QueryLanguage, State, Task, Wait
from local_aws.stepfunctions.definition.validation.values import MAX_SECONDS
from local_aws.stepfunctions.language.expressions import query
from local_aws.stepfunctions.language.jsonpath import MissingPathError, evaluate
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import is_integer, is_number, json_text

_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def parse_timestamp(text: Any) -> datetime | None:
    """The time of a timestamp (RFC 3339 with a capital T, and Z where there is no offset); None if it is none.

    https://states-language.net/spec.html#timestamps
    """
    found = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    seconds, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(seconds + ("+00:00" if zone == "Z" else zone))
    except ValueError:
        return None
    return moment + timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))


def wait_until(state: Wait, raw: Any, scope: Scope, now: datetime) -> datetime:
    """When a Wait ends; a time that has passed ends it at once. Raises StatesError."""
    if state.seconds is not ABSENT or state.seconds_path is not ABSENT:
        return now + timedelta(seconds=_wait_seconds(state, raw, scope))
    if state.query_language is QueryLanguage.JSONATA:
        return _query_timestamp(state, raw, scope)
    if state.timestamp_path is ABSENT:
        return _moment(state.timestamp, "The Timestamp field is not", "Timestamp")
    text = _at_path("TimestampPath", state.timestamp_path, raw, scope)
    return _moment(text, "The TimestampPath parameter does not reference", state.timestamp_path)


def _moment(text: Any, subject: str, place: str) -> datetime:
    moment = parse_timestamp(text)
    if moment is None:
        wanted = "a valid ISO-8601 extended offset date-time format string"
        raise StatesError(RUNTIME, f"{subject} {wanted}: {place} == {_shown(text)}")
    return moment


def _query_timestamp(state: Wait, raw: Any, scope: Scope) -> datetime:
    text = query(raw, scope).expect(state.timestamp, "Timestamp", "string")
    moment = parse_timestamp(text)
    if moment is None:
        cause = f"The Timestamp field is not a valid ISO-8601 extended offset date-time format string: {text}"
        raise StatesError(QUERY_EVALUATION, cause, location="Timestamp")
    return moment


def _wait_seconds(state: Wait, raw: Any, scope: Scope) -> int:
    if state.seconds_path is ABSENT:
        return whole_seconds(state, "Seconds", state.seconds, raw, scope)
    value = _at_path("SecondsPath", state.seconds_path, raw, scope)
    shown = f"{state.seconds_path} == {_shown(value)}"
    if not isinstance(value, int) or isinstance(value, bool):
        raise StatesError(RUNTIME, f"The SecondsPath parameter cannot be parsed as a long value: {shown}")
    if value < 0:
        raise StatesError(RUNTIME, f"The SecondsPath parameter references a negative value: {shown}")
    if value > MAX_SECONDS:
        raise StatesError(RUNTIME, f"The SecondsPath parameter references a value greater than {MAX_SECONDS}: {shown}")
    return value


def whole_seconds(state: State, field: str, value: Any, raw: Any, scope: Scope, least: int = 0) -> int:
    """The seconds of a field that holds a number or a JSONata expression. Raises StatesError."""
    if state.query_language is QueryLanguage.JSONATA:
        value = query(raw, scope).expect(value, field, "number")
    if not is_integer(value) or not least <= value <= MAX_SECONDS:
        cause = f"The {field} field must be an integer from {least} to {MAX_SECONDS}, but is {_shown(value)}."
        error = QUERY_EVALUATION if state.query_language is QueryLanguage.JSONATA else RUNTIME
        raise StatesError(error, cause, location=field)
    return int(value)


def timeout_seconds(state: Task, raw: Any, scope: Scope) -> int | None:
    """How long a Task may take: TimeoutSeconds or TimeoutSecondsPath; None without both. Raises StatesError."""
    return seconds(state, "TimeoutSeconds", state.timeout_seconds, state.timeout_seconds_path, raw, scope)


def heartbeat_seconds(state: Task, raw: Any, scope: Scope) -> int | None:
    """The longest time between a Task's heartbeats; None without a limit. Raises StatesError."""
    return seconds(state, "HeartbeatSeconds", state.heartbeat_seconds, state.heartbeat_seconds_path, raw, scope)


def seconds(state: State, field: str, value: Any, path: Any, raw: Any, scope: Scope) -> int | None:
    """The seconds of a field, or of its variant that names a path; None where both are absent. Raises StatesError.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    """
    if path is ABSENT:
        return None if value is ABSENT else whole_seconds(state, field, value, raw, scope, 1)
    found = _at_path(f"{field}Path", path, raw, scope)
    if not is_number(found) or not isinstance(found, int) or not 1 <= found <= MAX_SECONDS:
        raise StatesError(
            RUNTIME,
            f"The {field}Path parameter must reference an integer from 1 to {MAX_SECONDS}: {path} == {_shown(found)}",
        )
    return found


def _at_path(field: str, path: str, raw: Any, scope: Scope) -> Any:
    try:
        return evaluate(path, raw, scope)
    except MissingPathError:
        raise StatesError(RUNTIME, f"The {field} parameter does not reference an input value: {path}") from None


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)
