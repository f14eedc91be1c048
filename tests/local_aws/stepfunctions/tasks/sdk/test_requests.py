from __future__ import annotations

from typing import Any

import pytest

from local_aws.stepfunctions.tasks.sdk.names import optimized_member, sdk_member
from local_aws.stepfunctions.tasks.sdk.requests import Findings, Named, parse
from local_aws.stepfunctions.tasks.sdk.templates import problems
from tests.local_aws.stepfunctions.tasks.fakes import model


def shape(service: str, operation: str) -> Any:
    return model(service).operation_model(operation).input_shape


def read(service: str, operation: str, arguments: Any, named: Named = sdk_member) -> tuple[dict[str, Any], Findings]:
    return parse(shape(service, operation), arguments, named)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "request_"),
    [
        (
            "stepfunctions",
            "StartExecution",
            {"StateMachineArn": "a", "Name": "n"},
            {"stateMachineArn": "a", "name": "n"},
        ),
        ("stepfunctions", "StartExecution", {"StateMachineArn": "a", "Name": None}, {"stateMachineArn": "a"}),
        (
            "stepfunctions",
            "StartExecution",
            {"StateMachineArn": "a", "Input": {"k": [1, "ü"]}},
            {"stateMachineArn": "a", "input": '{"k":[1,"ü"]}'},
        ),
        (
            "s3",
            "PutObject",
            {"Bucket": "b", "Key": "k", "Body": "text"},
            {"Bucket": "b", "Key": "k", "Body": b'"text"'},
        ),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": ["a"]}, {"Bucket": "b", "Key": "k", "Body": b'["a"]'}),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": 0}, {"Bucket": "b", "Key": "k", "Body": b"0"}),
        (
            "s3",
            "PutObject",
            {"Bucket": "b", "Key": "k", "SsekmsKeyId": "x", "Metadata": {"a": "1", "b": None}},
            {"Bucket": "b", "Key": "k", "SSEKMSKeyId": "x", "Metadata": {"a": "1"}},
        ),
        ("s3", "ListObjectsV2", {"Bucket": "b", "MaxKeys": 3.0}, {"Bucket": "b", "MaxKeys": 3}),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "t", "Item": {"id": {"S": "1"}, "ok": {"Bool": True}}},
            {"TableName": "t", "Item": {"id": {"S": "1"}, "ok": {"BOOL": True}}},
        ),
    ],
)
def test_requests(service: str, operation: str, arguments: dict[str, Any], request_: dict[str, Any]) -> None:
    assert read(service, operation, arguments) == (request_, Findings())


def test_optimized_names() -> None:
    arguments = {"ProjectName": "p", "EnvironmentVariablesOverride": [{"Name": "a", "Value": "b", "Type": "PLAINTEXT"}]}
    request = {"projectName": "p", "environmentVariablesOverride": [{"name": "a", "value": "b", "type": "PLAINTEXT"}]}
    assert read("codebuild", "StartBuild", arguments, optimized_member)[0] == request


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "unfit"),
    [
        ("s3", "GetObject", {"bucket": "b"}, "The field 'bucket' is not supported by Step Functions"),
        ("rds", "DescribeDBInstances", {"DBInstanceIdentifier": "a"}, "The field 'DBInstanceIdentifier' is not"),
        ("dynamodb", "PutItem", {"Item": {"n": {"N": 1}}}, "The value for the field 'N' must be a STRING"),
        ("s3", "ListObjectsV2", {"MaxKeys": "3"}, "The value for the field 'MaxKeys' must be an INTEGER"),
        ("s3", "ListObjectsV2", {"MaxKeys": 3.5}, "The value for the field 'MaxKeys' must be an INTEGER"),
        ("s3", "ListObjectsV2", {"MaxKeys": True}, "The value for the field 'MaxKeys' must be an INTEGER"),
        ("dynamodb", "PutItem", {"Item": []}, "The value for the field 'Item' must be an object"),
        (
            "dynamodb",
            "GetItem",
            {"ConsistentRead": "yes"},
            "The value for the field 'ConsistentRead' must be a BOOLEAN",
        ),
        ("sqs", "ReceiveMessage", {"AttributeNames": "All"}, "The value for the field 'AttributeNames' must be a list"),
        ("s3", "ListBuckets", [], "The value of the field 'Parameters' must be an object"),
    ],
)
def test_what_step_functions_refuses(service: str, operation: str, arguments: Any, unfit: str) -> None:
    [found] = read(service, operation, arguments)[1].unfit
    assert found.startswith(unfit)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "missing"),
    [
        ("dynamodb", "PutItem", {"TableName": "t", "Item": None}, ["item"]),
        ("s3", "GetObject", {}, ["bucket", "key"]),
        ("sagemaker", "CreateModel", {"ModelName": "m", "Tags": [{"Key": "k"}]}, ["tags.1.member.value"]),
    ],
)
def test_what_the_service_refuses(service: str, operation: str, arguments: Any, missing: list[str]) -> None:
    assert read(service, operation, arguments)[1] == Findings(missing=missing)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"StateMachineArn.$": "$.arn", "Input": {"any": {"thing.$": "$"}}}, []),
        ({"StateMachineArn": "{% $arn %}", "Input": "{% $states.input %}"}, []),
        ({"StateMachineArn": "a", "input": {}}, ['The field "input" is not supported by Step Functions']),
        ({"Name": "n"}, ['The field "StateMachineArn" is required but was missing']),
        ("{% $all %}", []),
    ],
)
def test_definitions(arguments: Any, found: list[str]) -> None:
    assert problems(shape("stepfunctions", "StartExecution"), arguments, optimized_member) == found


def test_nested_definitions() -> None:
    template = {
        "TrainingJobName.$": "$.name",
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "RoleArn": "r",
        "InputDataConfig": [
            {"ChannelName": "c", "DataSource": {"S3DataSource": {"AtttributeNames": [], "S3Uri.$": "$.u"}}}
        ],
        "OutputDataConfig": {},
        "ResourceConfig.$": "$.resources",
        "StoppingCondition": {},
        "HyperParameters": {"any": "1"},
    }
    assert problems(shape("sagemaker", "CreateTrainingJob"), template, optimized_member) == [
        'The field "AtttributeNames" is not supported by Step Functions',
        'The field "S3DataType" is required but was missing',
        'The field "S3OutputPath" is required but was missing',
    ]


def test_an_operation_without_input() -> None:
    assert problems(None, {"a": 1}, sdk_member) == ['The field "a" is not supported by Step Functions']
    assert parse(None, {}, sdk_member) == ({}, Findings())
