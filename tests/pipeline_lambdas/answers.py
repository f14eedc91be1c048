"""What AWS answers about one release, in the shapes of its API, for the tests of records and registrations."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_lambdas.config.model import config_sha256
from tests.events import ARTIFACT_BUCKET, EXECUTION_ID, MODEL_BUCKET, PREFIX, REGISTRY, TRAINING_JOB
from tests.pipeline_lambdas.aws_doubles import manifest, sample_config

STARTED = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ENDED = STARTED + timedelta(minutes=30)
APPROVER = "arn:aws:sts::111122223333:assumed-role/reviewer/ada"
PACKAGE = f"arn:aws:sagemaker:us-east-1:111122223333:model-package/{PREFIX}/7"
CHAMPION_JOB = f"{PREFIX}-0a1b2c3d-1111"
DATASET = manifest({"train/a.csv": b"5,1\n", "validation/b.csv": b"5,1\n", "test/c.csv": b"5,1\n"})
TRAINED_WITH = {"ConfigSha256": config_sha256(sample_config()), "DatasetSha256": DATASET["dataset"]}
CHAMPION_ID = "0a1b2c3d-1111-4222-8333-444455556666"
MACHINE_RUN = "arn:aws:states:us-east-1:111122223333:execution:slipway-local-text-dataset:reviews-5d2a"


def at(minutes: float) -> datetime:
    return STARTED + timedelta(minutes=minutes)


def action(
    stage: str,
    name: str,
    minutes: float,
    status: str = "Succeeded",
    *,
    provider: str = "Lambda",
    variables: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An ActionExecutionDetail that took a minute; `more` are parts of its input and its output."""
    category = {"Manual": "Approval", "CodeCommit": "Source", "S3": "Source"}.get(provider, "Invoke")
    result = {"externalExecutionSummary": more.get("summary"), "errorDetails": more.get("error")}
    return {
        "pipelineExecutionId": EXECUTION_ID,
        "actionExecutionId": f"{minutes:g}",
        "stageName": stage,
        "actionName": name,
        "startTime": at(minutes),
        "lastUpdateTime": at(minutes + 1),
        "status": status,
        **({"updatedBy": more["by"]} if "by" in more else {}),
        "input": {
            "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
            "configuration": {"FunctionName": f"{PREFIX}-f"} if provider == "Lambda" else {},
            "resolvedConfiguration": {"UserParameters": json.dumps(more["parameters"])} if "parameters" in more else {},
            "inputArtifacts": more.get("reads", []),
        },
        "output": {
            "executionResult": result,
            "outputVariables": variables or {},
            "outputArtifacts": more.get("makes", []),
        },
    }


def artifact(name: str) -> dict[str, Any]:
    return {"name": name, "s3location": {"bucket": ARTIFACT_BUCKET, "key": f"slipway-local-wine-q/{name[:10]}/a1b2c3d"}}


def released() -> list[dict[str, Any]]:
    """The actions of a release that waits for approval."""
    served = {"ServedModelName": CHAMPION_JOB, "ServedEndpointConfigName": f"{PREFIX}-prod-0a1b2c3d-1111"}
    return [
        action("Source", "TrainingConfig", 0, provider="CodeCommit", makes=[artifact("TrainingConfig")]),
        action("Source", "Dataset", 0, provider="S3", makes=[artifact("Dataset")]),
        action("Train", "StartTraining", 2, variables={"TrainingJobName": TRAINING_JOB, **TRAINED_WITH}),
        action("DeployTest", "Deploy", 4, variables={"EndpointConfigName": f"{PREFIX}-test-8f3c2a1d-4b5e"}),
        action("DeployTest", "DeployChampion", 4, variables={"ModelName": "none", **served}),
        action("DeployTest", "Register", 6, variables={"ModelPackageArn": PACKAGE, "ModelPackageVersion": "7"}),
        action("Approve", "Approve", 8, "InProgress", provider="Manual"),
    ]


def prepared(status: str = "Succeeded") -> list[dict[str, Any]]:
    """The actions of a release whose data a state machine has prepared; a failed action has no variables."""
    source, _, *others = released()
    machine = MACHINE_RUN.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    done = status == "Succeeded"
    variables = {"StateMachineArn": machine, "ExecutionArn": MACHINE_RUN} if done else {}
    made = [artifact("Dataset")] if done else []
    prepare = action("Prepare", "PrepareDataset", 1, status, provider="StepFunctions", variables=variables, makes=made)
    prepare["input"]["configuration"] = {"StateMachineArn": machine}
    prepare["output"]["executionResult"] = {"externalExecutionId": MACHINE_RUN}
    return [source, prepare, *others]


def approved(status: str = "Succeeded", **more: Any) -> list[dict[str, Any]]:
    """The same, once the approval is answered."""
    return [*released()[:-1], action("Approve", "Approve", 8, status, provider="Manual", **more)]


def rolled_back() -> list[dict[str, Any]]:
    """The actions of an execution that rolls Prod back: of one stage, on another execution's artifacts."""
    reads = [artifact("TrainingConfig"), artifact("Dataset")]
    parameters = {"execution_id": EXECUTION_ID, "environment": "prod", "training_job": CHAMPION_JOB}
    config = {"EndpointConfigName": f"{PREFIX}-prod-8f3c2a1d-4b5e"}
    return [
        action("DeployProd", "Deploy", 0, reads=reads, parameters=parameters, variables=config),
        action("DeployProd", "CleanUp", 2, reads=reads[:1], parameters={"execution_id": EXECUTION_ID}),
    ]


def execution(status: str = "InProgress", **more: Any) -> dict[str, Any]:
    """GetPipelineExecution's pipelineExecution."""
    return {
        "pipelineName": PREFIX,
        "pipelineExecutionId": EXECUTION_ID,
        "status": status,
        "executionType": "STANDARD",
        "trigger": {"triggerType": "CloudWatchEvent", "triggerDetail": "arn:aws:events:us-east-1:111122223333:rule/x"},
        "artifactRevisions": [
            {"name": "TrainingConfig", "revisionId": "4" * 40, "revisionSummary": "Deeper trees", "revisionUrl": "u"},
            {"name": "Dataset", "revisionId": "hO2s6EJq.vN3x"},
        ],
        **more,
    }


def summary(ended: datetime = ENDED) -> dict[str, Any]:
    return {"pipelineExecutionId": EXECUTION_ID, "startTime": STARTED, "lastUpdateTime": ended, "status": "Succeeded"}


def training_job(**more: Any) -> dict[str, Any]:
    """DescribeTrainingJob."""
    return {
        "TrainingJobName": TRAINING_JOB,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{TRAINING_JOB}",
        "TrainingJobStatus": "Completed",
        "AlgorithmSpecification": {"TrainingImage": f"{REGISTRY}/sagemaker-xgboost:3.2-0"},
        "HyperParameters": {"num_round": "100"},
        "InputDataConfig": [
            {"ChannelName": "train", "ContentType": "text/csv"},
            {"ChannelName": "validation", "ContentType": "text/csv"},
        ],
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10},
        "TrainingTimeInSeconds": 190,
        "BillableTimeInSeconds": 180,
        "FinalMetricDataList": [{"MetricName": "validation:rmse", "Value": 0.6}],
        "ModelArtifacts": {"S3ModelArtifacts": f"s3://{MODEL_BUCKET}/training/{TRAINING_JOB}/output/model.tar.gz"},
        **more,
    }
