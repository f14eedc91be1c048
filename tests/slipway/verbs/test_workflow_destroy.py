"""Removing the workflows, alone and with an installation: what runs is stopped, and what is others' stays."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from slipway.installation import workflow_inventory
from slipway.installation.workflow_inventory import ownership
from slipway.names import Names
from slipway.session import Session
from slipway.stacks.workflow_estimate import SAMPLES
from slipway.target import Options
from slipway.terminal.output import Output, PlainConsole

from tests.local_server import allow, wait_for
from tests.releases.house import House
from tests.slipway.verbs.test_destroy import everything
from workflows.runtime.names import unique

ACCOUNT, REGION = "111122223333", "us-east-1"
KEPT = {"setup stacks", "repositories", "buckets", "keys"}
DATA = {
    "workflow training jobs",
    "workflow processing jobs",
    "workflow log streams",
    "workflow tables",
    "workflow data",
}
TABLE = "slipway-local-lifecycle-models"
NEIGHBOUR = "text-2"
"""A model whose names begin like those of the system text."""
ITS_LOGS = f"/aws/sagemaker/Endpoints/slipway-local-{NEIGHBOUR}-dev"
WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A checkout whose local AWS has a setup stack and nothing else."""
    house = House(tmp_path_factory.mktemp("workflows-destroyed"))
    try:
        house.prepare()
        yield house
    finally:
        house.slipway("down")


def test_workflows_are_destroyed_and_made_again(house: House) -> None:
    """One after the other, as each needs what the one before left."""
    nothing_is_found_before_there_are_workflows(house)
    version = code_is_uploaded_without_a_launch(house)
    run(house)
    assert parameters(house)["CodeVersion"] == version
    jobs_are_those_of_the_estimate(house)
    nothing_is_removed_unasked(house)
    status_shows_the_stack(house)
    make_neighbour(house)
    the_workflows_go_and_their_data_stays(house)
    rows = house.client("dynamodb").scan(TableName=TABLE)["Count"]
    run(house)
    assert parameters(house)["CreateModelTable"] == "false", "the table is one that an earlier stack has left"
    assert house.client("dynamodb").scan(TableName=TABLE)["Count"] > rows > 0
    an_update_keeps_the_table(house)
    one_model_goes_without_the_workflows(house)
    nothing_is_left_of_all(house)


def run(house: House) -> None:
    done = house.slipway("workflow", "run", "lifecycle")
    assert done.returncode == 0, done.stdout + done.stderr


def answer_of(house: House, *arguments: str) -> dict[str, Any]:
    done = house.slipway(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return {**answer, "said": done.stderr}


def parameters(house: House) -> dict[str, str]:
    (stack,) = house.client("cloudformation").describe_stacks(StackName="slipway-workflows-local")["Stacks"]
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}


def nothing_is_found_before_there_are_workflows(house: House) -> None:
    answer = answer_of(house, "workflow", "destroy")
    assert answer["removed"] == []
    assert "Found nothing of the workflows of installation local to remove." in answer["said"]


def code_is_uploaded_without_a_launch(house: House) -> str:
    version = str(answer_of(house, "workflow", "deploy", "--upload-only")["version"])
    packages = f"slipway-local-packages-{House.account}-{REGION}"
    found = house.client("s3").list_objects_v2(Bucket=packages, Prefix=f"workflows/{version}/")["Contents"]
    assert f"workflows/{version}/sweep.zip" in {item["Key"] for item in found}
    assert "slipway-workflows-local" not in everything(house)["stacks"]
    return version


def jobs_are_those_of_the_estimate(house: House) -> None:
    """What `slipway costs` counts is what a run of the sample does."""
    sagemaker, estimated = house.client("sagemaker"), SAMPLES["lifecycle"]
    listed = {kind: getattr(sagemaker, f"list_{kind}_jobs")() for kind in ("training", "transform")}
    found = {kind: len(answer[f"{kind.title()}JobSummaries"]) for kind, answer in listed.items()}
    assert found == {work.kind: work.count for work in estimated.work}
    assert transitions(house) == estimated.transitions


def transitions(house: House) -> int:
    """How many states all executions have entered."""
    states = house.client("stepfunctions")
    machines = [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"]]
    pages = states.get_paginator("get_execution_history")
    return sum(
        event["type"].endswith("StateEntered")
        for machine in machines
        for execution in states.list_executions(stateMachineArn=machine)["executions"]
        for page in pages.paginate(executionArn=execution["executionArn"])
        for event in page["events"]
    )


def nothing_is_removed_unasked(house: House) -> None:
    refused = house.slipway("workflow", "destroy")
    assert refused.returncode == 1
    assert "Nobody can be asked here, so nothing was removed." in refused.stderr
    assert "workflow destroy --yes workflows" in refused.stderr
    refused = house.slipway("workflow", "destroy", "--yes", "local")
    assert "expected workflows, for the workflows of installation local. Nothing was removed" in refused.stderr
    assert house.client("cloudformation").describe_stacks(StackName="slipway-workflows-local")["Stacks"]


def status_shows_the_stack(house: House) -> None:
    items = {item["what"]: item["status"] for item in answer_of(house, "status")["items"]}
    assert items["stack slipway-workflows-local"] == "CREATE_COMPLETE"


def make_neighbour(house: House) -> None:
    """A model with data and a log group, which `destroy` must not take for the workflows'."""
    data = f"slipway-local-data-{House.account}-{REGION}"
    house.client("s3").put_object(Bucket=data, Key=f"{NEIGHBOUR}/manifest.json", Body=b"{}")
    house.client("logs").create_log_group(logGroupName=ITS_LOGS)


def the_workflows_go_and_their_data_stays(house: House) -> None:
    """With executions under way, of the stack's state machines and of one that a person has made."""
    states = house.client("stepfunctions")
    role = house.server.create_role("waits", "states.amazonaws.com", allow("states:StartExecution"))
    machine = states.create_state_machine(name="slipway-local-tabular-2", definition=json.dumps(WAITS), roleArn=role)
    waiting = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    foreign = states.create_state_machine(name="slipway-local-others", definition=json.dumps(WAITS), roleArn=role)
    untouched = states.start_execution(stateMachineArn=foreign["stateMachineArn"])["executionArn"]
    job = start_job(house)
    answer = answer_of(house, "workflow", "destroy", "--yes", "workflows")
    assert "executions of the workflows: 1 stopped, with 1 jobs" in answer["said"]
    assert house.client("sagemaker").describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] == "Stopped"
    assert set(answer["left"]) == KEPT | DATA
    assert f"state machines: {machine['stateMachineArn']}" in answer["removed"]
    assert "workflow stacks: slipway-workflows-local" in answer["removed"]
    there = everything(house)
    assert there["state machines"] == ["slipway-local-others"]
    assert there["log groups"] == [ITS_LOGS]
    assert there["stacks"] == ["slipway-setup-local"]
    assert (there["models"], there["endpoints"], there["functions"]) == ([], [], [])
    assert there["tables"] == [TABLE]
    assert f"Other models, left alone: {NEIGHBOUR}." in answer["said"]
    assert states.describe_execution(executionArn=untouched)["status"] == "RUNNING"
    states.delete_state_machine(stateMachineArn=foreign["stateMachineArn"])
    states.stop_execution(executionArn=untouched)
    assert waiting != untouched


def start_job(house: House) -> str:
    """Start a job that goes on after whatever started it; returns its name."""
    role = house.server.create_role("jobs", "sagemaker.amazonaws.com", allow("logs:*", "cloudwatch:PutMetricData"))
    sagemaker, name = house.client("sagemaker"), "slipway-local-text-goes-on"
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=role,
        AppSpecification={
            "ImageUri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "ContainerEntrypoint": ["python3", "-c", "import time; time.sleep(600)"],
        },
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}},
    )
    return name


def an_update_keeps_the_table(house: House) -> None:
    deployed = answer_of(house, "workflow", "deploy", "--parameter", "LogsRetentionInDays=30")
    assert deployed["stacks"][0]["stack"] == "slipway-workflows-local"
    found = parameters(house)
    assert (found["CreateModelTable"], found["LogsRetentionInDays"]) == ("false", "30")


def one_model_goes_without_the_workflows(house: House) -> None:
    answer = answer_of(house, "destroy", "--model", NEIGHBOUR, "--data", "--yes", NEIGHBOUR)
    assert {"workflow stacks", "workflow models", *DATA} <= set(answer["left"])
    assert f"log groups: {ITS_LOGS}" in answer["removed"]
    assert "Remove the workflows: " in answer["said"]
    assert house.client("dynamodb").scan(TableName=TABLE)["Count"] > 0


def nothing_is_left_of_all(house: House) -> None:
    answer = answer_of(house, "destroy", "--all", "--data", "--locked", "--yes", "local")
    assert answer["left"] == {}
    left = {kind: names for kind, names in everything(house).items() if names}
    assert left == {"roles": ["jobs", "waits"]}
    wait_for(lambda: not house.client("stepfunctions").list_state_machines()["stateMachines"], "no state machine", 10)


EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:slipway-a-text:e"


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("slipway-a-text", True),
        ("slipway-a-tabular-my-chain", True),
        (unique("slipway-a-text", EXECUTION), True),
        (f"{unique('slipway-a-lifecycle', EXECUTION)}-1", True),
        ("slipway-a-text-images", False),  # of installation a-text
        (unique("slipway-a-text-images", EXECUTION), False),
        ("slipway-a-tabular-2-0f3c1f6e-5f0e", False),  # of model tabular-2
        ("slipway-a-wine-quality-dev", False),
        ("slipway-a-textual", False),
        ("slipway-ab-text", False),
        ("slipway-a-workflows", False),
    ],
)
def test_names_of_others_do_not_count(monkeypatch: pytest.MonkeyPatch, name: str, is_ours: bool) -> None:
    monkeypatch.setattr(workflow_inventory, "_longer_installations", lambda _session: iter(["slipway-a-text-"]))
    session = Session(Options(local=True), Output(console=PlainConsole(file=io.StringIO())))
    session.__dict__["names"] = Names("a", "wine-quality", ACCOUNT, REGION)
    models = [Names("a", model, ACCOUNT, REGION) for model in ("wine-quality", "tabular-2")]
    assert ownership(session, models)(name) is is_ours
