"""The config's own metrics in an evaluation: a job is started once all rows are predicted, waited for, and judged."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_lambdas.handlers.evaluate_model import handler
from inference_lambdas.judging.again import champion_of, judge_again
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.serving import Deployed
from pipeline_lambdas.aws import sagemaker as sagemaker_calls
from pipeline_lambdas.config.parsing import parse_config
from pipeline_lambdas.release.dataset import parse_manifest
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.runtime.outcome import Continue, Done
from tests.events import (
    ARTIFACT_BUCKET,
    DATA_BUCKET,
    EVIDENCE_BUCKET,
    EXECUTION_ID,
    KMS_KEY_ARN,
    MODEL_BUCKET,
    PREFIX,
)
from tests.inference_lambdas.endpoint_double import LOOSE, Endpoint, Results, artifact, event, plain_config, report
from tests.pipeline_lambdas.aws_doubles import Context, client_of, upload_config

pytest.importorskip("numpy", reason="the job's program needs numpy, which requirements/checks.txt does not hold")
EVENT = "evaluate_full_with_champion"
NAME = f"{PREFIX}-test-8f3c2a1d-4b5e"
ROLE = "arn:aws:iam::111122223333:role/metrics"
COST = """
import numpy as np

def cost(labels, predictions, rows):
    return np.mean(np.abs(labels - predictions) * (1 + rows["column 2"]))
"""
FULL: dict[str, Any] = {
    "gates": {"rmse": {"max": 9}, "cost": {"max": 5}},
    "champion": {"gates": {"cost": {"max_worse_percent": 5}}},
    "slices": [{"column": "column 2", "ranges": [0.3, 0.6], "gates": {"cost": {"max": 5}}}],
}


@dataclass
class Jobs:
    """SageMaker's processing jobs, whose containers run here when the test says so."""

    folder: Path
    requests: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def describe(self, name: str) -> dict[str, Any] | None:
        return self.jobs.get(name)

    def create(self, request: dict[str, Any]) -> bool:
        if request["ProcessingJobName"] in self.jobs:
            return False
        self.requests.append(request)
        self.jobs[request["ProcessingJobName"]] = {**request, "ProcessingJobStatus": "InProgress"}
        return True

    def run(self, name: str = NAME) -> None:
        """Run the container as SageMaker does, with nothing of this process's environment."""
        job, ml = self.jobs[name], self.folder / name
        for entry in job["ProcessingInputs"]:
            self.fetch(entry["S3Input"], ml)
        words = job["AppSpecification"]["ContainerArguments"]
        archive, program, *folders = [self.here(word, ml) for word in words]
        with tarfile.open(archive) as opened:
            opened.extractall(program, filter="data")
        done = subprocess.run(
            [sys.executable, str(program / "slipway_metrics.py"), *map(str, folders), str(ml / "message")],
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (output,) = job["ProcessingOutputConfig"]["Outputs"]
        place = output["S3Output"]["S3Uri"].removeprefix(f"s3://{MODEL_BUCKET}/")
        content = (folders[-1] / "metrics.json").read_bytes()
        client_of("s3").put_object(Bucket=MODEL_BUCKET, Key=f"{place}/metrics.json", Body=content)
        self.end(name, "Completed")

    def end(self, name: str, status: str, **more: Any) -> None:
        self.jobs[name] |= {"ProcessingJobStatus": status, **more}

    @staticmethod
    def here(path: str, ml: Path) -> Path:
        return ml / path.removeprefix("/opt/ml/")

    def fetch(self, source: dict[str, Any], ml: Path) -> None:
        bucket, _, prefix = source["S3Uri"].removeprefix("s3://").partition("/")
        s3, folder = client_of("s3"), self.here(source["LocalPath"], ml)
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
            path = folder / item["Key"][prefix.rfind("/") + 1 :]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())


@pytest.fixture
def jobs(environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jobs:
    del environment
    variables = {
        "MODEL_BUCKET": MODEL_BUCKET,
        "METRICS_ROLE_ARN": ROLE,
        "METRICS_REGISTRY": "683313688378.dkr.ecr.us-east-1.amazonaws.com",
        "INSTANCE_TYPE_PATTERNS": "ml.m5.*,ml.t3.*",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made = Jobs(tmp_path)
    monkeypatch.setattr(sagemaker_calls, "describe_processing_job", made.describe)
    monkeypatch.setattr(sagemaker_calls, "create_processing_job", made.create)
    configure()
    return made


def configure(code: str = COST, metrics: dict[str, Any] | None = None, **sections: Any) -> None:
    document = yaml.safe_load(plain_config(*LOOSE, **{**FULL, **sections}))
    document["metrics"] = {"functions": {"cost": {"direction": "lower"}}, **(metrics or {})}
    upload_config(yaml.safe_dump(document), {"metrics.py": code.encode(), "README.txt": b"read me"})


def begun(results: Results) -> str:
    """Invoke until the job is started; return the token that goes on."""
    handler(event(EVENT), Context())
    return waiting(results).token


def waiting(results: Results) -> Continue:
    assert isinstance(results.last, Continue), results.last
    return results.last


def test_the_job_is_started_waited_for_and_judged(endpoint: Endpoint, results: Results, jobs: Jobs) -> None:
    token = begun(results)
    handler(event(EVENT, token=token), Context())
    assert (waiting(results).token, waiting(results).summary) == (token, f"Processing job {NAME} computes metrics")
    jobs.run()
    asked = endpoint.champion_bodies.copy()
    handler(event(EVENT, token=token), Context())
    assert isinstance(results.last, Done), results.last
    # Nothing is predicted again.
    assert (len(jobs.requests), endpoint.champion_bodies) == (1, asked)
    found = report()
    assert found["metrics"]["cost"] > 0
    assert found["intervals"]["cost"]["low"] < found["metrics"]["cost"] < found["intervals"]["cost"]["high"]
    assert found["intervals"]["cost"]["method"] == "bootstrap, bias-corrected, 1,000 replicates"
    assert found["own_metrics"] == {
        "job": NAME,
        "file": "metrics.py",
        "functions": {"cost": {"direction": "lower", "failure": "", "replicates": 1000, "left_out": 0}},
    }
    difference = found["champion"]["differences"]["cost"]
    assert difference["difference"] == found["metrics"]["cost"] - found["champion"]["metrics"]["cost"]
    assert difference["low"] < difference["worse_percent"] < difference["high"]
    assert [(gate["kind"], gate["verdict"]) for gate in found["gates"] if gate["metric"] == "cost"] == [
        ("bound", "passed"),
        ("champion", "passed"),
        *[("slice", "passed")] * 3,
    ]
    slices = [one["metrics"]["cost"] for one in found["slices"]]
    weights = [one["rows"] for one in found["slices"]]
    whole = sum(value * rows for value, rows in zip(slices, weights, strict=True)) / sum(weights)
    assert whole == pytest.approx(found["metrics"]["cost"])


def test_what_the_job_is_asked_for(endpoint: Endpoint, results: Results, jobs: Jobs) -> None:
    del endpoint
    begun(results)
    (request,) = jobs.requests
    assert request["ProcessingJobName"] == NAME
    assert request["NetworkConfig"] == {"EnableNetworkIsolation": True}
    assert request["RoleArn"] == ROLE
    assert "Environment" not in request
    assert request["AppSpecification"]["ImageUri"] == (
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
    )
    assert request["ProcessingResources"]["ClusterConfig"] == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
        "VolumeKmsKeyId": KMS_KEY_ARN,
    }
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 900}
    # AWS's own model has the limits of the lengths.
    from botocore.session import Session  # noqa: PLC0415
    from botocore.validate import ParamValidator  # noqa: PLC0415

    model = Session().get_service_model("sagemaker").operation_model("CreateProcessingJob").input_shape
    assert not ParamValidator().validate(request, model).has_errors()
    assert all(len(word) <= 256 for word in request["AppSpecification"]["ContainerEntrypoint"])


def test_a_delivery_that_is_repeated_finds_the_job(endpoint: Endpoint, results: Results, jobs: Jobs) -> None:
    del endpoint
    token = begun(results)
    assert begun(results) != ""
    assert len(jobs.requests) == 1
    jobs.run()
    handler(event(EVENT, token=token), Context())
    assert isinstance(results.last, Done), results.last


def test_a_stage_that_is_retried_takes_a_job_of_the_same_work(endpoint: Endpoint, results: Results, jobs: Jobs) -> None:
    begun(results)
    jobs.run()
    # The same predictions: the job is done already.
    handler(event(EVENT, token=begun(results)), Context())
    assert isinstance(results.last, Done), results.last
    assert len(jobs.requests) == 1
    endpoint.answer = lambda rows: b"".join(b"%f\n" % (sum(row) * 2) for row in rows)
    begun(results)
    assert [request["ProcessingJobName"] for request in jobs.requests] == [NAME, f"{NAME}-2"]


def test_a_job_that_does_something_else_is_left_alone(endpoint: Endpoint, results: Results, jobs: Jobs) -> None:
    begun(results)
    jobs.jobs[NAME] |= {"ProcessingJobStatus": "Completed", "NetworkConfig": {"EnableNetworkIsolation": False}}
    begun(results)
    assert [request["ProcessingJobName"] for request in jobs.requests] == [NAME, f"{NAME}-2"]
    del endpoint


@pytest.mark.parametrize(
    ("status", "more", "message"),
    [
        ("Failed", {"ExitMessage": "ValueError: found 5 rows"}, "failed: ValueError: found 5 rows. Its log has the"),
        ("Failed", {"FailureReason": "AlgorithmError: exit code: 137"}, "failed: AlgorithmError: exit code: 137. Its"),
        ("Stopped", {}, "was stopped. It may run 900 s: raise metrics.max_runtime_s, or make the functions quicker."),
    ],
)
@pytest.mark.usefixtures("endpoint")
def test_a_job_without_an_output_fails_the_action(
    results: Results, jobs: Jobs, status: str, more: dict[str, Any], message: str
) -> None:
    token = begun(results)
    jobs.end(NAME, status, **more)
    handler(event(EVENT, token=token), Context())
    assert f"Processing job {NAME}, which computes the metrics of metrics.py, {message}" in results.message()


@pytest.mark.usefixtures("endpoint")
def test_a_function_that_fails_fails_the_release_and_the_rest_is_kept(results: Results, jobs: Jobs) -> None:
    configure(
        "def cost(labels, predictions, rows):\n    return 1 / 0\n",
        gates={"rmse": {"max": 9}},
        slices=[{"column": "column 2", "ranges": [0.3]}],
        champion={"gates": {"rmse": {"max_worse_percent": 50}}},
    )
    token = begun(results)
    jobs.run()
    handler(event(EVENT, token=token), Context())
    assert "cost cannot be evaluated: metrics.py, line 2: ZeroDivisionError: division by zero" in results.message()
    found = report()
    assert (found["metrics"]["cost"], found["verdict"]) == (None, "failed")
    assert found["metrics"]["rmse"] > 0
    (failed,) = [gate for gate in found["gates"] if gate["verdict"] == "failed"]
    assert (failed["kind"], failed["metric"], failed["value"]) == ("bound", "cost", None)


@pytest.mark.usefixtures("endpoint")
def test_a_gate_on_an_own_metric_fails_with_its_value(results: Results, jobs: Jobs) -> None:
    configure(gates={"cost": {"max": 0.001}})
    token = begun(results)
    jobs.run()
    handler(event(EVENT, token=token), Context())
    assert "above the greatest allowed, 0.001" in results.message()


@pytest.mark.usefixtures("endpoint")
def test_a_worse_champion_is_told_by_the_direction(results: Results, jobs: Jobs) -> None:
    configure(metrics={"functions": {"cost": {"direction": "higher"}}})
    token = begun(results)
    jobs.run()
    handler(event(EVENT, token=token), Context())
    difference = report()["champion"]["differences"]["cost"]
    # The champion's cost is greater: with `higher` it is the better one.
    assert difference["difference"] < 0 < difference["worse_percent"]


def test_rows_that_failed_start_no_job(endpoint: Endpoint, results: Results, jobs: Jobs) -> None:
    endpoint.answer = lambda rows: b"".join(b"nan\n" if row[0] > 0.98 else b"3\n" for row in rows)
    token = begun(results)
    handler(event(EVENT, token=token), Context())
    assert "predictions failed" in results.message()
    assert jobs.requests == []
    assert report()["metrics"]["cost"] is None


def test_allowed_rows_that_failed_are_left_out(endpoint: Endpoint, results: Results, jobs: Jobs) -> None:
    champion = {"gates": {"cost": {"max_worse_percent": 9999}}}
    configure(gates={"rmse": {"max": 9}, "cost": {"max": 9}, "failed_share": {"max": 0.1}}, champion=champion)
    endpoint.answer = lambda rows: b"".join(b"nan\n" if row[0] > 0.98 else b"3\n" for row in rows)
    token = begun(results)
    jobs.run()
    handler(event(EVENT, token=token), Context())
    assert isinstance(results.last, Done), results.last
    found = report()
    assert found["champion"]["rows"] == found["rows"] - found["failed_rows"] < found["rows"]


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("none", "found no JSON"),
        (lambda found: {**found, "metrics": {}}, "found other functions than those of the config"),
        (lambda found: {**found, "schema": "x"}, "found other functions than those of the config"),
        (lambda found: _with(found, value="much"), "found no finite number where one belongs"),
        (lambda found: _with(found, value=float("nan")), "found no finite number where one belongs"),
        (lambda found: _with(found, slices=[[1.0]]), "found other slices than those of the config"),
        (lambda found: _with(found, replicates=[1.0] * 1001), "found more than 1000 draws"),
        (lambda found: _with(found, failure=None), "found no text as failure"),
        (lambda found: _with(found, compared=[]), "found no mapping as compared"),
        (lambda found: {**found, "x": "y" * 9_000_000}, "found more than 8388608 bytes"),
    ],
)
def test_an_output_of_another_form_is_refused(results: Results, jobs: Jobs, change: Any, message: str) -> None:
    token = begun(results)
    jobs.run()
    s3, key = client_of("s3"), f"metrics/{NAME}/metrics.json"
    written = json.loads(s3.get_object(Bucket=MODEL_BUCKET, Key=key)["Body"].read())
    body = change if isinstance(change, str) else json.dumps(change(written))
    s3.put_object(Bucket=MODEL_BUCKET, Key=key, Body=body.encode())
    handler(event(EVENT, token=token), Context())
    assert f"s3://{MODEL_BUCKET}/{key}: {message}; expected what the job writes." in results.message()


def _with(found: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**found, "metrics": {"cost": {**found["metrics"]["cost"], **changes}}}


@pytest.mark.usefixtures("endpoint")
def test_a_folder_without_the_file_is_refused(results: Results, jobs: Jobs) -> None:
    configure(metrics={"file": "other.py"})
    handler(event(EVENT), Context())
    assert results.message().startswith(
        "wine-quality/other.py: found README.txt, metrics.py in the folder; expected other.py, which wine-quality.yml"
    )
    assert jobs.requests == []


@pytest.mark.usefixtures("endpoint", "jobs")
def test_instances_that_the_stack_does_not_allow_are_refused(results: Results) -> None:
    configure(metrics={"instance_type": "ml.g5.xlarge"})
    handler(event(EVENT), Context())
    assert "metrics.instance_type: found ml.g5.xlarge; expected ml.m5.*, ml.t3.*" in results.message()


@pytest.mark.usefixtures("endpoint", "jobs")
def test_a_stack_of_before_says_what_to_do(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METRICS_ROLE_ARN")
    handler(event(EVENT), Context())
    assert "Update the pipeline stack: `slipway deploy`" in results.message()


@pytest.mark.usefixtures("endpoint")
def test_files_that_were_changed_since_the_release_was_published_are_refused(results: Results, jobs: Jobs) -> None:
    document = event(EVENT)
    configuration = document["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    asked = json.loads(configuration["UserParameters"])
    configuration["UserParameters"] = json.dumps({**asked, "config_artifact": "0" * 64})
    handler(document, Context())
    assert "found the SHA-256" in results.message()
    assert jobs.requests == []


def _again(document: dict[str, Any], direction: str = "lower", **sections: Any) -> dict[str, Any]:
    """Judge the document again, with these sections in the full test."""
    parsed = yaml.safe_load(plain_config(*LOOSE, **{**FULL, **sections}))
    parsed["metrics"] = {"functions": {"cost": {"direction": direction}, "new": {"direction": "lower"}}}
    config, s3 = parse_config(yaml.safe_dump(parsed), "wine-quality.yml"), client_of("s3")
    evaluation = Evaluation(
        release=Release(PREFIX, EXECUTION_ID),
        environment="test",
        deployed=Deployed(document["endpoint_config"], created=""),
        test=config.tests["full"],
        config=config,
        dataset=parse_manifest(artifact("Dataset/e4f5g6h"), "wine-quality"),
        data_bucket=DATA_BUCKET,
        artifact_bucket=ARTIFACT_BUCKET,
        evidence_bucket=EVIDENCE_BUCKET,
        kms_key_arn=KMS_KEY_ARN,
        champion=champion_of(document),
        s3=s3,
    )
    key = document["predictions"]["uri"].removeprefix(f"s3://{EVIDENCE_BUCKET}/")
    return judge_again(evaluation, document, [s3.get_object(Bucket=EVIDENCE_BUCKET, Key=key)["Body"].read()])


@pytest.mark.usefixtures("endpoint")
def test_judged_again_they_keep_their_values(results: Results, jobs: Jobs) -> None:
    token = begun(results)
    jobs.run()
    handler(event(EVENT, token=token), Context())
    document = report()
    assert _again(document) == document
    found = _again(document, gates={"cost": {"max": 0.001}, "new": {"max": 1}})
    assert [gate["reason"] for gate in found["gates"] if gate["verdict"] == "failed"] == [
        f"cost is {document['metrics']['cost']:.6g}, above the greatest allowed, 0.001",
        "new cannot be evaluated",
    ]
    with pytest.raises(ConfigurationError, match=r"metrics.functions.cost.direction: found higher; expected lower"):
        _again(document, direction="higher")
