"""A change of code ships: pushed with plain git to each repository, checked and published by Build, then run.

The house is launched as docs/aws.md tells it for the console, without Slipway. Its first Build installs the locks and
runs all checks of the folders as they are published.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterator
from functools import partial

import pytest
from slipway.terminal.advice import NOT_BUILT
from slipway_build.packages import FUNCTIONS

from tests.local_server import ACCOUNT, REGION, wait_for
from tests.releases import console
from tests.releases.house import FINAL, MODEL, PREFIX, SAMPLE, House

DEPLOYMENT, ITS_TEST = "pipeline_lambdas/steps/deployment.py", "tests/pipeline_lambdas/steps/test_pushed.py"
GATES, THEIR_TEST = "inference_lambdas/judging/gates.py", "tests/inference_lambdas/judging/test_gates.py"
IMPORT_DEPLOYMENT = {"deploy-model", "deploy-prod", "deploy-champion"}
DEPLOYING = "pipeline_lambdas/handlers/deploy_model.py"
PUBLISHING = ("Build/Publish", "Build/PublishFirst", "DeployProd/PublishApproved")
CONSTANT = "\nPUSHED = 1\n"
TEST = """\
from pipeline_lambdas.steps.deployment import PUSHED


def test_pushed() -> None:
    assert PUSHED
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("code"))
    try:
        first = console.launch(house)
        assert house.wait_for_end(first, 900)["status"] == "Succeeded", house.failure(first)
        yield house
    finally:
        house.slipway("down")


def code(house: House) -> dict[str, str]:
    """Function to the hash of what it runs."""
    get = house.client("lambda").get_function_configuration
    return {name: get(FunctionName=f"{PREFIX}-{name}")["CodeSha256"] for name in FUNCTIONS}


def source(house: House, function: str, name: str) -> str:
    """A file of what a function runs, from the package that is kept of it."""
    bucket, sha256 = f"slipway-local-packages-{ACCOUNT}-{REGION}", base64.b64decode(code(house)[function]).hex()
    kept = house.client("s3").get_object(Bucket=bucket, Key=f"{FUNCTIONS[function].package}/{sha256}.zip")
    with zipfile.ZipFile(io.BytesIO(kept["Body"].read())) as package:
        return package.read(name).decode()


def published(house: House, execution: str) -> list[set[str]]:
    """The functions that got new code: before and after the approval."""
    actions = house.actions(execution)
    updated = [actions[name]["output"]["outputVariables"]["Updated"] for name in PUBLISHING]
    first, of_events, approved = (set(names.split(",")) - {"none"} for names in updated)
    return [first | of_events, approved]


def built(house: House, execution: str) -> set[str]:
    return set[str]().union(*published(house, execution))


def appended(house: House, folder: str, name: str, text: str) -> dict[str, str]:
    return {name: (house.clone(folder) / name).read_text(encoding="utf-8") + text}


def pushed(house: House, folder: str, files: dict[str, str]) -> tuple[str, str]:
    """The release of a push, once it has ended, and its status."""
    before = house.newest()
    house.push(folder, files)
    execution = house.wait_for_new(before)
    return execution, str(house.wait_for_end(execution, 600)["status"])


def check_log(house: House) -> list[str]:
    pages = house.client("logs").get_paginator("filter_log_events")
    events = pages.paginate(logGroupName=f"/aws/codebuild/{PREFIX}-check")
    return [event["message"] for page in events for event in page["events"]]


def failed_actions(house: House, execution: str) -> dict[str, str]:
    """The actions that failed, which may be several side by side, with their messages."""
    return {
        name: action["output"]["executionResult"]["errorDetails"]["message"]
        for name, action in house.actions(execution).items()
        if action["status"] == "Failed"
    }


def test_code_of_every_repository_ships(house: House) -> None:
    """One after the other, as each release begins with what the one before has left."""
    the_first_build_checks_and_publishes_everything(house)
    slipway_goes_on_where_the_console_has_begun(house)
    a_changed_parameter_leaves_the_code(house)
    a_stack_update_leaves_the_code(house)
    a_constant_of_the_pipeline_functions_ships_with_its_test(house)
    so_does_one_of_the_inference_functions(house)
    and_a_config_without_any_build(house)
    what_fails_a_check_changes_nothing(house)
    of_two_overlapping_releases_each_runs_its_own_code(house)


def the_first_build_checks_and_publishes_everything(house: House) -> None:
    # What acts on Prod is not published before the approval, not even the first time.
    before, after = published(house, house.newest())
    assert after == {"deploy-prod", "smoke-test-prod", "clean-up"}
    assert before == set(FUNCTIONS) - after
    lines = check_log(house)
    assert any(re.search(r"\b1\d{3} passed", line) for line in lines), "\n".join(lines)
    bucket = f"slipway-local-packages-{house.account}-us-east-1"
    listed = house.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    stored = {item["Key"] for item in listed if item["Key"].endswith(".zip")}
    kept = {name for name in stored if name.startswith("builds/")}
    packages = {name.rpartition("/")[2] for name in stored - kept}
    assert {f"{base64.b64decode(sha256).hex()}.zip" for sha256 in code(house).values()} == packages
    told = house.actions(house.newest())["Build/Publish"]["output"]["outputVariables"]
    assert kept == {f"builds/{told['Packages']}.zip"}


def slipway_goes_on_where_the_console_has_begun(house: House) -> None:
    published = house.slipway("publish")
    assert published.returncode == 0, published.stdout + published.stderr
    assert published.stdout.count("unchanged") == 3, published.stdout
    uploaded = house.slipway("data", "upload")
    assert "The manifest names this dataset already" in uploaded.stdout, uploaded.stdout + uploaded.stderr
    assert len(house.executions()) == 1


def a_changed_parameter_leaves_the_code(house: House) -> None:
    before, name = code(house), f"{PREFIX}-train-model"
    console.change(house, f"slipway-pipeline-local-{MODEL}", InstanceTypePatterns="ml.t2.*,ml.m5.*")
    described = house.client("lambda").get_function_configuration(FunctionName=name)
    assert described["Environment"]["Variables"]["INSTANCE_TYPE_PATTERNS"] == "ml.t2.*,ml.m5.*"
    assert code(house) == before


def a_stack_update_leaves_the_code(house: House) -> None:
    """CloudFormation touches a function's code only if the template's property `Code` changes.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """
    before, template = code(house), house.root / "cloudformation" / "pipeline.yml"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("Timeout: 120\n", "Timeout: 121\n"), encoding="utf-8")
    done = house.slipway("deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    described = house.client("lambda").get_function_configuration(FunctionName=f"{PREFIX}-train-model")
    assert described["Timeout"] == 121
    assert code(house) == before
    assert NOT_BUILT not in source(house, "train-model", "index.py")


def a_constant_of_the_pipeline_functions_ships_with_its_test(house: House) -> None:
    before = code(house)
    files = appended(house, "pipeline_lambdas", DEPLOYMENT, CONSTANT)
    files[ITS_TEST] = TEST
    execution, status = pushed(house, "pipeline_lambdas", files)
    assert status == "Succeeded", house.failure(execution)
    assert published(house, execution) == [IMPORT_DEPLOYMENT - {"deploy-prod"}, {"deploy-prod"}]
    assert {name for name, now in code(house).items() if now != before[name]} == IMPORT_DEPLOYMENT
    assert source(house, "deploy-model", DEPLOYMENT).endswith(CONSTANT)


def so_does_one_of_the_inference_functions(house: House) -> None:
    execution, status = pushed(house, "inference_lambdas", appended(house, "inference_lambdas", GATES, CONSTANT))
    assert status == "Succeeded", house.failure(execution)
    assert built(house, execution) == {"evaluate-model", "smoke-test-prod"}
    assert source(house, "smoke-test-prod", GATES).endswith(CONSTANT)


def and_a_config_without_any_build(house: House) -> None:
    before, lines = code(house), len(check_log(house))
    execution, status = pushed(
        house, "training_config", {"wine-quality.yml": SAMPLE.replace("max_depth: 6", "max_depth: 5")}
    )
    assert status == "Succeeded", house.failure(execution)
    assert (built(house, execution), code(house)) == (set(), before)
    assert not any(" passed in " in line for line in check_log(house)[lines:])


def what_fails_a_check_changes_nothing(house: House) -> None:
    before, serving = code(house), house.serving()
    clone = house.clone("pipeline_lambdas")
    whole = {name: (clone / name).read_text(encoding="utf-8") for name in (DEPLOYMENT, ITS_TEST)}
    for broken, failed, command, said in (
        ({DEPLOYMENT: whole[DEPLOYMENT].replace("PUSHED = 1", "PUSHED = 0")}, "Build/Check", "pytest", "test_pushed"),
        ({DEPLOYMENT: "def broken(:\n"}, "Build/Build", "slipway_build.build", f"{DEPLOYMENT}: line 1"),
    ):
        execution, status = pushed(house, "pipeline_lambdas", broken)
        assert status == "Failed", "\n".join(check_log(house))
        failures = failed_actions(house, execution)
        assert command in failures[failed], failures
        explained = house.slipway("explain", execution)
        assert command in explained.stdout
        assert said in explained.stdout, explained.stdout
        assert (code(house), house.serving()) == (before, serving)
        with house.quietly():
            house.push("pipeline_lambdas", whole)


def of_two_overlapping_releases_each_runs_its_own_code(house: House) -> None:
    """The older one is approved after the newer one was built: Prod is deployed to by the code that was approved."""
    before, log = code(house), f"/aws/lambda/{PREFIX}-deploy-prod"
    handler = (house.clone("pipeline_lambdas") / DEPLOYING).read_text(encoding="utf-8")
    releases = []
    for mark in ("older", "newer"):
        newest = house.newest()
        house.push("pipeline_lambdas", {DEPLOYING: f'{handler}\n\nos.write(1, b"code of the {mark} one\\n")\n'})
        execution = house.wait_for_new(newest)
        wait_for(partial(_is_tested, house, execution), f"the {mark} one to be tested", 300)
        releases.append(execution)
    assert code(house)["deploy-model"] != before["deploy-model"]
    assert {name: code(house)[name] for name in ("deploy-prod", "record-release")} == {
        name: before[name] for name in ("deploy-prod", "record-release")
    }
    for execution, mark in zip(releases, ("older", "newer"), strict=True):
        # As any build may, while the release waits: what is approved is read where none of them writes.
        place = house.actions(execution)["Build/Build"]["output"]["outputArtifacts"][0]["s3location"]
        house.client("s3").put_object(Bucket=place["bucket"], Key=place["key"], Body=b"of another build")
        house.approve()
        wait_for(partial(_has_ended, house, execution), f"the {mark} one to end", 120)
        assert _status(house, execution) == "Succeeded", house.failure(execution)
        record = house.record(execution)
        ran = {function["name"]: function for function in record["functions"]}
        assert set(ran) == set(FUNCTIONS)
        # Dev, Test and Prod were deployed to by the same code.
        assert ran["deploy-prod"]["code_sha256"] == ran["deploy-model"]["code_sha256"] == code(house)["deploy-prod"]
        deployed = house.actions(execution)["DeployProd/Deploy"]["input"]["resolvedConfiguration"]["UserParameters"]
        assert json.loads(deployed)["version"] == ran["deploy-prod"]["version"]
        events = house.client("logs").filter_log_events(logGroupName=log, filterPattern='"code of the"')["events"]
        assert events[-1]["message"].strip() == f"code of the {mark} one"
    assert len({house.record(one)["functions"][0]["code_sha256"] for one in releases}) == 1  # clean-up's
    with house.quietly():
        house.push("pipeline_lambdas", {DEPLOYING: handler})


def _is_tested(house: House, execution: str) -> bool:
    status = _status(house, execution)
    assert status not in FINAL, house.failure(execution)
    evidence = house.actions(execution).get("DeployTest/Evidence", {})
    return bool(evidence.get("status") == "Succeeded")


def _has_ended(house: House, execution: str) -> bool:
    return _status(house, execution) in FINAL


def _status(house: House, execution: str) -> str:
    return next(str(e["status"]) for e in house.executions() if e["pipelineExecutionId"] == execution)
