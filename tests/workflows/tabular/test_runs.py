"""Whole runs through the stack, with its roles; and what is said and left of those that fail."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local_server import ACCOUNT, REGION, wait_for
from tests.releases.house import House
from tests.workflows.installation import DATA_BUCKET, machine_arn
from tests.workflows.tabular.machines import (
    PREFIX,
    ended,
    entered,
    gone,
    made,
    names,
    run,
    start,
    upload_sample,
)
from workflows.runtime.names import mark
from workflows.samples import Place
from workflows.tabular import algorithm
from workflows.tabular.sample import SAMPLE

PLACE = Place("local", ACCOUNT, REGION, DATA_BUCKET, "", "", "sample-0")
TRAIN = "workflows/tabular/train/abalone.libsvm"


@pytest.fixture
def house(tabular: House) -> Iterator[House]:
    upload_sample(tabular)
    yield tabular
    upload_sample(tabular)


def test_the_sample(house: House) -> None:
    told = []
    for one in SAMPLE.runs:
        done = run(house, one.machine, one.input(PLACE))
        assert done["status"] == one.expects, done
        told += one.told(json.loads(done["output"]))
    name = f"{PREFIX}{SAMPLE.runs[0].input(PLACE)['EndpointName']}"
    gone(house, name)
    assert told[0].startswith(f"trained {name}-")
    assert told[3].startswith(f"removed endpoint {name}-")
    assert told[4].startswith("4 experiments, 1 of them failed; best: ")


def test_the_chain_serves_and_has_transformed_each_row(house: House) -> None:
    given = names()
    output = json.loads(run(house, "tabular", given)["output"])
    bucket, _, prefix = output["Predictions"].removeprefix("s3://").partition("/")
    found = house.client("s3").get_object(Bucket=bucket, Key=f"{prefix}abalone.libsvm.out")["Body"].read().split()
    rows = dict(SAMPLE.objects())["workflows/tabular/test/abalone.libsvm"].splitlines()
    assert len(found) == len(rows) == 90
    runtime = house.client("sagemaker-runtime")
    asked = {"EndpointName": output["EndpointName"], "ContentType": "text/libsvm", "Body": b"\n".join(rows)}
    answer = runtime.invoke_endpoint(**asked)["Body"].read().decode().replace(",", " ").split()
    assert [float(one) for one in answer] == pytest.approx([float(one) for one in found], rel=1e-4)
    tags = house.client("sagemaker").list_tags(
        ResourceArn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{output['EndpointName']}"
    )["Tags"]
    assert {tag["Key"] for tag in tags} >= {"slipway:suffix", "slipway:execution"}
    removed = {"EndpointName": given["EndpointName"]}
    assert json.loads(run(house, "tabular-removal", removed)["output"]) == {"Removed": [output["EndpointName"]]}
    gone(house, given["JobName"])
    again = run(house, "tabular-removal", removed)
    assert (again["status"], again["error"]) == ("FAILED", "WorkflowError")
    assert again["cause"] == f"Found no endpoint {PREFIX}{given['EndpointName']}."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Train Step failed: ClientError: Data download failed:"),
        (
            b"M,0.455,0.365,0.095,15\n",
            "Train Step failed: AlgorithmError: framework error: \nsagemaker_algorithm_toolkit",
        ),
        (b"", "Train Step failed: AlgorithmError"),
    ],
)
def test_data_that_cannot_be_trained_on(house: House, content: bytes | None, said: str) -> None:
    given, s3 = names(), house.client("s3")
    s3.delete_object(Bucket=DATA_BUCKET, Key=TRAIN)
    if content is not None:
        s3.put_object(Bucket=DATA_BUCKET, Key=TRAIN, Body=content)
    done = run(house, "tabular", given)
    assert (done["status"], done["error"]) == ("FAILED", "WorkflowError")
    assert done["cause"].startswith(said)
    gone(house, given["JobName"])


def test_a_test_row_that_is_wrong_leaves_no_model(house: House) -> None:
    given = names()
    house.client("s3").put_object(Bucket=DATA_BUCKET, Key="workflows/tabular/test/abalone.libsvm", Body=b"1 2:a\n")
    done = run(house, "tabular", given)
    assert done["cause"].startswith("Transform Input Dataset failed: ClientError: See job logs for more information")
    gone(house, given["JobName"])


@pytest.mark.parametrize("name", ["", "not a name", "-a", "a-", "a" * 22])
def test_a_name_that_is_no_name_makes_nothing(house: House, name: str) -> None:
    before = made(house, PREFIX)
    for machine, given in (("tabular", {**names(), "EndpointName": name}), ("tabular-removal", {"EndpointName": name})):
        done = run(house, machine, given)
        assert done["error"] == "InputError"
        assert done["cause"].startswith(f'The input has EndpointName "{name}", not 1 to 21 letters, digits and hyphens')
        told = house.slipway("workflow", "execute", machine, "--input", json.dumps(given))
        assert (told.returncode, done["cause"] in told.stderr) == (1, True)
    assert made(house, PREFIX) == before


def test_the_longest_name_fits_the_longest_suffix() -> None:
    """SuffixID has at most 12 characters, and names of SageMaker at most 63."""
    assert re.fullmatch(algorithm.NAME.pattern, "a" * 21)
    assert len(algorithm.PREFIX.replace("${SuffixID}", "s" * 12) + "a" * 21 + "-" + "0" * 12) == 63


def test_two_executions_of_one_input_and_a_removal_of_both(house: House) -> None:
    given = names()
    other = {**given, "EndpointName": f"{given['EndpointName']}-other"}
    both = [json.loads(run(house, "tabular", one)["output"])["EndpointName"] for one in (given, given)]
    kept = json.loads(run(house, "tabular", other)["output"])["EndpointName"]
    assert len({*both, kept}) == 3
    done = run(house, "tabular-removal", {"EndpointName": given["EndpointName"]})
    assert sorted(json.loads(done["output"])["Removed"]) == sorted(both)

    def only_the_other() -> bool:
        return [one for one in made(house, given["EndpointName"]) if "Endpoints" in one] == [f"Endpoints: {kept}"]

    wait_for(only_the_other, "both endpoints to go")
    run(house, "tabular-removal", {"EndpointName": other["EndpointName"]})


def test_a_wrong_input(house: House) -> None:
    done = run(house, "tabular", {"JobName": "a", "ModelName": 1})
    assert done["error"] == "InputError"
    assert done["cause"].startswith("The input lacks EndpointName, has ModelName of type number, not string; expected")
    assert run(house, "tabular-experiments", {"Experiments": {}})["error"] == "InputError"


@pytest.mark.parametrize("state", ["Train Step", "Transform Input Dataset"])
def test_a_kill_in_the_middle_makes_nothing_twice(house: House, state: str) -> None:
    given = names()
    execution = start(house, "tabular", given)
    entered(house, execution, state)
    house.server.kill()
    house.server.up()
    assert ended(house, execution)["status"] == "SUCCEEDED"
    found = made(house, given["JobName"])
    assert [one.partition(":")[0] for one in found] == ["Endpoints", "EndpointConfigs", "Models"]
    jobs = house.client("sagemaker").list_training_jobs(NameContains=given["JobName"])["TrainingJobSummaries"]
    assert len(jobs) == 1
    run(house, "tabular-removal", {"EndpointName": given["EndpointName"]})


LOST = [
    ("tabular", "Stop Train Step"),
    ("tabular-experiments", "Stop Train Experiment"),
]


@pytest.mark.parametrize(("machine", "state"), LOST)
def test_a_job_whose_creation_was_lost_is_stopped(house: House, machine: str, state: str) -> None:
    """A repeated call is told that the job exists; it is this execution's, by its name."""
    name, sagemaker = f"lost-{uuid.uuid4().hex[:8]}", house.client("sagemaker")
    digits = mark(f"arn:aws:states:{REGION}:{ACCOUNT}:execution:slipway-local-{machine}:{name}")
    given, job = {
        "tabular": ({"JobName": name, "ModelName": name, "EndpointName": name}, f"{PREFIX}{name}-{digits}"),
        "tabular-experiments": ({"Experiments": [{"Name": "a", "HyperParameters": {}}]}, f"{PREFIX}{digits}-0"),
    }[machine]
    sagemaker.create_training_job(**long_training(house, job))
    done = ended(house, start(house, machine, given, name))
    assert done["status"] == "FAILED"
    assert f"Its job {job} is told to stop; look whether it has." in done["cause"]
    entered(house, done["executionArn"], state)

    def status() -> str | None:
        found = sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"]
        return found if found not in {"InProgress", "Stopping"} else None

    assert wait_for(status, job) == "Stopped"


def long_training(house: House, job: str) -> dict[str, Any]:
    """The request of a training job of the chain's, which takes long."""
    found = house.client("stepfunctions").describe_state_machine(stateMachineArn=machine_arn("tabular"))
    request: dict[str, Any] = json.loads(found["definition"])["States"]["Train Step"]["Arguments"]
    request["HyperParameters"]["num_round"] = "200000"
    return {key: value for key, value in request.items() if key != "Tags"} | {"TrainingJobName": job}


def test_an_execution_that_is_stopped_stops_its_job(house: House) -> None:
    given = names()
    execution = start(house, "tabular", given)
    entered(house, execution, "Train Step")
    house.client("stepfunctions").stop_execution(executionArn=execution)
    assert ended(house, execution)["status"] == "ABORTED"
    gone(house, given["JobName"])


def test_an_endpoint_of_an_execution_that_is_stopped_is_swept(house: House) -> None:
    given = names()
    execution = start(house, "tabular", given)
    entered(house, execution, "Describe Endpoint")
    house.client("stepfunctions").stop_execution(executionArn=execution)
    assert ended(house, execution)["status"] == "ABORTED"

    def swept() -> bool:
        return not any(one.startswith("Endpoints: ") for one in made(house, given["EndpointName"]))

    wait_for(swept, "the endpoint to be swept", 90)
    house.client("stepfunctions").redrive_execution(executionArn=execution)
    again = ended(house, execution)
    assert again["cause"].startswith("Describe Endpoint failed: Could not find endpoint")
    assert again["cause"].endswith(
        "It was deleted when the execution was stopped, so a redrive has none: start a new execution."
    )


def experiments(house: House, *rows: Any) -> dict[str, Any]:
    return run(house, "tabular-experiments", {"Experiments": list(rows)})


def test_experiments_that_fail_do_not_lose_the_others(house: House) -> None:
    given = [
        {"Name": "good", "HyperParameters": {"max_depth": 4, "eta": 0.1}},
        {"Name": "wrong", "HyperParameters": {"eta": "much"}},
        {"Nam": "none"},
        {"Name": "poor", "HyperParameters": {"num_round": 1}},
    ]
    output = json.loads(experiments(house, *given)["output"])
    rows = {row["Name"]: row for row in output["Experiments"]}
    assert {name: row["Status"] for name, row in rows.items()} == {
        "good": "Completed",
        "wrong": "Failed",
        "number 3": "Failed",
        "poor": "Completed",
    }
    assert output["Best"]["Name"] == "good"
    assert rows["good"]["Value"] < rows["poor"]["Value"]
    assert "Hyperparameter eta: could not parse value" in rows["wrong"]["Reason"]
    assert rows["number 3"]["Reason"].startswith("It is not an object with a text Name")
    job = house.client("sagemaker").describe_training_job(TrainingJobName=rows["good"]["TrainingJobName"])
    assert job["HyperParameters"] | {"max_depth": "4", "eta": "0.1", "gamma": "4"} == job["HyperParameters"]
    model = house.client("sagemaker").describe_model(ModelName=output["ModelName"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]


def test_experiments_without_one_that_completes(house: House) -> None:
    done = experiments(house, {"Name": "wrong", "HyperParameters": {"eta": 7}})
    assert done["error"] == "ModelError"
    assert done["cause"].startswith("No experiment completed: wrong: Train Experiment failed: AlgorithmError:")
    assert experiments(house)["cause"] == "No experiment completed: the input lists none."


def test_experiments_are_bounded_in_number_and_size(house: House) -> None:
    many = experiments(house, *[{"Name": "a", "HyperParameters": {}}] * 51)
    assert many["error"] == "InputError"
    assert many["cause"].startswith("The input has 51 elements in Experiments, not at most 50;")
    long = experiments(house, {"Name": "a" * 800, "HyperParameters": {}})
    assert long["cause"] == "No experiment completed: number 1: It has more than 800 characters as JSON."
