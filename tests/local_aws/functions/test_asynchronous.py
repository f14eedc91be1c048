"""Asynchronous invocations: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from local_aws.base.functions import asynchronous, event_queue
from local_aws.base.functions.event_queue import Event
from tests.local_aws.functions.deployed import Function, deploy
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for

FAILS = """
def handler(event, context):
    print("attempt", context.aws_request_id)
    raise ValueError("never")
"""
DIES = "import os\ndef handler(event, context):\n    print('attempt')\n    os.kill(os.getpid(), 9)"
RESTS = """
import time
def handler(event, context):
    begin = time.time()
    time.sleep(0.3)
    print("rested", begin, time.time())
"""
RECORDS = "import json\ndef handler(event, context):\n    print('record', json.dumps(event))"


def _configure(function: Function, **values: Any) -> None:
    function.aws.client("lambda").put_function_event_invoke_config(FunctionName=function.name, **values)


def _queue(aws: LocalServer, name: str) -> tuple[str, str]:
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def _message(aws: LocalServer, url: str) -> dict[str, Any]:
    def received() -> Any:
        answer = aws.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        return answer.get("Messages")

    message: dict[str, Any] = wait_for(received, "a message")[0]
    return message


def test_two_retries_and_a_record_for_the_function_of_the_failures(local_aws: LocalServer) -> None:
    receiver = deploy(local_aws, "receives-failures", RECORDS)
    function = deploy(local_aws, "fails-thrice", FAILS, allow("lambda:InvokeFunction", resource=receiver.arn))
    _configure(function, DestinationConfig={"OnFailure": {"Destination": receiver.arn}})
    function.send({"job": 7})
    record = json.loads(receiver.until_logged("record ")[-3].removeprefix("record "))
    lines = function.log()
    request = record["requestContext"].pop("requestId")
    assert lines.count(f"attempt {request}") == 3, "one request, invoked three times"
    assert record["requestContext"] == {
        "functionArn": f"{function.arn}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["version"] == "1.0"
    assert record["requestPayload"] == {"job": 7}
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    payload = record["responsePayload"]
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "never")


def test_a_function_without_retries_is_not_retried_and_a_kill_is_reported(local_aws: LocalServer) -> None:
    url, arn = _queue(local_aws, "killed-functions")
    function = deploy(local_aws, "dies-once", DIES, allow("sqs:SendMessage", resource=arn))
    _configure(function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}})
    function.send()
    record = json.loads(_message(local_aws, url)["Body"])
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responsePayload"]["errorType"] == "Runtime.ExitError"
    assert function.log().count("attempt") == 1


def test_a_queue_of_many_events_runs_few_at_once(local_aws: LocalServer) -> None:
    many = asynchronous.ATTEMPTS_AT_ONCE + 8
    function = deploy(local_aws, "queued-in-numbers", RESTS)
    for _ in range(many):
        function.send()
    rests = wait_for(lambda: found if len(found := _rests(function)) >= many else None, "all to have run", 120)
    changes = sorted([(begin, 1) for begin, _ in rests] + [(end, -1) for _, end in rests])
    at_once = list(itertools.accumulate(change for _, change in changes))
    assert 1 < max(at_once) <= asynchronous.ATTEMPTS_AT_ONCE


def _rests(function: Function) -> list[tuple[float, float]]:
    words = [line.split() for line in function.log() if line.startswith("rested ")]
    return [(float(begin), float(end)) for _, begin, end in words]


def test_a_dead_letter_queue_gets_the_event_itself(local_aws: LocalServer) -> None:
    url, arn = _queue(local_aws, "dead-letters")
    rights = allow("sqs:SendMessage", resource=arn)
    function = deploy(local_aws, "buried", FAILS, rights, DeadLetterConfig={"TargetArn": arn})
    _configure(function, MaximumRetryAttempts=0)
    function.send({"job": 8})
    message = _message(local_aws, url)
    assert json.loads(message["Body"]) == {"job": 8}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes.pop("RequestID")
    assert attributes == {"ErrorCode": "200", "ErrorMessage": "never"}


def test_success_is_told_to_an_event_bus(local_aws: LocalServer) -> None:
    receiver = deploy(local_aws, "receives-events", RECORDS)
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    code = "def handler(event, context):\n    return {'done': event}"
    function = deploy(local_aws, "succeeds", code, allow("events:PutEvents", resource=bus))
    _configure(function, DestinationConfig={"OnSuccess": {"Destination": bus}})
    events = local_aws.client("events")
    pattern = json.dumps({"source": ["lambda"], "resources": [f"{function.arn}:$LATEST"]})
    rule = events.put_rule(Name="invocation-results", EventPattern=pattern)["RuleArn"]
    local_aws.client("lambda").add_permission(
        FunctionName=receiver.name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="invocation-results", Targets=[{"Id": "receiver", "Arn": receiver.arn}])
    function.send(5)
    event = json.loads(receiver.until_logged("record ")[-3].removeprefix("record "))
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["detail"]["requestContext"]["condition"] == "Success"
    assert event["detail"]["responsePayload"] == {"done": 5}


def test_an_event_of_a_rule_is_retried_and_told_of(local_aws: LocalServer) -> None:
    topic = local_aws.client("sns").create_topic(Name="failed-events")["TopicArn"]
    url, arn = _queue(local_aws, "failed-events")
    statement = allow("sqs:SendMessage", resource=arn) | {"Principal": {"Service": "sns.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    local_aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    local_aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    function = deploy(local_aws, "fails-for-a-rule", FAILS, allow("sns:Publish", resource=topic))
    _configure(function, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": topic}})
    events = local_aws.client("events")
    rule = events.put_rule(Name="fails", EventPattern=json.dumps({"source": ["tests"]}))["RuleArn"]
    local_aws.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="fails", Targets=[{"Id": "function", "Arn": function.arn}])
    events.put_events(Entries=[{"Source": "tests", "DetailType": "test", "Detail": '{"n": 1}'}])
    record = json.loads(json.loads(_message(local_aws, url)["Body"])["Message"])
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestPayload"]["detail"] == {"n": 1}


def test_a_rule_has_an_event_tried_once_more_and_no_more(local_aws: LocalServer) -> None:
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    function = deploy(local_aws, "tried-once-more", FAILS, allow("events:PutEvents", resource=bus))
    _configure(function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": bus}})
    events = local_aws.client("events")
    detail = {
        "requestContext": {"functionArn": [f"{function.arn}:$LATEST"], "condition": ["RetriesExhausted"]},
        "requestPayload": {"source": ["tests"]},
    }
    rule = events.put_rule(Name="once-more", EventPattern=json.dumps({"source": ["lambda"], "detail": detail}))[
        "RuleArn"
    ]
    local_aws.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="once-more", Targets=[{"Id": "function", "Arn": function.arn}])
    function.send({"source": "tests"})
    function.until_logged("attempt", 2)
    time.sleep(1.5)
    assert sum("attempt" in line for line in function.log()) == 2


def test_nothing_is_sent_where_the_role_may_not(local_aws: LocalServer) -> None:
    url, arn = _queue(local_aws, "not-allowed")
    function = deploy(local_aws, "may-not-send", FAILS)
    _configure(function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}})
    function.send()
    function.until_logged("attempt")

    def counted() -> Any:
        metrics = local_aws.client("cloudwatch").list_metrics(
            Namespace="AWS/Lambda", MetricName="DestinationDeliveryFailures"
        )["Metrics"]
        return [m for m in metrics if {"Name": "FunctionName", "Value": function.name} in m["Dimensions"]]

    wait_for(counted, "the failure to be counted")
    assert "Messages" not in local_aws.client("sqs").receive_message(QueueUrl=url)


def test_the_config_of_latest_in_a_stack(local_aws: LocalServer) -> None:
    function = deploy(local_aws, "configured-by-stack", FAILS)
    properties = {"FunctionName": function.name, "Qualifier": "$LATEST", "MaximumRetryAttempts": 1}
    template = {"Resources": {"Config": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}}}
    cloudformation = local_aws.client("cloudformation")
    cloudformation.create_stack(StackName="invoke-config", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="invoke-config", WaiterConfig={"Delay": 1})
    answer = local_aws.client("lambda").get_function_event_invoke_config(FunctionName=function.name)
    assert answer["MaximumRetryAttempts"] == 1
    assert answer["FunctionArn"] == f"{function.arn}:$LATEST"


@pytest.mark.parametrize(
    ("oldest_s", "attempts", "condition"),
    [(6 * 3600, 3, "RetriesExhausted"), (150, 2, "EventAgeExceeded"), (60, 1, "EventAgeExceeded")],
)
def test_waits_age_an_event_as_on_aws(
    monkeypatch: pytest.MonkeyPatch, oldest_s: float, attempts: int, condition: str
) -> None:
    event = Event({"config": {}}, None, queued=time.monotonic() - 0.5)
    monkeypatch.setattr(event_queue, "SHORTENED", 6000.0)

    def attempt(event: Event) -> None:
        event.attempts += 1
        event.result = {"error": True}

    monkeypatch.setattr(asynchronous, "_attempt", attempt)
    assert asynchronous._attempt_all(event, 2, oldest_s, lambda _event: None) == condition
    assert event.attempts == attempts


def test_an_event_that_waits_for_its_retry_survives_a_kill(own_local_aws: LocalServer) -> None:
    url, arn = _queue(own_local_aws, "after-the-kill")
    function = deploy(own_local_aws, "fails-past-a-kill", FAILS, allow("sqs:SendMessage", resource=arn))
    _configure(function, DestinationConfig={"OnFailure": {"Destination": arn}})
    function.send({"job": 9})
    function.until_logged("attempt", times=2)
    wait_for(lambda: _attempts(own_local_aws) == [2], "the second wait")
    own_local_aws.kill()
    own_local_aws.up()
    record = json.loads(_message(own_local_aws, url)["Body"])
    assert record["requestPayload"] == {"job": 9}
    assert record["requestContext"]["approximateInvokeCount"] == 3
    wait_for(lambda: _attempts(own_local_aws) == [], "the event to be settled")


def _attempts(aws: LocalServer) -> list[int]:
    """How often each event was tried that is not settled."""
    with closing(sqlite3.connect(aws.state / "slipway.db")) as database:
        return [attempts for (attempts,) in database.execute("SELECT attempts FROM lambda_events")]
