"""The verb `destroy` where something is in its way: it says what, and goes on from there when it is run again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.local_server import wait_for
from tests.releases.house import MODEL, House

SECOND = "second"
SETUP = "slipway-setup-local"
PIPELINES = {model: f"slipway-pipeline-local-{model}" for model in (MODEL, SECOND)}
# What somebody added: a repository that holds an image stops the deletion of its stack.
IMAGES = """
  Images:
    Type: AWS::ECR::Repository
    Properties: {RepositoryName: !Sub 'images-${SuffixID}-${ModelName}'}

Outputs:
"""
COMMAND = re.compile(re.escape(f"{sys.executable} -m slipway.cli") + r"[^;\n]*")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A checkout whose local AWS is empty."""
    house = House(tmp_path_factory.mktemp("again"))
    template = house.root / "cloudformation" / "pipeline.yml"
    template.write_text(template.read_text().replace("\nOutputs:\n", IMAGES))
    try:
        assert house.slipway("up").returncode == 0
        yield house
    finally:
        house.slipway("down")


@pytest.fixture
def two_models(house: House) -> House:
    for model in PIPELINES:
        assert slipway(house, "deploy", "--model", model).returncode == 0
    return house


def slipway(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a person starts it, whose advice can be followed as printed."""
    return subprocess.run(
        line(*arguments), cwd=house.root, env=environment(house), capture_output=True, text=True, check=False
    )


def line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "slipway.cli", "--local", *arguments]


def environment(house: House) -> dict[str, str]:
    return {**os.environ, "SLIPWAY_PORT": str(house.server.port), "COLUMNS": "200"}


def follow_advice(house: House, said: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the last command that was printed."""
    command = " ".join([COMMAND.findall(said)[-1].rstrip(". "), *more])
    return subprocess.run(
        ["sh", "-c", command], cwd=house.root, env=environment(house), capture_output=True, text=True, check=False
    )


def stacks(house: House) -> dict[str, str]:
    found = house.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in found}


@pytest.mark.faults
def test_a_log_group_that_came_back_is_told_and_removed(two_models: House) -> None:
    house, logs, group = two_models, two_models.client("logs"), f"/aws/lambda/slipway-local-{SECOND}-train-model"
    assert slipway(house, "destroy", "--model", SECOND, "--yes", SECOND).returncode == 0
    assert PIPELINES[MODEL] in stacks(house)
    logs.create_log_group(logGroupName=group)
    refused = slipway(house, "deploy", "--model", SECOND)
    assert refused.returncode == 1
    assert re.search(r"TrainModelFunctionLogGroup \(AWS::Logs::LogGroup\): .*already exists", refused.stderr)
    advice = refused.stderr.partition("Remove what is left of the model, except its data: ")[2].partition(";")[0]
    done = follow_advice(house, advice, "--yes", SECOND)
    assert done.returncode == 0, done.stdout + done.stderr
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    assert follow_advice(house, refused.stderr).returncode == 0
    assert stacks(house)[PIPELINES[SECOND]] == "CREATE_COMPLETE"


@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.faults)])
def test_what_was_interrupted_goes_on(two_models: House, how: signal.Signals) -> None:
    house = two_models
    command = line("destroy", "--all", "--yes", "local")
    with subprocess.Popen(
        command,
        cwd=house.root,
        env=environment(house),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_for(
            lambda: any(stacks(house).get(name) != "CREATE_COMPLETE" for name in PIPELINES.values()),
            "the first pipeline stack to go",
            120,
        )
        process.send_signal(how)
        said = "".join(process.communicate(timeout=60))
    assert SETUP in stacks(house)
    if how == signal.SIGINT:
        assert process.returncode == 130, said
        assert "Deletions that have started continue." in said
        done = follow_advice(house, said, "--yes", "local")
    else:
        done = slipway(house, *command[4:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert stacks(house) == {SETUP: "CREATE_COMPLETE"}


def test_a_stack_that_cannot_be_deleted_says_why_and_goes_on(house: House) -> None:
    assert slipway(house, "deploy", "--model", SECOND).returncode == 0
    ecr, name = house.client("ecr"), f"images-local-{SECOND}"
    house.server.push_empty_image(name, "a")
    for _ in range(2):
        done = slipway(house, "destroy", "--all", "--data", "--yes", "local")
        assert done.returncode == 1, done.stdout
        assert f"stack {PIPELINES[SECOND]} ended in DELETE_FAILED:" in done.stderr
        assert "  Images (AWS::ECR::Repository): " in done.stderr
        assert "Fix the cause, then continue where this stopped: " in done.stderr
        assert SETUP in stacks(house), "what others need is still there"
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "a"}])
    done = follow_advice(house, done.stderr, "--yes", "local")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing of installation local is left." in done.stdout
    assert stacks(house) == {}


def test_it_waits_for_its_turn(house: House) -> None:
    folder = house.root / ".slipway"
    held = f"import fcntl, time; f = open({str(folder / 'turn.lock')!r}, 'a+'); fcntl.flock(f, fcntl.LOCK_EX)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{held}; print('held', flush=True); time.sleep(600)"], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with subprocess.Popen(
                line("destroy", "--model", "none"),
                cwd=house.root,
                env=environment(house),
                stdout=subprocess.PIPE,
                text=True,
            ) as waiting:
                assert waiting.stdout is not None
                said = next(text for text in waiting.stdout if "is changing this installation" in text)
                assert "this one waits for it" in said
                assert waiting.poll() is None
                holder.kill()
                assert (
                    "Found nothing of model none of installation local to remove" in waiting.communicate(timeout=60)[0]
                )
        finally:
            holder.kill()


@pytest.mark.parametrize("stack_is_there", [True, False])
def test_a_key_of_the_users_own_stays(house: House, stack_is_there: bool) -> None:
    """Even one that an earlier installation of that name had made."""
    suffix, kms, cloudformation = f"own{int(stack_is_there)}", house.client("kms"), house.client("cloudformation")
    key = kms.create_key(Description=f"Slipway {suffix}, data, packages")["KeyMetadata"]["Arn"]
    given = {"SuffixID": suffix, "ExistingKeyArn": key}
    stack = cloudformation.create_stack(
        StackName=f"slipway-setup-{suffix}",
        TemplateBody=(house.root / "cloudformation" / "setup.yml").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )["StackId"]
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    if not stack_is_there:
        cloudformation.delete_stack(StackName=stack)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    done = slipway(house, "destroy", "--suffix", suffix, "--all", "--data", "--yes", suffix)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Nothing of installation {suffix} is left." in done.stdout
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
