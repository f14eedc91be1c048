"""Executions of the stack's machines: data, start, wait, and what is left behind."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.local_server import ACCOUNT, REGION, wait_for
from tests.releases.house import House
from workflows.tabular import sample

DATA, MODELS = (f"slipway-local-{purpose}-{ACCOUNT}-{REGION}" for purpose in ("data", "models"))
PREFIX = "slipway-local-tabular-"


def upload_sample(house: House) -> None:
    for key, content in sample.objects():
        house.client("s3").put_object(Bucket=DATA, Key=key, Body=content)


def names() -> dict[str, str]:
    """An input of the chain that no other test has."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    return {"JobName": name, "ModelName": name, "EndpointName": name}


def machine_arn(machine: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:slipway-local-{machine}"


def start(house: House, machine: str, given: Any, name: str = "") -> str:
    client, request = house.client("stepfunctions"), {"name": name or uuid.uuid4().hex, "input": json.dumps(given)}
    return str(client.start_execution(stateMachineArn=machine_arn(machine), **request)["executionArn"])


def ended(house: House, execution: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        found: dict[str, Any] = house.client("stepfunctions").describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    found: dict[str, Any] = wait_for(done, execution, 120)
    return found


def run(house: House, machine: str, given: Any) -> dict[str, Any]:
    return ended(house, start(house, machine, given))


def entered(house: House, execution: str, state: str) -> None:
    """Wait until an execution has entered a state."""
    client = house.client("stepfunctions")

    def there() -> bool:
        events = client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return any(event.get("stateEnteredEventDetails", {}).get("name") == state for event in events)

    wait_for(there, f"{execution} to enter {state}", 120)


def made(house: House, name: str) -> list[str]:
    """Endpoints, configs and models of a name, and jobs of it that run."""
    client = house.client("sagemaker")
    lists = {
        "Endpoints": (client.list_endpoints, "EndpointName"),
        "EndpointConfigs": (client.list_endpoint_configs, "EndpointConfigName"),
        "Models": (client.list_models, "ModelName"),
    }
    found = [
        f"{kind}: {one[key]}"
        for kind, (ask, key) in lists.items()
        for one in ask(NameContains=name, MaxResults=100)[kind]
    ]
    jobs = client.list_training_jobs(NameContains=name)["TrainingJobSummaries"]
    transforms = client.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    running = [f"job: {one['TrainingJobName']}" for one in jobs if one["TrainingJobStatus"] == "InProgress"]
    return [*found, *running, *(str(one) for one in transforms if one["TransformJobStatus"] == "InProgress")]


def gone(house: House, name: str) -> None:
    """Wait until nothing of a name is left: SageMaker lists an endpoint while it deletes it."""
    wait_for(lambda: made(house, name) == [], f"what {name} made to go")
