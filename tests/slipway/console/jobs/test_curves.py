"""Learning curves while a job logs, from a log that a test plays."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from time import monotonic
from typing import Any

from slipway.console.jobs.curves import load_curves

from tests.slipway.console.drawing import NOW, session_with

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
_numbers = count()


class Logs:
    """A stream that grows; a token is the number of lines before it."""

    def __init__(self, *lines: str) -> None:
        self.lines, self.asked = list(lines), 0

    def describe_log_streams(self, **_request: Any) -> dict[str, Any]:
        return {"logStreams": [{"logStreamName": "job/algo-1-1"}]}

    def get_log_events(self, *, nextToken: str = "0", limit: int, **_request: Any) -> dict[str, Any]:  # noqa: N803
        self.asked += 1
        begin = int(nextToken)
        page = self.lines[begin : begin + limit]
        events = [{"message": line, "timestamp": 0} for line in page]
        return {"events": events, "nextForwardToken": str(begin + len(page))}


def job(image: str = XGBOOST, **more: Any) -> dict[str, Any]:
    name = f"job-{next(_numbers)}"
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{name}",
        "CreationTime": NOW,
        "AlgorithmSpecification": {"TrainingImage": image, "MetricDefinitions": more.pop("definitions", [])},
        **more,
    }


def of_round(number: int) -> str:
    return f"[{number}]#011train-rmse:{1 / (number + 1):.6f}"


def test_what_is_new_is_read_and_nothing_twice() -> None:
    logs, described = Logs(of_round(0), "noise", of_round(1)), job()
    session = session_with(logs=logs)
    assert load_curves(session, described, NOW).curves == {"train:rmse": [1.0, 0.5]}
    logs.lines.append(of_round(2))
    found = load_curves(session, described, NOW)
    assert found.curves == {"train:rmse": [1.0, 0.5, 0.333333]}
    assert (found.rounds, found.more) == ([1, 2, 3], False)


def test_the_log_of_a_job_that_has_ended_long_ago_is_read_once() -> None:
    logs, described = Logs(of_round(0)), job(TrainingEndTime=NOW - timedelta(hours=1))
    first = load_curves(session_with(logs=logs), described, NOW)
    asked = logs.asked
    assert load_curves(session_with(logs=logs), described, NOW) == first
    assert logs.asked == asked


def test_of_a_long_log_some_rounds_are_kept_among_them_the_last() -> None:
    logs, described = Logs(*map(of_round, range(9000))), job()
    session = session_with(logs=logs)
    first = load_curves(session, described, NOW)
    assert first.more
    while (found := load_curves(session, described, NOW)).more:
        pass
    values = found.curves["train:rmse"]
    assert len(values) == len(found.rounds) <= 500
    assert found.rounds[-1] == 9000
    assert values[-1] == 0.000111


def test_the_metrics_of_a_program() -> None:
    definitions = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}, {"Name": "wrong", "Regex": "("}]
    logs, described = Logs("loss=0.5", "loss=x", "loss=0.25"), job("own:1", definitions=definitions)
    assert load_curves(session_with(logs=logs), described, NOW).curves == {"loss": [0.5, 0.25]}


def test_a_slow_expression_does_not_hold_up_the_page() -> None:
    logs = Logs(*["a" * 400] * 4000)
    described = job("own:1", definitions=[{"Name": "slow", "Regex": "(a|aa)+$b"}])
    begun = monotonic()
    assert load_curves(session_with(logs=logs), described, NOW).curves == {}
    assert monotonic() - begun < 10


def test_a_job_without_values_is_not_read() -> None:
    logs = Logs("loss=0.5")
    assert load_curves(session_with(logs=logs), job("own:1"), NOW).curves == {}
    assert logs.asked == 0
