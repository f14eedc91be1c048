"""Scripts of users, their archives, and requests for jobs and models that run them."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from tests.local_aws.sagemaker.house import House
from tests.local_server import wait_for

_REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
SCIKIT_LEARN = f"{_REGISTRY}/sagemaker-scikit-learn:1.4-2-cpu-py3"
XGBOOST = f"{_REGISTRY}/sagemaker-xgboost:3.0-5"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312"
INSIDE = "/opt/ml/input/data/code/sourcedir.tar.gz"

FOREST = """
import argparse, json, os, shutil, sys
from pathlib import Path
import joblib
import numpy as np
from sklearn.linear_model import Ridge


def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=float)
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    given = parser.parse_args()
    rows = np.loadtxt(Path(given.train) / "data.csv", delimiter=",")
    model = Ridge(alpha=given.alpha).fit(rows[:, 1:], rows[:, 0])
    print(f"train-r2={model.score(rows[:, 1:], rows[:, 0]):.4f};")
    joblib.dump(model, Path(given.model_dir) / "model.joblib")
    shutil.copytree(Path(__file__).parent, Path(given.model_dir) / "code")
    Path(os.environ["SM_OUTPUT_DATA_DIR"], "argv.json").write_text(json.dumps(sys.argv[1:]))
"""


def tarball(**files: str) -> bytes:
    """A sourcedir.tar.gz; `__` in a name stands for its dot."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            data = text.encode()
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


def hyperparameters(program: str, submit: str = INSIDE, **own: Any) -> dict[str, str]:
    """As the SageMaker SDK writes them: each a text in JSON."""
    given = {
        "sagemaker_program": program,
        "sagemaker_submit_directory": submit,
        "sagemaker_container_log_level": 20,
        "sagemaker_region": "us-east-1",
        "sagemaker_job_name": "job",
        **own,
    }
    return {name: json.dumps(value) for name, value in given.items()}


def channel(house: House, name: str, kind: str = "text/csv") -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{house.name}/set/{name}/"}
    return {"ChannelName": name, "ContentType": kind, "DataSource": {"S3DataSource": source}}


def job(house: House, name: str, image: str, code: bytes, **changes: Any) -> dict[str, Any]:
    """A request for a job whose code is in the channel `code`, without a network, as Slipway's jobs are."""
    house.s3.put_object(Bucket=house.name, Key="set/code/sourcedir.tar.gz", Body=code)
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File", **changes.pop("algorithm", {})}
    return house.request(
        name,
        AlgorithmSpecification=algorithm,
        InputDataConfig=[channel(house, "train"), channel(house, "code", "application/x-code")],
        EnableNetworkIsolation=True,
        **changes,
    )


def served(
    house: House, name: str, image: str, uri: str, *, isolated: bool = True, **environment: str
) -> dict[str, Any]:
    """An endpoint of a model, whose code is in its artifact unless the environment says otherwise."""
    variables = {
        "SAGEMAKER_PROGRAM": "train.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_REGION": "us-east-1",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        **environment,
    }
    container = {"Image": image, "ModelDataUrl": uri, "Environment": variables}
    house.sagemaker.create_model(
        ModelName=name, PrimaryContainer=container, ExecutionRoleArn=house.role, EnableNetworkIsolation=isolated
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.t2.medium"}
    house.sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    house.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return house.settled(name)


def log_of(house: House, group: str, prefix: str, expected: str) -> str:
    """A job's or an endpoint's log, once it has a text."""
    logs = house.server.client("logs")

    def found() -> str | None:
        events = logs.filter_log_events(logGroupName=group, logStreamNamePrefix=prefix)["events"]
        text = "\n".join(event["message"] for event in events)
        return text if expected in text else None

    text: str = wait_for(found, f"{expected!r} in the log", 20)
    return text


def training_log(house: House, job_name: str, expected: str) -> str:
    return log_of(house, "/aws/sagemaker/TrainingJobs", f"{job_name}/", expected)
