"""What a release record holds, as a function of what AWS answered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline_lambdas.config.model import config_sha256
from pipeline_lambdas.evidence import chain as record_chain
from pipeline_lambdas.evidence.actions import Console, approval_of, artifact_of, parameter_of
from pipeline_lambdas.evidence.prices import load_prices
from pipeline_lambdas.evidence.record import Facts, assemble, same_end
from pipeline_lambdas.evidence.tuning import Search
from pipeline_lambdas.release.dataset import parse_manifest
from pipeline_lambdas.release.events import ENDED as ENDS
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.release.script_mode import job_hyperparameters
from tests.events import EXECUTION_ID, PREFIX, TRAINING_JOB
from tests.pipeline_lambdas import answers
from tests.pipeline_lambdas.aws_doubles import manifest, sample_config

CONSOLE = Console("https://us-east-1.console.aws.amazon.com", "us-east-1")
PRICES = load_prices()
DATASET = parse_manifest(
    json.dumps(manifest({"train/a.csv": b"5,1\n", "test/a.csv": b"5,1\n"}, ["quality", "ph"])).encode(), "wine-quality"
)
WAITING = Facts(
    release=Release(PREFIX, EXECUTION_ID),
    model="wine-quality",
    region="us-east-1",
    written=answers.at(9),
    execution=answers.execution(),
    summary=answers.summary(answers.at(8)),
    actions=answers.released(),
    config=sample_config(),
    dataset=DATASET,
    training=answers.training_job(),
    curves={"validation:rmse": [0.9, None, 0.6]},
    champion_execution_id=answers.CHAMPION_ID,
    model_package={
        "ModelPackageArn": answers.PACKAGE,
        "ModelPackageVersion": 7,
        "ModelApprovalStatus": "PendingManualApproval",
    },
)


def record(facts: Facts) -> dict[str, Any]:
    """The record as it is read again."""
    return record_chain.parsed(record_chain.render(assemble(facts, PRICES, CONSOLE)))


def test_a_program_is_told_by_the_hash_of_its_source() -> None:
    values = job_hyperparameters({"eta": "0.1"}, "slipway_tabular.py", TRAINING_JOB, "us-east-1")
    uri = f"s3://models/source/{'a' * 64}/"
    code = {"ChannelName": "code", "DataSource": {"S3DataSource": {"S3Uri": uri}}}
    found = record(replace(WAITING, training=answers.training_job(HyperParameters=values, InputDataConfig=[code])))
    assert found["training"]["hyperparameters"] == {"eta": "0.1"}
    assert found["training"]["source"] == {
        "program": "slipway_tabular.py",
        "uri": f"{uri}sourcedir.tar.gz",
        "sha256": "a" * 64,
    }
    assert record(WAITING)["training"]["source"] is None


def test_a_search_has_all_of_its_training_jobs_and_their_cost() -> None:
    job = "slipway-1a2b3c4d-8f3c2a1d-4b5e"
    trial = f"{job}-001-0a1b2c3d"
    ran = {"TrainingStartTime": answers.at(1), "TrainingEndTime": answers.at(3)}
    metric = {"FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "validation:rmse", "Value": 0.5}}
    made = {"TrainingJobName": trial, "TrainingJobStatus": "Completed", "TunedHyperParameters": {"eta": "0.1"}}
    lost = {"TrainingJobName": "x", "TrainingJobStatus": "Failed", "TunedHyperParameters": {"kind": '"a"'}}
    search = Search(
        {
            "HyperParameterTuningJobName": job,
            "HyperParameterTuningJobStatus": "Completed",
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:rmse"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
                "ParameterRanges": {
                    "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.1", "MaxValue": "1e0"}],
                    "CategoricalParameterRanges": [{"Name": "kind", "Values": ['"a"', '"b"']}],
                },
            },
            "TrainingJobDefinition": {
                "StaticHyperParameters": {"num_round": "100", "_tuning_objective_metric": "validation:rmse"},
                "AlgorithmSpecification": {},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10},
            },
            "TrainingJobStatusCounters": {"Completed": 1, "NonRetryableError": 1},
        },
        [{**made, **metric, **ran}, {**lost, "FailureReason": "no rows"}],
    )
    values = {"num_round": "100", "eta": "0.1", "_tuning_objective_metric": "validation:rmse"}
    winner = answers.training_job(TrainingJobName=trial, HyperParameters=values)
    found = record(replace(WAITING, training=winner, search=search))
    training, tuning = found["training"], found["training"]["tuning"]
    assert training["hyperparameters"] == {"num_round": "100", "eta": "0.1"}
    assert (tuning["best"], tuning["counts"]) == (trial, {"completed": 1, "stopped": 0, "failed": 1})
    assert tuning["ranges"]["kind"] == {"type": "categorical", "values": ["a", "b"]}
    assert [(one["objective"], one["hyperparameters"]) for one in tuning["trials"]] == [
        (0.5, {"eta": "0.1"}),
        (None, {"kind": "a"}),
    ]
    seconds = tuning["trials"][0]["seconds"]
    assert seconds == (answers.at(3) - answers.at(1)).total_seconds()
    price = PRICES.instance_hours["ml.m5.large"].usd
    assert found["cost"]["training"] == pytest.approx(seconds / 3600 * 2 * price, abs=1e-6)
    without = record(replace(WAITING, training=None, search=search))["training"]
    assert (without["job"], without["tuning"]["best"], without["hyperparameters"]) == (job, None, {"num_round": "100"})
    assert without["instance_type"] == "ml.m5.large"


def test_a_release_that_waits_for_approval() -> None:
    found = record(WAITING)
    assert (found["status"], found["ended"], found["sequence"]) == ("InProgress", None, None)
    assert found["started"] == "2026-11-20T03:00:00.000Z"
    assert found["trigger"]["type"] == "CloudWatchEvent"
    assert found["sources"][0] == {
        "action": "TrainingConfig",
        "revision": "4" * 40,
        "summary": "Deeper trees",
        "author": "",
        "url": "u",
    }
    assert found["dataset"]["manifest_version_id"] == "hO2s6EJq.vN3x"
    assert [file["path"] for file in found["dataset"]["files"]] == ["test/a.csv", "train/a.csv"]
    assert found["config"]["sha256"] == config_sha256(sample_config())
    assert found["config"]["values"]["environments"]["dev"]["instance_type"] == "ml.t2.medium"
    assert found["training"]["job"] == TRAINING_JOB
    assert found["training"]["metrics"] == {"validation:rmse": 0.6}
    assert found["training"]["curves"] == {"validation:rmse": [0.9, None, 0.6]}
    assert found["champion"] == {
        "model": answers.CHAMPION_JOB,
        "execution_id": answers.CHAMPION_ID,
        "endpoint_config": f"{PREFIX}-prod-0a1b2c3d-1111",
    }
    assert found["approval"] == {"status": "Waiting", "by": None, "reason": "", "at": None}
    assert found["model_package"]["version"] == 7
    assert found["endpoint_configs"] == {"test": f"{PREFIX}-test-8f3c2a1d-4b5e"}
    assert found["missing"] == []


def test_data_that_a_state_machine_prepared() -> None:
    execution = answers.execution(artifactRevisions=answers.execution()["artifactRevisions"][:1])
    found = record(replace(WAITING, execution=execution, actions=answers.prepared()))
    assert found["preparation"]["execution"] == answers.MACHINE_RUN
    assert (found["dataset"]["sha256"], found["dataset"]["manifest_version_id"]) == (DATASET.sha256, None)
    assert found["trigger"]["execution"] is None


def test_the_actions_are_told_with_their_logs_and_attempts() -> None:
    failed = answers.action(
        "Train",
        "StartTraining",
        1,
        "Failed",
        error={"code": "JobFailed", "message": "no capacity"},
        summary="Training job",
    )
    actions = record(replace(WAITING, actions=[failed, *answers.released()]))["actions"]
    train = [each for each in actions if each["action"] == "StartTraining"]
    assert [(each["status"], each["attempt"]) for each in train] == [("Failed", 1), ("Succeeded", 2)]
    assert (train[0]["error_code"], train[0]["error_message"]) == ("JobFailed", "no capacity")
    assert (train[0]["seconds"], train[0]["ended"]) == (60, "2026-11-20T03:02:00.000Z")
    assert train[0]["log_url"] == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/"
        f"$252Faws$252Flambda$252F{PREFIX}-f"
    )
    waiting = actions[-1]
    assert (waiting["action"], waiting["ended"], waiting["seconds"]) == ("Approve", None, None)


def test_the_functions_are_those_that_the_release_has_published() -> None:
    assert record(WAITING)["functions"] == []
    first = {"TrainModel": "3", "TrainModelSha256": "a=", "GetStatus": "none", "GetStatusSha256": "none"}
    built = [
        answers.action("Build", "Publish", 1, variables={**first, "Packages": "0123", "Updated": "train-model"}),
        *answers.released(),
    ]
    train = {"name": "train-model", "version": "3", "code_sha256": "a="}
    assert record(replace(WAITING, actions=built))["functions"] == [train]
    approved = {"DeployProd": "4", "DeployProdSha256": "b=", "Packages": "0123", "Updated": "none"}
    last = answers.action("DeployProd", "PublishApproved", 9, variables=approved)
    deploy = {"name": "deploy-prod", "version": "4", "code_sha256": "b="}
    assert record(replace(WAITING, actions=[*built, last]))["functions"] == [deploy, train]


def test_a_log_is_that_of_the_function_that_was_dispatched() -> None:
    polled = answers.action("Train", "WaitForTraining", 3)
    parameters = {"function": "get-status", "version": "#{Publish.GetStatus}", "name": "#{Train.TrainingJobName}"}
    polled["input"]["configuration"] = {
        "FunctionName": f"{PREFIX}-dispatch",
        "UserParameters": json.dumps(parameters),
    }
    (found,) = record(replace(WAITING, actions=[polled]))["actions"]
    assert found["log_group"] == f"/aws/lambda/{PREFIX}-get-status"


@pytest.mark.parametrize("status", sorted(ENDS))
def test_an_ended_release(status: str) -> None:
    found = record(replace(WAITING, execution=answers.execution(status), summary=answers.summary()))
    assert (found["status"], found["ended"]) == (status, "2026-11-20T03:30:00.000Z")


def test_without_a_console_nothing_links_to_one_and_logs_have_names() -> None:
    execution = answers.execution()
    urls = ["https://us-east-1.console.aws.amazon.com/codecommit/x", "https://example.com/console.html"]
    execution["artifactRevisions"] = [{"name": "A", "revisionId": "1", "revisionUrl": url} for url in urls]
    build = answers.action("Build", "Build", 1, provider="CodeBuild")
    build["input"]["configuration"] = {"ProjectName": f"{PREFIX}-build"}
    build["output"]["executionResult"]["externalExecutionUrl"] = "https://console.amazonaws.cn/codebuild/x"
    facts = replace(WAITING, execution=execution, actions=[build, *answers.released()])
    found = assemble(facts, load_prices(), Console("", "us-east-1"))
    assert [source["url"] for source in found["sources"]] == ["", urls[1]]
    assert {action["log_url"] for action in found["actions"]} == {None}
    groups = {action["action"]: action["log_group"] for action in found["actions"]}
    assert groups["Build"] == f"/aws/codebuild/{PREFIX}-build"
    assert groups["StartTraining"] == f"/aws/lambda/{PREFIX}-f"
    assert groups["Approve"] is None
    linked = assemble(facts, load_prices(), CONSOLE)
    assert linked["actions"][0]["log_url"] == "https://console.amazonaws.cn/codebuild/x"
    assert linked["sources"][0]["url"] == urls[0]


def test_a_commit_has_its_author() -> None:
    found = record(replace(WAITING, authors={"TrainingConfig": "Ada"}))
    assert [source["author"] for source in found["sources"]] == ["Ada", ""]


def test_the_event_tells_the_end_before_the_api_does() -> None:
    found = record(replace(WAITING, ended=("Failed", answers.ENDED)))
    assert (found["status"], found["ended"]) == ("Failed", "2026-11-20T03:30:00.000Z")
    found = record(replace(WAITING, execution=None, summary=None, actions=(), ended=("Failed", answers.ENDED)))
    assert (found["status"], found["ended"], found["started"]) == ("Failed", "2026-11-20T03:30:00.000Z", None)


def test_a_release_that_is_stopping_goes_on() -> None:
    assert record(replace(WAITING, execution=answers.execution("Stopping")))["status"] == "InProgress"


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (answers.released()[:-1], None),
        (
            answers.approved(by=answers.APPROVER, summary="Good"),
            {"status": "Approved", "by": answers.APPROVER, "reason": "Good", "at": "2026-11-20T03:09:00.000Z"},
        ),
        (
            answers.approved("Failed", by=answers.APPROVER),
            {"status": "Rejected", "by": answers.APPROVER, "reason": "", "at": "2026-11-20T03:09:00.000Z"},
        ),
        (
            answers.approved("Failed", summary="timed out"),
            {"status": "Expired", "by": None, "reason": "", "at": "2026-11-20T03:09:00.000Z"},
        ),
        (
            answers.approved("Abandoned"),
            {"status": "Abandoned", "by": None, "reason": "", "at": "2026-11-20T03:09:00.000Z"},
        ),
    ],
)
def test_the_approval(actions: list[dict[str, Any]], expected: dict[str, Any] | None) -> None:
    assert approval_of(actions) == expected
    assert record(replace(WAITING, actions=actions))["approval"] == expected


def test_the_newest_approval_counts() -> None:
    again = answers.action("Approve", "Approve", 20, provider="Manual", by=answers.APPROVER)
    found = approval_of([*answers.approved("Failed", by=answers.APPROVER), again])
    assert found
    assert found["status"] == "Approved"


def test_a_rolled_back_release() -> None:
    actions = answers.rolled_back()
    place = artifact_of(actions, "TrainingConfig")
    assert place
    assert place.key == "slipway-local-wine-q/TrainingCo/a1b2c3d"
    assert parameter_of(actions, "training_job") == answers.CHAMPION_JOB
    target = {"rollbackTargetPipelineExecutionId": answers.CHAMPION_ID}
    execution = answers.execution("Succeeded", executionType="ROLLBACK", rollbackMetadata=target)
    facts = replace(
        WAITING,
        execution=execution,
        actions=actions,
        training=answers.training_job(TrainingJobName=answers.CHAMPION_JOB),
        model_package=None,
    )
    found = record(facts)
    assert (found["execution_type"], found["rollback_target"]) == ("ROLLBACK", answers.CHAMPION_ID)
    assert found["training"]["job"] == answers.CHAMPION_JOB
    assert found["endpoint_configs"] == {"prod": f"{PREFIX}-prod-8f3c2a1d-4b5e"}
    assert (found["approval"], found["champion"], found["model_package"]) == (None, None, None)


@pytest.mark.parametrize(
    "told",
    [
        answers.action("Train", "WaitForTraining", 3, variables={"ArtifactVersion": "3sL4kqtJlcpXroDTDmJ+rm"}),
        answers.action("DeployProd", "Deploy", 3, parameters={"artifact_version": "3sL4kqtJlcpXroDTDmJ+rm"}),
        None,
    ],
    ids=["by the wait", "to the rollback", "by nobody"],
)
def test_the_record_names_the_version_of_the_artifact(told: dict[str, Any] | None) -> None:
    found = record(replace(WAITING, actions=[*WAITING.actions, *([told] if told else [])]))
    assert found["training"]["model_data_version_id"] == ("3sL4kqtJlcpXroDTDmJ+rm" if told else None)


def test_a_release_of_which_nothing_could_be_read() -> None:
    nothing = Facts(WAITING.release, "wine-quality", "us-east-1", answers.at(9), missing=("execution: not found",))
    found = record(nothing)
    assert found["missing"] == ["execution: not found"]
    for part in ("dataset", "config", "training", "champion", "approval", "model_package", "cost"):
        assert found[part] is None


def test_the_training_costs_what_is_billed() -> None:
    cost = record(WAITING)["cost"]
    price = PRICES.instance_hours["ml.m5.large"]
    assert cost["training"] == pytest.approx(2 * 180 / 3600 * price.usd)
    assert cost["total"] == cost["training"]
    assert cost["prices_dated"] == price.dated


def test_the_record_tells_spot_training() -> None:
    assert record(WAITING)["training"]["spot"] is False
    spot = replace(WAITING, training=answers.training_job(EnableManagedSpotTraining=True, BillableTimeInSeconds=60))
    assert record(spot)["training"]["spot"] is True
    assert record(spot)["cost"]["training"] == pytest.approx(record(WAITING)["cost"]["training"] / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("facts", "lack"),
    [
        (replace(WAITING, region="eu-west-1"), "no price is known of a ml.m5.large in eu-west-1"),
        (
            replace(
                WAITING,
                training=answers.training_job(
                    ResourceConfig={"InstanceType": "ml.x9.huge", "InstanceCount": 1, "VolumeSizeInGB": 1}
                ),
            ),
            "no price is known of a ml.x9.huge in us-east-1",
        ),
    ],
)
def test_without_a_price_there_is_no_cost(facts: Facts, lack: str) -> None:
    found = record(facts)
    assert found["cost"] is None
    assert any(lack in text for text in found["missing"])


def test_a_metric_that_is_no_number_is_null() -> None:
    job = answers.training_job(FinalMetricDataList=[{"MetricName": "train:rmse", "Value": float("nan")}])
    assert record(replace(WAITING, training=job))["training"]["metrics"] == {"train:rmse": None}


def test_plots_stay_out() -> None:
    found = assemble(replace(WAITING, evaluations={"test": {"rows": 1, "plots": {"roc": []}}}), PRICES, CONSOLE)
    assert found["evaluations"] == {"test": {"rows": 1}}


def test_the_same_end_is_told_apart_from_another() -> None:
    first = record(replace(WAITING, execution=answers.execution("Failed")))
    later = record(
        replace(WAITING, execution=answers.execution("Failed"), written=answers.at(50), missing=("log: throttled",))
    )
    assert same_end({**first, "sequence": 4, "predecessor": {"sequence": 3}}, later)
    again = answers.summary(answers.ENDED + timedelta(hours=1))
    assert not same_end(first, record(replace(WAITING, execution=answers.execution("Failed"), summary=again)))
