"""Executions of the stack's machines: data, start, wait, and what is left behind."""

from __future__ import annotations

import uuid
from typing import Any

from tests.local_server import wait_for
from tests.releases.house import House
from tests.workflows.installation import DATA_BUCKET, Installation
from workflows.tabular import sample

PREFIX = "slipway-local-tabular-"


def upload_sample(house: House) -> None:
    for key, content in sample.objects():
        house.client("s3").put_object(Bucket=DATA_BUCKET, Key=key, Body=content)


def names() -> dict[str, str]:
    """An input of the chain that no other test has."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    return {"JobName": name, "ModelName": name, "EndpointName": name}


def start(house: House, machine: str, given: Any, name: str = "") -> str:
    return Installation(house).start_machine(machine, given, name)


def ended(house: House, execution: str) -> dict[str, Any]:
    return Installation(house).ended(execution).described


def run(house: House, machine: str, given: Any) -> dict[str, Any]:
    return ended(house, start(house, machine, given))


def entered(house: House, execution: str, state: str) -> None:
    """Wait until an execution has entered a state."""
    Installation(house).until_entered(execution, state, 120)


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
