"""Scripts trained and served over the wire, as boto3 asks for it."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.sagemaker.containers.script_mode.scripts import (
    FOREST,
    PYTORCH,
    SCIKIT_LEARN,
    XGBOOST,
    channel,
    hyperparameters,
    job,
    served,
    tarball,
    training_log,
)
from tests.local_aws.sagemaker.house import House
from tests.local_aws.sagemaker.transform.test_transform import ended, request
from tests.local_server import wait_for

BOOSTER = """
import argparse, os, shutil
import numpy as np
import xgboost as xgb
import helper


def model_fn(model_dir):
    return helper.load(model_dir)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--names", type=str)
    given = parser.parse_args()
    rows = np.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "data.csv"), delimiter=",")
    data = xgb.DMatrix(rows[:, 1:], rows[:, 0])
    model = xgb.train({"objective": "reg:squarederror"}, data, given.rounds, [(data, "train")])
    model.save_model(os.path.join(os.environ["SM_MODEL_DIR"], "model.ubj"))
    shutil.copytree("/opt/ml/code", "/opt/ml/model/code")
    print("names", given.names)
"""
HELPER = """
import os
import xgboost as xgb


def load(folder):
    model = xgb.Booster()
    model.load_model(os.path.join(folder, "model.ubj"))
    return model
"""


@pytest.fixture(autouse=True)
def removed(house: House) -> Iterator[None]:
    """Afterwards there is no endpoint of the test and no model, which other tests would find by a part of its name."""
    yield
    for operation, member in (
        (house.sagemaker.delete_endpoint, "EndpointName"),
        (house.sagemaker.delete_endpoint_config, "EndpointConfigName"),
        (house.sagemaker.delete_model, "ModelName"),
    ):
        with contextlib.suppress(ClientError):
            operation(**{member: house.name})


def test_a_scikit_learn_script_is_trained_served_and_transforms(house: House) -> None:
    definitions = [{"Name": "train:r2", "Regex": r"train-r2=(\S+);"}]
    asked = job(
        house,
        f"{house.name}-1",
        SCIKIT_LEARN,
        tarball(train__py=FOREST),
        algorithm={"MetricDefinitions": definitions},
        HyperParameters=hyperparameters("train.py", alpha=0.01),
    )
    house.sagemaker.create_training_job(**asked)
    found = house.ended(f"{house.name}-1")
    assert found["TrainingJobStatus"] == "Completed", found
    assert found["AlgorithmSpecification"]["MetricDefinitions"] == definitions
    [metric] = found["FinalMetricDataList"]
    assert metric["MetricName"] == "train:r2"
    assert 0.9 < metric["Value"] <= 1
    output = house.s3.get_object(Bucket=house.name, Key=f"out/{house.name}-1/output/output.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(output)) as tar:
        written = tar.extractfile("argv.json")
        assert written is not None
        assert json.loads(written.read()) == ["--alpha", "0.01"]
    assert "scikit-learn" in training_log(house, f"{house.name}-1", "(image: 1.4.2)")

    uri = found["ModelArtifacts"]["S3ModelArtifacts"]
    assert served(house, house.name, SCIKIT_LEARN, uri)["EndpointStatus"] == "InService"
    two = b"0.1,0.2,0.3\n0.4,0.5,0.6\n"
    answer = [float(line) for line in house.invoke(house.name, two, Accept="text/csv").splitlines()]
    assert answer == pytest.approx([0.6, 1.5], abs=0.2)
    assert json.loads(house.invoke(house.name, two)) == pytest.approx(answer)

    house.s3.put_object(Bucket=house.name, Key="in/a.csv", Body=two)
    transform = request(
        house.name, f"s3://{house.name}/in/", f"s3://{house.name}/transformed", house.name, BatchStrategy="MultiRecord"
    )
    transform["TransformOutput"]["Accept"] = "text/csv"
    house.sagemaker.create_transform_job(**transform)
    done = ended(lambda name: house.sagemaker.describe_transform_job(TransformJobName=name), house.name)
    assert done["TransformJobStatus"] == "Completed", done
    body = house.s3.get_object(Bucket=house.name, Key="transformed/a.csv.out")["Body"].read()
    assert [float(line) for line in body.splitlines()] == pytest.approx(answer)


def test_an_xgboost_script_and_its_module(house: House) -> None:
    asked = job(
        house,
        f"{house.name}-1",
        XGBOOST,
        tarball(train__py=BOOSTER, helper__py=HELPER),
        HyperParameters=hyperparameters("train.py", rounds=30, names="a b"),
    )
    house.sagemaker.create_training_job(**asked)
    found = house.ended(f"{house.name}-1")
    assert found["TrainingJobStatus"] == "Completed", found
    metrics = {metric["MetricName"]: metric["Value"] for metric in found["FinalMetricDataList"]}
    assert 0 < metrics["train:rmse"] < 0.2
    assert "names a b" in training_log(house, f"{house.name}-1", "names")
    uri = found["ModelArtifacts"]["S3ModelArtifacts"]
    assert served(house, house.name, XGBOOST, uri)["EndpointStatus"] == "InService"
    assert json.loads(house.invoke(house.name)) == pytest.approx([0.6], abs=0.2)
    with pytest.raises(ClientError, match=r"Received server error \(500\).*could not convert string to float"):
        house.invoke(house.name, b"0.1,red,0.3")


def test_code_in_s3_and_packages_need_a_network(house: House) -> None:
    uri = f"s3://{house.name}/set/code/sourcedir.tar.gz"
    asked = job(
        house,
        f"{house.name}-1",
        SCIKIT_LEARN,
        tarball(train__py="import jmespath\nprint('it is', jmespath.__file__)", requirements__txt="jmespath\n"),
        HyperParameters=hyperparameters("train.py", uri),
    )
    asked["InputDataConfig"] = [channel(house, "train")]
    house.sagemaker.create_training_job(**asked)
    found = house.ended(f"{house.name}-1")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"] == (
        "AlgorithmError: framework error: \nNoCredentialsError: Unable to locate credentials, exit code: 1"
    )
    asked.update(TrainingJobName=f"{house.name}-2", EnableNetworkIsolation=False)
    house.sagemaker.create_training_job(**asked)
    assert house.ended(f"{house.name}-2")["TrainingJobStatus"] == "Completed"
    log = training_log(house, f"{house.name}-2", "it is /")
    assert "Installed jmespath " in log
    assert "it is " + str(house.server.state / "sagemaker/script-mode/packages/sagemaker-scikit-learn-1.4-2") in log


def test_a_script_that_fails(house: House) -> None:
    kinds = {
        SCIKIT_LEARN: 'framework error: \nExecuteUserScriptError:\nExitCode 1\nErrorMessage ""\nCommand "',
        XGBOOST: 'ExecuteUserScriptError:\nCommand "',
    }
    code = tarball(train__py="raise ValueError('no rows are left')")
    for number, (image, kind) in enumerate(kinds.items()):
        name = f"{house.name}-{number}"
        house.sagemaker.create_training_job(
            **job(house, name, image, code, HyperParameters=hyperparameters("train.py", depth=3))
        )
        found = house.ended(name)
        assert found["TrainingJobStatus"] == "Failed"
        assert found["FailureReason"].startswith(f"AlgorithmError: {kind}")
        assert found["FailureReason"].endswith('--depth 3", exit code: 1')
        log = training_log(house, name, "ValueError: no rows are left")
        assert "raise ValueError('no rows are left')" in log


ECHO = """
import json, os


def model_fn(folder):
    return {"files": sorted(os.listdir(folder)), "code": sorted(os.listdir("/opt/ml/code"))}


def transform_fn(model, body, content_type, accept):
    return json.dumps({**model, "body": body, "colour": os.environ["COLOUR"]}), accept
"""


def test_a_model_whose_code_is_in_s3(house: House) -> None:
    house.s3.put_object(Bucket=house.name, Key="model.tar.gz", Body=tarball(weights="1"))
    house.s3.put_object(Bucket=house.name, Key="echo.tar.gz", Body=tarball(echo__py=ECHO))
    where = {"SAGEMAKER_PROGRAM": "echo.py", "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{house.name}/echo.tar.gz"}
    uri = f"s3://{house.name}/model.tar.gz"
    found = served(house, house.name, SCIKIT_LEARN, uri, isolated=False, COLOUR="red", **where)
    assert found["EndpointStatus"] == "InService", found
    answer = json.loads(house.invoke(house.name, b"1,2"))
    assert answer == {"files": ["weights"], "code": ["echo.py"], "body": "1,2", "colour": "red"}
    folder = house.server.state / "sagemaker/script-mode/serving"
    assert len(list(folder.iterdir())) >= 1
    house.sagemaker.delete_endpoint(EndpointName=house.name)
    wait_for(lambda: not [place for place in folder.iterdir() if (place / "ml/code/echo.py").exists()], "its folder")


def test_a_model_that_cannot_be_loaded(house: House) -> None:
    archive = tarball(**{"code/train__py": "def model_fn(folder):\n    return open(folder + '/nothing')\n"})
    house.s3.put_object(Bucket=house.name, Key="model.tar.gz", Body=archive)
    found = served(house, house.name, XGBOOST, f"s3://{house.name}/model.tar.gz")
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]


def refused(house: House, **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        house.sagemaker.create_training_job(**request)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return str(error.value.response["Error"]["Message"])


def test_what_is_refused(house: House) -> None:
    asked = job(house, house.name, PYTORCH, b"", HyperParameters=hyperparameters("train.py"))
    assert "whose Python has no torch: install it" in refused(house, **asked)
    algorithm = {**asked["AlgorithmSpecification"], "TrainingImage": XGBOOST}
    algorithm["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(.*)"}]
    assert "You can't override the metric definitions" in refused(
        house, **{**asked, "AlgorithmSpecification": algorithm}
    )
    for regex, message in (("loss=(", "is not valid"), ("loss=.*", "has no group")):
        given = {**algorithm, "TrainingImage": SCIKIT_LEARN, "MetricDefinitions": [{"Name": "loss", "Regex": regex}]}
        assert message in refused(house, **{**asked, "AlgorithmSpecification": given})
    serving = {**algorithm, "TrainingImage": PYTORCH.replace("training", "inference"), "MetricDefinitions": []}
    assert "is not run locally to train" in refused(house, **{**asked, "AlgorithmSpecification": serving})
    checkpoints = {"S3Uri": f"s3://{house.name}/c", "LocalPath": "/tmp/checkpoints"}  # noqa: S108 - in a container
    plain = {**asked, "AlgorithmSpecification": {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"}}
    assert "outside /opt/ml" in refused(house, **plain, CheckpointConfig=checkpoints)


def test_a_script_that_fills_its_volume(house: House) -> None:
    big = "os.open('/tmp/big', os.O_CREAT | os.O_RDWR)"
    code = tarball(train__py=f"import os, time\nos.posix_fallocate({big}, 0, 1_200_000_000)\ntime.sleep(300)")
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    own = {"HyperParameters": hyperparameters("train.py"), "ResourceConfig": resources}
    house.sagemaker.create_training_job(**job(house, house.name, SCIKIT_LEARN, code, **own))
    found = house.ended(house.name)
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("AlgorithmError: No space left on device: the job's files have 1.1 GiB")
