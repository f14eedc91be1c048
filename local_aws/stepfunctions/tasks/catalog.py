"""The optimized integrations: their actions, and the patterns that each supports.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.stepfunctions.tasks.sdk.dialect import Dialect

REQUEST, SYNC, SYNC2, TOKEN = "", "sync", "sync:2", "waitForTaskToken"
"""Patterns. https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html"""

_REQUEST = frozenset({REQUEST})
_SYNC = frozenset({REQUEST, SYNC})
_TOKEN = frozenset({REQUEST, TOKEN})
_ALL = frozenset({REQUEST, SYNC, TOKEN})


@dataclass(frozen=True, slots=True)
class Optimized:
    """An optimized integration: the patterns of each action, and botocore's service with its dialect.

    `sdk` is "" where local AWS has no such integration.
    """

    patterns: Mapping[str, frozenset[str]]
    sdk: str = ""
    dialect: Dialect | None = None


def _named(patterns: frozenset[str], *actions: str) -> dict[str, frozenset[str]]:
    return dict.fromkeys(actions, patterns)


def _of(sdk: str, prefix: str, base: str, service: str, patterns: Mapping[str, frozenset[str]]) -> Optimized:
    return Optimized(patterns, sdk, Dialect(prefix, base, service, optimized=True))


OPTIMIZED: Mapping[str, Optimized] = {
    "lambda": _of("lambda", "Lambda", "AWSLambdaException", "AWSLambda", _named(_TOKEN, "invoke")),
    "sagemaker": _of(
        "sagemaker",
        "SageMaker",
        "AmazonSageMakerException",
        "AmazonSageMaker",
        _named(
            _SYNC,
            "createTrainingJob",
            "createProcessingJob",
            "createTransformJob",
            "createHyperParameterTuningJob",
            "createLabelingJob",
        )
        | _named(_REQUEST, "createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint"),
    ),
    "states": _of(
        "stepfunctions",
        "StepFunctions",
        "AWSStepFunctionsException",
        "AWSStepFunctions",
        _named(_ALL | {SYNC2}, "startExecution"),
    ),
    "sqs": _of("sqs", "SQS", "AmazonSQSException", "AmazonSQS", _named(_TOKEN, "sendMessage")),
    "sns": _of("sns", "SNS", "AmazonSNSException", "AmazonSNS", _named(_TOKEN, "publish")),
    "events": _of(
        "events", "EventBridge", "AmazonEventBridgeException", "AmazonEventBridge", _named(_TOKEN, "putEvents")
    ),
    "dynamodb": _of(
        "dynamodb",
        "DynamoDB",
        "AmazonDynamoDBException",
        "AmazonDynamoDBv2",
        _named(_REQUEST, "getItem", "putItem", "updateItem", "deleteItem"),
    ),
    "codebuild": _of(
        "codebuild",
        "CodeBuild",
        "AWSCodeBuildException",
        "AWSCodeBuild",
        _named(_SYNC, "startBuild", "startBuildBatch", "retryBuildBatch")
        | _named(_REQUEST, "stopBuild", "stopBuildBatch", "batchDeleteBuilds", "batchGetReports", "deleteBuildBatch"),
    ),
    "http": Optimized(_named(_REQUEST, "invoke")),
    "apigateway": Optimized(_named(_TOKEN, "invoke")),
    "athena": Optimized(
        _named(_SYNC, "startQueryExecution")
        | _named(_REQUEST, "stopQueryExecution", "getQueryExecution", "getQueryResults")
    ),
    "batch": Optimized(_named(_SYNC, "submitJob")),
    "bedrock": Optimized(_named(_REQUEST, "invokeModel") | _named(_SYNC, "createModelCustomizationJob")),
    "databrew": Optimized(_named(_SYNC, "startJobRun")),
    "ecs": Optimized(_named(_ALL, "runTask")),
    "eks": Optimized(
        _named(_SYNC, "createCluster", "deleteCluster", "createNodegroup", "deleteNodegroup", "runJob")
        | _named(_REQUEST, "call")
    ),
    "elasticmapreduce": Optimized(
        _named(_SYNC, "createCluster", "terminateCluster", "addStep")
        | _named(
            _REQUEST,
            "setClusterTerminationProtection",
            "cancelStep",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
        )
    ),
    "emr-containers": Optimized(_named(_SYNC, "createVirtualCluster", "deleteVirtualCluster", "startJobRun")),
    "emr-serverless": Optimized(
        _named(
            _SYNC,
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        )
    ),
    "glue": Optimized(_named(_SYNC, "startJobRun")),
    "mediaconvert": Optimized(_named(_SYNC, "createJob")),
}
