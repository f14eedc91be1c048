from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_aws.stepfunctions.contracts.errors import QUERY_EVALUATION, RUNTIME, StatesError
from local_aws.stepfunctions.definition.model import QueryLanguage, Task, Wait
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.times import (
    heartbeat_seconds,
    parse_timestamp,
    timeout_seconds,
    wait_until,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCOPE = Scope({}, {"pause": 30, "limit": 7})
PATH, QUERY = QueryLanguage.JSONPATH, QueryLanguage.JSONATA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01T12:00:00Z", NOW),
        ("2026-05-01T14:00:00+02:00", NOW),
        ("2026-05-01T12:00:00.5Z", NOW + timedelta(milliseconds=500)),
        ("2026-05-01T12:00:00.0000000Z", NOW),
        ("2026-05-01T12:00:00.123456789Z", NOW + timedelta(microseconds=123456)),
        ("2026-05-01T12:00:00", None),
        ("2026-05-01T12:00:00.000", None),
        ("2026-05-01 12:00:00Z", None),
        ("2026-05-01t12:00:00z", None),
        ("2026-13-01T12:00:00Z", None),
        ("2026-05-01T25:00:00Z", None),
        ("2026-05-01", None),
        (5, None),
    ],
)
def test_a_timestamp_is_of_rfc_3339(text: Any, expected: datetime | None) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize(
    ("state", "raw", "until"),
    [
        (Wait(name="W", query_language=PATH, seconds=10), {}, NOW + timedelta(seconds=10)),
        (Wait(name="W", query_language=PATH, seconds=0), {}, NOW),
        (Wait(name="W", query_language=PATH, seconds=99_999_999), {}, NOW + timedelta(seconds=99_999_999)),
        (Wait(name="W", query_language=PATH, seconds_path="$.s"), {"s": 5}, NOW + timedelta(seconds=5)),
        (Wait(name="W", query_language=PATH, seconds_path="$pause"), {}, NOW + timedelta(seconds=30)),
        (Wait(name="W", query_language=PATH, timestamp="2026-05-01T13:00:00Z"), {}, NOW + timedelta(hours=1)),
        (
            Wait(name="W", query_language=PATH, timestamp_path="$.at"),
            {"at": "2026-05-01T13:00:00Z"},
            NOW + timedelta(hours=1),
        ),
        (Wait(name="W", query_language=PATH, timestamp="2000-01-01T00:00:00Z"), {}, datetime(2000, 1, 1, tzinfo=UTC)),
        (
            Wait(name="W", query_language=QUERY, seconds="{% $states.input.s * 2 %}"),
            {"s": 5},
            NOW + timedelta(seconds=10),
        ),
        (Wait(name="W", query_language=QUERY, seconds=3), {}, NOW + timedelta(seconds=3)),
        (Wait(name="W", query_language=QUERY, timestamp="{% '2026-05-01T13:00:00Z' %}"), {}, NOW + timedelta(hours=1)),
    ],
)
def test_a_wait_ends(state: Wait, raw: Any, until: datetime) -> None:
    assert wait_until(state, raw, SCOPE, NOW) == until


@pytest.mark.parametrize(
    ("fields", "raw", "cause"),
    [
        ({"seconds_path": "$.s"}, {"s": -1}, "The SecondsPath parameter references a negative value: $.s == -1"),
        ({"seconds_path": "$.s"}, {"s": "x"}, "The SecondsPath parameter cannot be parsed as a long value: $.s == x"),
        ({"seconds_path": "$.s"}, {"s": 1.5}, "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"),
        (
            {"seconds_path": "$.s"},
            {"s": True},
            "The SecondsPath parameter cannot be parsed as a long value: $.s == true",
        ),
        (
            {"seconds_path": "$.s"},
            {"s": 100_000_000},
            "The SecondsPath parameter references a value greater than 99999999: $.s == 100000000",
        ),
        ({"seconds_path": "$.s"}, {}, "The SecondsPath parameter does not reference an input value: $.s"),
        ({"timestamp_path": "$.s"}, {}, "The TimestampPath parameter does not reference an input value: $.s"),
        (
            {"timestamp_path": "$.s"},
            {"s": "2026-05-01T12:00:00"},
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
            "$.s == 2026-05-01T12:00:00",
        ),
    ],
)
def test_a_wait_by_path_says_what_it_found(fields: dict[str, Any], raw: Any, cause: str) -> None:
    with pytest.raises(StatesError) as error:
        wait_until(Wait(name="W", query_language=PATH, **fields), raw, SCOPE, NOW)
    assert (error.value.error, error.value.cause) == (RUNTIME, cause)


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        ({"seconds": "{% -1 %}"}, "Seconds"),
        ({"seconds": "{% 1.5 %}"}, "Seconds"),
        ({"seconds": "{% 100000000 %}"}, "Seconds"),
        ({"seconds": "{% 'x' %}"}, "Seconds"),
        ({"seconds": "{% $states.input.missing %}"}, "Seconds"),
        ({"timestamp": "{% 5 %}"}, "Timestamp"),
        ({"timestamp": "{% '2026-05-01' %}"}, "Timestamp"),
    ],
)
def test_a_wait_by_expression_says_where_it_failed(fields: dict[str, Any], location: str) -> None:
    with pytest.raises(StatesError) as error:
        wait_until(Wait(name="W", query_language=QUERY, **fields), {}, SCOPE, NOW)
    assert (error.value.error, error.value.location) == (QUERY_EVALUATION, location)


def task(language: QueryLanguage = PATH, **fields: Any) -> Task:
    return Task(name="T", query_language=language, resource="arn", **fields)


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        (task(), None),
        (task(timeout_seconds=5), 5),
        (task(timeout_seconds_path="$.t"), 3),
        (task(timeout_seconds_path="$limit"), 7),
        (task(QUERY, timeout_seconds="{% $states.input.t + 1 %}"), 4),
        (task(QUERY, timeout_seconds=99_999_999), 99_999_999),
    ],
)
def test_a_task_has_limits(state: Task, seconds: int | None) -> None:
    assert timeout_seconds(state, {"t": 3}, SCOPE) == seconds
    assert heartbeat_seconds(state, {"t": 3}, SCOPE) is None


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        (task(heartbeat_seconds_path="$.zero"), RUNTIME, r"HeartbeatSecondsPath .* from 1 to 99999999: \$.zero == 0"),
        (task(heartbeat_seconds_path="$.text"), RUNTIME, r"\$.text == x"),
        (task(heartbeat_seconds_path="$.no"), RUNTIME, r"does not reference an input value: \$.no"),
        (task(QUERY, heartbeat_seconds="{% 0 %}"), QUERY_EVALUATION, "must be an integer from 1 to 99999999, but is 0"),
        (task(QUERY, heartbeat_seconds="{% 'x' %}"), QUERY_EVALUATION, "Expected 'number', but was 'string'"),
    ],
)
def test_limits_are_positive_integers(state: Task, error: str, words: str) -> None:
    with pytest.raises(StatesError, match=words) as refused:
        heartbeat_seconds(state, {"zero": 0, "text": "x"}, SCOPE)
    assert refused.value.error == error
