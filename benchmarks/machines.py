"""What local AWS keeps of each execution of a state machine: memory, and the time of the next one.

An execution invokes a function, goes through the items that it returns, stores an object of its own and writes all its
events to a log group.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.growth import WARM_UP, is_looked_at, settled_mib, told
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for

EXECUTIONS, SHORT_EXECUTIONS = 240, 30
_EVERY = 10
_FUNCTION = "def handler(event, context):\n    return [{'n': n, 'of': event['of']} for n in range(10)]\n"
_ITEM = {"Type": "Pass", "Output": "{% {'next': $states.input.n + 1, 'of': $states.input.of} %}", "End": True}
_DEFINITION = {
    "QueryLanguage": "JSONata",
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "machines", "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}",
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": _ITEM}},
            "Next": "Store",
        },
        "Store": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Arguments": {
                "Bucket": "machines",
                "Key": "{% $states.context.Execution.Name %}",
                "Body": "{% $states.input %}",
            },
            "End": True,
        },
    },
}
_LOGS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


def measure(folder: Path, *, short: bool, executions: int | None = None) -> list[Figure]:
    """Run executions one after the other, and read what a person looks at."""
    count = executions or (SHORT_EXECUTIONS if short else EXECUTIONS)
    server = LocalServer(folder / "machines")
    server.up()
    try:
        states, arn = server.client("stepfunctions"), _machine(server)
        seconds, memory = list[float](), dict[int, float]()
        for number in range(count):
            started = time.perf_counter()
            run = states.start_execution(stateMachineArn=arn, input=json.dumps({"of": number}))["executionArn"]
            wait_for(partial(_succeeded, states, run), "the execution to end")
            states.get_execution_history(executionArn=run)
            states.list_executions(stateMachineArn=arn, maxResults=20)
            seconds.append(time.perf_counter() - started)
            if is_looked_at(number, count, _EVERY):
                memory[number] = settled_mib(server.pid)
    finally:
        server.down()
    return told("Step Functions execution", seconds, memory, min(WARM_UP, count // 3))


def _machine(server: LocalServer) -> str:
    """The machine, with its function, bucket and log group."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", _FUNCTION)
    code: dict[str, Any] = {"Runtime": "python3.13", "Handler": "app.handler", "Code": {"ZipFile": package.getvalue()}}
    writing = allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
    role = server.create_role("machines-function", "lambda.amazonaws.com", writing)
    server.client("lambda").create_function(FunctionName="machines", Role=role, **code)
    server.client("s3").create_bucket(Bucket="machines")
    server.client("logs").create_log_group(logGroupName="machines")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:machines:*"
    logged = [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]
    created = server.client("stepfunctions").create_state_machine(
        name="machines",
        definition=json.dumps(_DEFINITION),
        roleArn=server.create_role(
            "machines", "states.amazonaws.com", allow("lambda:InvokeFunction", "s3:PutObject", *_LOGS)
        ),
        loggingConfiguration={"level": "ALL", "includeExecutionData": True, "destinations": logged},
    )
    return str(created["stateMachineArn"])


def _succeeded(states: Any, run: str) -> bool:
    found = states.describe_execution(executionArn=run)
    if found["status"] not in ("RUNNING", "SUCCEEDED"):
        raise SystemExit(f"an execution ended as {found['status']}: {found.get('error')}, {found.get('cause')}")
    return bool(found["status"] == "SUCCEEDED")
